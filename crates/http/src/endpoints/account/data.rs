//! `/{org}/account/data`

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use porta_oidc::AccountPage;
use porta_pages::DownloadDataPage;

use super::{Own, Said};
use crate::endpoints::From;
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Data;

pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, from: From) -> Reply {
    let own = or_answer!(Own::enter(&state, &tenant, &from, PAGE).await);
    let page = DownloadDataPage {
        nav: own.nav(),
        action_url: &own.urls.data,
        csrf: &own.csrf,
        flash: own.said.and_then(Said::flash),
    };
    own.show(StatusCode::OK, state.pages.account_data(&own.look(), &page))
}

/// Answers with a file.
pub(crate) async fn download(
    State(state): State<AppState>,
    Org(tenant): Org,
    from: From,
    body: Body,
) -> Reply {
    let (own, _) = or_answer!(Own::posted(&state, &tenant, &from, body, PAGE).await);
    let recent = or_answer!(own.recent());
    let data = match state.sign_in.own_data(&tenant, recent, &from.caller).await {
        Ok(data) => data,
        Err(error) => return own.trouble(&error),
    };
    let file = format!("attachment; filename=\"{}-account.json\"", tenant.organization.slug);
    let reply = reply::json(StatusCode::OK, &data);
    reply::with_header(reply, header::CONTENT_DISPOSITION, HeaderValue::from_str(&file).ok())
}
