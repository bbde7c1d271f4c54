//! Last step of a sign-in with a temporary password: the person chooses one that nobody else knows.
//!
//! ```text
//! form ─► all factors proven? ─► limit ─► rules ─► another one? ─► Argon2id ─► new hash, everything else ends ─► session
//! ```

use std::sync::Arc;
use std::time::Duration;

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::mail::Mail;
use porta_core::user::{PasswordHash, PasswordRefusal, User};
use porta_core::{Password, TypedPassword};
use porta_kv::LimitOutcome;
use porta_session::interaction::{BoundInteraction, SecondFactorStep};
use porta_session::{BackendError, OperationContext};
use porta_store::Revocation;
use serde_json::json;

use crate::account::change_limit;
use crate::account_status::{StatusCheck, check_status};
use crate::browser::{Browser, NewSessionCookies};
use crate::new_session::{AuthenticatedUser, NewSessions};
use crate::outcome::SignInOutcome;
use crate::password::HashError;
use crate::password_queue::QueuePriority;
use crate::password_rules::check_password_rules;
use crate::pending_sign_in::PendingSignIns;
use crate::sign_in_core::{SignInCore, security_event};

/// Result of choosing a password in place of a temporary one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplacePasswordOutcome {
    /// The browser gets its cookies and is redirected to the resume URL.
    SignedIn(NewSessionCookies),
    Refused(PasswordRefusal),
    /// It is the temporary password.
    Unchanged,
    Limited {
        retry_after: Duration,
    },
    /// The password queue is full.
    Busy,
    /// The interaction is at another step now: show that.
    Moved,
    /// The interaction ended, the password is another one by now, or the account may no longer sign in.
    Gone,
}

/// Replaces temporary passwords.
pub struct TemporaryPasswords {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) pending: Arc<PendingSignIns>,
    pub(crate) sessions: Arc<NewSessions>,
}

impl TemporaryPasswords {
    /// Sets the chosen password and creates the session. Of several passwords at once, one is set.
    #[tracing::instrument(
        target = "porta::trace",
        level = "trace",
        name = "signin.replace_password",
        skip_all
    )]
    pub async fn replace(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        chosen: Password,
        browser: Browser<'_>,
    ) -> Result<ReplacePasswordOutcome, BackendError> {
        let Some((pending, user)) = self.pending.load(cx, &bound).await? else {
            return Ok(ReplacePasswordOutcome::Gone);
        };
        let SecondFactorStep::NewPassword { event } = pending.step else {
            return Ok(ReplacePasswordOutcome::Moved);
        };
        let limit = change_limit(cx.tenant, user.id);
        if let LimitOutcome::Limited { retry_after } = self.core.shared.kv().hit(&[limit]).await? {
            return Ok(ReplacePasswordOutcome::Limited { retry_after });
        }
        if let Err(refusal) = check_password_rules(&chosen, &user, cx.tenant).await? {
            return Ok(ReplacePasswordOutcome::Refused(refusal));
        }
        // The flag changes only with the password, so a password is there.
        let Some(temporary) = &user.password_hash else { return Ok(ReplacePasswordOutcome::Gone) };
        let typed = TypedPassword::new(chosen.expose_secret());
        match self.core.hasher.verify(typed, temporary, QueuePriority::PROVEN).await {
            Ok(verified) if verified.matches => return Ok(ReplacePasswordOutcome::Unchanged),
            Ok(_) => {}
            Err(HashError::Busy) => return Ok(ReplacePasswordOutcome::Busy),
            Err(error) => return Err(BackendError::Unreadable(error.to_string())),
        }
        let hash = match self.core.hasher.hash(chosen).await {
            Ok(hash) => hash,
            Err(HashError::Busy) => return Ok(ReplacePasswordOutcome::Busy),
            Err(error) => return Err(BackendError::Unreadable(error.to_string())),
        };
        // The hashes took a while, and the revocation covers tokens issued until `now`.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        let Some(user) = self.store(cx, &user, temporary, &hash, pending.past_lock).await? else {
            return Ok(ReplacePasswordOutcome::Gone);
        };
        let (amr, past_lock) = (pending.amr, pending.past_lock);
        let authenticated = AuthenticatedUser { user: &user, amr, event, rehash: None, past_lock };
        Ok(match self.sessions.create(cx, bound, authenticated, browser).await? {
            SignInOutcome::SignedIn(entered) => ReplacePasswordOutcome::SignedIn(entered),
            // Changed once more in the meantime.
            SignInOutcome::Refused
            | SignInOutcome::Gone
            | SignInOutcome::NewPassword
            | SignInOutcome::SecondFactor
            | SignInOutcome::WrongPassword(_)
            | SignInOutcome::NotActive(_)
            | SignInOutcome::Limited { .. }
            | SignInOutcome::Paused(_)
            | SignInOutcome::Busy
            | SignInOutcome::MethodDisabled
            | SignInOutcome::Repeated => ReplacePasswordOutcome::Gone,
        })
    }

    /// Stores the password and ends what the temporary one may have opened. Returns the person with it. `None`: the
    /// password or the account changed in the meantime, and nothing is stored.
    async fn store(
        &self,
        cx: OperationContext<'_>,
        before: &User,
        temporary: &PasswordHash,
        hash: &PasswordHash,
        past_lock: bool,
    ) -> Result<Option<User>, BackendError> {
        let (organization, now, id) = (cx.tenant.organization.id, cx.now, before.id);
        let mut unit = self.core.shared.store().begin().await?;
        let mut users = unit.users(organization);
        if !users.change_password(id, Some(temporary), hash, now).await? {
            return Ok(None);
        }
        let after = users.by_id(id).await?;
        drop(users);
        let is_as_proven = |after: &User| {
            let may_enter = match check_status(cx.tenant, after, now) {
                StatusCheck::Allowed => true,
                StatusCheck::DeniedSilently => past_lock,
                StatusCheck::Denied(_) => false,
            };
            may_enter && after.credential_epoch == before.credential_epoch + 1
        };
        let Some(after) = after.filter(is_as_proven) else { return Ok(None) };
        let ended = unit.tokens(organization).revoke(Revocation::User(id), now).await?;
        unit.one_time_tokens(organization).withdraw(id, now).await?;
        let mail = Mail::PasswordChanged { event: security_event(cx) };
        self.core.enqueue(&mut *unit, cx, &after, mail, &format!("{id}:{}", now.micros())).await?;
        let event = self.core.event(cx, Some(id), AuditEventKind::UserPasswordChanged);
        let metadata = json!({ "tokenFamiliesEnded": ended, "wasTemporary": true });
        unit.audit().record(&AuditEvent { actor_id: Some(id), metadata, ..event }).await?;
        unit.commit().await?;
        Ok(Some(after))
    }
}
