//! The pages of a sign-in, under `/{org}/interaction/{uid}` (oidc-and-login §6).

mod pages;

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use porta_core::TypedPassword;
use porta_core::user::UserStatus;
use porta_oidc::interaction::{BoundInteraction, Shown, Stage};
use porta_oidc::travel::Travelling;
use porta_oidc::{EngineError, Errand};
use porta_pages::{ErrorText, Flash, Page};
use porta_protocol::Params;
use porta_signin::{Attempt, Entered, Pause, SignInOutcome, Turn};

use super::From;
use super::authorize::{concluded, session_cookie};
use super::ends::ends_at;
use super::links::typed_address;
use super::lost::lost;
use crate::reply::{self, Reply, or_answer};
use crate::state::{AppState, Shared};
use crate::tenancy::Org;
use crate::told::{Said, Told};
use crate::visit::Visit;
use crate::{body, cookies, crowd};

/// How long a redirect may take to arrive.
pub(super) const SAID_LIFETIME: Duration = Duration::from_mins(1);

/// An interaction that belongs to this browser, organization and uid.
pub(super) struct Here<'a> {
    pub(super) state: &'a Shared,
    pub(super) tenant: &'a Visit,
    pub(super) bound: BoundInteraction,
    /// Where its forms may end besides with us.
    pub(super) ends_at: Vec<String>,
    /// What the form before led here for.
    pub(super) said: Option<Said>,
}

pub(super) async fn here<'a>(
    state: &'a Shared,
    tenant: &'a Visit,
    uid: &str,
    from: &From,
) -> Result<Here<'a>, Reply> {
    let binding = cookies::read(state, tenant, &from.headers, cookies::INTERACTION);
    let begun = cookies::read(state, tenant, &from.headers, cookies::BEGUN);
    let shown = Shown { binding: binding.as_deref(), travelling: begun.as_deref() };
    match state.engine.interaction(tenant, uid, shown).await {
        Ok(Some(bound)) => {
            let errand = &bound.interaction.errand;
            from.seen.client(errand.client_id().unwrap_or_default());
            tenant.reader.asked_for(errand.ui_locales());
            let ends_at = ends_at(state, tenant, errand).await;
            let said = cookies::read(state, tenant, &from.headers, cookies::SAID);
            Ok(Here { state, tenant, bound, ends_at, said: said.and_then(|said| Said::parse(&said)) })
        }
        Ok(None) => Err(lost(state, tenant, &from.headers, from.query.as_deref(), uid)),
        Err(error) => Err(reply::engine_error_page(state, &tenant.look(), &error)),
    }
}

/// For the form that is sent again after the wait.
pub(super) fn pause_cookie(state: &Shared, tenant: &Visit, pause: &Pause) -> Option<HeaderValue> {
    let path = format!("/{}", tenant.organization.slug);
    cookies::set(state, tenant, cookies::PAUSE, &pause.value, &path, pause.until)
}

/// It ended while a form of it was under way.
fn gone(state: &Shared, tenant: &Visit) -> Reply {
    reply::error_page(state, &tenant.look(), StatusCode::BAD_REQUEST, ErrorText::InteractionExpired, None)
}

/// A browser sends each field of our forms once.
pub(super) async fn form(state: &Shared, tenant: &Visit, from: &From, body: Body) -> Result<Params, Reply> {
    let refuse = |status| reply::error_page(state, &tenant.look(), status, ErrorText::InvalidRequest, None);
    let params = body::form(&from.headers, body).await.map_err(|error| refuse(error.status()))?;
    if params.repeated(&[]).is_some() {
        return Err(refuse(StatusCode::BAD_REQUEST));
    }
    Ok(params)
}

/// A form of this interaction at the stage it belongs to. One that was answered already leads on from there.
pub(super) async fn posted_at<'a>(
    wanted: Stage,
    state: &'a Shared,
    tenant: &'a Visit,
    uid: &str,
    from: &From,
    body: Body,
) -> Result<(Here<'a>, Params), Reply> {
    let params = form(state, tenant, from, body).await?;
    let here = here(state, tenant, uid, from).await?;
    if here.bound.interaction.stage != wanted {
        return Err(here.page_of_stage().await);
    }
    Ok((here, params))
}

/// `GET /{org}/interaction/{uid}`
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    from: From,
) -> Reply {
    let here = or_answer!(here(&state, &tenant, &uid, &from).await);
    here.page_of_stage().await
}

