//! `/{org}/account/data`

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use porta_pages::DownloadDataPage;
use porta_session::AccountPage;

use super::AccountRequest;
use crate::endpoints::ClientInfo;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Data;

pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = AccountRequest::load(&state, &tenant, &client_info, PAGE).await?;
    let page = DownloadDataPage {
        nav: request.nav(),
        action_url: &request.urls.data,
        csrf: &request.csrf,
        flash: request.flash_message.and_then(FlashKind::account),
    };
    Ok(request.show(StatusCode::OK, state.pages.render(&request.theme(), &page)))
}

/// Responds with a file download.
pub(crate) async fn download(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let recent = request.require_recent()?;
    let data = state.sign_in.account.data.export(request.operation(), recent).await;
    let data = data.map_err(|error| request.backend_error(&error))?;
    let file = format!("attachment; filename=\"{}-account.json\"", tenant.organization.slug);
    let reply = reply::json(StatusCode::OK, &data);
    Ok(reply::with_header(reply, header::CONTENT_DISPOSITION, HeaderValue::from_str(&file).ok()))
}
