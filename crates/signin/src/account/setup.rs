//! Sets up a second factor, and shows recovery codes until they are saved.
//!
//! ```text
//!         set up                 right code                      saved
//! page ───────────► Setup step ─────────────► recovery codes ─────────► page
//!   │                                               ▲
//!   └──────────────── new recovery codes ───────────┘
//! ```
//!
//! Unconfirmed setups are kept in the short-lived store, one per person, readable by the session that began it
//! (decision 0025).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use porta_core::audit::AuditEventKind;
use porta_core::seal::Sealed;
use porta_core::second_factor::CodePurpose;
use porta_core::user::{TwoFactorMethod, User};
use porta_core::{BearerKind, SessionKey, Timestamp, TokenDigest, settings};
use porta_kv::{KeyName, KvKey, Write};
use porta_session::browser_session::{BrowserSession, storage_key};
use porta_session::short_lived::{remaining, to_bytes};
use porta_session::{BackendError, OperationContext, Tenant};
use porta_store::Revocation;
use serde::{Deserialize, Serialize};

use super::{AccountChange, FactorLock, FactorStatus, RecentlyAuthenticated, SignedInUser};
use crate::amr::{acr_of, amr_with};
use crate::browser::NewSessionCookies;
use crate::factor_attempts::{CodeCheck, FactorAttempts, FactorLimits};
use crate::factor_changes::{ConfirmedFactor, EnrolmentResult, FactorChanges};
use crate::known_browser::KnownBrowser;
use crate::mailed_codes::{CodeRequester, CodeUse, MailedCodes};
use crate::second_factor_keys::AuthenticatorSecret;
use crate::sign_in_core::SignInCore;

/// A factor being set up, or recovery codes to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorSetup {
    session: SessionKey,
    pub step: SetupStep,
    expires_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetupStep {
    /// Confirm an authenticator with this secret. `known`: the factor it replaces; `verified_at`: when that one was
    /// confirmed, if it is an authenticator.
    Authenticator { secret: Sealed, known: Option<TwoFactorMethod>, verified_at: Option<Timestamp> },
    /// Confirm that mail arrives.
    Email,
    /// Save the recovery codes of a new factor, or of a replaced set.
    Codes { sealed: Sealed, is_new_factor: bool },
}

pub struct FactorSetups {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) attempts: Arc<FactorAttempts>,
    pub(crate) changes: Arc<FactorChanges>,
    pub(crate) codes: Arc<MailedCodes>,
    pub(crate) lock: Arc<FactorLock>,
}

impl FactorSetups {
    /// Returns the setup in progress in this session.
    pub async fn load(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
    ) -> Result<Option<FactorSetup>, BackendError> {
        let Some(bytes) = self.core.shared.kv().get(&setup_key(cx.tenant, &signed_in.user)).await? else {
            return Ok(None);
        };
        let setup: FactorSetup =
            serde_json::from_slice(&bytes).map_err(|e| BackendError::Unreadable(e.to_string()))?;
        let is_own = setup.session == signed_in.session.key && cx.now < setup.expires_at;
        Ok(is_own.then_some(setup))
    }

    /// QR code and key for the page that sets up an authenticator.
    pub fn authenticator(&self, secret: &Sealed, issuer: &str, user: &User) -> Option<AuthenticatorSecret> {
        self.core.factors.offer(user, secret, issuer)
    }

    /// Recovery codes of a setup, until the person confirms that they saved them.
    pub fn recovery_codes(&self, signed_in: &SignedInUser, sealed: &Sealed) -> Option<Vec<String>> {
        self.core.factors.open_codes(&place(signed_in), sealed)
    }

    /// Begins to set up a factor; replaces a setup in progress.
    pub async fn begin(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
        method: TwoFactorMethod,
    ) -> Result<AccountChange, BackendError> {
        let signed_in = recent.signed_in();
        let held = FactorStatus::load(&self.core, cx.tenant, &signed_in.user).await?;
        if !held.offered.contains(&method) {
            return Ok(AccountChange::Nothing);
        }
        if method == TwoFactorMethod::Email
            && let Some(retry_after) =
                self.codes.count_mail(cx, &signed_in.user, CodeRequester::Session).await?
        {
            return Ok(AccountChange::Limited { retry_after });
        }
        let step = match method {
            TwoFactorMethod::Totp => SetupStep::Authenticator {
                secret: self.core.factors.new_secret(&signed_in.user, self.core.shared.entropy()),
                known: held.method,
                verified_at: held.since,
            },
            TwoFactorMethod::Email => SetupStep::Email,
        };
        self.put(cx, signed_in, step).await?;
        if method == TwoFactorMethod::Email {
            let place = place(signed_in);
            self.codes.send(cx, enrolment_code(signed_in, &place), CodeRequester::Session).await?;
        }
        Ok(AccountChange::Done)
    }

