//! The refusals that every operation may answer with.

use axum::http::StatusCode;

/// A response that an operation may have besides its own.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) description: &'static str,
    pub(crate) concerns_everybody: bool,
}

pub(crate) const REFUSALS: [Refusal; 10] = [
    Refusal {
        status: StatusCode::BAD_REQUEST,
        description: "The request breaks a rule; `details` names the fields.",
        concerns_everybody: true,
    },
    Refusal {
        status: StatusCode::UNAUTHORIZED,
        description: "There is no valid access token.",
        concerns_everybody: false,
    },
    Refusal {
        status: StatusCode::FORBIDDEN,
        description: "The administrator may not do this.",
        concerns_everybody: false,
    },
    Refusal {
        status: StatusCode::NOT_FOUND,
        description: "Something that the request names does not exist.",
        concerns_everybody: false,
    },
    Refusal {
        status: StatusCode::REQUEST_TIMEOUT,
        description: "The body did not arrive in time.",
        concerns_everybody: false,
    },
    Refusal {
        status: StatusCode::CONFLICT,
        description: "The name is taken, or the entity has another version.",
        concerns_everybody: false,
    },
    Refusal {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        description: "The body is too large.",
        concerns_everybody: false,
    },
    Refusal {
        status: StatusCode::TOO_MANY_REQUESTS,
        description: "Too many requests; `Retry-After` tells when to go on.",
        concerns_everybody: false,
    },
    Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        description: "Unexpected; the log has the details under `X-Request-Id`.",
        concerns_everybody: true,
    },
    Refusal {
        status: StatusCode::SERVICE_UNAVAILABLE,
        description: "A store is unavailable for the moment.",
        concerns_everybody: true,
    },
];
