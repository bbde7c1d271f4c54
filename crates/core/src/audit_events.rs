//! The audit events: the text that is stored, the category and the meaning, one line each. The reference page
//! `docs/reference/audit-events.md` is this list.

use crate::string_enum;

string_enum! {
    /// The reference's `auth` is merged into `authentication`.
    pub enum AuditCategory {
        Admin = "admin",
        Authentication = "authentication",
        Security = "security",
        Gdpr = "gdpr",
    }
}

macro_rules! audit_events {
    ($($variant:ident = $text:literal, $category:ident, $description:literal;)+) => {
        string_enum! {
            /// What happened. Rows of other versions may hold texts that are not among these.
            pub enum AuditEventKind { $($variant = $text),+ }
        }

        impl AuditEventKind {
            pub const fn category(self) -> AuditCategory {
                match self { $(Self::$variant => AuditCategory::$category),+ }
            }

            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description),+ }
            }
        }
    };
}

audit_events! {
    AdminImport = "admin.import", Admin, "a provisioning file or a manifest was applied";
    AdminLogin = "admin.login", Admin,
        "an administrator was let into a client of the application `porta-admin`";
    AdminLogout = "admin.logout", Admin,
        "an administrator signed out of a client of the application `porta-admin`";
    AdminAccessDenied = "admin.access_denied", Security,
        "the Admin API refused somebody whose token is known. `operation` and `path` say what was asked for, `reason` \
         why not. At most thirty a minute for each person and program";
    DataExported = "data.exported", Admin,
        "rows were about to be sent as a file; says which kind, and how many there were";
    OrgCreated = "org.created", Admin, "an organization was created";
    OrgUpdated = "org.updated", Admin, "fields of an organization changed";
    OrgSuspended = "org.suspended", Admin, "an organization was suspended; its sessions ended";
    OrgActivated = "org.activated", Admin, "a suspended organization was activated";
    OrgArchived = "org.archived", Admin, "an organization was archived";
    OrgRestored = "org.restored", Admin, "an archived organization came back";
    OrgDestroyed = "org.destroyed", Admin,
        "an organization was deleted with everything it had; says how many of each kind";
    OrgTwoFactorPolicyChanged = "org.2fa.policyChanged", Admin, "the policy for second factors changed";
    OrgBrandingUpdated = "org.branding.updated", Admin, "colours, names or styles changed";
    OrgBrandingAssetUploaded = "org.branding.asset.uploaded", Admin, "a logo or icon was uploaded";
    OrgBrandingAssetDeleted = "org.branding.asset.deleted", Admin, "a logo or icon was removed";
    OrgTestEmailQueued = "org.test_email.queued", Admin, "an administrator asked for a test mail";
    AppCreated = "app.created", Admin, "an application was created";
    AppUpdated = "app.updated", Admin, "fields of an application changed";
    AppActivated = "app.activated", Admin, "an application was activated";
    AppDeactivated = "app.deactivated", Admin, "an application was deactivated";
    AppArchived = "app.archived", Admin, "an application was archived";
    AppRestored = "app.restored", Admin, "an archived application came back";
    AppModuleCreated = "app.module.created", Admin, "a module was added to an application";
    AppModuleUpdated = "app.module.updated", Admin, "a module changed";
    AppModuleDeactivated = "app.module.deactivated", Admin, "a module was deactivated";
    PermissionCreated = "permission.created", Admin, "a permission was created";
    PermissionUpdated = "permission.updated", Admin, "a permission changed";
    PermissionDeleted = "permission.deleted", Admin, "a permission was deleted, and taken from every role";
    RoleCreated = "role.created", Admin, "a role was created";
    RoleUpdated = "role.updated", Admin, "a role changed";
    RoleDeleted = "role.deleted", Admin, "a role was deleted, and taken from every person";
    RolePermissionsAssigned = "role.permissions.assigned", Admin, "a role was given permissions";
    RolePermissionsRemoved = "role.permissions.removed", Admin, "permissions were taken from a role";
    ClaimDefined = "claim.defined", Admin, "a custom claim was defined";
    ClaimUpdated = "claim.updated", Admin, "a custom claim changed";
    ClaimDeleted = "claim.deleted", Admin, "a custom claim was deleted with all its values";
    ClaimValueSet = "claim.value.set", Admin,
        "a person was given the value of a claim; the value itself is not kept";
    ClaimValueDeleted = "claim.value.deleted", Admin, "the value of a claim was taken from a person";
    ClientCreated = "client.created", Admin, "a client was created";
    ClientUpdated = "client.updated", Admin, "fields of a client changed";
    ClientActivated = "client.activated", Admin, "a client was activated";
    ClientDeactivated = "client.deactivated", Admin, "a client was suspended; its tokens and codes ended";
    ClientRevoked = "client.revoked", Admin, "a client was revoked; its tokens and codes ended";
    ClientRestored = "client.restored", Admin, "a revoked or deactivated client came back";
    ClientSecretGenerated = "client.secret.generated", Admin, "a client was given a secret";
    ClientSecretRevoked = "client.secret.revoked", Admin, "a client's secret was revoked";
    ConfigUpdated = "config.updated", Admin, "a setting changed, for the platform or an organization";
    KeyGenerated = "key.generated", Admin, "a signing key was made and published";
    KeyRotated = "key.rotated", Admin,
        "the next signing key became the active one; `emergency` says whether it had no time to spread";
    KeyRevoked = "key.revoked", Admin, "a signing key was taken out of use at once";
    KeyResealStarted = "key.reseal.started", Admin, "what older encryption keys sealed is being sealed anew";
    KeyResealed = "key.resealed", Admin, "such a run came to its end; says how many of each kind";
    AuditCleanup = "audit.cleanup", Admin, "old audit rows were deleted before the sweeper came to them";
    UserCreated = "user.created", Admin, "an account was created";
    UserUpdated = "user.updated", Admin, "fields of an account changed";
    UserActivated = "user.activated", Admin, "a suspended account was activated";
    UserDeactivated = "user.deactivated", Admin, "an account was deactivated";
    UserReactivated = "user.reactivated", Admin, "a deactivated account was activated";
    UserSuspended = "user.suspended", Admin, "an account was suspended";
    UserLocked = "user.locked", Admin, "an account was locked by an administrator";
    UserUnlocked = "user.unlocked", Admin, "an account was unlocked by an administrator";
    // `invitation.rs` of the sign-in stores the other category.
    UserPasswordSet = "user.password.set", Admin,
        "a password was set by an administrator, or, with the category `security`, by an invited person";
    UserPasswordCleared = "user.password.cleared", Admin, "a password was removed by an administrator";
    UserTwoFactorDisabled = "user.2fa.disabled", Admin,
        "an administrator switched somebody's second factor off";
    UserTwoFactorReset = "user.2fa.reset", Admin, "an administrator took somebody's second factors away";
    UserTwoFactorCodesRegenerated = "user.2fa.codesRegenerated", Admin,
        "an administrator made new recovery codes for somebody";
    UserRolesAssigned = "user.roles.assigned", Admin, "a person was given roles";
    UserRolesRemoved = "user.roles.removed", Admin, "roles were taken from a person";
    UserInvited = "user.invited", Admin, "a person was invited";
    UserInviteWithdrawn = "user.invite.withdrawn", Admin, "an invitation was withdrawn before it was accepted";
    UserInviteAccepted = "user.invite.accepted", Security, "an invitation was accepted";
    UserInvitePreAssignmentsApplied = "user.invite.pre_assignments_applied", Security,
        "roles and claims of an invitation were given";
    UserInviteFailed = "user.invite.failed", Security, "a link of an invitation did not work";
    UserLoginPassword = "user.login.password", Authentication, "somebody signed in with a password";
    UserLoginPasswordFailed = "user.login.password.failed", Security,
        "a sign-in with a password failed; without a person when the address is nobody's";
    UserLoginMagicLink = "user.login.magic_link", Authentication, "somebody signed in with a mailed link";
    UserMagicLinkSent = "user.magic_link.sent", Authentication, "a link to sign in was mailed";
    UserMagicLinkFailed = "user.magic_link.failed", Security, "a link or code to sign in did not work";
    AuthLoginCancelled = "auth.login.cancelled", Authentication, "somebody left the sign-in";
    UserLogout = "user.logout", Authentication, "somebody signed out";
    UserAutoLocked = "user.auto_locked", Security, "failed sign-ins locked an account";
    UserAutoUnlocked = "user.auto_unlocked", Security, "a lock ended by itself, or by a mailed link";
    UserEmailVerified = "user.email.verified", Authentication, "an address was confirmed";
    UserEmailVerificationFailed = "user.email_verification.failed", Security,
        "a link to confirm an address did not work";
    UserPasswordResetRequested = "user.password_reset.requested", Security,
        "a link for a new password was mailed";
    UserPasswordResetCompleted = "user.password_reset.completed", Security,
        "a new password was set by such a link";
    UserPasswordResetFailed = "user.password_reset.failed", Security, "such a link did not work";
    UserPasswordChanged = "user.password.changed", Security, "somebody changed their password";
    UserPasswordChangeFailed = "user.password.change.failed", Security, "the old password was wrong";
    UserPasswordChangeRequired = "user.password.change.required", Authentication,
        "a sign-in with a temporary password was asked for a new one";
    UserConsentGranted = "user.consent.granted", Authentication, "an application was given access";
    UserConsentDenied = "user.consent.denied", Authentication, "it was refused access";
    UserConsentWithdrawn = "user.consent.withdrawn", Authentication,
        "access was withdrawn, by the person or an administrator";
    UserSessionsRevoked = "user.sessions.revoked", Security,
        "the person ended all other sessions, or an administrator all sessions of the person";
    SessionRevoked = "session.revoked", Security, "one session was ended";
    SessionsBulkRevoked = "sessions.bulk_revoked", Security,
        "an administrator ended the sessions of an organization, of a client or of everybody";
    UserDataExported = "user.data.exported", Gdpr,
        "what is stored about somebody was downloaded, by the person or an administrator";
    UserPurged = "user.purged", Gdpr, "what is stored about somebody was erased";
    TwoFactorChallengeStarted = "2fa.challenge.started", Authentication, "a second factor was asked for";
    TwoFactorBlocked = "2fa.blocked", Security, "codes are refused after a hundred wrong ones in a row";
    TwoFactorVerifySuccess = "2fa.verify.success", Authentication, "it was right";
    TwoFactorVerifyFailed = "2fa.verify.failed", Security, "it was wrong";
    TwoFactorOtpSent = "2fa.otp.sent", Security, "a code was mailed";
    TwoFactorOtpResent = "2fa.otp.resent", Authentication, "another code was mailed";
    TwoFactorRecoveryUsed = "2fa.recovery.used", Authentication, "a recovery code was used up";
    TwoFactorRecoveryRegenerated = "2fa.recovery.regenerated", Security,
        "new recovery codes replaced the old ones";
    TwoFactorSetupTotp = "2fa.setup.totp", Security, "setting up an authenticator began";
    TwoFactorSetupTotpComplete = "2fa.setup.totp.complete", Authentication, "an authenticator was set up";
    TwoFactorSetupTotpFailed = "2fa.setup.totp.failed", Security, "its first code was wrong";
    TwoFactorSetupEmail = "2fa.setup.email", Security, "setting up mailed codes began";
    TwoFactorSetupEmailComplete = "2fa.setup.email.complete", Authentication, "mailed codes were set up";
    TwoFactorSetupEmailFailed = "2fa.setup.email.failed", Security, "the first mailed code was wrong";
    TwoFactorDisabled = "2fa.disabled", Security,
        "a second factor was switched off, by the person or an administrator";
    RateLimitLogin = "rate_limit.login", Security, "a limit of failed sign-ins was reached";
    RateLimitInteraction = "rate_limit.interaction", Security,
        "a network began too many sign-ins with a question about consent";
    RateLimitQuota = "rate_limit.quota", Security,
        "a client, a person, a chain of tokens or an organization used its quota up";
    RateLimitMagicCode = "rate_limit.magic_code", Security, "too many wrong codes of mailed links";
    RateLimitTwoFactorVerify = "rate_limit.2fa_verify", Security,
        "too many codes of a second factor were tried";
    RateLimitMagicLink = "rate_limit.magic_link", Security, "too many links to sign in were asked for";
    RateLimitPasswordReset = "rate_limit.password_reset", Security,
        "too many links for a new password were asked for";
    SecurityLoginMethodDisabled = "security.login_method_disabled", Security,
        "a method was tried that is switched off";
    SecurityFlood = "security.flood", Security,
        "far too many passwords were wrong or links asked for in an organization; strangers have to wait. \
         `counted` says which. Once a window";
    SecurityCodeReplayed = "security.code.replayed", Security,
        "an authorization code was used twice; its tokens ended";
    SecurityCodeReplayIgnored = "security.code.replay_ignored", Security,
        "a used code was shown without the verifier that belongs to it; nothing ended. Once for each code";
    SecurityRefreshTokenReplayed = "security.refresh_token.replayed", Security,
        "an old refresh token was used; its family ended. `why` says whether it came `late`, after its \
         `successor_used`, from `another_caller`, or after the `key_replaced`";
    SecurityRefreshTokenShared = "security.refresh_token.shared", Security,
        "a client with a secret used the same refresh tokens from different places, twice in a row; nothing \
         ended";
    EmailSendMagicLink = "email.send.magic_link", Authentication,
        "the relay took the mail with a link to sign in";
    EmailSendPasswordReset = "email.send.password_reset", Authentication,
        "the relay took the mail with a link for a new password";
    EmailSendInvitation = "email.send.invitation", Authentication, "the relay took an invitation";
    EmailSendOtpCode = "email.send.otp_code", Authentication, "the relay took the mail with a code";
    EmailSendPasswordChanged = "email.send.password_changed", Authentication,
        "the relay took the notice of a changed password";
    EmailSendPasswordKnown = "email.send.password_known", Authentication,
        "the relay took the notice that somebody knows the password";
    EmailSendEmailVerification = "email.send.email_verification", Authentication,
        "the relay took the mail with a link to confirm an address";
    EmailSendWelcome = "email.send.welcome", Authentication, "the relay took the welcome mail";
    EmailSendSecondFactorChanged = "email.send.second_factor_changed", Authentication,
        "the relay took the notice of a changed second factor";
    EmailSendTest = "email.send.test", Authentication, "the relay took a test mail";
    EmailSendUnknown = "email.send.unknown", Authentication,
        "the relay took a message of a template that this version does not know";
    EmailSendRequeued = "email.send.requeued", Admin, "an administrator had a given-up message sent again";
    EmailSendWithdrawn = "email.send.withdrawn", Admin,
        "an administrator withdrew a message, which is sent no more; `wasWaiting` says whether it would have been";
    EmailSendFailed = "email.send.failed", Authentication,
        "a message was not sent; `willRetry` says whether it will be tried again";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_event_has_its_own_text_and_a_meaning() {
        let texts: BTreeSet<&str> = AuditEventKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(texts.len(), AuditEventKind::ALL.len());
        for kind in AuditEventKind::ALL {
            assert_eq!(AuditEventKind::parse(kind.as_str()), Some(*kind));
            assert!(kind.as_str().contains('.') && !kind.description().is_empty(), "{kind}");
        }
    }

    #[test]
    fn an_event_has_the_category_of_its_line() {
        for (kind, category) in [
            (AuditEventKind::OrgCreated, AuditCategory::Admin),
            (AuditEventKind::UserLoginPassword, AuditCategory::Authentication),
            (AuditEventKind::UserLoginPasswordFailed, AuditCategory::Security),
            (AuditEventKind::UserDataExported, AuditCategory::Gdpr),
        ] {
            assert_eq!(kind.category(), category, "{kind}");
        }
    }
}
