//! A sign-in whose page cannot be shown: why, and where the person goes on. Its address tells nothing, so the reason comes
//! from what the browser still has.

use axum::http::{HeaderMap, StatusCode, header};
use porta_pages::{ErrorPage, ErrorText};

use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::Shared;
use crate::{cookies, pending};

/// What the address of a page carries that was begun at another host: its cookies will not come.
const ELSEWHERE: &str = "began=elsewhere";

/// Whether `GET /auth` was asked at another host than the issuer's.
pub(super) fn is_elsewhere(state: &Shared, headers: &HeaderMap) -> bool {
    let ours = state.engine.issuer_base().split_once("://").map_or("", |(_, authority)| authority);
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    asked.is_some_and(|asked| !asked.eq_ignore_ascii_case(ours))
}

/// The redirect to a page, which says there that it began at another host.
pub(super) fn from_elsewhere(mut reply: Reply) -> Reply {
    let location = reply.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    if let Some(marked) = location.and_then(|to| format!("{to}?{ELSEWHERE}").parse().ok()) {
        reply.headers_mut().insert(header::LOCATION, marked);
    }
    reply
}

/// Too late, finished, another browser's, or without the cookies that it needs.
pub(super) fn lost(
    state: &Shared,
    tenant: &RequestContext,
    headers: &HeaderMap,
    query: Option<&str>,
    uid: &str,
) -> Reply {
    let has = |name| cookies::read(state, tenant, headers, name).is_some();
    let text = if pending::lists(state, tenant, headers, uid) {
        ErrorText::SignInLeftOpen
    } else if has(cookies::SESSION) {
        ErrorText::SignInFinished
    } else if query == Some(ELSEWHERE) {
        ErrorText::OtherHost
    } else if [cookies::PENDING, cookies::DEVICE, cookies::FORMS].into_iter().any(has) {
        ErrorText::InteractionExpired
    } else {
        ErrorText::NoCookies
    };
    let account = format!("{}/account", tenant.issuer);
    let retry_url = (text == ErrorText::SignInFinished).then_some(account.as_str());
    let page = ErrorPage { retry_url, ..ErrorPage::new(text) };
    reply::page(StatusCode::BAD_REQUEST, state.pages.error(&tenant.look(), &page))
}
