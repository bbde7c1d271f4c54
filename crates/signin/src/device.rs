//! Browsers in which somebody signed in before. Whoever guesses from elsewhere locks nobody out of these (repairs W19):
//! their wrong passwords are counted for themselves, and neither a lock that guessing caused nor a limit that others
//! filled applies to them.

use porta_core::user::User;
use porta_core::{BearerKind, Entropy, TokenDigest, settings};
use porta_kv::Limit;
use porta_oidc::Tenant;

/// What such a browser keeps in a signed cookie, for one account.
pub(crate) struct Device {
    nonce: String,
    account: String,
}

impl Device {
    /// Reads a cookie's value; one for another account is as good as none.
    pub(crate) fn known(value: Option<&str>, tenant: &Tenant, email_key: &str) -> Option<Self> {
        let (nonce, account) = value?.split_once('.')?;
        let is_theirs = BearerKind::Interaction.matches(nonce) && account == account_of(tenant, email_key);
        is_theirs.then(|| Self { nonce: nonce.to_owned(), account: account.to_owned() })
    }

    /// The value for a browser in which this person signed in. One that was known before stays what it was, so that
    /// signing in does not forget its failures.
    pub(crate) fn after(value: Option<&str>, tenant: &Tenant, user: &User, entropy: &dyn Entropy) -> String {
        let key = user.email.key();
        let device = Self::known(value, tenant, key).unwrap_or_else(|| Self {
            nonce: BearerKind::Interaction.generate(entropy),
            account: account_of(tenant, key),
        });
        format!("{}.{}", device.nonce, device.account)
    }

    /// Wrong passwords typed in this browser.
    pub(crate) fn limit(&self, tenant: &Tenant) -> Limit {
        let nonce = TokenDigest::of(&self.nonce).hex();
        Limit {
            key: format!("{}:limit:login-device:{}", tenant.organization.id, &nonce[..32]),
            maximum: tenant.settings.number(settings::RATE_LIMIT_LOGIN_MAX),
            window: tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW),
        }
    }
}

fn account_of(tenant: &Tenant, email_key: &str) -> String {
    let digest = TokenDigest::of(&format!("device of\n{}\n{email_key}", tenant.organization.id)).hex();
    digest[..32].to_owned()
}
