//! Contexts of the pages. URLs of the server are trusted; everything else may come from a tenant, a client or the
//! person and is treated as hostile.
//!
//! Operators' templates see these types as serialized: renaming a field breaks that contract, and a test compares
//! `docs/branding.md` with it.

#![expect(clippy::ref_option_ref, reason = "serde hands a field to `serialize_with` by reference")]

mod account;
mod errors;
mod login;
mod notice;
mod recovery;
mod two_factor;

pub use account::{
    AccountFlash, AccountNav, ApplicationRow, ApplicationsPage, ChangePasswordPage, DownloadDataPage,
    OverviewPage, SecondFactorsPage, SessionRow, SessionsPage,
};
pub use errors::{ErrorPage, ErrorText};
pub use login::{
    ConsentPage, Flash, FormPostPage, Landing, LoginPage, LogoutPage, LogoutSuccessPage,
    MagicLinkLandingPage, MagicLinkSentPage, SignInOrigin,
};
pub use notice::Notice;
pub use recovery::{
    EmailFlash, EmailVerificationPage, EmailVerifiedPage, ForgotPasswordPage, ForgotPasswordSentPage,
    InvitationPage, InviteExpiredPage, InviteSuccessPage, PasswordFault, PasswordRules, ResetPasswordPage,
    ResetSuccessPage, TemporaryPasswordPage,
};
pub use two_factor::{
    CodeFlash, FactorKind, RecoveryCodesPage, SetupView, TrustedSvg, TwoFactorChallenge, TwoFactorPage,
    TwoFactorSetupPage,
};

use serde::{Serialize, Serializer};

use crate::text::is_plain_link;

/// Where a page's form may lead. Browsers apply `form-action` to the whole redirect chain, so a page whose form can
/// finish the interaction must allow the client's redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormTargets {
    None,
    /// Only to the server, after any number of redirects.
    SameOrigin,
    /// Possibly to a client; [`crate::Page::with_form_action`] names the allowed targets.
    Anywhere,
}

/// Context of a page and the name of its template.
pub trait PageContext: Serialize {
    /// File name without `.html`.
    const NAME: &'static str;
    const FORM_TARGETS: FormTargets;
    /// The only script the page may run. Must not contain `<`.
    const SCRIPT: Option<&'static str> = None;
    /// Key of the page's title.
    fn title(&self) -> &'static str;
}

/// For URLs from clients and tenants: leaves out those that could do more than navigate.
fn plain_link<S: Serializer>(url: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    url.filter(|url| is_plain_link(url)).serialize(serializer)
}
