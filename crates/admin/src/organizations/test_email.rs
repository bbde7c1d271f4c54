//! `POST /organizations/{orgId}/test-email`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Authorized, UpdateOrganizations};
use crate::answer::Data;
use crate::body::JsonBody;
use crate::error::Result;
use crate::limits;
use crate::path::InPath;
use crate::state::AdminState;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct TestEmail {
    /// Left out: the address of the caller. Another one needs `admin:user:invite` as well.
    #[schema(max_length = 320)]
    to: Option<String>,
}

/// A test mail that waits to be sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedEmail {
    to: String,
}

/// Send a test mail in the organization's name and branding.
///
/// The mail is queued; the audit log tells when the relay took it. At most ten within an hour.
#[utoipa::path(post, path = "/organizations/{orgId}/test-email", tag = "organizations", request_body = TestEmail,
    responses((status = 202, body = Data<QueuedEmail>)))]
pub(crate) async fn send_test_email(
    caller: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
    JsonBody(body): JsonBody<TestEmail>,
) -> Result<Reply> {
    limits::count_test_mail(&state, caller.principal()).await?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = unit.organization(&name).await?;
    let address = unit.organizations().queue_test_mail(&organization, body.to.as_deref()).await?;
    unit.commit().await?;
    let data = QueuedEmail { to: address.shown().to_owned() };
    Ok(reply::json(StatusCode::ACCEPTED, &Data { data }))
}
