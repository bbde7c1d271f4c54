//! Why a request was refused, as the answer carries it to the middleware that audits it.

use porta_web::reply::Reply;

/// Why a request was refused, or a part of it.
#[derive(Clone)]
pub(crate) struct RefusalReason(pub(crate) String);

impl RefusalReason {
    pub(crate) fn take_from(reply: &mut Reply) -> Option<Self> {
        reply.extensions_mut().remove()
    }
}

/// Marks an answer as a refusal. `None`: nothing was refused.
pub(crate) fn with_reason(mut reply: Reply, reason: Option<String>) -> Reply {
    if let Some(reason) = reason {
        reply.extensions_mut().insert(RefusalReason(reason));
    }
    reply
}
