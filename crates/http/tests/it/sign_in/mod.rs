//! Sign-in, consent, sessions, logout, bad input.

mod audit_rows;
mod lockout;
mod password_answers;
mod password_input;
mod rate_limits;
mod support;
mod work;
