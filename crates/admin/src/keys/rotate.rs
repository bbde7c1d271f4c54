//! `POST /keys/rotate` and `POST /keys/{keyId}/retire`.

use axum::extract::State;
use porta_core::organization::Organization;
use porta_core::signing_key::{SigningAlgorithm, SigningKeyStatus};
use porta_directory::{DirectoryError, KeySummary, Rotation, Transaction};
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use super::input::{KeyParameters, RetirementBody, RotationBody, organization_of, urgency};
use super::view::SigningKeyView;
use crate::access::{Authorized, RotateKeys};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

/// The key that signs after a rotation; of several, that of the first algorithm.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RotatedKeys {
    #[serde(flatten)]
    key: SigningKeyView,
    /// Keys that signed until now.
    retired_count: usize,
    message: &'static str,
}

/// A rotation that comes too soon may have published a missing next key: its waiting time begins, so it is kept.
async fn outcome<T>(unit: Transaction, result: porta_directory::Result<T>) -> Result<(Transaction, T)> {
    match result {
        Ok(value) => Ok((unit, value)),
        Err(error @ DirectoryError::TooSoon { .. }) => {
            unit.commit().await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The key that signs now. An organization that never signed gets its first.
async fn signing_key(
    unit: &mut Transaction,
    organization: &Organization,
    rotations: &[Rotation],
) -> Result<KeySummary> {
    let mut keys = unit.signing_keys();
    let key = match rotations.first() {
        Some(rotation) => keys.find(organization, &rotation.active).await?,
        None => keys.generate(organization, SigningAlgorithm::Es256).await?,
    };
    Ok(key)
}

/// Rotate the signing keys of an organization.
///
/// Of all algorithms or of one: the active key retires, and the published next key signs. Refused (409) until every
/// verifier knows that one, unless it is an emergency.
#[utoipa::path(post, path = "/keys/rotate", tag = "keys", params(KeyParameters), request_body = RotationBody,
    responses((status = 201, body = Data<RotatedKeys>)))]
pub(crate) async fn rotate_signing_keys(
    caller: Authorized<RotateKeys>,
    State(state): State<AdminState>,
    query: Query,
    JsonBody(body): JsonBody<RotationBody>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let name = organization_of(&query, body.organization_id.as_deref());
    let organization = unit.organization(name).await?;
    let result =
        unit.signing_keys().rotate_each(&organization, body.algorithm, urgency(body.emergency)).await;
    let (mut unit, rotations) = outcome(unit, result).await?;
    let key = signing_key(&mut unit, &organization, &rotations).await?;
    unit.commit().await?;
    Ok(answer::created(RotatedKeys {
        key: SigningKeyView::of(&state, &organization, key),
        retired_count: rotations.iter().filter(|rotation| rotation.retired.is_some()).count(),
        message: "Keys rotated — new active key generated",
    }))
}

/// Retire an active signing key: the published next key of its algorithm signs.
#[utoipa::path(post, path = "/keys/{keyId}/retire", tag = "keys", params(KeyParameters),
    request_body = RetirementBody, responses((status = 200, body = Data<SigningKeyView>)))]
pub(crate) async fn retire_signing_key(
    caller: Authorized<RotateKeys>,
    State(state): State<AdminState>,
    InPath(id): InPath<String>,
    query: Query,
    JsonBody(body): JsonBody<RetirementBody>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let name = organization_of(&query, body.organization_id.as_deref());
    let organization = unit.organization(name).await?;
    let key = unit.signing_keys().find(&organization, &id).await?;
    if key.status != SigningKeyStatus::Active {
        return Err(AdminError::Rule(format!("Cannot retire signing key from status: {}", key.status)));
    }
    let result = unit.signing_keys().retire(&organization, &key, urgency(body.emergency)).await;
    let (mut unit, _) = outcome(unit, result).await?;
    let key = unit.signing_keys().find(&organization, &key.kid).await?;
    unit.commit().await?;
    Ok(answer::ok(SigningKeyView::of(&state, &organization, key)))
}
