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

use std::time::Duration;

use bytes::Bytes;
use porta_core::seal::Sealed;
use porta_core::second_factor::CodePurpose;
use porta_core::user::{TwoFactorMethod, User};
use porta_core::{BearerKind, SessionKey, Timestamp, TokenDigest, settings};
use porta_kv::Write;
use porta_oidc::session::{BrowserSession, remaining, storage_key, to_bytes};
use porta_oidc::{Caller, EngineError, Tenant};
use porta_store::Revocation;
use serde::{Deserialize, Serialize};

use super::{Changed, Member, Recent};
use crate::challenge::{Tried, amr_with};
use crate::enrolment::{Confirmed, Enrolled};
use crate::enter::acr_of;
use crate::limits::FactorLimits;
use crate::mailed_codes::Asker;
use crate::{Entered, SignIn};

/// A factor being set up, or recovery codes to be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
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

impl SignIn {
    /// Returns the setup in progress in this session.
    pub async fn setup(&self, tenant: &Tenant, member: &Member) -> Result<Option<Setup>, EngineError> {
        let Some(bytes) = self.engine.kv().get(&setup_key(tenant, &member.user)).await? else {
            return Ok(None);
        };
        let setup: Setup =
            serde_json::from_slice(&bytes).map_err(|e| EngineError::Unreadable(e.to_string()))?;
        let is_own = setup.session == member.session.key && self.engine.now() < setup.expires_at;
        Ok(is_own.then_some(setup))
    }

    /// Recovery codes of a setup, until the person confirms that they saved them.
    pub fn shown_codes(&self, member: &Member, sealed: &Sealed) -> Option<Vec<String>> {
        self.factors.open_codes(&place(member), sealed)
    }

    /// Begins to set up a factor; replaces a setup in progress.
    pub async fn begin_setup(
        &self,
        tenant: &Tenant,
        recent: Recent<'_>,
        method: TwoFactorMethod,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let member = recent.member();
        let held = self.held_factors(tenant, member).await?;
        if !held.offered.contains(&method) {
            return Ok(Changed::Nothing);
        }
        if method == TwoFactorMethod::Email
            && let Some(retry_after) = self.count_mail(tenant, &member.user, Asker::Session(caller)).await?
        {
            return Ok(Changed::Limited { retry_after });
        }
        let step = match method {
            TwoFactorMethod::Totp => SetupStep::Authenticator {
                secret: self.factors.new_secret(&member.user, self.engine.entropy()),
                known: held.method,
                verified_at: held.since,
            },
            TwoFactorMethod::Email => SetupStep::Email,
        };
        self.put_setup(tenant, member, step).await?;
        if method == TwoFactorMethod::Email {
            let purpose = CodePurpose::Enrolment;
            let asker = Asker::Session(caller);
            self.mail_code(tenant, &place(member), &member.user, purpose, asker).await?;
        }
        Ok(Changed::Done)
    }

    pub async fn resend_setup_code(
        &self,
        tenant: &Tenant,
        recent: Recent<'_>,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let member = recent.member();
        let setup = self.setup(tenant, member).await?;
        if !setup.is_some_and(|setup| setup.step == SetupStep::Email) {
            return Ok(Changed::Nothing);
        }
        let (purpose, asker) = (CodePurpose::Enrolment, Asker::Session(caller));
        Ok(match self.mail_code_again(tenant, &place(member), &member.user, purpose, asker).await? {
            Some(retry_after) => Changed::Limited { retry_after },
            None => Changed::Done,
        })
    }

    /// Confirms the factor by its first code; recovery codes are shown next.
    pub async fn confirm_setup(
        &self,
        tenant: &Tenant,
        recent: Recent<'_>,
        code: &str,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let member = recent.member();
        if !self.lock(tenant, &member.user).await? {
            return self.after_the_other(tenant, member, code).await;
        }
        let outcome = self.confirm_locked(tenant, member, code, caller).await;
        self.unlock(tenant, &member.user).await?;
        outcome
    }

