//! What each page is told. Fields that hold addresses of ours are written by the server; everything else may come
//! from a tenant, a client or the person, and is treated as hostile.

/// Sign-in with a password.
#[derive(Debug, Clone, Copy)]
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
    /// Whether a password may be used here; without it the page only explains.
    pub show_password: bool,
}

/// What the login page says about the attempt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// Which field a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Email,
    Password,
    Both,
    Neither,
}

impl Flash {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::InvalidCredentials => "login.error_invalid",
            Self::EmailMissing => "login.error_email_missing",
            Self::PasswordMissing => "login.error_password_missing",
            Self::AccountInactive => "login.error_account_inactive",
            Self::AccountLocked => "login.error_account_locked",
            Self::AccountSuspended => "login.error_account_suspended",
            Self::RateLimited { .. } => "login.error_rate_limited",
            Self::MethodDisabled => "login.error_method_disabled",
            Self::CsrfInvalid => "errors.csrf_invalid",
            Self::SignInAgain => "login.info_sign_in_again",
        }
    }

    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::SignInAgain => "flash-info",
            Self::InvalidCredentials
            | Self::EmailMissing
            | Self::PasswordMissing
            | Self::AccountInactive
            | Self::AccountLocked
            | Self::AccountSuspended
            | Self::RateLimited { .. }
            | Self::MethodDisabled
            | Self::CsrfInvalid => "flash-error",
        }
    }

    pub(crate) const fn fault(self) -> Fault {
        match self {
            Self::InvalidCredentials => Fault::Both,
            Self::EmailMissing => Fault::Email,
            Self::PasswordMissing => Fault::Password,
            Self::AccountInactive
            | Self::AccountLocked
            | Self::AccountSuspended
            | Self::RateLimited { .. }
            | Self::MethodDisabled
            | Self::CsrfInvalid
            | Self::SignInAgain => Fault::Neither,
        }
    }
}

/// The decision about a third-party client.
#[derive(Debug, Clone, Copy)]
pub struct ConsentPage<'a> {
    /// Receives `_csrf` and `decision` (`approve` or `deny`).
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub client_name: &'a str,
    /// The client's owner, when it is another organization than the one signing in.
    pub client_organization: Option<&'a str>,
    pub user_email: &'a str,
    pub scopes: &'a [String],
}

/// Confirmation of signing out.
#[derive(Debug, Clone, Copy)]
pub struct LogoutPage<'a> {
    /// Receives `xsrf` and `logout`.
    pub action_url: &'a str,
    pub xsrf: &'a str,
    pub client_name: Option<&'a str>,
    /// Where "stay signed in" leads; left out when it is not a plain link.
    pub return_url: Option<&'a str>,
}

/// After signing out.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogoutSuccessPage {}

/// Anything that went wrong and is shown to a person.
#[derive(Debug, Clone, Copy)]
pub struct ErrorPage<'a> {
    pub text: ErrorText,
    /// The protocol's error code. Its description is never shown.
    pub code: Option<&'a str>,
    /// Seconds, as in the `Retry-After` header.
    pub retry_after: Option<u64>,
    /// What the person can quote to an administrator.
    pub request_id: Option<&'a str>,
    /// Where "try again" leads; left out when it is not a plain link.
    pub retry_url: Option<&'a str>,
}

impl ErrorPage<'_> {
    pub const fn new(text: ErrorText) -> Self {
        Self { text, code: None, retry_after: None, request_id: None, retry_url: None }
    }
}

/// The title and message of an error page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorText {
    Generic,
    NotFound,
    InvalidRequest,
    ClientUnknown,
    SessionExpired,
    InteractionExpired,
    CsrfInvalid,
    AccessDenied,
    OrganizationSuspended,
    LoginMethodDisabled,
    RateLimited,
    Unavailable,
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
        Self::CsrfInvalid,
        Self::AccessDenied,
        Self::OrganizationSuspended,
        Self::LoginMethodDisabled,
        Self::RateLimited,
        Self::Unavailable,
    ];

    /// Title key and message key.
    pub(crate) const fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Generic => ("errors.generic_title", "errors.generic"),
            Self::NotFound => ("errors.not_found_title", "errors.not_found"),
            Self::InvalidRequest => ("errors.invalid_request_title", "errors.invalid_request"),
            Self::ClientUnknown => ("errors.client_unknown_title", "errors.client_unknown"),
            Self::SessionExpired => ("errors.session_expired_title", "errors.session_expired"),
            Self::InteractionExpired => ("errors.interaction_expired_title", "errors.interaction_expired"),
            Self::CsrfInvalid => ("errors.csrf_invalid_title", "errors.csrf_invalid"),
            Self::AccessDenied => ("errors.access_denied_title", "errors.access_denied"),
            Self::OrganizationSuspended => ("errors.org_suspended_title", "errors.org_suspended"),
            Self::LoginMethodDisabled => {
                ("errors.login_method_disabled_title", "errors.login_method_disabled")
            }
            Self::RateLimited => ("errors.rate_limited_title", "errors.rate_limited"),
            Self::Unavailable => ("errors.unavailable_title", "errors.unavailable"),
        }
    }
}

/// An authorization response in a form (OAuth 2.0 Form Post Response Mode).
#[derive(Debug, Clone, Copy)]
pub struct FormPostPage<'a> {
    /// The client's registered redirect URI.
    pub target: &'a str,
    pub fields: &'a [(String, String)],
}
