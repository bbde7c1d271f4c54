//! Known browsers: browsers in which somebody signed in before (decision 0027). Wrong passwords typed in one are
//! counted for that browser, and neither a lock caused by guessing nor limits filled by others apply to it. So guessing
//! from elsewhere locks nobody out.

use porta_core::user::{CredentialState, Email, User};
use porta_core::{BearerKind, Entropy, TokenDigest, settings};
use porta_kv::{KeyName, KvKey, RateLimit};
use porta_session::Tenant;

/// Content of the signed known-browser cookie, for one account.
pub(crate) struct KnownBrowser {
    nonce: String,
    account: String,
    /// Credential epoch at the last sign-in in this browser.
    epoch: i64,
}

impl KnownBrowser {
    /// Parses a cookie's value; `None` if it is malformed or of another account.
    pub(crate) fn parse(value: Option<&str>, tenant: &Tenant, email_key: &str) -> Option<Self> {
        let (nonce, rest) = value?.split_once('.')?;
        // Older versions wrote no epoch and never raised one.
        let (account, epoch) = rest.split_once('.').unwrap_or((rest, "0"));
        let is_theirs = BearerKind::Interaction.matches(nonce) && account == account_of(tenant, email_key);
        let epoch = epoch.parse().ok().filter(|_| is_theirs)?;
        Some(Self { nonce: nonce.to_owned(), account: account.to_owned(), epoch })
    }

    /// Whether the credentials have not changed since the last sign-in here (decision D22).
    pub(crate) fn matches_credentials(&self, user: &User) -> bool {
        self.epoch == user.credential_epoch
    }

    /// Cookie value after a sign-in. A known browser keeps its nonce, so that signing in does not reset its failure
    /// counter.
    pub(crate) fn cookie_after_sign_in(
        value: Option<&str>,
        tenant: &Tenant,
        user: &User,
        entropy: &dyn Entropy,
    ) -> String {
        let key = user.email.key();
        let device = Self::parse(value, tenant, key).unwrap_or_else(|| Self {
            nonce: BearerKind::Interaction.generate(entropy),
            account: account_of(tenant, key),
            epoch: user.credential_epoch,
        });
        Self { epoch: user.credential_epoch, ..device }.value()
    }

    /// Cookie value after the person changed their own credentials in this browser. It authenticated recently, so it
    /// stays known, under a new nonce: the caller does not pass the previous cookie.
    pub(crate) fn cookie_after_change(
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

    /// Key suffix for this browser.
    pub(crate) fn digest(&self) -> String {
        TokenDigest::of(&self.nonce).hex()[..32].to_owned()
    }

    /// Limit of wrong passwords in this browser.
    pub(crate) fn limit(&self, tenant: &Tenant) -> RateLimit {
        RateLimit {
            key: KvKey::new(KeyName::LimitLoginDevice, tenant.organization.id).with(self.digest()),
            maximum: tenant.settings.number(settings::RATE_LIMIT_LOGIN_MAX),
            window: tenant.settings.duration(settings::RATE_LIMIT_LOGIN_WINDOW),
        }
    }
}

/// Uses the key as this version computes it: a row of an older version may have another.
fn account_of(tenant: &Tenant, email_key: &str) -> String {
    let email_key = Email::key_of(email_key);
    let digest = TokenDigest::of(&format!("device of\n{}\n{email_key}", tenant.organization.id)).hex();
    digest[..32].to_owned()
}
