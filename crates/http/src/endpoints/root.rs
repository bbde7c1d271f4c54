//! The public root: names no product and asks not to be indexed.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::context::LanguagePreferences;
use crate::reply::{self, Reply};
use crate::state::AppState;

fn not_indexed(mut reply: Reply) -> Reply {
    let headers = reply.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
    reply
}

/// `GET /`
pub(crate) async fn root(State(state): State<AppState>, headers: HeaderMap) -> Reply {
    let theme = LanguagePreferences::of(&headers).neutral_theme();
    not_indexed(reply::page(StatusCode::OK, state.pages.root(theme.locale)))
}

/// `GET /robots.txt`
pub(crate) async fn robots() -> Reply {
    not_indexed(reply::text(StatusCode::OK, "User-agent: *\nDisallow: /\n"))
}

/// `GET /favicon.ico`
pub(crate) async fn favicon() -> Reply {
    not_indexed(reply::empty(StatusCode::NO_CONTENT))
}
