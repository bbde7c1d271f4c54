//! `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a POST that is sent again with the same key is not
//! carried out again, but gets the same answer. Keys belong to one administrator and live for a day.

use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use porta_core::TokenDigest;
use porta_core::seal::Sealed;
use porta_kv::{KeyName, KvKey};
use porta_web::body::{BodyLimits, read};
use porta_web::reply::{self, Reply};
use serde::{Deserialize, Serialize};

use crate::access;
use crate::error::{AdminError, Result};
use crate::import::LARGEST;
use crate::principal::Principal;
use crate::state::AdminState;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// For how long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);
/// For how long a request may be under way. If its process ends meanwhile, the key is free again after that.
const UNDER_WAY: Duration = Duration::from_mins(1);
/// When to ask again for the answer to a request that is under way.
const SOON: Duration = Duration::from_secs(1);
const LONGEST_KEY: usize = 255;
/// Answers above this are not kept: the request may then be carried out again.
const LARGEST_ANSWER: usize = 64 * 1024;
/// Bodies are limited again by the operation. The largest is that of an import.
const LIMITS: BodyLimits = BodyLimits { bytes: LARGEST, within: Duration::from_secs(8) };

/// What is stored under a key.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// Digest of method, path and body.
    request: String,
    /// `None`: the request is under way.
    answer: Option<KeptAnswer>,
}

#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    status: u16,
    etag: Option<String>,
    content_type: Option<String>,
    /// Content security policy of a page.
    #[serde(default)]
    policy: Option<String>,
    body: String,
}

/// Middleware of all operations. Requests without the header, and those that are no POST, pass.
pub(crate) async fn idempotent(State(state): State<AdminState>, request: Request, next: Next) -> Reply {
    if request.method() != Method::POST || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    answer(&state, request, next).await.unwrap_or_else(AdminError::into_response)
}

async fn answer(state: &AdminState, request: Request, next: Next) -> Result<Reply> {
    let (mut parts, body) = request.into_parts();
    let key = key_of(&parts)?;
    let principal = access::authenticate(&parts, state).await?;
    let body = Bytes::from(read(&parts.headers, body, LIMITS).await?);
    let place = Place::new(state, &principal, &key);
    let digest = digest(&parts, &body);
    if let Some(kept) = place.claim(&digest).await? {
        return again(kept, &digest);
    }
    parts.extensions.insert(principal);
    let answered = next.run(Request::from_parts(parts, Body::from(body))).await;
    place.keep(digest, answered).await
}

fn key_of(parts: &Parts) -> Result<String> {
    let mut given = parts.headers.get_all(KEY).iter();
    let text = match (given.next(), given.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    };
    if text.is_empty() || text.len() > LONGEST_KEY {
        return Err(AdminError::invalid(
            "Idempotency-Key",
            "use one header of 1 to 255 visible ASCII characters",
        ));
    }
    Ok(text.to_owned())
}

/// Digest of what the request asks for.
fn digest(parts: &Parts, body: &[u8]) -> String {
    let mut text = format!("{} {}\n", parts.method, parts.uri).into_bytes();
    text.extend_from_slice(body);
    TokenDigest::of_bytes(&text).hex()
}

/// Answers a request whose key is known.
fn again(kept: Kept, digest: &str) -> Result<Reply> {
    if kept.request != digest {
        return Err(AdminError::Conflict("This Idempotency-Key was used for another request".to_owned()));
    }
    let Some(answer) = kept.answer else {
        let refused = AdminError::Conflict("A request with this Idempotency-Key is under way".to_owned());
        return Ok(reply::with_retry_after(refused.into_response(), SOON));
    };
    let mut reply = Response::new(Body::from(answer.body));
    *reply.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let kept = [
        (header::ETAG, answer.etag),
        (header::CONTENT_TYPE, answer.content_type),
        (header::CONTENT_SECURITY_POLICY, answer.policy),
    ];
    for (name, value) in kept {
        if let Some(value) = value.and_then(|text| HeaderValue::from_str(&text).ok()) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply.headers_mut().insert(header::CACHE_CONTROL, reply::NO_STORE);
    Ok(reply)
}

/// Where the answer to one key is kept, sealed: it may hold a secret that is shown once.
struct Place<'s> {
    state: &'s AdminState,
    key: KvKey,
    identity: String,
}

impl<'s> Place<'s> {
    fn new(state: &'s AdminState, principal: &Principal, key: &str) -> Self {
        let (id, name) = (principal.id(), TokenDigest::of(key).hex());
        let identity = format!("{id} {name}");
        let key = KvKey::new(KeyName::AdminAnswer, principal.organization()).with(id).with(name);
        Self { state, key, identity }
    }

    fn sealed(&self, kept: &Kept) -> Bytes {
        // Strings and numbers always serialise.
        let plain = serde_json::to_vec(kept).unwrap_or_default();
        let sealed = self.state.answers.seal(&plain, &self.identity, &*self.state.entropy);
        Bytes::from(sealed.to_text())
    }

    fn opened(&self, bytes: &[u8]) -> Option<Kept> {
        let sealed = Sealed::from_text(std::str::from_utf8(bytes).ok()?)?;
        let plain = self.state.answers.open(&sealed, &self.identity).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    /// Marks the key as under way. If it is known, returns what is kept.
    async fn claim(&self, digest: &str) -> Result<Option<Kept>> {
        let under_way = self.sealed(&Kept { request: digest.to_owned(), answer: None });
        if self.state.kv.put_if_absent(&self.key, under_way, UNDER_WAY).await? {
            return Ok(None);
        }
        let kept = self.state.kv.get(&self.key).await?.and_then(|bytes| self.opened(&bytes));
        // It ended between the two commands, or cannot be read: the client repeats the request.
        kept.ok_or(AdminError::Unavailable).map(Some)
    }

    /// Keeps an answer. After a failure of the server, and after an answer that is too large, the key is free again.
    async fn keep(&self, request: String, answered: Reply) -> Result<Reply> {
        let (parts, body) = answered.into_parts();
        let largest = u64::try_from(LARGEST_ANSWER).unwrap_or(u64::MAX);
        if body.size_hint().upper().is_none_or(|size| size > largest) {
            self.state.kv.take(&self.key).await?;
            return Ok(Response::from_parts(parts, body));
        }
        let bytes =
            axum::body::to_bytes(body, LARGEST_ANSWER).await.map_err(|error| AdminError::failed(&error))?;
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let answer = KeptAnswer {
            status: parts.status.as_u16(),
            etag: text(header::ETAG),
            content_type: text(header::CONTENT_TYPE),
            policy: text(header::CONTENT_SECURITY_POLICY),
            body: String::from_utf8_lossy(&bytes).into_owned(),
        };
        if parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS {
            self.state.kv.take(&self.key).await?;
        } else {
            let kept = self.sealed(&Kept { request, answer: Some(answer) });
            self.state.kv.put(&self.key, kept, KEPT).await?;
        }
        Ok(Response::from_parts(parts, Body::from(bytes)))
    }
}
