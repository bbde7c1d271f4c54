//! Idempotency of forms: a form that the same browser sends again (double click, lost response, a proxy or phone that
//! repeats a POST) is carried out once, and its response is replayed for 30 seconds (decision 0044).
//!
//! Replayed are redirects and the page that carries a code to the client. Any other page is a refusal: nothing was
//! done, so it is made anew.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, OriginalUri, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use porta_pages::ErrorText;
use porta_session::{ClaimState, IdempotencyClaim};
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::context::RequestContext;
use crate::error::PageError;
use crate::reply::{self, ReplayedHtml, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;
use crate::{body, cookies};

/// Cookies that identify the browser: the first of these that it has. With another value the request counts as a
/// different one. The cookies of a sign-in come first, because its response changes the session cookie and a second
/// click already sends the new one.
const BROWSER_COOKIES: [&str; 4] =
    [cookies::INTERACTION, cookies::RESUME, cookies::FORM_SESSION, cookies::SESSION];

/// Milliseconds between the polls of a repeated form for its response; about eight seconds in all.
const POLL_DELAYS_MS: [u64; 10] = [25, 50, 100, 200, 400, 800, 1600, 1600, 1600, 1600];

/// Response extension: this response is not replayed, because it depends on the current state.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NotReplayed;

/// A response as it is stored for replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct StoredResponse {
    status: u16,
    headers: Vec<(String, String)>,
    #[serde(default)]
    page: String,
}

impl StoredResponse {
    /// `None`: the response is not replayed.
    fn of(reply: &Reply) -> Option<Self> {
        if reply.extensions().get::<NotReplayed>().is_some() {
            return None;
        }
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers = reply.headers().iter().map(text).collect::<Option<_>>()?;
        let page = reply.extensions().get::<ReplayedHtml>().map(|ReplayedHtml(html)| html.clone());
        let is_kept = reply.status().is_redirection() || page.is_some();
        is_kept.then(|| Self { status: reply.status().as_u16(), headers, page: page.unwrap_or_default() })
    }

    fn reply(&self) -> Option<Reply> {
        let mut reply = Reply::new(Body::from(self.page.clone()));
        *reply.status_mut() = StatusCode::from_u16(self.status).ok()?;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            reply.headers_mut().append(name, HeaderValue::from_str(value).ok()?);
        }
        Some(reply)
    }
}

/// Middleware: claims a form before its handler runs, and stores the response.
pub(crate) async fn idempotent(
    State(state): State<AppState>,
    Org(tenant): Org,
    request: Request,
    next: Next,
) -> Result<Reply, PageError> {
    let (request, claim) = match with_claim(&state, &tenant, request).await? {
        (request, Some(claim)) => (request, claim),
        (request, None) => return Ok(next.run(request).await),
    };
    // Claiming is part of the work that runs to its end: an abandoned claim would keep repetitions waiting.
    let work = async move {
        if let Some(reply) = response_to_repetition(&state, &tenant, &claim).await {
            return reply;
        }
        let reply = next.run(request).await;
        store_response(&state, &claim, StoredResponse::of(&reply)).await;
        reply
    };
    Ok(RunToCompletion(Some(Box::pin(work))).await)
}

/// The response to a repetition. `None`: no response is known, so the form must be carried out.
async fn response_to_repetition(
    state: &StateInner,
    tenant: &RequestContext,
    claim: &IdempotencyClaim,
) -> Option<Reply> {
    let mut delays = POLL_DELAYS_MS.into_iter();
    let mut found = state.shared.idempotency.claim::<StoredResponse>(claim).await;
    loop {
        found = match found {
            Ok(None) => return None,
            Ok(Some(ClaimState::Answered(stored))) => return Some(replay(&stored)),
            Ok(Some(ClaimState::InProgress)) => {
                let Some(delay) = delays.next() else {
                    return Some(reply::busy_page(state, tenant, Duration::from_secs(1)));
                };
                tokio::time::sleep(Duration::from_millis(delay)).await;
                match state.shared.idempotency.claimed(claim).await {
                    // The response of the first request is not stored: claim the form anew.
                    Ok(None) => state.shared.idempotency.claim(claim).await,
                    other => other,
                }
            }
            Err(error) => return Some(reply::backend_error_page(state, &tenant.theme(), &error)),
        }
    }
}

