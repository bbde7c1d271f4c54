//! Sign-in, consent, sessions, logout, bad input.
