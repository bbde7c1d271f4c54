//! Error page for a sign-in that cannot be shown: the reason, and where to go on. The URL does not tell the reason, so
//! it is derived from the cookies that the browser still has.

use axum::http::{HeaderMap, StatusCode, header};
use porta_pages::{ErrorPage, ErrorText};

use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::StateInner;
use crate::{cookies, pending_interactions};

/// Query of a page whose sign-in was begun at another host than the issuer's, so that its cookies will not arrive.
const OTHER_HOST: &str = "began=elsewhere";

/// Whether the request was sent to another host than the issuer's.
pub(super) fn is_other_host(state: &StateInner, headers: &HeaderMap) -> bool {
    let ours = state.shared.issuer_base().split_once("://").map_or("", |(_, authority)| authority);
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    asked.is_some_and(|asked| !asked.eq_ignore_ascii_case(ours))
}

/// Marks the redirect to a page, so that the page knows that the sign-in was begun at another host.
pub(super) fn mark_other_host(mut reply: Reply) -> Reply {
    let location = reply.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
    if let Some(marked) = location.and_then(|to| format!("{to}?{OTHER_HOST}").parse().ok()) {
        reply.headers_mut().insert(header::LOCATION, marked);
    }
    reply
}

/// The page for an interaction that expired, has ended, belongs to another browser or comes without its cookies.
pub(super) fn unavailable_page(
    state: &StateInner,
    tenant: &RequestContext,
    headers: &HeaderMap,
    query: Option<&str>,
    uid: &str,
) -> Reply {
    let has = |name| state.cookies.read(tenant, headers, name).is_some();
    let text = if pending_interactions::contains(state, tenant, headers, uid) {
        ErrorText::SignInLeftOpen
    } else if has(cookies::SESSION) {
        ErrorText::SignInFinished
    } else if query == Some(OTHER_HOST) {
        ErrorText::OtherHost
    } else if [cookies::PENDING, cookies::DEVICE, cookies::FORM_SESSION].into_iter().any(has) {
        ErrorText::InteractionExpired
    } else {
        ErrorText::NoCookies
    };
    let account = format!("{}/account", tenant.issuer);
    let retry_url = (text == ErrorText::SignInFinished).then_some(account.as_str());
    let page = ErrorPage { retry_url, ..ErrorPage::new(text) };
    reply::page(StatusCode::BAD_REQUEST, state.pages.render(&tenant.theme(), &page))
}