/// Middleware for a form that its handler claims together with the rate-limit counters, in one command. If the handler
/// did not get the claim, because the interaction has ended or the same form came before, the response is that of the
/// first request, if there is one.
pub(crate) async fn idempotent_counted(
    State(state): State<AppState>,
    Org(tenant): Org,
    request: Request,
    next: Next,
) -> Result<Reply, PageError> {
    let (request, claim) = match with_claim(&state, &tenant, request).await? {
        (request, Some(claim)) => (request, claim),
        (request, None) => return Ok(next.run(request).await),
    };
    let work = async move {
        let reply = next.run(request).await;
        let is_told_to_wait =
            matches!(reply.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if claim.is_held() || is_told_to_wait {
            store_response(&state, &claim, StoredResponse::of(&reply)).await;
            return reply;
        }
        match await_first_response(&state, &claim).await {
            Some(answer) => answer,
            // The response of the first request is unknown, or told it to wait; the form page would not explain that.
            None if claim.is_repeated() => reply::busy_page(&state, &tenant, Duration::from_secs(1)),
            None => reply,
        }
    };
    Ok(RunToCompletion(Some(Box::pin(work))).await)
}

/// Waits for the response of the first request. `None`: there was none, or it was not stored.
async fn await_first_response(state: &StateInner, claim: &IdempotencyClaim) -> Option<Reply> {
    for delay in POLL_DELAYS_MS {
        match state.shared.idempotency.claimed::<StoredResponse>(claim).await {
            Ok(Some(ClaimState::Answered(stored))) => return stored.reply(),
            Ok(Some(ClaimState::InProgress)) => tokio::time::sleep(Duration::from_millis(delay)).await,
            Ok(None) => return None,
            Err(error) => {
                tracing::warn!(%error, "the stored response to a repeated form could not be read");
                return None;
            }
        }
    }
    None
}

/// Reads the body and computes the claim of the request. `None` without a binding cookie: browsers cannot be told apart
/// then, and nothing is remembered.
async fn with_claim(
    state: &StateInner,
    tenant: &RequestContext,
    request: Request,
) -> Result<(Request, Option<Arc<IdempotencyClaim>>), PageError> {
    let (mut parts, body) = request.into_parts();
    let bytes = body::bytes(&parts.headers, body).await.map_err(|error| {
        reply::error_page(state, &tenant.theme(), error.status(), ErrorText::InvalidRequest, None)
    })?;
    let binding = BROWSER_COOKIES
        .into_iter()
        .find_map(|name| Some((name, state.cookies.read(tenant, &parts.headers, name)?)));
    let claim = binding.map(|(name, value)| {
        // The URI without the prefixes of nested routers would be the same for different pages.
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let target = uri.path_and_query().map_or("", |target| target.as_str());
        let browser = [name.as_bytes(), value.as_bytes()];
        let request = [parts.method.as_str().as_bytes(), target.as_bytes(), &bytes];
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        let caller =
            peer.map(|peer| state.callers.of(peer, &parts.headers, state.clock.now())).unwrap_or_default();
        let organization = tenant.organization.id;
        let claim = IdempotencyClaim::of(organization, &browser, &request).limited_for(organization, &caller);
        parts.extensions.insert(caller);
        Arc::new(claim)
    });
    if let Some(claim) = &claim {
        parts.extensions.insert(Arc::clone(claim));
    }
    Ok((Request::from_parts(parts, Body::from(bytes)), claim))
}

fn replay(stored: &StoredResponse) -> Reply {
    stored.reply().unwrap_or_else(|| reply::empty(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Stores the response. A failure is only logged, because the form was carried out.
async fn store_response(state: &StateInner, claim: &IdempotencyClaim, stored: Option<StoredResponse>) {
    if let Err(error) = state.shared.idempotency.store_answer(claim, stored.as_ref()).await {
        tracing::warn!(%error, "the response to a form was not stored; a repeated request will be told to wait");
    }
}

/// Runs to its end even if the client disconnects: a browser that sends a form again drops the first connection, and
/// must learn the outcome of the first request.
struct RunToCompletion(Option<Pin<Box<dyn Future<Output = Reply> + Send>>>);

impl Future for RunToCompletion {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        // Taken out while it is polled, so that a future that panicked is not polled again.
        let Some(mut work) = self.0.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl Drop for RunToCompletion {
    fn drop(&mut self) {
        if let Some((work, runtime)) = self.0.take().zip(Handle::try_current().ok()) {
            drop(runtime.spawn(work));
        }
    }
}
