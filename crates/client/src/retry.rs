//! Which calls are sent again, and when.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::request::Request;

/// How often a call is sent again before its failure is the result.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// After the first time. 0 sends every call once.
    pub most: u32,
    /// The longest wait between two. If the server demands a longer one, the refusal is the result.
    pub longest_wait: Duration,
}

const FIRST_WAIT: Duration = Duration::from_millis(200);

impl Default for Retries {
    fn default() -> Self {
        Self { most: 3, longest_wait: Duration::from_secs(15) }
    }
}

impl Retries {
    /// How long to wait until `request` is sent again. `sent` counts how often it was. `None`: it is not.
    pub(crate) fn wait(self, request: &Request, sent: u32, error: &Error) -> Option<Duration> {
        if sent > self.most || !is_worthwhile(request, error) {
            return None;
        }
        let doubled = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(sent.saturating_sub(1)));
        match error.api().and_then(|error| error.retry_after) {
            Some(demanded) if demanded > self.longest_wait => None,
            Some(demanded) => Some(demanded),
            None => Some(doubled.min(self.longest_wait)),
        }
    }
}

fn is_worthwhile(request: &Request, error: &Error) -> bool {
    match error {
        // Nothing was sent without a connection.
        Error::Transport(error) => error.is_connect() || (!error.is_builder() && request.is_repeatable()),
        Error::Api(error) => match error.kind() {
            // Refused before anything happened.
            ErrorKind::Limited => true,
            ErrorKind::Unavailable => request.is_repeatable(),
            // The first request with this Idempotency-Key is under way.
            ErrorKind::Conflict => error.retry_after.is_some() && request.idempotency_key.is_some(),
            ErrorKind::Invalid
            | ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Modified
            | ErrorKind::TooLarge
            | ErrorKind::Other => false,
        },
        Error::Decoding(_) | Error::TooLong { .. } | Error::Token(_) | Error::Usage(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use crate::error::ApiError;

    use super::*;

    fn refusal(status: u16, retry_after: Option<u64>) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::Api(Box::new(ApiError::new(status, b"{}", None, retry_after.map(Duration::from_secs))))
    }

    #[test]
    fn waits_double_and_end() {
        let (retries, read) =
            (Retries { most: 3, longest_wait: Duration::from_millis(500) }, Request::get("/me", &[]));
        let away = refusal(503, None);
        let waits: Vec<_> = (1..=4).map(|sent| retries.wait(&read, sent, &away)).collect();
        let expected = [Some(200), Some(400), Some(500), None].map(|wait| wait.map(Duration::from_millis));
        assert_eq!(waits, expected);
    }

    #[test]
    fn the_server_may_demand_a_wait_within_bounds() {
        let (retries, change) = (Retries::default(), Request::delete("/me", &[]));
        assert_eq!(retries.wait(&change, 1, &refusal(429, Some(7))), Some(Duration::from_secs(7)));
        assert_eq!(retries.wait(&change, 1, &refusal(429, Some(16))), None);
    }

    #[test]
    fn what_may_have_happened_is_not_sent_again() {
        let (retries, change) = (Retries::default(), Request::delete("/me", &[]));
        for error in [refusal(503, Some(1)), refusal(409, Some(1)), refusal(500, None), refusal(404, None)] {
            assert_eq!(retries.wait(&change, 1, &error), None, "{error}");
        }
        let mut create = Request::post("/users", &[]);
        create.idempotency_key = Some("k".to_owned());
        assert!(retries.wait(&create, 1, &refusal(409, Some(1))).is_some());
        assert!(retries.wait(&create, 1, &refusal(409, None)).is_none());
    }
}
