//! `/{org}/account/applications`

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::GrantId;
use porta_pages::{ApplicationRow, ApplicationsPage};
use porta_session::AccountPage;
use porta_signin::account::AccountChange;

use super::AccountRequest;
use crate::endpoints::ClientInfo;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::Reply;
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Applications;

pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = AccountRequest::load(&state, &tenant, &client_info, PAGE).await?;
    let devices = &state.sign_in.account.devices;
    let given = devices.list_grants(request.operation(), &request.signed_in).await;
    let given = given.map_err(|error| request.backend_error(&error))?;
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
        nav: request.nav(),
        action_url: &request.urls.applications,
        csrf: &request.csrf,
        applications: &rows,
        flash: request.flash_message.and_then(FlashKind::account),
    };
    Ok(request.show(StatusCode::OK, state.pages.render(&request.theme(), &page)))
}

/// Withdraws the access of an application; `application` is a grant id of the list.
pub(crate) async fn withdraw(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let Some(grant) = params.get("application").and_then(GrantId::parse) else {
        return Ok(request.redirect_with_flash(PAGE, None));
    };
    let devices = &state.sign_in.account.devices;
    let changed = devices.withdraw_grant(request.operation(), &request.signed_in, grant).await;
    let is_done = changed.map_err(|error| request.backend_error(&error))? == AccountChange::Done;
    Ok(request.redirect_with_flash(PAGE, is_done.then_some(FlashKind::ApplicationRevoked)))
}
