//! What a request for an export asks for.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use porta_core::application::Application;
use porta_core::organization::Organization;
use utoipa::IntoParams;

use super::format::Format;
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::state::AdminState;

const FORMATS: [(&str, Format); 2] =
    [(Format::Json.as_str(), Format::Json), (Format::Csv.as_str(), Format::Csv)];

/// The parameter that every export of rows has, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `ExportRequest` reads")]
pub(super) struct FormatParameter {
    /// `json` or `csv` (RFC 4180; a text that begins like a formula is preceded by an apostrophe).
    #[param(default = "json")]
    format: Option<String>,
}

/// How rows are wanted.
pub(super) struct ExportRequest {
    pub(super) query: Query,
    pub(super) format: Format,
    /// Only the headers: nothing leaves the installation.
    pub(super) is_head: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for ExportRequest {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let query = Query::from_request_parts(parts, state).await?;
        let format = query.word("format", &FORMATS)?.unwrap_or(Format::Json);
        Ok(Self { query, format, is_head: parts.method == Method::HEAD })
    }
}

impl ExportRequest {
    /// The organization whose rows are exported.
    pub(super) async fn organization(&self, state: &AdminState, entity_type: &str) -> Result<Organization> {
        let missing = || AdminError::Rule(format!("Organization ID required for {entity_type} export"));
        let name = self.query.text("organizationId").filter(|name| !name.is_empty()).ok_or_else(missing)?;
        Ok(state.directory.queries().organization(name).await?)
    }

    /// The application whose rows are exported.
    pub(super) async fn application(&self, state: &AdminState, entity_type: &str) -> Result<Application> {
        let missing = || AdminError::Rule(format!("Application ID required for {entity_type} export"));
        let name = self.query.text("applicationId").filter(|name| !name.is_empty()).ok_or_else(missing)?;
        Ok(state.directory.queries().applications().find(name).await?)
    }
}