/// `POST /{org}/interaction/{uid}/login`
pub(crate) async fn login(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    from: From,
    body: Body,
) -> Reply {
    let turn = Turn {
        organization: Some(tenant.organization.id),
        is_known: cookies::read(&state, &tenant, &from.headers, cookies::DEVICE).is_some(),
    };
    if state.sign_in.hasher.is_full(turn) {
        return crowd::turn_away(&state, &tenant, body).await;
    }
    let (here, params) = or_answer!(posted_at(Stage::Login, &state, &tenant, &uid, &from, body).await);
    let email = typed_address(params.get("email"));
    if !here.bound.csrf_matches(params.get("_csrf")) {
        return here.told("", Told::CsrfInvalid, &email);
    }
    let password = params.get("password").unwrap_or_default();
    if email.is_empty() {
        return here.told("", Told::EmailMissing, "");
    }
    if password.is_empty() {
        return here.told("", Told::PasswordMissing, &email);
    }
    here.sign_in(&email, password, &from).await
}

/// `POST /{org}/interaction/{uid}/confirm`
pub(crate) async fn confirm(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    from: From,
    body: Body,
) -> Reply {
    let params = or_answer!(form(&state, &tenant, &from, body).await);
    let here = or_answer!(here(&state, &tenant, &uid, &from).await);
    if !here.bound.csrf_matches(params.get("_csrf")) {
        return here.forged();
    }
    if here.bound.interaction.stage != Stage::Consent {
        return here.page_of_stage().await;
    }
    let resume = here.resume();
    let engine = &here.state.engine;
    let decided = if params.get("decision") == Some("approve") {
        engine.approve(here.bound).await
    } else {
        engine.deny(here.bound).await
    };
    match decided {
        Ok(true) => resume,
        Ok(false) => gone(&state, &tenant),
        Err(error) => reply::engine_error_page(&state, &tenant.look(), &error),
    }
}

/// `POST /{org}/interaction/{uid}/abort`: a state change, so not a GET (W30).
pub(crate) async fn abort(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, uid)): Path<(String, String)>,
    from: From,
    body: Body,
) -> Reply {
    let params = or_answer!(form(&state, &tenant, &from, body).await);
    let here = or_answer!(here(&state, &tenant, &uid, &from).await);
    if !here.bound.csrf_matches(params.get("_csrf")) {
        return here.forged();
    }
    let resume = here.resume();
    match here.bound.interaction.stage {
        Stage::Ready | Stage::Denied => resume,
        Stage::Login if !here.bound.is_stored() => {
            let cookie = cookies::read(&state, &tenant, &from.headers, cookies::SESSION);
            let engine = &here.state.engine;
            let resumed = engine.cancel(&tenant, here.bound, cookie.as_deref(), &from.caller).await;
            concluded(&state, &tenant, &from.headers, &uid, cookie, resumed)
        }
        Stage::Login | Stage::SecondFactor | Stage::Consent => match here.state.engine.deny(here.bound).await
        {
            Ok(true) => resume,
            Ok(false) => gone(&state, &tenant),
            Err(error) => reply::engine_error_page(&state, &tenant.look(), &error),
        },
    }
}