    pub async fn resend_code(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
    ) -> Result<AccountChange, BackendError> {
        let signed_in = recent.signed_in();
        let setup = self.load(cx, signed_in).await?;
        if !setup.is_some_and(|setup| setup.step == SetupStep::Email) {
            return Ok(AccountChange::Nothing);
        }
        let place = place(signed_in);
        let code = enrolment_code(signed_in, &place);
        Ok(match self.codes.send_again(cx, code, CodeRequester::Session).await? {
            Some(retry_after) => AccountChange::Limited { retry_after },
            None => AccountChange::Done,
        })
    }

    /// Confirms the factor by its first code; recovery codes are shown next.
    pub async fn confirm(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
        code: &str,
    ) -> Result<AccountChange, BackendError> {
        let signed_in = recent.signed_in();
        if !self.lock.lock(cx.tenant, &signed_in.user).await? {
            return self.answer_of_concurrent_form(cx.tenant, signed_in, code).await;
        }
        let outcome = self.confirm_locked(cx, signed_in, code).await;
        self.lock.unlock(cx.tenant, &signed_in.user).await?;
        outcome
    }

    async fn confirm_locked(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
        code: &str,
    ) -> Result<AccountChange, BackendError> {
        let tenant = cx.tenant;
        let Some(setup) = self.load(cx, signed_in).await? else { return Ok(AccountChange::Nothing) };
        if matches!(setup.step, SetupStep::Codes { .. }) {
            let answer = self.repeated(tenant, &signed_in.digest, code).await?;
            return Ok(answer.map_or(AccountChange::Done, AccountChange::SessionRenewed));
        }
        let (user, place) = (&signed_in.user, place(signed_in));
        let limits = FactorLimits::inside(tenant, &place);
        if let Some(retry_after) = self.attempts.count(cx, user.id, &limits).await? {
            return Ok(AccountChange::Limited { retry_after });
        }
        let (confirmed, failure) = match &setup.step {
            SetupStep::Authenticator { secret, known, verified_at } => {
                let entropy = self.core.shared.entropy();
                let credential = self.core.factors.confirm(user, secret, code, cx.now, entropy)?;
                let confirmed = credential.map(|credential| match verified_at {
                    Some(at) => ConfirmedFactor::ReplacementTotp { credential, verified_at: *at },
                    None => ConfirmedFactor::Totp { credential, known: *known },
                });
                (confirmed, AuditEventKind::TwoFactorSetupTotpFailed)
            }
            SetupStep::Email => {
                let checked = self.codes.check(cx, enrolment_code(signed_in, &place), code).await?;
                let confirmed = match checked {
                    CodeCheck::Right => Some(ConfirmedFactor::Email),
                    CodeCheck::Wrong => None,
                    CodeCheck::Exhausted => return Ok(AccountChange::Exhausted),
                };
                (confirmed, AuditEventKind::TwoFactorSetupEmailFailed)
            }
            SetupStep::Codes { .. } => return Ok(AccountChange::Done),
        };
        let Some(confirmed) = confirmed else {
            let event = self.core.event(cx, Some(user.id), failure);
            self.core.shared.audit.record(&event).await?;
            return Ok(AccountChange::Wrong);
        };
        // Tokens from before do not include the factor: revoke those of the current session as well.
        let others = Revocation::OtherSessions { user: user.id, keep: signed_in.session.key };
        let ended = [others, Revocation::TokensOf(user.id)];
        let Some(EnrolmentResult { shown, credentials }) =
            self.changes.enrol(cx, user, &confirmed, &ended).await?
        else {
            self.forget(cx, signed_in).await?;
            return Ok(AccountChange::Nothing);
        };
        self.attempts.clear(&limits).await?;
        self.show_codes(cx, signed_in, &shown, true).await?;
        let device = KnownBrowser::cookie_after_change(credentials, tenant, user, self.core.shared.entropy());
        let entered = self.add_factor_to_session(cx, signed_in, confirmed.method(), (code, device)).await?;
        Ok(entered.map_or(AccountChange::Done, AccountChange::SessionRenewed))
    }

    /// Adds the new factor to the session and renews its cookie; the old cookie is deleted (session fixation; OWASP
    /// ASVS 5 §7.2.4). `None`: the session ended in the meantime.
    async fn add_factor_to_session(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
        method: TwoFactorMethod,
        (code, device): (&str, String),
    ) -> Result<Option<NewSessionCookies>, BackendError> {
        let (organization, kv) = (cx.tenant.organization.id, self.core.shared.kv());
        let before = storage_key(organization, &signed_in.digest);
        if kv.get(&before).await?.is_none() {
            return Ok(None);
        }
        let amr = amr_with(signed_in.session.amr.clone(), Some(method));
        let session = BrowserSession { acr: acr_of(&amr).to_owned(), amr, ..signed_in.session.clone() };
        let cookie = BearerKind::Session.generate(self.core.shared.entropy());
        let (expires_at, digest) = (session.expires_at, TokenDigest::of(&cookie));
        let entered = NewSessionCookies { session: cookie, expires_at, device };
        let identity = answer_identity(&signed_in.digest, code);
        let answer = self.core.factors.seal_answer(&identity, &entered, self.core.shared.entropy());
        let writes = vec![
            Write::Put {
                key: storage_key(organization, &digest),
                value: to_bytes(&session)?,
                ttl: remaining(expires_at, cx.now),
            },
            Write::Put {
                key: renewed_key(cx.tenant, &signed_in.digest),
                value: Bytes::from(answer.to_text()),
                ttl: RENEWAL_ANSWER_LIFETIME,
            },
            Write::Delete { key: before },
        ];
        kv.write(writes).await?;
        Ok(Some(entered))
    }

