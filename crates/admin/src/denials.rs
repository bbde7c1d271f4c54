//! Refused requests are audited here, for all operations: `admin.access_denied`. Refused is what the caller may not do, what
//! is protected from everybody, and what names an id that has no place there although something elsewhere has it. An id of
//! nothing is a mistake.
//!
//! A row needs somebody whom a stored token names, so strangers write none, and nobody writes more than [`ROWS`] a minute.
//! The rest is counted. The row is written after the operation has ended, and its unit of work with it. If it cannot be
//! written, the refusal stands.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use porta_core::metrics;
use porta_directory::RefusedCaller;
use porta_kv::{KeyName, KvKey, LimitOutcome, RateLimit};
use porta_web::reply::Reply;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::openapi::BASE;
use crate::refusal_reason::{Misplaced, MisplacedId, RefusalReason};
use crate::state::AdminState;

/// Rows of one principal within [`WINDOW`].
const ROWS: u64 = 30;
const WINDOW: Duration = Duration::from_mins(1);
/// Characters of a path that are kept.
const LONGEST_PATH: usize = 300;

/// Who sends a request. Empty until a token names somebody; the refusal is known only when the request is gone.
#[derive(Clone, Default)]
struct Identified(Arc<OnceLock<(Uuid, RefusedCaller)>>);

/// Remembers whose token a request has, before it is known whether it is accepted.
pub(crate) fn identify(parts: &Parts, principal: Uuid, caller: impl FnOnce() -> RefusedCaller) {
    if let Some(identified) = parts.extensions.get::<Identified>() {
        identified.0.get_or_init(|| (principal, caller()));
    }
}

/// Middleware of all operations. Requests that are not refused cost nothing.
pub(crate) async fn audited(State(state): State<AdminState>, mut request: Request, next: Next) -> Reply {
    let identified = Identified::default();
    request.extensions_mut().insert(identified.clone());
    let attempt = Attempt::of(&request);
    let mut reply = next.run(request).await;
    let misplaced = Misplaced::take_from(&mut reply);
    let reason = match (RefusalReason::take_from(&mut reply), misplaced) {
        (None, Some(misplaced)) if identified.0.get().is_some() => reached_for(&state, misplaced).await,
        (reason, _) => reason,
    };
    let status = reply.status();
    if reason.is_some() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        let audited = match identified.0.get() {
            Some((principal, caller)) => {
                record(&state, *principal, caller, attempt.told(status, reason)).await
            }
            None => "stranger",
        };
        ::metrics::counter!(metrics::ADMIN_ACCESS_DENIED, "audited" => audited).increment(1);
    }
    reply
}

/// The first of the ids that something elsewhere has. The look costs as much for an id of nothing.
async fn reached_for(state: &AdminState, misplaced: Misplaced) -> Option<RefusalReason> {
    let queries = state.directory.queries();
    for MisplacedId { id, text } in misplaced.0 {
        match queries.administrators().names_something(id).await {
            Ok(true) => return Some(RefusalReason(format!("{text}, which exists elsewhere"))),
            Ok(false) => {}
            Err(error) => {
                tracing::error!(%error, "it is not known whether a request of the Admin API reached for something");
                return None;
            }
        }
    }
    None
}

/// Returns what the metric calls the outcome.
async fn record(
    state: &AdminState,
    principal: Uuid,
    caller: &RefusedCaller,
    metadata: Value,
) -> &'static str {
    let key = KvKey::new(KeyName::LimitAdminDenials, caller.organization).with(principal);
    match state.kv.hit(&[RateLimit { key, maximum: ROWS, window: WINDOW }]).await {
        Ok(LimitOutcome::Allowed) => {}
        Ok(LimitOutcome::Limited { .. }) => return "limited",
        Err(error) => {
            tracing::error!(%error, "a refused request of the Admin API was not audited");
            return "failed";
        }
    }
    match caller.record_denial(&state.directory, metadata).await {
        Ok(()) => "yes",
        Err(error) => {
            tracing::error!(%error, "a refused request of the Admin API was not audited");
            "failed"
        }
    }
}

/// What a request asks for. Neither query nor body: they may hold secrets.
struct Attempt {
    method: Method,
    route: Option<MatchedPath>,
    uri: Uri,
}

impl Attempt {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().cloned();
        Self { method: request.method().clone(), route, uri: request.uri().clone() }
    }

    fn told(&self, status: StatusCode, reason: Option<RefusalReason>) -> Value {
        let path = self.uri.path();
        let path = path.strip_prefix(BASE).unwrap_or(path);
        let route = self.route.as_ref().and_then(|route| route.as_str().strip_prefix(BASE));
        json!({
            "operation": route.map(|route| format!("{} {route}", self.method)),
            "path": path.chars().take(LONGEST_PATH).collect::<String>(),
            "status": status.as_u16(),
            "reason": reason.map(|reason| reason.0),
        })
    }
}
