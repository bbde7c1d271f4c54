//! Signing in by password or by a link in a mail, consent, and signing out.

use porta_core::Timestamp;
use serde::{Serialize, Serializer};

use super::{CodeFlash, Content, Forms, Notice, plain_link};
use crate::text::{exact, is_plain_link};

/// Sign-in with a password, with a link by mail, or with either: one form, one button for each.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LoginPage<'a> {
    /// Receives `_csrf`, `email`, `password`.
    pub action_url: &'a str,
    /// Receives `_csrf`; ends the transaction (a POST: weakness W30).
    pub cancel_url: &'a str,
    pub csrf: &'a str,
    pub client_name: &'a str,
    /// What was typed before, or the request's `login_hint`; may be empty.
    pub email: &'a str,
    pub flash: Option<Flash>,
    /// Whether a password may be used here.
    pub show_password: bool,
    /// Receives `_csrf`, `email` (and `password`, to be ignored) when a link by mail is asked for; `None` where that
    /// is not allowed. With neither this nor a password the page only explains.
    pub magic_link_url: Option<&'a str>,
    /// Shown beside the password.
    pub forgot_password_url: Option<&'a str>,
}

impl Content for LoginPage<'_> {
    const NAME: &'static str = "login";
    const FORMS: Forms = Forms::Anywhere;
    fn title(&self) -> &'static str {
        "login.title"
    }
}

/// What the login page says about the attempt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "Notice")]
pub enum Flash {
    InvalidCredentials,
    EmailMissing,
    PasswordMissing,
    AccountInactive,
    AccountLocked,
    AccountSuspended,
    /// Seconds until the next attempt is heard.
    RateLimited {
        retry_after: u64,
    },
    MethodDisabled,
    CsrfInvalid,
    /// The application asked for a fresh sign-in.
    SignInAgain,
}

impl From<Flash> for Notice {
    fn from(flash: Flash) -> Self {
        match flash {
            Flash::InvalidCredentials => Self::error("login.error_invalid", &["email", "password"]),
            Flash::EmailMissing => Self::error("login.error_email_missing", &["email"]),
            Flash::PasswordMissing => Self::error("login.error_password_missing", &["password"]),
            Flash::AccountInactive => Self::error("login.error_account_inactive", &[]),
            Flash::AccountLocked => Self::error("login.error_account_locked", &[]),
            Flash::AccountSuspended => Self::error("login.error_account_suspended", &[]),
            Flash::RateLimited { retry_after } => Self::limited(retry_after),
            Flash::MethodDisabled => Self::error("login.error_method_disabled", &[]),
            Flash::CsrfInvalid => Self::error("errors.csrf_invalid", &[]),
            Flash::SignInAgain => Self::info("login.info_sign_in_again"),
        }
    }
}

/// After a link was asked for, whether or not the address has an account.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MagicLinkSentPage<'a> {
    /// Receives `_csrf`, `code`: the short code of the mail, for when that is read on another device.
    pub code_url: &'a str,
    /// Receives `_csrf`, `email`: sends another mail.
    pub resend_url: &'a str,
    /// Back to the login page.
    pub login_url: &'a str,
    pub csrf: &'a str,
    /// The address as typed.
    pub email: &'a str,
    /// Lifetime of link and code in seconds.
    pub expires_in: u64,
    pub flash: Option<CodeFlash>,
}

impl Content for MagicLinkSentPage<'_> {
    const NAME: &'static str = "magic-link-sent";
    const FORMS: Forms = Forms::Anywhere;
    fn title(&self) -> &'static str {
        "magic_link.sent_title"
    }
}

/// What the link in the mail opens. Nothing is consumed until the button is pressed (weakness W17).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MagicLinkLandingPage<'a> {
    pub client_name: &'a str,
    pub masked_email: &'a str,
    pub landing: Landing<'a>,
}

/// Where the link was opened.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(tag = "place", rename_all = "snake_case")]
pub enum Landing<'a> {
    /// In the browser in which sign-in began: it is finished here.
    SameBrowser {
        /// Receives `_csrf`.
        action_url: &'a str,
        csrf: &'a str,
    },
    /// Anywhere else: the person types `code` where sign-in began.
    OtherDevice {
        code: &'a str,
        /// So that nobody hands the code to somebody else's sign-in.
        origin: Option<Origin<'a>>,
    },
}

/// When and from where a sign-in began.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Origin<'a> {
    pub at: Timestamp,
    pub address: Option<&'a str>,
    /// The `User-Agent` header; the page says it in words.
    pub user_agent: Option<&'a str>,
}

impl Content for MagicLinkLandingPage<'_> {
    const NAME: &'static str = "magic-link-landing";
    const FORMS: Forms = Forms::Anywhere;
    fn title(&self) -> &'static str {
        match self.landing {
            Landing::SameBrowser { .. } => "magic_link.landing_title",
            Landing::OtherDevice { .. } => "magic_link.other_title",
        }
    }
}

/// The decision about a client.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ConsentPage<'a> {
    /// Receives `_csrf` and `decision` (`approve` or `deny`).
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub client_name: &'a str,
    /// The client's owner, when it is another organization than the one signing in.
    pub client_organization: Option<&'a str>,
    pub user_email: &'a str,
    pub scopes: &'a [String],
    /// Nothing is asked but whether the person began this: what a program of their machine gets to see.
    pub is_confirmation: bool,
}

impl Content for ConsentPage<'_> {
    const NAME: &'static str = "consent";
    const FORMS: Forms = Forms::Anywhere;
    fn title(&self) -> &'static str {
        if self.is_confirmation { "consent.confirm_title" } else { "consent.title" }
    }
}

/// Confirmation of signing out.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LogoutPage<'a> {
    /// Receives `xsrf` and `logout`.
    pub action_url: &'a str,
    pub xsrf: &'a str,
    pub client_name: Option<&'a str>,
    /// Where "stay signed in" leads; left out when it is not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub return_url: Option<&'a str>,
}

impl Content for LogoutPage<'_> {
    const NAME: &'static str = "logout";
    const FORMS: Forms = Forms::Anywhere;
    fn title(&self) -> &'static str {
        "logout.title"
    }
}

/// After signing out.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct LogoutSuccessPage {}

impl Content for LogoutSuccessPage {
    const NAME: &'static str = "logout-success";
    const FORMS: Forms = Forms::None;
    fn title(&self) -> &'static str {
        "logout.success_title"
    }
}

/// An authorization response in a form (OAuth 2.0 Form Post Response Mode).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FormPostPage<'a> {
    /// The client's registered redirect URI.
    #[serde(serialize_with = "target")]
    pub target: &'a str,
    #[serde(serialize_with = "exact_fields")]
    pub fields: &'a [(String, String)],
}

/// A script in the address would be stopped by the policy as well; the page then has nowhere to go.
fn target<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if is_plain_link(url) { url } else { "" })
}

/// Carried, not shown: no character may be cleaned away.
fn exact_fields<S: Serializer>(fields: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields.iter().map(|(name, value)| (exact(name), exact(value))))
}

impl Content for FormPostPage<'_> {
    const NAME: &'static str = "form-post";
    const FORMS: Forms = Forms::Anywhere;
    fn title(&self) -> &'static str {
        "form_post.title"
    }
}
