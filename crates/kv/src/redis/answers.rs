//! Answers and errors of Redis in the terms of the store.

use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind, Value};

use crate::{KvError, LimitOutcome, Result};

pub(super) fn verdict(answer: &Value) -> Result<LimitOutcome> {
    match answer {
        Value::Int(0) => Ok(LimitOutcome::Allowed),
        Value::Int(wait) => {
            let wait = u64::try_from(*wait).map_err(|_| unexpected("limiter"))?;
            Ok(LimitOutcome::Limited { retry_after: Duration::from_millis(wait) })
        }
        _ => Err(unexpected("limiter")),
    }
}

/// Whether the error is temporary (`Unavailable`: retry later) or not (`Unexpected`).
pub(super) fn classify(error: &RedisError) -> KvError {
    let is_temporary = match error.kind() {
        ErrorKind::Io
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask,
        ) => true,
        // Memory full, disk full, a script that runs too long, too few replicas: temporary, or fixed by an operator.
        _ => matches!(error.code(), Some("OOM" | "MISCONF" | "BUSY" | "NOREPLICAS")),
    };
    if is_temporary {
        KvError::Unavailable(error.to_string())
    } else {
        KvError::Unexpected(error.to_string())
    }
}

/// Names the command, never the answer, which may hold session data.
pub(super) fn unexpected(question: &str) -> KvError {
    KvError::Unexpected(format!("answer to {question} has another shape"))
}
