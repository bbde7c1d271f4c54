//! Sends a manifest, and judges the answer.

use porta_client::Client;
use porta_client::types::{ImportBody, ImportMode};
use porta_directory::Problem;
use serde_json::Value;

use super::input::Input;
use crate::failure::Failure;
use crate::output;

/// How a manifest is applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Rewrites the fields that the file names.
    pub(super) overwrites: bool,
    pub(super) is_dry: bool,
    pub(super) keeps_going: bool,
}

/// What the server answered, with the paths of the file. Fields that have no value are left out.
pub(super) struct Outcome(pub(super) Value);

pub(super) async fn import(admin: &Client, input: &Input, how: How) -> Result<Outcome, Failure> {
    let mode = if how.overwrites { ImportMode::Overwrite } else { ImportMode::Merge };
    let body = ImportBody {
        mode: Some(mode),
        dry_run: Some(how.is_dry),
        keep_going: Some(how.keeps_going),
        manifest: input.manifest.clone(),
    };
    let answer = output::while_waiting("applying the file", admin.imports.import_manifest(&body)).await?;
    let mut answer = serde_json::to_value(&answer).map_err(|error| Failure::chain(&error))?;
    for error in answer["errors"].as_array_mut().into_iter().flatten() {
        let path = error["path"].as_str().map(|path| input.path(path)).unwrap_or_default();
        error["path"] = path.into();
    }
    for credential in answer["credentials"].as_array_mut().into_iter().flatten() {
        if let Value::Object(fields) = credential {
            fields.retain(|_, value| !value.is_null());
        }
    }
    Ok(Outcome(answer))
}

impl Outcome {
    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.0[name].as_array().map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_applied(&self) -> bool {
        self.0["applied"] == true
    }

    /// Whether everything is as the file says.
    pub(super) fn changes_nothing(&self) -> bool {
        ["created", "updated", "errors"].iter().all(|name| self.list(name).is_empty())
    }

    /// Without the secrets, which are elsewhere.
    pub(super) fn hide_secrets(&mut self) {
        for credential in self.0["credentials"].as_array_mut().into_iter().flatten() {
            if let Value::Object(fields) = credential {
                fields.remove("secretPlaintext");
            }
        }
    }

    /// Items that were refused are a failure, with their places.
    pub(super) fn judge(&self, input: &Input, how: How) -> Result<(), Failure> {
        let errors = self.list("errors");
        if errors.is_empty() {
            return Ok(());
        }
        if how.keeps_going {
            return Err(Failure::Partial);
        }
        let text = |error: &Value, name: &str| error[name].as_str().unwrap_or_default().to_owned();
        let problems = errors.iter().map(|error| Problem::new(text(error, "path"), text(error, "error")));
        let refusal = input.refusal(problems.collect());
        Err(match refusal {
            Failure::Validation(mut lines) => {
                lines.push("nothing was applied".to_owned());
                Failure::Validation(lines)
            }
            other => other,
        })
    }
}
