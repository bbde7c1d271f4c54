//! What pages behind mailed links have in common.

use axum::http::StatusCode;
use porta_pages::{ErrorPage, ErrorText};
use porta_signin::DeadLink;

use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::Shared;

/// An address as it is compared and echoed: what a person could have meant by the field.
pub(super) fn typed_address(field: Option<&str>) -> String {
    field.unwrap_or_default().trim().chars().take(320).collect()
}

/// A link that does nothing, with a way to another one.
pub(super) fn dead(state: &Shared, tenant: &RequestContext, dead: DeadLink, retry_url: &str) -> Reply {
    let text = match dead {
        DeadLink::Expired => ErrorText::LinkExpired,
        DeadLink::Used => ErrorText::LinkUsed,
        DeadLink::Unknown => ErrorText::LinkUnknown,
        DeadLink::Limited { retry_after } => return reply::limited_page(state, tenant, retry_after),
    };
    let page = ErrorPage { retry_url: Some(retry_url), ..ErrorPage::new(text) };
    reply::page(StatusCode::BAD_REQUEST, state.pages.error(&tenant.look(), &page))
}
