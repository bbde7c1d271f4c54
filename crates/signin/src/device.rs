//! Browsers in which somebody signed in before. Whoever guesses from elsewhere locks nobody out of these (repairs W19):
//! their wrong passwords are counted for themselves, and neither a lock that guessing caused nor a limit that others
//! filled applies to them.

use porta_core::user::{CredentialState, Email, User};
use porta_core::{BearerKind, Entropy, TokenDigest, settings};
use porta_kv::Limit;
use porta_oidc::Tenant;

/// What such a browser keeps in a signed cookie, for one account.
pub(crate) struct Device {
    nonce: String,
    account: String,
    /// The credentials with which somebody signed in here last.
    epoch: i64,
}

impl Device {
    /// Reads a cookie's value; one for another account is as good as none.
    pub(crate) fn known(value: Option<&str>, tenant: &Tenant, email_key: &str) -> Option<Self> {
        let (nonce, rest) = value?.split_once('.')?;
        // A version before this one wrote no epoch, and raised none.
        let (account, epoch) = rest.split_once('.').unwrap_or((rest, "0"));
        let is_theirs = BearerKind::Interaction.matches(nonce) && account == account_of(tenant, email_key);
        let epoch = epoch.parse().ok().filter(|_| is_theirs)?;
        Some(Self { nonce: nonce.to_owned(), account: account.to_owned(), epoch })
    }

    /// Whether the credentials are still those of the last sign-in here (decision D22).
    pub(crate) fn is_of(&self, user: &User) -> bool {
        self.epoch == user.credential_epoch
    }

    /// The value for a browser in which this person signed in. One that was known before stays what it was, so that
    /// signing in does not forget its failures.
    pub(crate) fn after(value: Option<&str>, tenant: &Tenant, user: &User, entropy: &dyn Entropy) -> String {
        let key = user.email.key();
        let device = Self::known(value, tenant, key).unwrap_or_else(|| Self {
            nonce: BearerKind::Interaction.generate(entropy),
            account: account_of(tenant, key),
            epoch: user.credential_epoch,
        });
        Self { epoch: user.credential_epoch, ..device }.value()
    }

    /// The value for a browser in which this person changed their own credentials, which are these now. It signed in a
    /// moment ago and so was known; what it was known by stays below the address of sign-ins and does not come here.
    pub(crate) fn with(
        credentials: CredentialState,
        tenant: &Tenant,
        user: &User,
        entropy: &dyn Entropy,
    ) -> String {
        let nonce = BearerKind::Interaction.generate(entropy);
        Self { nonce, account: account_of(tenant, user.email.key()), epoch: credentials.epoch }.value()
    }

    fn value(&self) -> String {
        format!("{}.{}.{}", self.nonce, self.account, self.epoch)
    }

    /// Names this browser in a key.
    pub(crate) fn digest(&self) -> String {
        TokenDigest::of(&self.nonce).hex()[..32].to_owned()
    }

    /// Wrong passwords typed in this browser.
    pub(crate) fn limit(&self, tenant: &Tenant) -> Limit {
        Limit {
            key: format!("{}:limit:login-device:{}", tenant.organization.id, self.digest()),
            maximum: tenant.settings.number(settings::RATE_LIMIT_LOGIN_MAX),
            window: tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW),
        }
    }
}

/// By the key that this version computes: a row of one before may have another.
fn account_of(tenant: &Tenant, email_key: &str) -> String {
    let email_key = Email::key_of(email_key);
    let digest = TokenDigest::of(&format!("device of\n{}\n{email_key}", tenant.organization.id)).hex();
    digest[..32].to_owned()
}
