//! Why a request was refused, as the answer carries it to the middleware that audits it.

use porta_web::reply::Reply;
use uuid::Uuid;

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

/// Ids that a request names where they have no place. If something elsewhere has one of them, the request reached for it.
#[derive(Clone)]
pub(crate) struct Misplaced(pub(crate) Vec<MisplacedId>);

#[derive(Clone)]
pub(crate) struct MisplacedId {
    pub(crate) id: Uuid,
    /// What the answer says.
    pub(crate) text: String,
}

impl Misplaced {
    pub(crate) fn take_from(reply: &mut Reply) -> Option<Self> {
        reply.extensions_mut().remove()
    }
}

/// Marks an answer with ids that have no place.
pub(crate) fn with_misplaced(mut reply: Reply, ids: Vec<MisplacedId>) -> Reply {
    if !ids.is_empty() {
        reply.extensions_mut().insert(Misplaced(ids));
    }
    reply
}
