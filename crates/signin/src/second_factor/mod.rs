//! What second factors are made of: pure functions of secrets, chance and time. The journey around them decides when
//! they are asked for; storage sees to it that nothing counts twice (`porta_store::SecondFactorRepository`).
//!
//! ```text
//! TotpSecret::generate ─► seal ─► kept in the journey ─► open ─► matching_step ─► enrol_totp with that step
//! MailedCode::generate ─► shown in the mail; its mac is stored ─► MailedCode::parse ─► mac ─► try_email_code
//! RecoverySecret::set    ─► shown once;        its mac is stored ─► RecoverySecret::parse ─► mac ─► use_recovery_code
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
