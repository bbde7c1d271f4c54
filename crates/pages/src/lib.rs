//! Every page a browser sees during sign-in and every mail: a typed context goes in, HTML and its
//! Content-Security-Policy come out, or the parts of a mail.
//!
//! Templates and words are embedded and compiled once; they see nothing but their context. An operator may replace
//! single templates ([`Pages::with_overrides`]). All pages work without JavaScript (decision D11). The caller adds the
//! remaining headers: `Cache-Control: no-store`, `Referrer-Policy: no-referrer` and the status (repairs W21).

mod agent;
mod color;
mod context;
mod csp;
mod css;
mod embedded;
mod engine;
mod locale;
mod look;
mod mail;
mod render;
mod text;
mod words;

pub use context::{
    AccountFlash, AccountNav, ApplicationRow, ApplicationsPage, ChangePasswordPage, CodeFlash, ConsentPage,
    DownloadDataPage, EmailFlash, EmailVerificationPage, EmailVerifiedPage, ErrorPage, ErrorText, FactorKind,
    Flash, ForgotPasswordPage, ForgotPasswordSentPage, FormPostPage, InvitationPage, InviteExpiredPage,
    InviteSuccessPage, Landing, LoginPage, LogoutPage, LogoutSuccessPage, MagicLinkLandingPage,
    MagicLinkSentPage, Notice, Origin, OverviewPage, PasswordFault, PasswordRules, RecoveryCodesPage,
    ResetPasswordPage, ResetSuccessPage, SecondFactorsPage, SessionRow, SessionsPage, SetupStep, TrustedSvg,
    TwoFactorChallenge, TwoFactorPage, TwoFactorSetupPage,
};
pub use css::safe_custom_css;
pub use engine::TemplateProblems;
pub use locale::{LocaleCandidates, negotiate};
pub use look::Look;
pub use mail::{
    EmailVerificationMail, FactorChange, InvitationMail, MagicLinkMail, MailBody, MailError, OtpCodeMail,
    PasswordChangedMail, PasswordKnownMail, PasswordResetMail, SecondFactorChangedMail, SecurityContext,
    WelcomeMail,
};
pub use render::{Page, Pages};
pub use words::languages;

// The samples of the gallery are used as they are.
#[cfg(test)]
extern crate self as porta_pages;
#[cfg(test)]
mod tests;
