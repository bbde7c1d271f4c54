//! The pages a signed-in person looks after their account with, under `/{org}/account`.

use porta_core::Timestamp;
use serde::Serialize;

use super::{Content, FactorKind, Forms, Notice, PasswordFault, PasswordRules};

/// The links every account page has.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct AccountNav<'a> {
    pub overview_url: &'a str,
    /// `None` where passwords are not used.
    pub password_url: Option<&'a str>,
    pub two_factor_url: &'a str,
    pub sessions_url: &'a str,
    pub applications_url: &'a str,
    pub data_url: &'a str,
    /// Leads to the page that asks before signing out.
    pub sign_out_url: &'a str,
}

/// What an account page says about the attempt before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "Notice")]
pub enum AccountFlash {
    PasswordChanged,
    FactorEnabled,
    FactorDisabled,
    RecoveryCodesReplaced,
    SessionEnded,
    OtherSessionsEnded,
    ApplicationRevoked,
    VerificationSent,
    /// The organization asks for a second factor: the last one stays.
    FactorRequired,
    RateLimited {
        /// Seconds.
        retry_after: u64,
    },
    CsrfInvalid,
}

impl From<AccountFlash> for Notice {
    fn from(flash: AccountFlash) -> Self {
        match flash {
            AccountFlash::PasswordChanged => Self::success("account.password_changed"),
            AccountFlash::FactorEnabled => Self::success("account.factor_enabled"),
            AccountFlash::FactorDisabled => Self::success("account.factor_disabled"),
            AccountFlash::RecoveryCodesReplaced => Self::success("account.recovery_replaced"),
            AccountFlash::SessionEnded => Self::success("account.session_ended"),
            AccountFlash::OtherSessionsEnded => Self::success("account.others_ended"),
            AccountFlash::ApplicationRevoked => Self::success("account.application_revoked"),
            AccountFlash::VerificationSent => Self::success("account.verification_sent"),
            AccountFlash::FactorRequired => Self::error("account.factor_required", &[]),
            AccountFlash::RateLimited { retry_after } => Self::limited(retry_after),
            AccountFlash::CsrfInvalid => Self::error("errors.csrf_invalid", &[]),
        }
    }
}

/// The account at a glance.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct OverviewPage<'a> {
    pub nav: AccountNav<'a>,
    pub csrf: &'a str,
    pub name: Option<&'a str>,
    pub email: &'a str,
    pub email_verified: bool,
    /// Receives `_csrf`: sends a mail that confirms the address. Shown while it is not confirmed.
    pub verify_email_url: Option<&'a str>,
    pub has_password: bool,
    pub password_changed_at: Option<Timestamp>,
    /// The factor asked for first, if the person has one.
    pub second_factor: Option<FactorKind>,
    pub recovery_codes_left: u32,
    pub flash: Option<AccountFlash>,
}

impl Content for OverviewPage<'_> {
    const NAME: &'static str = "account-overview";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "account.title"
    }
}

/// Changes the password, or sets the first one.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ChangePasswordPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf`, `currentPassword` (when there is one), `password`, `confirmPassword`.
    pub action_url: &'a str,
    pub csrf: &'a str,
    /// For password managers.
    pub email: &'a str,
    pub has_password: bool,
    pub rules: PasswordRules,
    pub flash: Option<PasswordFault>,
}

impl Content for ChangePasswordPage<'_> {
    const NAME: &'static str = "account-password";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "account.change_password"
    }
}

/// Second factors and recovery codes. Each button posts `_csrf`, `action` (`enable`, `disable` or `regenerate`) and,
/// except the last, `method` (`email` or `authenticator`).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SecondFactorsPage<'a> {
    pub nav: AccountNav<'a>,
    pub action_url: &'a str,
    pub csrf: &'a str,
    /// The factor the person has.
    pub held: Option<FactorKind>,
    /// Since when, as far as known.
    pub since: Option<Timestamp>,
    /// What they may set up; the one they have when they may replace it.
    pub offered: &'a [FactorKind],
    /// Whether the organization asks for a second factor, so that it cannot be switched off.
    pub is_required: bool,
    pub recovery_codes_left: u32,
    pub flash: Option<AccountFlash>,
}

impl Content for SecondFactorsPage<'_> {
    const NAME: &'static str = "account-two-factor";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "account.two_factor"
    }
}

/// Where the person is signed in.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SessionsPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf` and `session` (an id of the list, or `others`).
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub sessions: &'a [SessionRow<'a>],
    pub flash: Option<AccountFlash>,
}

/// One browser session.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct SessionRow<'a> {
    /// A handle, not the session's bearer value.
    pub id: &'a str,
    /// The session this page is seen in.
    pub is_current: bool,
    /// The `User-Agent` header; the page says it in words.
    pub user_agent: Option<&'a str>,
    pub address: Option<&'a str>,
    pub started_at: Timestamp,
    pub last_seen_at: Timestamp,
}

impl Content for SessionsPage<'_> {
    const NAME: &'static str = "account-sessions";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "account.sessions"
    }
}

/// What the person gave access to.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ApplicationsPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf` and `application` (an id of the list).
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub applications: &'a [ApplicationRow<'a>],
    pub flash: Option<AccountFlash>,
}

/// One application with access.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ApplicationRow<'a> {
    pub id: &'a str,
    pub name: &'a str,
    pub scopes: &'a [String],
    pub since: Timestamp,
}

impl Content for ApplicationsPage<'_> {
    const NAME: &'static str = "account-applications";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "account.applications"
    }
}

/// Offers everything stored about the person.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct DownloadDataPage<'a> {
    pub nav: AccountNav<'a>,
    /// Receives `_csrf`; answers with a file.
    pub action_url: &'a str,
    pub csrf: &'a str,
    pub flash: Option<AccountFlash>,
}

impl Content for DownloadDataPage<'_> {
    const NAME: &'static str = "account-data";
    const FORMS: Forms = Forms::Own;
    fn title(&self) -> &'static str {
        "account.data"
    }
}
