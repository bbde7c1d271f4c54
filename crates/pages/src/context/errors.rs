use serde::Serialize;

use super::{FormTargets, PageContext, plain_link};

/// An error page.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ErrorPage<'a> {
    pub text: ErrorText,
    /// Error code of the protocol; its description is never shown.
    pub code: Option<&'a str>,
    /// Seconds, as in the `Retry-After` header.
    pub retry_after: Option<u64>,
    /// Id that the person can give to an administrator.
    pub request_id: Option<&'a str>,
    /// Target of the button, labelled "try again" unless the text has a label of its own; left out if not a plain link.
    #[serde(serialize_with = "plain_link")]
    pub retry_url: Option<&'a str>,
}

impl ErrorPage<'_> {
    pub const fn new(text: ErrorText) -> Self {
        Self { text, code: None, retry_after: None, request_id: None, retry_url: None }
    }
}

impl PageContext for ErrorPage<'_> {
    const NAME: &'static str = "error";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    fn title(&self) -> &'static str {
        self.text.keys().0
    }
}

/// Title and message of an error page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "TextKeys")]
pub enum ErrorText {
    Generic,
    NotFound,
    InvalidRequest,
    ClientUnknown,
    SessionExpired,
    InteractionExpired,
    /// The sign-in began in this browser and expired.
    SignInLeftOpen,
    /// The person navigated back to a finished sign-in.
    SignInFinished,
    /// The browser does not send back cookies.
    NoCookies,
    /// The sign-in began at another host name, whose cookies are not sent here.
    OtherHost,
    CsrfInvalid,
    AccessDenied,
    OrganizationSuspended,
    LoginMethodDisabled,
    RateLimited,
    Unavailable,
    /// The link has expired.
    LinkExpired,
    /// The link was used, or a newer one replaced it.
    LinkUsed,
    /// Unknown link: damaged, or of another organization. One text for both, so that it reveals nothing.
    LinkUnknown,
    /// The mail server did not accept a mail.
    MailTrouble,
    AccountLocked,
    /// `post_logout_redirect_uri` is not registered for the client.
    LogoutAddress,
    /// `id_token_hint` is not valid.
    LogoutHint,
    /// `id_token_hint` was issued to a client other than `client_id`.
    LogoutHintOfAnotherClient,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "templates know them by these names")]
struct TextKeys {
    title_key: &'static str,
    message_key: &'static str,
    button_key: &'static str,
}

impl From<ErrorText> for TextKeys {
    fn from(text: ErrorText) -> Self {
        let (title_key, message_key) = text.keys();
        Self { title_key, message_key, button_key: text.button_key() }
    }
}

impl ErrorText {
    /// Every text, in declaration order.
    pub const ALL: &'static [Self] = &[
        Self::Generic,
        Self::NotFound,
        Self::InvalidRequest,
        Self::ClientUnknown,
        Self::SessionExpired,
        Self::InteractionExpired,
        Self::SignInLeftOpen,
        Self::SignInFinished,
        Self::NoCookies,
        Self::OtherHost,
        Self::CsrfInvalid,
        Self::AccessDenied,
        Self::OrganizationSuspended,
        Self::LoginMethodDisabled,
        Self::RateLimited,
        Self::Unavailable,
        Self::LinkExpired,
        Self::LinkUsed,
        Self::LinkUnknown,
        Self::MailTrouble,
        Self::AccountLocked,
        Self::LogoutAddress,
        Self::LogoutHint,
        Self::LogoutHintOfAnotherClient,
    ];

    const fn button_key(self) -> &'static str {
        match self {
            Self::SignInFinished => "common.open_account",
            _ => "common.try_again",
        }
    }

    /// Title key and message key.
    pub(crate) const fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Generic => ("errors.generic_title", "errors.generic"),
            Self::NotFound => ("errors.not_found_title", "errors.not_found"),
            Self::InvalidRequest => ("errors.invalid_request_title", "errors.invalid_request"),
            Self::ClientUnknown => ("errors.client_unknown_title", "errors.client_unknown"),
            Self::SessionExpired => ("errors.session_expired_title", "errors.session_expired"),
            Self::InteractionExpired => ("errors.interaction_expired_title", "errors.interaction_expired"),
            Self::SignInLeftOpen => ("errors.sign_in_left_open_title", "errors.sign_in_left_open"),
            Self::SignInFinished => ("errors.sign_in_finished_title", "errors.sign_in_finished"),
            Self::NoCookies => ("errors.no_cookies_title", "errors.no_cookies"),
            Self::OtherHost => ("errors.other_host_title", "errors.other_host"),
            Self::CsrfInvalid => ("errors.csrf_invalid_title", "errors.csrf_invalid"),
            Self::AccessDenied => ("errors.access_denied_title", "errors.access_denied"),
            Self::OrganizationSuspended => ("errors.org_suspended_title", "errors.org_suspended"),
            Self::LoginMethodDisabled => {
                ("errors.login_method_disabled_title", "errors.login_method_disabled")
            }
            Self::RateLimited => ("errors.rate_limited_title", "errors.rate_limited"),
            Self::Unavailable => ("errors.unavailable_title", "errors.unavailable"),
            Self::LinkExpired => ("errors.link_expired_title", "errors.link_expired"),
            Self::LinkUsed => ("errors.link_used_title", "errors.link_used"),
            Self::LinkUnknown => ("errors.link_unknown_title", "errors.link_unknown"),
            Self::MailTrouble => ("errors.mail_trouble_title", "errors.mail_trouble"),
            Self::AccountLocked => ("errors.account_locked_title", "login.error_account_locked"),
            Self::LogoutAddress => ("errors.invalid_request_title", "errors.logout_address"),
            Self::LogoutHint => ("errors.invalid_request_title", "errors.logout_hint"),
            Self::LogoutHintOfAnotherClient => {
                ("errors.invalid_request_title", "errors.logout_hint_of_another")
            }
        }
    }
}