    /// Returns the answer to a form that renewed this cookie's session a moment ago, for the same form again: a double
    /// click, or an answer that was lost. The form has one effect, and the answer can be repeated (decision D20).
    /// Another code deletes the answer. `signed_in`: the session's person, if still known.
    pub async fn repeated_form(
        &self,
        tenant: &Tenant,
        signed_in: Option<&SignedInUser>,
        cookie: &str,
        code: &str,
    ) -> Result<Option<NewSessionCookies>, BackendError> {
        if let Some(signed_in) = signed_in {
            self.wait_for_unlock(tenant, signed_in).await?;
        }
        self.repeated(tenant, &TokenDigest::of(cookie), code).await
    }

    /// Waits while a change of this person's factors is in progress, at most 3 seconds.
    async fn wait_for_unlock(&self, tenant: &Tenant, signed_in: &SignedInUser) -> Result<(), BackendError> {
        for _ in 0..MAX_POLLS {
            if !self.lock.is_locked(tenant, &signed_in.user).await? {
                break;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    async fn repeated(
        &self,
        tenant: &Tenant,
        digest: &TokenDigest,
        code: &str,
    ) -> Result<Option<NewSessionCookies>, BackendError> {
        let key = renewed_key(tenant, digest);
        let Some(bytes) = self.core.shared.kv().get(&key).await? else { return Ok(None) };
        let sealed = std::str::from_utf8(&bytes).ok().and_then(Sealed::from_text);
        let answer =
            sealed.and_then(|sealed| self.core.factors.open_answer(&answer_identity(digest, code), &sealed));
        if answer.is_none() {
            self.core.shared.kv().take(&key).await?;
        }
        Ok(answer)
    }

    /// Waits for the same form, which is being processed, and returns its answer.
    async fn answer_of_concurrent_form(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
        code: &str,
    ) -> Result<AccountChange, BackendError> {
        self.wait_for_unlock(tenant, signed_in).await?;
        let answer = self.repeated(tenant, &signed_in.digest, code).await?;
        Ok(answer.map_or(AccountChange::Nothing, AccountChange::SessionRenewed))
    }

    /// Cancels a setup, or confirms that its recovery codes are saved.
    pub async fn forget(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
    ) -> Result<(), BackendError> {
        if self.load(cx, signed_in).await?.is_some() {
            self.core.shared.kv().take(&setup_key(cx.tenant, &signed_in.user)).await?;
        }
        Ok(())
    }

    pub(super) async fn show_codes(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
        shown: &[String],
        is_new_factor: bool,
    ) -> Result<(), BackendError> {
        let sealed = self.core.factors.seal_codes(&place(signed_in), shown, self.core.shared.entropy());
        self.put(cx, signed_in, SetupStep::Codes { sealed, is_new_factor }).await
    }

    /// Stores a setup; replaces one in progress.
    async fn put(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
        step: SetupStep,
    ) -> Result<(), BackendError> {
        let expires_at = cx.now + cx.tenant.settings.duration(settings::TWO_FACTOR_CODE_TTL);
        let setup = FactorSetup { session: signed_in.session.key, step, expires_at };
        let (key, ttl) = (setup_key(cx.tenant, &signed_in.user), remaining(expires_at, cx.now));
        Ok(self.core.shared.kv().put(&key, to_bytes(&setup)?, ttl).await?)
    }
}

/// How long the answer to a form that renewed a session can be repeated.
const RENEWAL_ANSWER_LIFETIME: Duration = Duration::from_secs(10);
/// Poll interval and number of polls while the same form is processed.
const POLL_INTERVAL: Duration = Duration::from_millis(25);
const MAX_POLLS: u32 = 120;

fn renewed_key(tenant: &Tenant, digest: &TokenDigest) -> KvKey {
    KvKey::new(KeyName::Renewed, tenant.organization.id).with(digest.hex())
}

/// Identifies a form: its session cookie and the code typed.
fn answer_identity(digest: &TokenDigest, code: &str) -> String {
    format!("{}:{}", digest.hex(), TokenDigest::of(code).hex())
}

fn setup_key(tenant: &Tenant, user: &User) -> KvKey {
    KvKey::new(KeyName::AccountSetup, tenant.organization.id).with(user.id)
}

fn enrolment_code<'a>(signed_in: &'a SignedInUser, place: &'a str) -> CodeUse<'a> {
    CodeUse { user: &signed_in.user, purpose: CodePurpose::Enrolment, place }
}

/// Where mailed and shown codes are valid: this session.
fn place(signed_in: &SignedInUser) -> String {
    format!("account:{}", signed_in.session.key)
}
