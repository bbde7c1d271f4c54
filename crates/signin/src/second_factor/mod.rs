//! Building blocks of second factors: pure functions of secrets, randomness and time. The sign-in decides when they are
//! asked for; the store makes sure that each code is used once (`porta_store::SecondFactorRepository`).
//!
//! ```text
//! TotpSecret::generate ─► seal ─► kept in the interaction ─► open ─► matching_step ─► enrol_totp with that step
//! MailedCode::generate ─► sent by mail; its MAC is stored ─► MailedCode::parse ─► mac ─► try_email_code
//! RecoverySecret::set  ─► shown once; its MAC is stored ─► RecoverySecret::parse ─► mac ─► use_recovery_code
//! ```

mod codes;
mod link_code;
mod qr;
mod totp;
mod typed;

pub use codes::{MailedCode, RECOVERY_CODES, RecoverySecret};
pub use link_code::LinkCode;
pub use qr::{QrError, qr_svg};
pub use totp::TotpSecret;
