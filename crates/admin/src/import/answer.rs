//! What an import did, or would do.

use porta_core::EntityId as _;
use porta_directory::provision::{Credential, Entry, ItemError, Report, SecretValue, Skipped};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::optional_time;
use crate::manifest::Places;

/// Stands for what only a run that stores something makes.
const WOULD_BE_GENERATED: &str = "(would be generated)";

/// What an import did, item by item.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportAnswer {
    /// `merge`, `overwrite`, or `dry-run` if nothing was to be stored.
    mode: &'static str,
    /// Whether the changes are stored.
    applied: bool,
    created: Vec<CreatedItem>,
    updated: Vec<UpdatedItem>,
    skipped: Vec<SkippedItem>,
    errors: Vec<RefusedItem>,
    /// The clients of the manifest.
    credentials: Vec<ClientCredential>,
}

/// An item that was created.
#[derive(Serialize, ToSchema)]
struct CreatedItem {
    /// `organization`, `application`, `client`, `role`, `permission`, `claim_definition`, `role_permission_mapping`,
    /// `application_module`, `user`, `user_role_assignment`, `user_claim_value` or `config`.
    #[serde(rename = "type")]
    kind: &'static str,
    slug: String,
    name: String,
}

/// An item that was changed.
#[derive(Serialize, ToSchema)]
struct UpdatedItem {
    #[serde(rename = "type")]
    kind: &'static str,
    slug: String,
    name: String,
    /// Names of the changed fields.
    changes: Vec<String>,
}

/// An item that stays as it is.
#[derive(Serialize, ToSchema)]
struct SkippedItem {
    #[serde(rename = "type")]
    kind: &'static str,
    slug: String,
    reason: &'static str,
}

/// An item that was refused.
#[derive(Serialize, ToSchema)]
struct RefusedItem {
    #[serde(rename = "type")]
    kind: &'static str,
    slug: String,
    /// Place in the manifest.
    path: String,
    error: String,
}

/// A client, with its secret if it got one.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ClientCredential {
    client_name: String,
    /// `(would be generated)` in a dry run.
    client_id: String,
    /// `confidential` or `public`.
    client_type: &'static str,
    /// Shown this one time. `(would be generated)` in a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_plaintext: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_id: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_expires_at: Option<String>,
}

impl ImportAnswer {
    pub(super) fn of(report: Report, places: &Places) -> Self {
        let refused = |error: ItemError| {
            let path = places.in_manifest(&error.path);
            RefusedItem { kind: error.kind.as_str(), slug: error.slug, path, error: error.error }
        };
        Self {
            mode: if report.dry_run { "dry-run" } else { report.mode.as_str() },
            applied: report.applied,
            created: report.created.into_iter().map(CreatedItem::from).collect(),
            updated: report.updated.into_iter().map(UpdatedItem::from).collect(),
            skipped: report.skipped.into_iter().map(SkippedItem::from).collect(),
            errors: report.errors.into_iter().map(refused).collect(),
            credentials: report.credentials.into_iter().map(ClientCredential::from).collect(),
        }
    }
}

impl From<Entry> for CreatedItem {
    fn from(entry: Entry) -> Self {
        Self { kind: entry.kind.as_str(), slug: entry.slug, name: entry.name }
    }
}

impl From<Entry> for UpdatedItem {
    fn from(entry: Entry) -> Self {
        let Entry { kind, slug, name, changes } = entry;
        Self { kind: kind.as_str(), slug, name, changes }
    }
}

impl From<Skipped> for SkippedItem {
    fn from(skipped: Skipped) -> Self {
        Self { kind: skipped.kind.as_str(), slug: skipped.slug, reason: skipped.reason }
    }
}

impl From<Credential> for ClientCredential {
    fn from(credential: Credential) -> Self {
        let mut shown = Self {
            client_id: credential.shown_client_id().to_owned(),
            client_name: credential.client_name,
            client_type: credential.client_type.as_str(),
            secret_plaintext: None,
            secret_id: None,
            secret_label: None,
            secret_expires_at: None,
        };
        let Some(secret) = credential.secret else { return shown };
        shown.secret_label = secret.label;
        shown.secret_expires_at = optional_time(secret.expires_at);
        let (plaintext, id) = match secret.value {
            SecretValue::Generated(value) => (Some(exposed(&value)), Some(secret.id.uuid())),
            SecretValue::WouldBeGenerated => (Some(WOULD_BE_GENERATED.to_owned()), None),
            // The caller has it.
            SecretValue::Given => (None, Some(secret.id.uuid())),
        };
        shown.secret_plaintext = plaintext;
        shown.secret_id = id;
        shown
    }
}

fn exposed(value: &SecretString) -> String {
    value.expose_secret().to_owned()
}
