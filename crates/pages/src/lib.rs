//! Pages that browsers see during sign-in, and mails. A typed context becomes HTML and its Content-Security-Policy, or
//! the parts of a mail.
//!
//! Templates and texts are embedded and compiled once; they see only their context. An operator may replace single
//! templates ([`Pages::with_overrides`]). All pages work without JavaScript (decision D11). The caller adds the status
//! and the remaining headers: `Cache-Control: no-store` and `Referrer-Policy: no-referrer`.

mod api_reference;
mod color;
mod context;
mod csp;
mod css;
mod embedded;
mod engine;
mod locale;
mod mail;
mod messages;
mod preview;
mod render;
mod text;
mod theme;
mod user_agent;

pub use api_reference::{API_REFERENCE_STYLE, ApiReferenceError, api_reference};
pub use context::{
    AccountFlash, AccountNav, ApplicationRow, ApplicationsPage, ChangePasswordPage, CodeFlash, ConsentPage,
    DownloadDataPage, EmailFlash, EmailVerificationPage, EmailVerifiedPage, ErrorPage, ErrorText, FactorKind,
    Flash, ForgotPasswordPage, ForgotPasswordSentPage, FormPostPage, FormTargets, InvitationPage,
    InviteExpiredPage, InviteSuccessPage, Landing, LoginPage, LogoutPage, LogoutSuccessPage,
    MagicLinkLandingPage, MagicLinkSentPage, Notice, OverviewPage, PageContext, PasswordFault, PasswordRules,
    RecoveryCodesPage, ResetPasswordPage, ResetSuccessPage, SecondFactorsPage, SessionRow, SessionsPage,
    SetupView, SignInOrigin, TemporaryPasswordPage, TrustedSvg, TwoFactorChallenge, TwoFactorPage,
    TwoFactorSetupPage,
};
pub use css::safe_custom_css;
pub use engine::TemplateProblems;
pub use locale::{LocaleCandidates, negotiate};
pub use mail::{
    EmailContext, EmailVerificationMail, FactorChange, InvitationMail, MagicLinkMail, MailBody, MailError,
    OtpCodeMail, PasswordChangedMail, PasswordKnownMail, PasswordResetMail, SecondFactorChangedMail,
    SecurityContext, TestMail, WelcomeMail,
};
pub use messages::languages;
pub use preview::Preview;
pub use render::{Page, Pages};
pub use theme::Theme;

// Lets the gallery's samples, which use the crate by its name, compile as part of the tests.
#[cfg(test)]
extern crate self as porta_pages;
#[cfg(test)]
mod tests;
