//! Error responses of handlers, returned with `?`. Boxed, because a response is large.

use axum::response::IntoResponse;
use porta_session::BackendError;

use crate::context::RequestContext;
use crate::reply::{self, Reply};
use crate::state::StateInner;

/// An error of a protocol endpoint, for programs.
pub(crate) struct ProtocolError(Box<Reply>);

/// An error for a person: a page, or a redirect to the page that shows the reason. Made where the theme and the language
/// of the request are known.
pub(crate) struct PageError(Box<Reply>);

impl PageError {
    /// The page of a backend failure.
    pub(crate) fn backend(state: &StateInner, tenant: &RequestContext, error: &BackendError) -> Self {
        reply::backend_error_page(state, &tenant.theme(), error).into()
    }
}

impl From<Reply> for PageError {
    fn from(reply: Reply) -> Self {
        Self(Box::new(reply))
    }
}

impl From<Reply> for ProtocolError {
    fn from(reply: Reply) -> Self {
        Self(Box::new(reply))
    }
}

impl From<BackendError> for ProtocolError {
    fn from(error: BackendError) -> Self {
        reply::backend_error(&error).into()
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Reply {
        *self.0
    }
}

impl IntoResponse for ProtocolError {
    fn into_response(self) -> Reply {
        *self.0
    }
}
