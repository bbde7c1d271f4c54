//! The values of a path with several parameters.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;

use crate::error::AdminError;

/// The values that stand in a path, by the names of the route.
pub(crate) struct PathValues(Vec<(String, String)>);

impl PathValues {
    /// Empty if the route has no parameter of this name.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathValues {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, AdminError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        // What is no text names nothing.
        let params = params.map_err(|_| AdminError::NotFound("Not found".to_owned()))?;
        Ok(Self(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }
}
