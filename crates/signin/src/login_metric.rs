//! The metric of sign-ins.

use porta_core::metrics;

/// Counts a sign-in, or a wrong password, link or code.
pub(crate) fn count_sign_in(method: &'static str, result: &'static str) {
    ::metrics::counter!(metrics::LOGINS, "method" => method, "result" => result).increment(1);
}
