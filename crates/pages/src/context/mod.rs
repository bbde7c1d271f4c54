//! What each page is told. Fields that hold addresses of ours are written by the server; everything else may come
//! from a tenant, a client or the person, and is treated as hostile.
//!
//! Serialised, these types are also what an operator's own template sees: renaming a field is a change of that
//! contract, and `docs/branding.md` is compared with it by a test.

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
    MagicLinkLandingPage, MagicLinkSentPage, Origin,
};
pub use notice::Notice;
pub use recovery::{
    EmailFlash, EmailVerificationPage, EmailVerifiedPage, ForgotPasswordPage, ForgotPasswordSentPage,
    InvitationPage, InviteExpiredPage, InviteSuccessPage, PasswordFault, PasswordRules, ResetPasswordPage,
    ResetSuccessPage,
};
pub use two_factor::{
    CodeFlash, FactorKind, RecoveryCodesPage, SetupStep, TrustedSvg, TwoFactorChallenge, TwoFactorPage,
    TwoFactorSetupPage,
};

use serde::{Serialize, Serializer};

use crate::text::is_plain_link;

/// Where a page's form may end. Browsers apply `form-action` to the whole chain of redirects (oidc-and-login §10.2),
/// so a page whose form can finish the transaction must not restrict it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forms {
    None,
    /// With us, after any number of redirects.
    Own,
    /// Possibly at a client; which one, [`crate::Page::ending_at`] says.
    Anywhere,
}

/// A page's context, tied to its template.
pub(crate) trait Content: Serialize {
    /// File name without `.html`.
    const NAME: &'static str;
    const FORMS: Forms;
    /// Key of the page's title.
    fn title(&self) -> &'static str;
}

/// For addresses that come from clients and tenants: one that does more than navigate is left out.
fn plain_link<S: Serializer>(url: &Option<&str>, serializer: S) -> Result<S::Ok, S::Error> {
    url.filter(|url| is_plain_link(url)).serialize(serializer)
}
