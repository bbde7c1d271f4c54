//! The reference page of the Admin API and its style sheet. Not themed, and not to be replaced by operators.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

/// Style sheet of the page.
pub const API_REFERENCE_STYLE: &str = include_str!("../api/reference.css");

/// The context does not fit the template.
#[derive(Debug, thiserror::Error)]
#[error("the reference page cannot be rendered")]
pub struct ApiReferenceError(#[from] minijinja::Error);

/// Renders the page.
pub fn api_reference(context: impl Serialize) -> Result<String, ApiReferenceError> {
    let mut environment = Environment::new();
    environment.add_template("reference.html", include_str!("../api/reference.html"))?;
    Ok(environment.get_template("reference.html")?.render(Serde(context))?)
}
