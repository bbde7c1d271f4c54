//! Account pages of a signed-in person, under `/{org}/account`.

use porta_core::Timestamp;
use serde::Serialize;

use super::{FactorKind, FormTargets, Notice, PageContext, PasswordFault, PasswordRules};

/// Links on every account page.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AccountNav<'a> {
    pub overview_url: &'a str,
    /// `None` if the organization does not use passwords.
    pub password_url: Option<&'a str>,
    pub two_factor_url: &'a str,
    pub sessions_url: &'a str,
    pub applications_url: &'a str,
    pub data_url: &'a str,
    /// Page that asks for confirmation before signing out.
    pub sign_out_url: &'a str,
}

/// Flash message of an account page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "Notice")]
pub enum AccountFlash {
    PasswordChanged,
    FactorEnabled,
    FactorDisabled,
    RecoveryCodesReplaced,
    SessionEnded,
    OtherSessionsEnded,
    ApplicationRevoked,
    VerificationSent,
    /// The organization requires a second factor, so the last one cannot be removed.
    FactorRequired,
    RateLimited {
        /// Seconds.
        retry_after: u64,
    },
    CsrfInvalid,
}

impl From<AccountFlash> for Notice {
    fn from(flash: AccountFlash) -> Self {
        match flash {
            AccountFlash::PasswordChanged => Self::success("account.password_changed"),
            AccountFlash::FactorEnabled => Self::success("account.factor_enabled"),
            AccountFlash::FactorDisabled => Self::success("account.factor_disabled"),
            AccountFlash::RecoveryCodesReplaced => Self::success("account.recovery_replaced"),
            AccountFlash::SessionEnded => Self::success("account.session_ended"),
            AccountFlash::OtherSessionsEnded => Self::success("account.others_ended"),
            AccountFlash::ApplicationRevoked => Self::success("account.application_revoked"),
            AccountFlash::VerificationSent => Self::success("account.verification_sent"),
            AccountFlash::FactorRequired => Self::error("account.factor_required", &[]),
            AccountFlash::RateLimited { retry_after } => Self::limited(retry_after),
            AccountFlash::CsrfInvalid => Self::error("errors.csrf_invalid", &[]),
        }
    }
}

/// Account overview.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OverviewPage<'a> {
    pub nav: AccountNav<'a>,
    pub csrf: &'a str,
    pub name: Option<&'a str>,
    pub email: &'a str,
    pub email_verified: bool,
    /// Receives `_csrf`: sends a mail to confirm the address. Shown until it is confirmed.
    pub verify_email_url: Option<&'a str>,
    pub has_password: bool,
    pub password_changed_at: Option<Timestamp>,
    /// The factor asked for first, if the person has one.
    pub second_factor: Option<FactorKind>,
    pub recovery_codes_left: u32,
    pub flash: Option<AccountFlash>,
}

impl PageContext for OverviewPage<'_> {
    const NAME: &'static str = "account-overview";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "account.title"
    }
}

/// Changes the password or sets a first one.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ChangePasswordPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf`, `currentPassword` (if there is one), `password`, `confirmPassword`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    /// For password managers.
    pub email: &'a str,
    pub has_password: bool,
    pub rules: PasswordRules,
    pub flash: Option<PasswordFault>,
}

impl PageContext for ChangePasswordPage<'_> {
    const NAME: &'static str = "account-password";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "account.change_password"
    }
}

/// Second factors and recovery codes. Each button posts `_csrf`, `action` (`enable`, `disable` or `regenerate`) and,
/// except for `regenerate`, `method` (`email` or `authenticator`).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SecondFactorsPage<'a> {
    pub nav: AccountNav<'a>,
    pub action_url: &'a str,
    pub csrf: &'a str,
    /// The person's current factor.
    pub held: Option<FactorKind>,
    /// When it was enabled, if known.
    pub since: Option<Timestamp>,
    /// Factors the person may enrol, including the current one if it may be replaced.
    pub offered: &'a [FactorKind],
    /// Whether the organization requires a second factor, so that it cannot be disabled.
    pub is_required: bool,
    pub recovery_codes_left: u32,
    pub flash: Option<AccountFlash>,
}

impl PageContext for SecondFactorsPage<'_> {
    const NAME: &'static str = "account-two-factor";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "account.two_factor"
    }
}

/// The person's browser sessions.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SessionsPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf` and `session` (an id of the list, or `others`).
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub sessions: &'a [SessionRow<'a>],
    pub flash: Option<AccountFlash>,
}

/// One browser session.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SessionRow<'a> {
    /// A handle, not the session's bearer value.
    pub id: &'a str,
    /// Whether it is the session that requests this page.
    pub is_current: bool,
    /// The `User-Agent` header; the page shows browser and system.
    pub user_agent: Option<&'a str>,
    pub address: Option<&'a str>,
    pub started_at: Timestamp,
    pub last_seen_at: Timestamp,
}

impl PageContext for SessionsPage<'_> {
    const NAME: &'static str = "account-sessions";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "account.sessions"
    }
}

/// Applications the person gave access to.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ApplicationsPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf` and `application` (an id of the list).
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub applications: &'a [ApplicationRow<'a>],
    pub flash: Option<AccountFlash>,
}

/// One application with access.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ApplicationRow<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub scopes: &'a [String],
    pub since: Timestamp,
}

impl PageContext for ApplicationsPage<'_> {
    const NAME: &'static str = "account-applications";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "account.applications"
    }
}

/// Download of all data stored about the person.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DownloadDataPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf`; the response is a file.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub flash: Option<AccountFlash>,
}

impl PageContext for DownloadDataPage<'_> {
    const NAME: &'static str = "account-data";
    const FORM_TARGETS: FormTargets = FormTargets::SameOrigin;
    fn title(&self) -> &'static str {
        "account.data"
    }
}
