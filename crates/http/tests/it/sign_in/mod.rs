//! Sign-in, consent, sessions, logout, bad input.

mod audit_rows;
mod consent;
mod crash;
mod errors;
mod failing;
mod fuzz;
mod head;
mod instances;
mod interaction_binding;
mod interaction_life;
mod interaction_races;
mod lockout;
mod logout;
mod logout_requests;
mod outages;
mod pages;
mod password_answers;
mod password_input;
mod probes;
mod rate_limits;
mod session_cookies;
mod session_lifetime;
mod session_reauth;
mod session_tenants;
mod support;
mod work;
