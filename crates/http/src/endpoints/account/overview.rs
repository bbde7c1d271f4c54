//! `/{org}/account`, and the button that has the address confirmed.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::mail::Recipient;
use porta_oidc::AccountPage;
use porta_pages::OverviewPage;

use super::factors::kind;
use super::{Own, Said};
use crate::endpoints::From;
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, from: From) -> Reply {
    let own = or_answer!(Own::enter(&state, &tenant, &from, AccountPage::Overview).await);
    let held = match state.sign_in.held_factors(&tenant, &own.member).await {
        Ok(held) => held,
        Err(error) => return own.trouble(&error),
    };
    let user = &own.member.user;
    let recipient = Recipient::of(user);
    let verify_email_url = own.url("/account/verify-email");
    let page = OverviewPage {
        nav: own.nav(),
        csrf: &own.csrf,
        name: recipient.full_name.as_deref(),
        email: user.email.shown(),
        email_verified: user.email_verified,
        verify_email_url: (!user.email_verified).then_some(&*verify_email_url),
        has_password: user.password_hash.is_some(),
        password_changed_at: user.password_changed_at,
        second_factor: held.method.map(kind),
        recovery_codes_left: u32::try_from(held.recovery_codes_left).unwrap_or(u32::MAX),
        flash: own.said.and_then(Said::flash),
    };
    own.show(StatusCode::OK, state.pages.account_overview(&own.look(), &page))
}

/// `POST /{org}/account/verify-email`: mails a link that confirms the address.
pub(crate) async fn verify_email(
    State(state): State<AppState>,
    Org(tenant): Org,
    from: From,
    body: Body,
) -> Reply {
    let (own, _) = or_answer!(Own::posted(&state, &tenant, &from, body, AccountPage::Overview).await);
    match state.sign_in.mail_verification(&tenant, &own.member.user, &from.caller).await {
        Ok(None) => own.back(AccountPage::Overview, Some(Said::VerificationSent)),
        Ok(Some(retry_after)) => reply::limited_page(&state, &tenant, retry_after),
        Err(error) => own.trouble(&error),
    }
}
