//! Sign-in with a password or a magic link, consent, and sign-out.

use porta_core::Timestamp;
use serde::{Serialize, Serializer};

use super::{CodeFlash, FormTargets, Notice, PageContext, plain_link};
use crate::text::{exact, is_plain_link};

/// Sign-in with a password, a magic link, or either: one form with one button for each.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LoginPage<'a> {
    /// Receives `_csrf`, `email`, `password`.
    pub action_url: &'a str,
    /// Receives `_csrf`; cancels the interaction (a POST, protected against CSRF).
    pub cancel_url: &'a str,
    pub csrf: &'a str,
    pub client_name: &'a str,
    /// The previous input, or the request's `login_hint`; may be empty.
    pub email: &'a str,
    pub flash: Option<Flash>,
    /// Whether passwords are allowed here.
    pub show_password: bool,
    /// Receives `_csrf`, `email` (and `password`, ignored) to request a magic link; `None` if not allowed. Without this
    /// and passwords the page only explains.
    pub magic_link_url: Option<&'a str>,
    /// Shown next to the password field.
    pub forgot_password_url: Option<&'a str>,
}

impl PageContext for LoginPage<'_> {
    const NAME: &'static str = "login";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        "login.title"
    }
}

/// Flash message of the login page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "Notice")]
pub enum Flash {
    InvalidCredentials,
    EmailMissing,
    PasswordMissing,
    AccountInactive,
    AccountLocked,
    AccountSuspended,
    /// Seconds until the next attempt is allowed.
    RateLimited {
        retry_after: u64,
    },
    MethodDisabled,
    CsrfInvalid,
    /// The application requires a new sign-in.
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

/// Confirms that a link was requested, whether or not the address has an account.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct MagicLinkSentPage<'a> {
    /// Receives `_csrf`, `code`: the short code of the mail, for readers on another device.
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

impl PageContext for MagicLinkSentPage<'_> {
    const NAME: &'static str = "magic-link-sent";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        "magic_link.sent_title"
    }
}

/// Target of the link in the mail. Only the button consumes the link, so that mail scanners that follow links cannot.
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
    /// In the browser where the sign-in began; it continues here.
    SameBrowser {
        /// Receives `_csrf`.
        action_url: &'a str,
        csrf: &'a str,
    },
    /// Anywhere else: the person types `code` where the sign-in began.
    OtherDevice {
        code: &'a str,
        /// Shown so that nobody gives the code to somebody else's sign-in.
        origin: Option<SignInOrigin<'a>>,
    },
}

/// When and from where a sign-in began.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SignInOrigin<'a> {
    pub at: Timestamp,
    pub address: Option<&'a str>,
    /// The `User-Agent` header; the page shows browser and system.
    pub user_agent: Option<&'a str>,
}

impl PageContext for MagicLinkLandingPage<'_> {
    const NAME: &'static str = "magic-link-landing";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        match self.landing {
            Landing::SameBrowser { .. } => "magic_link.landing_title",
            Landing::OtherDevice { .. } => "magic_link.other_title",
        }
    }
}

/// Consent to a client's access.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ConsentPage<'a> {
    /// Receives `_csrf` and `decision` (`approve` or `deny`).
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub client_name: &'a str,
    /// Owner of the client, if not the organization the person signs in to.
    pub client_organization: Option<&'a str>,
    pub user_email: &'a str,
    pub scopes: &'a [String],
    /// Only asks whether the person started this sign-in of a native application (RFC 8252 §8.6).
    pub is_confirmation: bool,
}

impl PageContext for ConsentPage<'_> {
    const NAME: &'static str = "consent";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        if self.is_confirmation { "consent.confirm_title" } else { "consent.title" }
    }
}

/// Confirmation of sign-out.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LogoutPage<'a> {
    /// Receives `xsrf` and `logout`.
    pub action_url: &'a str,
    pub xsrf: &'a str,
    pub client_name: Option<&'a str>,
    /// Target of "stay signed in"; left out if not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub return_url: Option<&'a str>,
}

impl PageContext for LogoutPage<'_> {
    const NAME: &'static str = "logout";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    fn title(&self) -> &'static str {
        "logout.title"
    }
}

/// After sign-out.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct LogoutSuccessPage {}

impl PageContext for LogoutSuccessPage {
    const NAME: &'static str = "logout-success";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    fn title(&self) -> &'static str {
        "logout.success_title"
    }
}

/// An authorization response as a form (OAuth 2.0 Form Post Response Mode).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FormPostPage<'a> {
    /// The client's registered redirect URI.
    #[serde(serialize_with = "target")]
    pub target: &'a str,
    #[serde(serialize_with = "exact_fields")]
    pub fields: &'a [(String, String)],
}

/// Empty for a URL that would run a script; the policy would block it as well.
fn target<S: Serializer>(url: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(if is_plain_link(url) { url } else { "" })
}

/// Exact values: hidden fields must not be sanitised.
fn exact_fields<S: Serializer>(fields: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(fields.iter().map(|(name, value)| (exact(name), exact(value))))
}

impl PageContext for FormPostPage<'_> {
    const NAME: &'static str = "form-post";
    const FORM_TARGETS: FormTargets = FormTargets::Anywhere;
    /// Submits the form. A field named `submit` would shadow the form's method, so the prototype's method is called.
    const SCRIPT: Option<&'static str> = Some("HTMLFormElement.prototype.submit.call(document.forms[0])");
    fn title(&self) -> &'static str {
        "form_post.title"
    }
}
