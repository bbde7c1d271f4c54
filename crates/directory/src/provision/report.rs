//! Result of a run, item by item.

use porta_core::client::{Client, ClientId, ClientType};
use porta_core::string_enum;
use porta_core::{ClientSecretId, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::Mode;
use crate::IssuedSecret;

string_enum! {
    /// Kinds of items, in the order of application.
    pub enum ItemKind {
        Organization = "organization",
        Application = "application",
        Client = "client",
        Role = "role",
        Permission = "permission",
        ClaimDefinition = "claim_definition",
        RolePermission = "role_permission_mapping",
        Module = "application_module",
        User = "user",
        UserRole = "user_role_assignment",
        UserClaim = "user_claim_value",
        Setting = "config",
    }
}

/// Outcome of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    Created,
    /// Names of the changed fields.
    Updated(Vec<String>),
    /// Reason for skipping.
    Skipped(&'static str),
}

/// An item that was created or updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub kind: ItemKind,
    pub slug: String,
    pub name: String,
    pub changes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    pub kind: ItemKind,
    pub slug: String,
    pub reason: &'static str,
}

/// One problem of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemError {
    pub kind: ItemKind,
    pub slug: String,
    /// Path in the document.
    pub path: String,
    pub error: String,
    /// The actor may not do this.
    pub is_forbidden: bool,
}

/// A client of the run; `secret` only if it was added in this run.
#[derive(Debug)]
pub struct Credential {
    pub client_name: String,
    /// `None` if nothing was applied and a run that applies would generate it.
    pub client_id: Option<ClientId>,
    pub client_type: ClientType,
    pub secret: Option<CredentialSecret>,
    /// Whether this run generated the identifier.
    pub(super) has_new_id: bool,
}

#[derive(Debug)]
pub struct CredentialSecret {
    pub id: ClientSecretId,
    pub label: Option<String>,
    pub expires_at: Option<Timestamp>,
    pub value: SecretValue,
}

#[derive(Debug)]
pub enum SecretValue {
    /// Supplied by the file.
    Given,
    /// Generated; available only now.
    Generated(SecretString),
    /// Nothing was applied, so no secret was generated.
    WouldBeGenerated,
}

const WOULD_BE_GENERATED: &str = "(would be generated)";

#[derive(Debug)]
pub struct Report {
    pub mode: Mode,
    pub dry_run: bool,
    /// Whether the changes were committed. `false` after a dry run, and after errors without keep-going.
    pub applied: bool,
    pub created: Vec<Entry>,
    pub updated: Vec<Entry>,
    pub skipped: Vec<Skipped>,
    pub errors: Vec<ItemError>,
    pub credentials: Vec<Credential>,
}

impl Report {
    pub(super) fn new(mode: Mode, dry_run: bool) -> Self {
        Self {
            mode,
            dry_run,
            applied: false,
            created: Vec::new(),
            updated: Vec::new(),
            skipped: Vec::new(),
            errors: Vec::new(),
            credentials: Vec::new(),
        }
    }

    pub(super) fn credential(&mut self, client: &Client, has_new_id: bool, secret: Option<IssuedSecret>) {
        self.credentials.push(Credential {
            client_name: client.client_name.clone(),
            client_id: Some(client.client_id.clone()),
            client_type: client.client_type,
            secret: secret.map(|issued| CredentialSecret {
                id: issued.stored.id,
                label: issued.stored.label,
                expires_at: issued.stored.expires_at,
                value: issued.generated.map_or(SecretValue::Given, SecretValue::Generated),
            }),
            has_new_id,
        });
    }

    /// Removes generated ids and secrets from the report: nothing was applied, so they are not valid.
    pub(super) fn withhold_secrets(&mut self) {
        for credential in &mut self.credentials {
            if credential.has_new_id {
                credential.client_id = None;
            }
            if let Some(secret) = &mut credential.secret
                && matches!(secret.value, SecretValue::Generated(_))
            {
                secret.value = SecretValue::WouldBeGenerated;
            }
        }
    }

    /// The report as JSON. `with_secrets` includes generated secrets; only for output that just the operator reads.
    pub fn to_json(&self, with_secrets: bool) -> Value {
        let entry = |e: &Entry| {
            let mut out = json!({ "type": e.kind, "slug": e.slug, "name": e.name });
            if !e.changes.is_empty() {
                out["changes"] = json!(e.changes);
            }
            out
        };
        json!({
            "mode": if self.dry_run { "dry-run" } else { self.mode.as_str() },
            "applied": self.applied,
            "created": self.created.iter().map(entry).collect::<Vec<_>>(),
            "updated": self.updated.iter().map(entry).collect::<Vec<_>>(),
            "skipped": self.skipped.iter()
                .map(|s| json!({ "type": s.kind, "slug": s.slug, "reason": s.reason })).collect::<Vec<_>>(),
            "errors": self.errors.iter()
                .map(|e| json!({ "type": e.kind, "slug": e.slug, "path": e.path, "error": e.error }))
                .collect::<Vec<_>>(),
            "credentials": self.credentials.iter()
                .map(|c| c.to_json(with_secrets)).collect::<Vec<_>>(),
        })
    }
}

impl Credential {
    /// The public identifier for tables, or a placeholder.
    pub fn shown_client_id(&self) -> &str {
        self.client_id.as_ref().map_or(WOULD_BE_GENERATED, ClientId::as_str)
    }

    fn to_json(&self, with_secrets: bool) -> Value {
        let mut out = json!({
            "clientName": self.client_name,
            "clientId": self.shown_client_id(),
            "clientType": self.client_type,
        });
        let Some(secret) = &self.secret else { return out };
        out["secretId"] = json!(secret.id);
        out["secretLabel"] = json!(secret.label);
        out["secretExpiresAt"] = json!(secret.expires_at.map(Timestamp::rfc3339));
        match &secret.value {
            SecretValue::Generated(text) if with_secrets => {
                out["secretPlaintext"] = json!(text.expose_secret());
            }
            SecretValue::WouldBeGenerated => out["secretPlaintext"] = json!(WOULD_BE_GENERATED),
            SecretValue::Generated(_) | SecretValue::Given => {}
        }
        out
    }
}
