//! The request.

use axum::extract::{FromRequest, Request};
use porta_directory::provision::{Mode, Options};
use serde::Deserialize;
use serde_json::error::Category;
use utoipa::ToSchema;

use crate::body::{JSON, media_type, read_body};
use crate::error::{AdminError, Detail, Result};
use crate::manifest::{Manifest, VERSION};

/// Most bytes of a request.
pub(crate) const LARGEST: usize = 10 * 1024 * 1024;

/// What to apply, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportBody {
    /// Without it nothing is stored.
    mode: Option<ImportMode>,
    /// `true`: stores nothing, and shows what `mode` would do.
    dry_run: Option<bool>,
    /// `false`: stores nothing if one item is refused. Otherwise everything else is stored.
    #[schema(default = true)]
    keep_going: Option<bool>,
    pub(super) manifest: Manifest,
}

/// What to do with what exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ImportMode {
    /// It stays as it is.
    Merge,
    /// It gets the fields of the manifest.
    Overwrite,
    /// Stores nothing, and shows what `merge` would do.
    DryRun,
}

impl ImportBody {
    pub(super) fn options(&self) -> Options {
        let mode = self.mode.unwrap_or(ImportMode::DryRun);
        Options {
            mode: match mode {
                ImportMode::Overwrite => Mode::Overwrite,
                ImportMode::Merge | ImportMode::DryRun => Mode::Merge,
            },
            dry_run: mode == ImportMode::DryRun || self.dry_run == Some(true),
            keep_going: self.keep_going.unwrap_or(true),
        }
    }
}

/// The body of a request, with a limit of its own. What is wrong with the manifest is told in one sentence, as for the
/// reference.
pub(crate) struct ImportRequest(pub(super) ImportBody);

impl<S: Send + Sync> FromRequest<S> for ImportRequest {
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, LARGEST).await?;
        let is_json = media_type(&parts.headers) == JSON;
        let text: &[u8] = if is_json && !bytes.is_empty() { &bytes } else { b"{}" };
        let body = parse(text)?;
        let version = &body.manifest.version;
        if version != VERSION {
            let text = format!("Unsupported manifest version: {version}. Expected: {VERSION}");
            return Err(AdminError::Rule(text));
        }
        Ok(Self(body))
    }
}

/// Not by way of a JSON value as other bodies: that would take many times the memory of a large manifest.
fn parse(text: &[u8]) -> Result<ImportBody> {
    // Serde would take a list for an object.
    if !text.trim_ascii_start().starts_with(b"{") {
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok();
        return Err(if is_json {
            AdminError::Validation(vec![Detail::wrong_type("", "use a JSON object")])
        } else {
            invalid_json()
        });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let body = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        match error.classify() {
            Category::Data => refused(&path, &error.to_string()),
            Category::Syntax | Category::Eof | Category::Io => invalid_json(),
        }
    })?;
    deserializer.end().map_err(|_| invalid_json())?;
    Ok(body)
}

fn invalid_json() -> AdminError {
    AdminError::Rule("Invalid JSON".to_owned())
}

/// A value of the wrong shape.
fn refused(path: &str, message: &str) -> AdminError {
    // The place in the text helps nobody: the path is told.
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    match path.strip_prefix("manifest") {
        Some(rest) => {
            let place = rest.trim_start_matches('.');
            let separator = if place.is_empty() { "" } else { ": " };
            AdminError::Rule(format!("Invalid import manifest: {place}{separator}{message}"))
        }
        None => AdminError::Validation(vec![Detail::wrong_type(path.trim_matches('.'), message)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        match parse(text.as_bytes()).unwrap_err() {
            AdminError::Rule(text) => text,
            AdminError::Validation(details) => format!("{details:?}"),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn what_is_wrong_with_a_manifest_names_its_place() {
        for (manifest, expected) in [
            ("{}", "missing field `version`"),
            ("[]", "invalid"),
            (r#"{"version":1}"#, "version: invalid type: integer `1`, expected a string"),
            (r#"{"version":"1.0","users":{}}"#, "users: invalid type: map, expected a sequence"),
            (r#"{"version":"1.0","users":[{}]}"#, "users[0]: missing field `email`"),
            (
                r#"{"version":"1.0","organizations":[{"name":"A","slug":"a","two_factor_policy":"none"}]}"#,
                "organizations[0].two_factor_policy: unknown variant `none`",
            ),
        ] {
            let text = error(&format!(r#"{{"manifest":{manifest}}}"#));
            assert!(text.starts_with("Invalid import manifest: "), "{text}");
            assert!(text.contains(expected), "{text}");
            assert!(!text.contains("line"), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_elsewhere_is_no_fault_of_the_manifest() {
        assert!(error("{}").contains("missing field `manifest`"));
        let good = r#""manifest":{"version":"1.0"}"#;
        assert!(error(&format!(r#"{{"mode":"replace",{good}}}"#)).contains("unknown variant `replace`"));
        assert!(error(&format!(r#"{{"dryRun":"yes",{good}}}"#)).contains("dryRun"));
        for text in ["", "{", "x", "{\"manifest\":", &format!("{{{good}}}x")] {
            assert_eq!(error(text), "Invalid JSON", "{text}");
        }
        for text in ["[]", "1", "null"] {
            assert!(error(text).contains("use a JSON object"), "{text}");
        }
    }

    #[test]
    fn nothing_is_stored_unless_a_mode_says_so() {
        let options = |fields: &str| {
            let text = format!(r#"{{{fields}"manifest":{{"version":"1.0","unknown":1}}}}"#);
            let Options { mode, dry_run, keep_going } = parse(text.as_bytes()).unwrap().options();
            (mode, dry_run, keep_going)
        };
        assert_eq!(options(""), (Mode::Merge, true, true));
        assert_eq!(options(r#""dryRun":false,"#), (Mode::Merge, true, true));
        assert_eq!(options(r#""mode":"merge","#), (Mode::Merge, false, true));
        assert_eq!(options(r#""mode":"dry-run","dryRun":false,"#), (Mode::Merge, true, true));
        assert_eq!(options(r#""mode":"overwrite","dryRun":true,"#), (Mode::Overwrite, true, true));
        assert_eq!(options(r#""mode":"overwrite","keepGoing":false,"#), (Mode::Overwrite, false, false));
    }
}
