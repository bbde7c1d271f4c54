//! The pages of one's own account, under `/{org}/account`: GET shows, POST acts and leads back (303).

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use porta_core::user::CredentialState;
use porta_core::{TokenDigest, secret, word_enum};
use porta_oidc::{AccountErrand, AccountPage, EngineError};
use porta_pages::{AccountFlash, AccountNav, Look, Page};
use porta_protocol::Params;
use porta_signin::Entered;
use porta_signin::account::{Member, Recent};

use super::interaction::{SAID_LIFETIME, form};
use super::{From, authorize};
use crate::reply::{self, Reply};
use crate::state::Shared;
use crate::visit::Visit;
use crate::{cookies, pending};

pub(crate) mod access;
pub(crate) mod data;
pub(crate) mod factors;
pub(crate) mod overview;
pub(crate) mod password;
pub(crate) mod sessions;
pub(crate) mod setup;

word_enum! {
    /// What the next page says. It travels in a signed cookie, so that no link makes our pages say it.
    enum Said {
        PasswordChanged = "password_changed",
        FactorEnabled = "factor_enabled",
        FactorDisabled = "factor_disabled",
        FactorRequired = "factor_required",
        RecoveryCodesReplaced = "recovery_codes_replaced",
        SessionEnded = "session_ended",
        OtherSessionsEnded = "other_sessions_ended",
        ApplicationRevoked = "application_revoked",
        CodeSent = "code_sent",
        VerificationSent = "verification_sent",
        CsrfInvalid = "csrf_invalid",
    }
}

impl Said {
    const fn flash(self) -> Option<AccountFlash> {
        match self {
            Self::PasswordChanged => Some(AccountFlash::PasswordChanged),
            Self::FactorEnabled => Some(AccountFlash::FactorEnabled),
            Self::FactorDisabled => Some(AccountFlash::FactorDisabled),
            Self::FactorRequired => Some(AccountFlash::FactorRequired),
            Self::RecoveryCodesReplaced => Some(AccountFlash::RecoveryCodesReplaced),
            Self::SessionEnded => Some(AccountFlash::SessionEnded),
            Self::OtherSessionsEnded => Some(AccountFlash::OtherSessionsEnded),
            Self::ApplicationRevoked => Some(AccountFlash::ApplicationRevoked),
            Self::CsrfInvalid => Some(AccountFlash::CsrfInvalid),
            Self::VerificationSent => Some(AccountFlash::VerificationSent),
            Self::CodeSent => None,
        }
    }
}

/// A request of somebody with a live session here.
struct Own<'a> {
    state: &'a Shared,
    tenant: &'a Visit,
    headers: &'a HeaderMap,
    member: Member,
    /// Where the person is, and comes back to after signing in again.
    page: AccountPage,
    /// What every form of this session carries.
    csrf: String,
    said: Option<Said>,
    urls: Urls,
}

/// Addresses of the pages, as [`AccountNav`] borrows them.
struct Urls {
    overview: String,
    password: Option<String>,
    two_factor: String,
    sessions: String,
    applications: String,
    data: String,
    sign_out: String,
}

impl Urls {
    fn of(tenant: &Visit, member: &Member) -> Self {
        let slug = &tenant.organization.slug;
        let url = |page: AccountPage| format!("/{slug}{}", page.path());
        let has_password = member.user.password_hash.is_some() || tenant.offers_passwords();
        Self {
            overview: url(AccountPage::Overview),
            password: has_password.then(|| url(AccountPage::Password)),
            two_factor: url(AccountPage::TwoFactor),
            sessions: url(AccountPage::Sessions),
            applications: url(AccountPage::Applications),
            data: url(AccountPage::Data),
            sign_out: format!("/{slug}/session/end"),
        }
    }
}

impl<'a> Own<'a> {
    /// Whoever has no live session of this organization signs in first.
    async fn enter(
        state: &'a Shared,
        tenant: &'a Visit,
        from: &'a From,
        page: AccountPage,
    ) -> Result<Self, Reply> {
        let cookie = cookies::read(state, tenant, &from.headers, cookies::SESSION);
        let member = match state.sign_in.member(tenant, cookie.as_deref()).await {
            Ok(member) => member,
            Err(error) => return Err(reply::engine_error_page(state, &tenant.look(), &error)),
        };
        let (Some(member), Some(cookie)) = (member, cookie) else {
            return Err(sign_in(state, tenant, &from.headers, AccountErrand { page, again: None }));
        };
        tenant.reader.is_person_of(member.user.profile.locale.as_deref());
        let said = cookies::read(state, tenant, &from.headers, cookies::SAID);
        Ok(Self {
            state,
            tenant,
            headers: &from.headers,
            urls: Urls::of(tenant, &member),
            member,
            page,
            csrf: csrf_of(&cookie),
            said: said.and_then(|word| Said::parse(&word)),
        })
    }

