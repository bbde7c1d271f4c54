//! The demo application: a small relying party.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use porta_core::{Entropy, OsEntropy};
use porta_protocol::Params;

use super::http_client::HttpClient;
use super::pages;
use super::relying_party::{self, SignedIn, Started};

/// Issuer, address and client of the demo.
pub(super) struct Settings {
    pub issuer: String,
    pub client_id: &'static str,
    pub client_secret: &'static str,
    pub base_url: String,
}

impl Settings {
    pub(super) fn redirect_uri(&self) -> String {
        format!("{}/callback", self.base_url)
    }
}

/// Maximum of remembered sign-ins, which bounds the memory of a long-running demo. All are dropped when it is reached.
const CAPACITY: usize = 1000;

struct Demo {
    settings: Settings,
    http: HttpClient,
    started: Mutex<HashMap<String, Started>>,
    signed_in: Mutex<HashMap<String, SignedIn>>,
}

const COOKIE: &str = "demo";

pub(super) fn router(settings: Settings) -> anyhow::Result<Router> {
    let demo =
        Demo { settings, http: HttpClient::new()?, started: Mutex::default(), signed_in: Mutex::default() };
    let router = Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in))
        .route("/callback", get(callback))
        .route("/sign-out", get(sign_out))
        .with_state(Arc::new(demo));
    Ok(router)
}

fn browser(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get(header::COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|c| c.trim().strip_prefix("demo=").map(str::to_owned))
}

pub(super) fn page(body: String) -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'";
    let mut response = Html(body).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn failed(error: &anyhow::Error) -> Response {
    (StatusCode::BAD_GATEWAY, page(pages::failure(&error.to_string()))).into_response()
}

async fn home(State(demo): State<Arc<Demo>>, headers: HeaderMap) -> Response {
    let signed_in = browser(&headers)
        .and_then(|id| demo.signed_in.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned());
    page(signed_in.map_or_else(|| pages::welcome(&demo.settings.issuer), |s| pages::signed_in(&s)))
}

async fn sign_in(State(demo): State<Arc<Demo>>) -> Response {
    match relying_party::start(&demo.http, &demo.settings).await {
        Ok(started) => {
            let location = started.location.clone();
            let mut waiting = demo.started.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= CAPACITY {
                waiting.clear();
            }
            // Binds the response to the browser that started the request: its cookie holds the `state`.
            let cookie = format!("demo-request={}; HttpOnly; SameSite=Lax; Path=/callback", started.state);
            waiting.insert(started.state.clone(), started);
            drop(waiting);
            ([(header::SET_COOKIE, cookie)], Redirect::to(&location)).into_response()
        }
        Err(error) => failed(&error),
    }
}

async fn callback(State(demo): State<Arc<Demo>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    match redeem(&demo, &headers, query.as_deref().unwrap_or_default()).await {
        Ok(signed_in) => {
            let entropy: &dyn Entropy = &OsEntropy;
            let id = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(entropy.bytes::<32>());
            let mut all = demo.signed_in.lock().unwrap_or_else(PoisonError::into_inner);
            if all.len() >= CAPACITY {
                all.clear();
            }
            all.insert(id.clone(), signed_in);
            drop(all);
            (
                [(header::SET_COOKIE, format!("{COOKIE}={id}; HttpOnly; SameSite=Lax; Path=/"))],
                Redirect::to("/"),
            )
                .into_response()
        }
        Err(error) => failed(&error),
    }
}

async fn redeem(demo: &Demo, headers: &HeaderMap, query: &str) -> anyhow::Result<SignedIn> {
    let params = Params::parse(query)?;
    let state = params.get("state").unwrap_or_default();
    let cookies = headers.get(header::COOKIE).and_then(|c| c.to_str().ok()).unwrap_or_default();
    let expected = format!("demo-request={state}");
    anyhow::ensure!(
        cookies.split(';').any(|c| c.trim() == expected),
        "this answer belongs to another browser"
    );
    let started = demo.started.lock().unwrap_or_else(PoisonError::into_inner).remove(state);
    let Some(started) = started else { anyhow::bail!("this sign-in is over; start again") };
    if let Some(error) = params.get("error") {
        anyhow::bail!("the issuer answered {error}: {}", params.get("error_description").unwrap_or_default());
    }
    let code = params.get("code").unwrap_or_default();
    relying_party::finish(&demo.http, &demo.settings, &started, code, params.get("iss").unwrap_or_default())
        .await
}

async fn sign_out(State(demo): State<Arc<Demo>>, headers: HeaderMap) -> Response {
    let removed = browser(&headers)
        .and_then(|id| demo.signed_in.lock().unwrap_or_else(PoisonError::into_inner).remove(&id));
    let Some(signed_in) = removed else { return Redirect::to("/").into_response() };
    match relying_party::sign_out(&demo.http, &demo.settings, &signed_in.id_token).await {
        Ok(location) => Redirect::to(&location).into_response(),
        Err(error) => failed(&error),
    }
}
