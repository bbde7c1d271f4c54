//! Keys of second factors, and the operations that need them.

use std::sync::Arc;

use porta_core::mail::{Mail, OutgoingEmail, Recipient, SecondFactorChange, SecurityEvent};
use porta_core::seal::{Keyring, Sealed};
use porta_core::second_factor::{
    CodeKeys, CodeMac, CodePurpose, RecoveryCode as StoredCode, SEALING_PURPOSE, TotpCredential,
    TotpParameters,
};
use porta_core::user::User;
use porta_core::{Entropy, OrganizationId, RecoveryCodeId, Timestamp, TokenDigest};
use porta_session::interaction::{BoundInteraction, PendingSecondFactor};
use porta_session::{Caller, EngineError, Tenant};
use porta_store::UnitOfWork;
use secrecy::ExposeSecret as _;

use crate::second_factor::{LinkCode, MailedCode, RecoverySecret, TotpSecret, qr_svg};
use crate::{NewSessionCookies, SignIn};

/// Keys for second factors and for the mails that carry codes.
pub struct SecondFactorKeys {
    /// Seals authenticator secrets, and recovery codes until the person has saved them.
    keyring: Keyring,
    pub(crate) codes: CodeKeys,
    /// Seals outbox items.
    outbox: Arc<Keyring>,
}

/// Enrolment data for an authenticator: QR code and text.
pub struct AuthenticatorSecret {
    pub qr: String,
    pub key: String,
}

impl SecondFactorKeys {
    /// Takes the second-factor master keys, newest first, and the outbox keyring.
    pub fn new(masters: &[[u8; 32]], outbox: Arc<Keyring>) -> Self {
        Self { keyring: Keyring::new(masters, SEALING_PURPOSE), codes: CodeKeys::new(masters), outbox }
    }

    /// MACs of a typed recovery code under each key; `None` if it cannot be one.
    pub(crate) fn recovery_macs(&self, user: &User, typed: &str) -> Option<Vec<CodeMac>> {
        let code = RecoverySecret::parse(typed)?;
        Some(self.codes.all().map(|key| code.mac(key, user.id)).collect())
    }

    /// MACs of a typed mailed code under each key; `None` if it cannot be one.
    pub(crate) fn email_macs(
        &self,
        user: &User,
        purpose: CodePurpose,
        uid: &str,
        typed: &str,
    ) -> Option<Vec<CodeMac>> {
        let code = MailedCode::parse(typed)?;
        Some(self.codes.all().map(|key| code.mac(key, user.id, purpose, Some(uid))).collect())
    }

    /// Returns the time step of a code, if it is one of the authenticator's.
    pub(crate) fn totp_step(
        &self,
        user: &User,
        credential: &TotpCredential,
        typed: &str,
        now: Timestamp,
    ) -> Result<Option<i64>, EngineError> {
        Ok(self.open_secret(user, &credential.secret)?.matching_step(credential.parameters, typed, now))
    }

    fn open_secret(&self, user: &User, sealed: &Sealed) -> Result<TotpSecret, EngineError> {
        TotpSecret::open(&self.keyring, sealed, user.organization_id, user.id)
            .map_err(|e| EngineError::Unreadable(format!("authenticator of {}: {e}", user.id)))
    }

    pub(crate) fn new_secret(&self, user: &User, entropy: &dyn Entropy) -> Sealed {
        TotpSecret::generate(entropy).seal(&self.keyring, user.organization_id, user.id, entropy)
    }

