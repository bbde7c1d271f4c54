//! Shared by the pages behind mailed links.

use axum::http::StatusCode;
use porta_pages::{ErrorPage, ErrorText};
use porta_signin::LinkError;

use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::StateInner;

/// Returns an e-mail address as typed, trimmed and cut to 320 characters.
pub(super) fn typed_address(field: Option<&str>) -> String {
    field.unwrap_or_default().trim().chars().take(320).collect()
}

/// The error page of a link that no longer works, with the URL where another can be requested.
pub(super) fn dead_link_page(
    state: &StateInner,
    tenant: &RequestContext,
    dead: LinkError,
    retry_url: &str,
) -> Reply {
    let text = match dead {
        LinkError::Expired => ErrorText::LinkExpired,
        LinkError::Used => ErrorText::LinkUsed,
        LinkError::Unknown => ErrorText::LinkUnknown,
        LinkError::Limited { retry_after } => return reply::limited_page(state, tenant, retry_after),
    };
    let page = ErrorPage { retry_url: Some(retry_url), ..ErrorPage::new(text) };
    reply::page(StatusCode::BAD_REQUEST, state.pages.render(&tenant.theme(), &page))
}
