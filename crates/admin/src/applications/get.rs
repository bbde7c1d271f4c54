//! `GET /applications/{appId}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::view::ApplicationView;
use crate::access::{Authorized, ReadApplications};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// Get an application, whatever its status. A slug that several organizations use names none.
#[utoipa::path(get, path = "/applications/{appId}", tag = "applications",
    responses((status = 200, body = Data<ApplicationView>,
        headers(("ETag" = String, description = "Version of the application, for `If-Match`.")))))]
pub(crate) async fn get_application(
    _: Authorized<ReadApplications>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
) -> Result<Reply> {
    let application = state.directory.queries().applications().find(&application).await?;
    let tag = ApplicationView::tag(&application);
    Ok(with_etag(answer::ok(ApplicationView::from(application)), &tag))
}
