//! Shared by the pages behind mailed links.

use axum::http::StatusCode;
use porta_pages::{ErrorPage, ErrorText};
use porta_signin::LinkError;

use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::StateInner;

/// Maximum length of a typed address as JSON, in bytes. No address is longer (RFC 5321 §4.5.3.1).
const LONGEST_ADDRESS: usize = 320;

/// Returns an e-mail address as typed, trimmed and cut. The limit is in stored bytes, because a request for a link stores
/// what anybody typed.
pub(super) fn typed_address(field: Option<&str>) -> String {
    let mut length = 0;
    let fits = |c: &char| {
        length += stored_length(*c);
        length <= LONGEST_ADDRESS
    };
    field.unwrap_or_default().trim().chars().take_while(fits).collect()
}

/// Length of a character in JSON, in bytes. Control characters are escaped as `\u0001`.
const fn stored_length(c: char) -> usize {
    match c {
        '"' | '\\' => 2,
        '\0'..='\x1f' => 6,
        _ => c.len_utf8(),
    }
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