    /// A form of one of our own pages.
    async fn posted(
        state: &'a Shared,
        tenant: &'a Visit,
        from: &'a From,
        body: Body,
        page: AccountPage,
    ) -> Result<(Self, Params), Reply> {
        let params = form(state, tenant, from, body).await?;
        let own = Self::with(&params, state, tenant, from, page).await?;
        Ok((own, params))
    }

    /// The same with the fields of the form.
    async fn with(
        params: &Params,
        state: &'a Shared,
        tenant: &'a Visit,
        from: &'a From,
        page: AccountPage,
    ) -> Result<Self, Reply> {
        let own = Self::enter(state, tenant, from, page).await?;
        let is_ours = params.get("_csrf").is_some_and(|csrf| secret::constant_time_eq(csrf, &own.csrf));
        if !is_ours {
            return Err(own.back(page, Some(Said::CsrfInvalid)));
        }
        match state.sign_in.count_change(tenant, &own.member).await {
            Ok(None) => Ok(own),
            Ok(Some(limited)) => Err(reply::too_many_begun(state, tenant, &from.headers, limited)),
            Err(error) => Err(own.trouble(&error)),
        }
    }

    /// Whoever signed in too long ago does it again and comes back here; what they posted is not done for them.
    #[expect(clippy::result_large_err, reason = "an answer is made once a request")]
    fn recent(&self) -> Result<Recent<'_>, Reply> {
        if let Some(recent) = self.state.sign_in.recent(self.tenant, &self.member) {
            return Ok(recent);
        }
        let again = Some(self.member.user.email.shown().to_owned());
        let errand = AccountErrand { page: self.page, again };
        Err(sign_in(self.state, self.tenant, self.headers, errand))
    }

    fn nav(&self) -> AccountNav<'_> {
        AccountNav {
            overview_url: &self.urls.overview,
            password_url: self.urls.password.as_deref(),
            two_factor_url: &self.urls.two_factor,
            sessions_url: &self.urls.sessions,
            applications_url: &self.urls.applications,
            data_url: &self.urls.data,
            sign_out_url: &self.urls.sign_out,
        }
    }

    fn look(&self) -> Look<'_> {
        self.tenant.look()
    }

    /// Path of a page below one of ours.
    fn url(&self, path: &str) -> String {
        format!("/{}{path}", self.tenant.organization.slug)
    }

    /// A page; what it was to say is said.
    fn show(&self, status: StatusCode, page: Page) -> Reply {
        let gone = self.said.and_then(|_| cookies::clear(self.state, cookies::SAID, &self.urls.overview));
        reply::with_header(reply::page(status, page), header::SET_COOKIE, gone)
    }

    fn back(&self, page: AccountPage, said: Option<Said>) -> Reply {
        let reply = led_to(self.tenant, page);
        let until = self.state.clock.now() + SAID_LIFETIME;
        let said = said.and_then(|said| {
            cookies::set(self.state, self.tenant, cookies::SAID, said.as_str(), &self.urls.overview, until)
        });
        reply::with_header(reply, header::SET_COOKIE, said)
    }

    /// The answer to a change of credentials: the browser it was made in stays one that is known.
    fn still_known(&self, reply: Reply, credentials: CredentialState) -> Reply {
        let device = self.state.sign_in.known_after(self.tenant, &self.member, credentials);
        reply::with_header(reply, header::SET_COOKIE, cookies::device(self.state, self.tenant, &device))
    }

    fn trouble(&self, error: &EngineError) -> Reply {
        reply::engine_error_page(self.state, &self.look(), error)
    }
}

/// What every form of a session carries.
fn csrf_of(cookie: &str) -> String {
    TokenDigest::of(&format!("account form\n{cookie}")).hex()
}

fn led_to(tenant: &Visit, page: AccountPage) -> Reply {
    reply::redirect(&format!("{}{}", tenant.issuer, page.path()))
}

/// A session goes on behind another cookie.
fn renewed(state: &Shared, tenant: &Visit, page: AccountPage, entered: &Entered) -> Reply {
    let session = authorize::session_cookie(state, tenant, &entered.session, entered.expires_at);
    let reply = reply::with_header(led_to(tenant, page), header::SET_COOKIE, session);
    reply::with_header(reply, header::SET_COOKIE, cookies::device(state, tenant, &entered.device))
}

fn sign_in(state: &Shared, tenant: &Visit, headers: &HeaderMap, errand: AccountErrand) -> Reply {
    match state.engine.begin_account(tenant, errand) {
        Ok(new) => pending::listed(state, tenant, headers, authorize::interact(state, tenant, &new), None),
        Err(error) => reply::engine_error_page(state, &tenant.look(), &error),
    }
}
