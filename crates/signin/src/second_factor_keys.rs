//! Keys of second factors, and the operations that need them.

use std::sync::Arc;

use porta_core::seal::{Keyring, Sealed};
use porta_core::second_factor::{
    CodeKeys, CodeMac, CodePurpose, RecoveryCode as StoredCode, SEALING_PURPOSE, TotpCredential,
    TotpParameters,
};
use porta_core::user::User;
use porta_core::{Entropy, OrganizationId, RecoveryCodeId, Timestamp, TokenDigest};
use porta_session::BackendError;
use secrecy::ExposeSecret as _;

use crate::browser::NewSessionCookies;
use crate::second_factor::{LinkCode, MailedCode, RecoverySecret, TotpSecret, qr_svg};

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
    ) -> Result<Option<i64>, BackendError> {
        Ok(self.open_secret(user, &credential.secret)?.matching_step(credential.parameters, typed, now))
    }

    fn open_secret(&self, user: &User, sealed: &Sealed) -> Result<TotpSecret, BackendError> {
        TotpSecret::open(&self.keyring, sealed, user.organization_id, user.id)
            .map_err(|e| BackendError::Unreadable(format!("authenticator of {}: {e}", user.id)))
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
    ) -> Result<Option<TotpCredential>, BackendError> {
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

    /// QR code and key for the page that sets up an authenticator.
    pub(crate) fn offer(&self, user: &User, secret: &Sealed, issuer: &str) -> Option<AuthenticatorSecret> {
        let secret = TotpSecret::open(&self.keyring, secret, user.organization_id, user.id).ok()?;
        let uri = secret.provisioning_uri(issuer, &user.email);
        let qr = qr_svg(uri.expose_secret()).ok()?;
        Some(AuthenticatorSecret { qr, key: secret.base32().expose_secret().replace(' ', "") })
    }

    /// Generates recovery codes: as shown, and as stored.
    pub fn new_recovery_codes(
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