impl Here<'_> {
    pub(super) fn url(&self, action: &str) -> String {
        format!("/{}/interaction/{}{action}", self.tenant.organization.slug, self.bound.interaction.uid)
    }

    pub(super) fn absolute(&self, action: &str) -> String {
        format!("{}{}", self.state.engine.issuer_base(), self.url(action))
    }

    /// What the interaction asks for now. A form that was answered already (back button) leads on from there.
    pub(super) async fn page_of_stage(&self) -> Reply {
        match self.bound.interaction.stage {
            Stage::Login => {
                let is_again =
                    matches!(&self.bound.interaction.errand, Errand::Account(e) if e.again.is_some());
                let said = self.said.as_ref();
                let email = said.map(|said| &*said.email).filter(|email| !email.is_empty());
                let flash = said.and_then(|said| said.told.login());
                self.login_page(StatusCode::OK, email, flash.or(is_again.then_some(Flash::SignInAgain))).await
            }
            Stage::SecondFactor => reply::redirect(&self.absolute("/two-factor")),
            Stage::Consent => self.consent_page().await,
            Stage::Ready | Stage::Denied => self.resume(),
        }
    }

    /// A page; what it was to say is said.
    pub(super) fn page(&self, status: StatusCode, page: Page) -> Reply {
        let gone = self.said.as_ref().and_then(|_| cookies::clear(self.state, cookies::SAID, &self.url("")));
        let page = reply::page(status, page.ending_at(self.ends_at.iter().map(String::as_str)));
        reply::with_header(page, header::SET_COOKIE, gone)
    }

    /// Leads to a page of this sign-in, and says there why.
    pub(super) fn told(&self, page: &str, told: Told, email: &str) -> Reply {
        let said = Said { told, email: email.to_owned() };
        let until = self.state.clock.now() + SAID_LIFETIME;
        let said = cookies::set(self.state, self.tenant, cookies::SAID, &said.value(), &self.url(""), until);
        reply::with_header(reply::redirect(&self.absolute(page)), header::SET_COOKIE, said)
    }

    pub(super) fn gone(&self) -> Reply {
        gone(self.state, self.tenant)
    }

    pub(super) fn resume(&self) -> Reply {
        let base = self.state.engine.issuer_base();
        reply::redirect(&format!(
            "{base}/{}/auth/{}",
            self.tenant.organization.slug, self.bound.interaction.uid
        ))
    }

    pub(super) fn forged(&self) -> Reply {
        reply::error_page(
            self.state,
            &self.tenant.look(),
            StatusCode::FORBIDDEN,
            ErrorText::CsrfInvalid,
            None,
        )
    }

    async fn sign_in(self, email: &str, password: &str, from: &From) -> Reply {
        let known = from.known(self.state, self.tenant);
        let attempt = Attempt { email, password: TypedPassword::new(password) };
        let browser = from.browser(&known);
        let bound = self.bound.clone();
        match self.state.sign_in.with_password(self.tenant, bound, attempt, browser).await {
            Ok(
                outcome @ (SignInOutcome::SignedIn(_) | SignInOutcome::SecondFactor | SignInOutcome::Gone),
            ) => self.outcome(outcome, Some(email)).await,
            Ok(SignInOutcome::WrongPassword(form)) => {
                let answer = self.told("", Told::WrongPassword, email);
                self.travelling_on(answer, self.state.engine.remember_refused(&self.bound, form))
            }
            Ok(outcome) => {
                let answer = self.outcome(outcome, Some(email)).await;
                self.answered(answer)
            }
            Err(error) => reply::engine_error_page(self.state, &self.tenant.look(), &error),
        }
    }

    /// Somebody is there, so the sign-in may take its whole time from now on.
    fn answered(&self, reply: Reply) -> Reply {
        self.travelling_on(reply, self.state.engine.keep_travelling(&self.bound))
    }

    fn travelling_on(&self, reply: Reply, kept: Result<Option<Travelling>, EngineError>) -> Reply {
        let path = self.url("");
        let cookie = match kept {
            Ok(kept) => kept.and_then(|kept| {
                cookies::set(self.state, self.tenant, cookies::BEGUN, &kept.text, &path, kept.until)
            }),
            Err(error) => return reply::engine_error_page(self.state, &self.tenant.look(), &error),
        };
        reply::with_header(reply, header::SET_COOKIE, cookie)
    }

    pub(super) fn signed_in(&self, entered: &Entered) -> Reply {
        let session = session_cookie(self.state, self.tenant, &entered.session, entered.expires_at);
        let device = cookies::device(self.state, self.tenant, &entered.device);
        let reply = reply::with_header(self.resume(), header::SET_COOKIE, session);
        reply::with_header(reply, header::SET_COOKIE, device)
    }

    pub(super) async fn limited(&self, email: &str, retry_after: Duration) -> Reply {
        let flash = Flash::RateLimited { retry_after: reply::seconds_up(retry_after) };
        let page = self.login_page(StatusCode::TOO_MANY_REQUESTS, Some(email), Some(flash)).await;
        reply::with_retry_after(page, retry_after)
    }

    /// What a first factor led to; `email` as typed.
    pub(super) async fn outcome(&self, outcome: SignInOutcome, email: Option<&str>) -> Reply {
        match outcome {
            SignInOutcome::SignedIn(entered) => self.signed_in(&entered),
            SignInOutcome::SecondFactor => reply::redirect(&self.absolute("/two-factor")),
            SignInOutcome::Refused | SignInOutcome::WrongPassword(_) => {
                self.told("", Told::WrongPassword, email.unwrap_or_default())
            }
            SignInOutcome::NotActive(status) => {
                let told = match status {
                    UserStatus::Inactive => Told::AccountInactive,
                    UserStatus::Suspended => Told::AccountSuspended,
                    UserStatus::Locked | UserStatus::Active => Told::AccountLocked,
                };
                self.told("", told, email.unwrap_or_default())
            }
            SignInOutcome::Limited { retry_after } => {
                self.limited(email.unwrap_or_default(), retry_after).await
            }
            SignInOutcome::Paused(pause) => {
                let page = self.limited(email.unwrap_or_default(), pause.wait).await;
                reply::with_header(page, header::SET_COOKIE, pause_cookie(self.state, self.tenant, &pause))
            }
            SignInOutcome::Busy => {
                let second = Duration::from_secs(1);
                let page = self
                    .login_page(
                        StatusCode::SERVICE_UNAVAILABLE,
                        email,
                        Some(Flash::RateLimited { retry_after: 1 }),
                    )
                    .await;
                reply::with_retry_after(page, second)
            }
            SignInOutcome::MethodDisabled => self.told("", Told::MethodDisabled, email.unwrap_or_default()),
            // Where the same form was judged before, its answer takes the place of this one.
            SignInOutcome::Repeated => self.page_of_stage().await,
            SignInOutcome::Gone => gone(self.state, self.tenant),
        }
    }
}