    /// Turns an offered secret into an authenticator if `typed` is a code of it. Seals the secret anew, because the key
    /// it was offered under may be on its way out.
    pub(crate) fn confirm(
        &self,
        user: &User,
        secret: &Sealed,
        typed: &str,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Option<TotpCredential>, EngineError> {
        let parameters = TotpParameters::default();
        let secret = self.open_secret(user, secret)?;
        let step = secret.matching_step(parameters, typed, now);
        Ok(step.map(|last_step| TotpCredential {
            user_id: user.id,
            secret: secret.seal(&self.keyring, user.organization_id, user.id, entropy),
            parameters,
            last_step,
            verified_at: now,
            created_at: now,
        }))
    }

    /// Keyed hash of an address: unpredictable, and stable until the key is replaced.
    pub(crate) fn uniform_number(&self, organization: OrganizationId, email_key: &str) -> u64 {
        self.codes.current().uniform_number(organization, email_key)
    }

    /// `None` only where [`LinkCode::of`] returns it.
    pub(crate) fn link_code(
        &self,
        organization: OrganizationId,
        uid: &str,
        link: &TokenDigest,
    ) -> Option<LinkCode> {
        LinkCode::of(&self.codes.current().link(organization, uid, link))
    }

    /// Whether `typed` is the link's code under any key. Compares with all keys, so timing does not tell which one
    /// matched.
    pub(crate) fn is_link_code(
        &self,
        organization: OrganizationId,
        uid: &str,
        link: &TokenDigest,
        typed: &str,
    ) -> bool {
        let is_code = |mac: CodeMac| LinkCode::of(&mac).is_some_and(|code| code.is(typed));
        self.codes.all().fold(false, |found, key| found | is_code(key.link(organization, uid, link)))
    }

    pub(crate) fn outbox(&self) -> &Keyring {
        &self.outbox
    }

    fn offer(&self, user: &User, secret: &Sealed, issuer: &str) -> Option<AuthenticatorSecret> {
        let secret = TotpSecret::open(&self.keyring, secret, user.organization_id, user.id).ok()?;
        let uri = secret.provisioning_uri(issuer, &user.email);
        let qr = qr_svg(uri.expose_secret()).ok()?;
        Some(AuthenticatorSecret { qr, key: secret.base32().expose_secret().replace(' ', "") })
    }

    /// Generates recovery codes: as shown, and as stored.
    pub(crate) fn new_recovery_codes(
        &self,
        user: &User,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> (Vec<String>, Vec<StoredCode>) {
        let key = self.codes.current();
        let stored = |code: &RecoverySecret| StoredCode {
            id: RecoveryCodeId::new(now, entropy),
            mac: code.mac(key, user.id),
            key_id: key.id().to_owned(),
        };
        RecoverySecret::set(entropy).iter().map(|code| (code.expose().to_string(), stored(code))).unzip()
    }

    /// Seals shown recovery codes until the person has saved them; bound to one interaction.
    pub(crate) fn seal_codes(&self, uid: &str, shown: &[String], entropy: &dyn Entropy) -> Sealed {
        self.keyring.seal(shown.join("\n").as_bytes(), &codes_identity(uid), entropy)
    }

    /// Seals the answer to a request, to be repeated if the same request comes again; bound to `identity`.
    pub(crate) fn seal_answer(
        &self,
        identity: &str,
        entered: &NewSessionCookies,
        entropy: &dyn Entropy,
    ) -> Sealed {
        let plain = zeroize::Zeroizing::new(serde_json::to_vec(entered).unwrap_or_default());
        self.keyring.seal(&plain, &format!("session.renewed:{identity}"), entropy)
    }

    pub(crate) fn open_answer(&self, identity: &str, sealed: &Sealed) -> Option<NewSessionCookies> {
        let plain = self.keyring.open(sealed, &format!("session.renewed:{identity}")).ok()?;
        serde_json::from_slice(&zeroize::Zeroizing::new(plain)).ok()
    }

    pub(crate) fn open_codes(&self, uid: &str, sealed: &Sealed) -> Option<Vec<String>> {
        let plain = zeroize::Zeroizing::new(self.keyring.open(sealed, &codes_identity(uid)).ok()?);
        Some(std::str::from_utf8(&plain).ok()?.lines().map(str::to_owned).collect())
    }
}

impl std::fmt::Debug for SecondFactorKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecondFactorKeys(…)")
    }
}

fn codes_identity(uid: &str) -> String {
    format!("interaction.recovery_codes:{uid}")
}

impl SignIn {
    /// QR code and key for the page that sets up an authenticator.
    pub fn authenticator(&self, secret: &Sealed, issuer: &str, user: &User) -> Option<AuthenticatorSecret> {
        self.factors.offer(user, secret, issuer)
    }

    /// Recovery codes of an enrolment, until the person confirms that they saved them.
    pub fn recovery_codes(&self, bound: &BoundInteraction, sealed: &Sealed) -> Option<Vec<String>> {
        self.factors.open_codes(&bound.interaction.uid, sealed)
    }

    /// Puts a mail into the outbox. `event` is its idempotency key: the same one again adds nothing.
    pub(crate) async fn enqueue(
        &self,
        unit: &mut dyn UnitOfWork,
        tenant: &Tenant,
        user: &User,
        mail: Mail,
        event: &str,
    ) -> Result<(), EngineError> {
        let outgoing =
            OutgoingEmail { organization_id: tenant.organization.id, recipient: Recipient::of(user), mail };
        let item = outgoing.into_item(event, &self.factors.outbox, self.engine.now(), self.engine.entropy());
        unit.outbox().enqueue(&item).await?;
        Ok(())
    }

    /// Mails somebody that their second factor changed.
    pub(crate) async fn notify_of(
        &self,
        unit: &mut dyn UnitOfWork,
        tenant: &Tenant,
        user: &User,
        change: SecondFactorChange,
        caller: &Caller,
    ) -> Result<(), EngineError> {
        let about = format!("{}:{change}:{}", user.id, self.engine.now().micros());
        let mail = Mail::SecondFactorChanged { change, event: self.security_event(caller) };
        self.enqueue(unit, tenant, user, mail, &about).await
    }

    /// Time and origin of a change, for the mail to the account's owner.
    pub(crate) fn security_event(&self, caller: &Caller) -> SecurityEvent {
        SecurityEvent {
            at: self.engine.now(),
            address: caller.address_text(),
            user_agent: caller.user_agent.clone(),
        }
    }

    pub(crate) fn sealed_codes(
        &self,
        bound: &BoundInteraction,
        pending: PendingSecondFactor,
        shown: &[String],
    ) -> PendingSecondFactor {
        let sealed = self.factors.seal_codes(&bound.interaction.uid, shown, self.engine.entropy());
        PendingSecondFactor {
            step: porta_session::interaction::SecondFactorStep::Codes { sealed },
            ..pending
        }
    }
}
