//! `/{org}/account/data`

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use porta_pages::DownloadDataPage;
use porta_session::AccountPage;

use super::AccountRequest;
use crate::endpoints::ClientInfo;
use crate::flash::FlashKind;
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Data;

pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, client_info: ClientInfo) -> Reply {
    let request = or_answer!(AccountRequest::load(&state, &tenant, &client_info, PAGE).await);
    let page = DownloadDataPage {
        nav: request.nav(),
        action_url: &request.urls.data,
        csrf: &request.csrf,
        flash: request.flash_message.and_then(FlashKind::account),
    };
    request.show(StatusCode::OK, state.pages.account_data(&request.theme(), &page))
}

/// Responds with a file download.
pub(crate) async fn download(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, _) = or_answer!(AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await);
    let recent = or_answer!(request.require_recent());
    let data = match state.sign_in.account.data.export(request.operation(), recent).await {
        Ok(data) => data,
        Err(error) => return request.error_page(&error),
    };
    let file = format!("attachment; filename=\"{}-account.json\"", tenant.organization.slug);
    let reply = reply::json(StatusCode::OK, &data);
    reply::with_header(reply, header::CONTENT_DISPOSITION, HeaderValue::from_str(&file).ok())
}
