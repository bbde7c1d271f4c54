//! Whose settings a request means.

use porta_directory::DirectoryError;
use utoipa::IntoParams;

use crate::error::AdminError;

/// The query of every request, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what the handlers read")]
pub(super) struct SettingParameters {
    /// Id or slug of the organization whose settings are meant. Without it, the platform's.
    organization_id: Option<String>,
}

/// Names an unknown setting as clients expect it.
pub(super) fn named(key: &str) -> impl FnOnce(DirectoryError) -> AdminError {
    move |error| match error {
        DirectoryError::NotFound { kind: "setting", .. } => {
            AdminError::NotFound(format!("Config key not found: {key}"))
        }
        other => other.into(),
    }
}
