//! `/{org}/account/applications`

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::GrantId;
use porta_oidc::AccountPage;
use porta_pages::{ApplicationRow, ApplicationsPage};
use porta_signin::account::Changed;

use super::{Own, Said};
use crate::endpoints::From;
use crate::reply::{Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Applications;

pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, from: From) -> Reply {
    let own = or_answer!(Own::enter(&state, &tenant, &from, PAGE).await);
    let given = match state.sign_in.given_access(&tenant, &own.member).await {
        Ok(given) => given,
        Err(error) => return own.trouble(&error),
    };
    let ids: Vec<String> = given.iter().map(|given| given.grant.id.to_string()).collect();
    let rows: Vec<ApplicationRow<'_>> = given
        .iter()
        .zip(&ids)
        .map(|(given, id)| ApplicationRow {
            id,
            name: &given.client_name,
            scopes: &given.grant.scopes,
            since: given.grant.created_at,
        })
        .collect();
    let page = ApplicationsPage {
        nav: own.nav(),
        action_url: &own.urls.applications,
        csrf: &own.csrf,
        applications: &rows,
        flash: own.said.and_then(Said::flash),
    };
    own.show(StatusCode::OK, state.pages.account_applications(&own.look(), &page))
}

/// `application` is an id of the list.
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    Org(tenant): Org,
    from: From,
    body: Body,
) -> Reply {
    let (own, params) = or_answer!(Own::posted(&state, &tenant, &from, body, PAGE).await);
    let Some(grant) = params.get("application").and_then(GrantId::parse) else { return own.back(PAGE, None) };
    match state.sign_in.withdraw_access(&tenant, &own.member, grant, &from.caller).await {
        Ok(changed) => own.back(PAGE, (changed == Changed::Done).then_some(Said::ApplicationRevoked)),
        Err(error) => own.trouble(&error),
    }
}