    async fn confirm_locked(
        &self,
        tenant: &Tenant,
        member: &Member,
        code: &str,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let Some(setup) = self.setup(tenant, member).await? else { return Ok(Changed::Nothing) };
        if matches!(setup.step, SetupStep::Codes { .. }) {
            let answer = self.repeated(tenant, &member.digest, code).await?;
            return Ok(answer.map_or(Changed::Done, Changed::Strengthened));
        }
        let user = &member.user;
        let tries = FactorLimits::inside(tenant, &place(member));
        if let Some(retry_after) = self.count_try(tenant, user.id, &tries, caller).await? {
            return Ok(Changed::Limited { retry_after });
        }
        let (confirmed, failure) = match &setup.step {
            SetupStep::Authenticator { secret, known, verified_at } => {
                let (now, entropy) = (self.engine.now(), self.engine.entropy());
                let credential = self.factors.confirm(user, secret, code, now, entropy)?;
                let confirmed = credential.map(|credential| match verified_at {
                    Some(at) => Confirmed::AnotherTotp { credential, verified_at: *at },
                    None => Confirmed::Totp { credential, known: *known },
                });
                (confirmed, "2fa.setup.totp.failed")
            }
            SetupStep::Email => {
                let purpose = CodePurpose::Enrolment;
                match self.email_code(tenant, &place(member), user, purpose, code).await? {
                    Tried::Right => (Some(Confirmed::Email), ""),
                    Tried::Wrong => (None, "2fa.setup.email.failed"),
                    Tried::Exhausted => return Ok(Changed::Exhausted),
                }
            }
            SetupStep::Codes { .. } => return Ok(Changed::Done),
        };
        let Some(confirmed) = confirmed else {
            let event = self.event(tenant, Some(user.id), failure, caller);
            self.engine.store().repositories().audit().record(&event).await?;
            return Ok(Changed::Wrong);
        };
        // Tokens from before do not include the factor: revoke those of the current session as well.
        let others = Revocation::OtherSessions { user: user.id, keep: member.session.key };
        let ended = [others, Revocation::TokensOf(user.id)];
        let Some(Enrolled { shown, credentials }) =
            self.enrol(tenant, user, &confirmed, &ended, caller).await?
        else {
            self.forget_setup(tenant, member).await?;
            return Ok(Changed::Nothing);
        };
        self.forget_tries(&tries).await?;
        self.show_codes(tenant, member, &shown, true).await?;
        let device = self.known_after(tenant, member, credentials);
        let entered = self.strengthen(tenant, member, confirmed.method(), (code, device)).await?;
        Ok(entered.map_or(Changed::Done, Changed::Strengthened))
    }

    /// Adds the new factor to the session and renews its cookie; the old cookie is deleted (session fixation; OWASP
    /// ASVS 5 §7.2.4). `None`: the session ended in the meantime.
    async fn strengthen(
        &self,
        tenant: &Tenant,
        member: &Member,
        method: TwoFactorMethod,
        (code, device): (&str, String),
    ) -> Result<Option<Entered>, EngineError> {
        let (organization, kv) = (tenant.organization.id, self.engine.kv());
        let before = storage_key(organization, &member.digest);
        if kv.get(&before).await?.is_none() {
            return Ok(None);
        }
        let amr = amr_with(member.session.amr.clone(), Some(method));
        let session = BrowserSession { acr: acr_of(&amr).to_owned(), amr, ..member.session.clone() };
        let cookie = BearerKind::Session.generate(self.engine.entropy());
        let (expires_at, digest) = (session.expires_at, TokenDigest::of(&cookie));
        let entered = Entered { session: cookie, expires_at, device };
        let identity = answered(&member.digest, code);
        let answer = self.factors.seal_answer(&identity, &entered, self.engine.entropy());
        let writes = vec![
            Write::Put {
                key: storage_key(organization, &digest),
                value: to_bytes(&session)?,
                ttl: remaining(expires_at, self.engine.now()),
            },
            Write::Put {
                key: renewed_key(tenant, &member.digest),
                value: Bytes::from(answer.to_text()),
                ttl: REPEATED_WITHIN,
            },
            Write::Delete { key: before },
        ];
        kv.write(writes).await?;
        Ok(Some(entered))
    }

