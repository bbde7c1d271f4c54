//! Statistics.

mod logins;
mod organization;
mod overview;
mod view;

use axum::http::{HeaderValue, header};
use porta_web::reply::Reply;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::AdminState;

/// As long as numbers are kept here.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("private, max-age=60");

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new()
        .routes(routes!(overview::get_statistics))
        .routes(routes!(organization::get_organization_statistics))
        .routes(routes!(logins::get_login_series))
}

/// Lets the client keep an answer for as long as the numbers are kept here.
fn kept(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(header::CACHE_CONTROL, CACHE_CONTROL);
    reply
}