    /// Returns the answer to a form that renewed this cookie's session a moment ago, for the same form again: a double
    /// click, or an answer that was lost. The form has one effect, and the answer can be repeated (decision D20).
    /// Another code deletes the answer. `member`: the session's person, if still known.
    pub async fn repeated_setup(
        &self,
        tenant: &Tenant,
        member: Option<&Member>,
        cookie: &str,
        code: &str,
    ) -> Result<Option<Entered>, EngineError> {
        if let Some(member) = member {
            self.others_turn(tenant, member).await?;
        }
        self.repeated(tenant, &TokenDigest::of(cookie), code).await
    }

    /// Waits while a change of this person's factors is in progress, at most 3 seconds.
    async fn others_turn(&self, tenant: &Tenant, member: &Member) -> Result<(), EngineError> {
        for _ in 0..TURNS {
            if !self.is_locked(tenant, &member.user).await? {
                break;
            }
            tokio::time::sleep(TURN).await;
        }
        Ok(())
    }

    async fn repeated(
        &self,
        tenant: &Tenant,
        digest: &TokenDigest,
        code: &str,
    ) -> Result<Option<Entered>, EngineError> {
        let key = renewed_key(tenant, digest);
        let Some(bytes) = self.engine.kv().get(&key).await? else { return Ok(None) };
        let sealed = std::str::from_utf8(&bytes).ok().and_then(Sealed::from_text);
        let answer = sealed.and_then(|sealed| self.factors.open_answer(&answered(digest, code), &sealed));
        if answer.is_none() {
            self.engine.kv().take(&key).await?;
        }
        Ok(answer)
    }

    /// Waits for the same form, which is being processed, and returns its answer.
    async fn after_the_other(
        &self,
        tenant: &Tenant,
        member: &Member,
        code: &str,
    ) -> Result<Changed, EngineError> {
        self.others_turn(tenant, member).await?;
        let answer = self.repeated(tenant, &member.digest, code).await?;
        Ok(answer.map_or(Changed::Nothing, Changed::Strengthened))
    }

    /// Cancels a setup, or confirms that its recovery codes are saved.
    pub async fn forget_setup(&self, tenant: &Tenant, member: &Member) -> Result<(), EngineError> {
        if self.setup(tenant, member).await?.is_some() {
            self.engine.kv().take(&setup_key(tenant, &member.user)).await?;
        }
        Ok(())
    }

    pub(super) async fn show_codes(
        &self,
        tenant: &Tenant,
        member: &Member,
        shown: &[String],
        is_new_factor: bool,
    ) -> Result<(), EngineError> {
        let sealed = self.factors.seal_codes(&place(member), shown, self.engine.entropy());
        self.put_setup(tenant, member, SetupStep::Codes { sealed, is_new_factor }).await
    }

    /// Stores a setup; replaces one in progress.
    async fn put_setup(&self, tenant: &Tenant, member: &Member, step: SetupStep) -> Result<(), EngineError> {
        let now = self.engine.now();
        let expires_at = now + tenant.settings.duration(settings::TWO_FACTOR_CODE_TTL);
        let setup = Setup { session: member.session.key, step, expires_at };
        let (key, ttl) = (setup_key(tenant, &member.user), remaining(expires_at, now));
        Ok(self.engine.kv().put(&key, to_bytes(&setup)?, ttl).await?)
    }
}

/// How long the answer to a form that renewed a session can be repeated.
const REPEATED_WITHIN: Duration = Duration::from_secs(10);
/// Poll interval and number of polls while the same form is processed.
const TURN: Duration = Duration::from_millis(25);
const TURNS: u32 = 120;

fn renewed_key(tenant: &Tenant, digest: &TokenDigest) -> String {
    format!("{}:renewed:{}", tenant.organization.id, digest.hex())
}

/// Identifies a form: its session cookie and the code typed.
fn answered(digest: &TokenDigest, code: &str) -> String {
    format!("{}:{}", digest.hex(), TokenDigest::of(code).hex())
}

fn setup_key(tenant: &Tenant, user: &User) -> String {
    format!("{}:account-setup:{}", tenant.organization.id, user.id)
}

/// Where mailed and shown codes are valid: this session.
fn place(member: &Member) -> String {
    format!("account:{}", member.session.key)
}
