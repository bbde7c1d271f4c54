//! Classifies database errors by their code.

use porta_store::StoreError;
use sqlx::error::DatabaseError;

/// Names of unique constraints by the columns that SQLite reports; PostgreSQL reports the name itself. A test compares
/// the list with the schema.
pub(crate) const UNIQUE_RULES: &[(&str, &str)] = &[
    ("access_tokens.digest", "access_tokens_pkey"),
    ("application_modules.application_id, application_modules.slug", "application_modules_slug"),
    ("application_modules.id", "application_modules_pkey"),
    ("applications.id", "applications_pkey"),
    ("applications.organization_id, applications.slug", "applications_owner_slug"),
    ("applications.slug", "applications_platform_slug"),
    ("audit_log.id", "audit_log_pkey"),
    ("branding_assets.id", "branding_assets_pkey"),
    ("branding_assets.organization_id, branding_assets.asset_type", "branding_assets_owner_type"),
    ("client_organizations.client_id, client_organizations.organization_id", "client_organizations_pkey"),
    ("client_secrets.id", "client_secrets_pkey"),
    ("clients.client_id", "clients_client_id"),
    ("clients.id", "clients_pkey"),
    (
        "custom_claim_definitions.application_id, custom_claim_definitions.claim_name",
        "custom_claim_definitions_name",
    ),
    ("custom_claim_definitions.id", "custom_claim_definitions_pkey"),
    ("custom_claim_values.user_id, custom_claim_values.claim_id", "custom_claim_values_pkey"),
    ("grants.id", "grants_pkey"),
    ("grants.organization_id, grants.user_id, grants.client_id", "grants_owner"),
    ("leases.name", "leases_pkey"),
    ("one_time_tokens.digest", "one_time_tokens_digest"),
    ("one_time_tokens.id", "one_time_tokens_pkey"),
    (
        "one_time_tokens.organization_id, one_time_tokens.user_id, one_time_tokens.purpose",
        "one_time_tokens_live",
    ),
    ("organizations.id", "organizations_pkey"),
    ("organizations.is_super_admin", "organizations_super_admin"),
    ("organizations.slug", "organizations_slug"),
    ("outbox.id", "outbox_pkey"),
    ("outbox.idempotency_key", "outbox_idempotency_key"),
    ("permissions.application_id, permissions.slug", "permissions_slug"),
    ("permissions.id", "permissions_pkey"),
    ("refresh_tokens.digest", "refresh_tokens_pkey"),
    ("role_permissions.role_id, role_permissions.permission_id", "role_permissions_pkey"),
    ("roles.application_id, roles.slug", "roles_slug"),
    ("roles.id", "roles_pkey"),
    ("sessions.id", "sessions_pkey"),
    ("settings.key", "settings_platform_key"),
    ("settings.organization_id, settings.key", "settings_owner_key"),
    ("signing_keys.id", "signing_keys_pkey"),
    ("signing_keys.kid", "signing_keys_kid"),
    ("signing_keys.organization_id, signing_keys.algorithm, signing_keys.status", "signing_keys_vacancy"),
    ("token_families.id", "token_families_pkey"),
    ("two_factor_email_codes.id", "two_factor_email_codes_pkey"),
    ("two_factor_email_codes.user_id, two_factor_email_codes.purpose", "two_factor_email_codes_live"),
    ("two_factor_recovery_codes.id", "two_factor_recovery_codes_pkey"),
    (
        "two_factor_recovery_codes.user_id, two_factor_recovery_codes.code_hmac",
        "two_factor_recovery_codes_code",
    ),
    ("user_roles.user_id, user_roles.role_id", "user_roles_pkey"),
    ("user_totp.user_id", "user_totp_pkey"),
    ("users.id", "users_pkey"),
    ("users.organization_id, users.email_key", "users_email"),
    ("users.organization_id, users.id", "users_owner"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Unavailable,
    Conflict,
    MissingReference,
    Failed,
}

/// SQLSTATE (PostgreSQL, five characters) or extended result code (SQLite, a number).
fn class_of(code: &str) -> Class {
    if code.len() == 5 {
        return match code {
            "23505" => Class::Conflict,
            "23503" => Class::MissingReference,
            // Timed out, shutting down or starting, lost a lock race, read-only during a failover.
            "57014" | "57P01" | "57P02" | "57P03" | "57P05" | "40001" | "40P01" | "55P03" | "25006" => {
                Class::Unavailable
            }
            // Connection lost; out of connections, memory or disk.
            _ if code.starts_with("08") || code.starts_with("53") => Class::Unavailable,
            _ => Class::Failed,
        };
    }
    match code.parse::<i32>() {
        Ok(2067 | 1555 | 2579) => Class::Conflict,
        Ok(787) => Class::MissingReference,
        // BUSY, LOCKED, IOERR, FULL, CANTOPEN and their extensions.
        Ok(extended) if matches!(extended & 0xff, 5 | 6 | 10 | 13 | 14) => Class::Unavailable,
        _ => Class::Failed,
    }
}

/// Name of the violated constraint; SQLite reports only the columns.
fn rule(error: &dyn DatabaseError) -> String {
    if let Some(name) = error.constraint() {
        return name.to_owned();
    }
    let columns = error.message().rsplit_once("failed: ").map_or(error.message(), |(_, columns)| columns);
    UNIQUE_RULES.iter().find(|(known, _)| *known == columns).map_or(columns, |(_, name)| name).to_owned()
}

pub(crate) fn classify(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(database) => match database.code().as_deref().map_or(Class::Failed, class_of) {
            Class::Conflict => StoreError::Conflict(rule(database.as_ref())),
            Class::MissingReference => StoreError::MissingReference(rule(database.as_ref())),
            Class::Unavailable => StoreError::Unavailable(error.into()),
            Class::Failed => StoreError::Failed(error.into()),
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => StoreError::Unavailable(error.into()),
        _ => StoreError::Failed(error.into()),
    }
}

/// Whether the connection can no longer be used.
pub(crate) fn is_broken(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(database) => {
            // Read-only (25006): after a failover this connection is still at the old primary; a new one may reach the
            // new primary.
            database.code().is_some_and(|c| {
                c.len() == 5 && (c.starts_with("57P") || c.starts_with("08") || c == "25006")
            })
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

pub(crate) fn unavailable(problem: &'static str) -> StoreError {
    StoreError::Unavailable(problem.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_class() {
        for (code, class) in [
            ("23505", Class::Conflict),
            ("23503", Class::MissingReference),
            ("57014", Class::Unavailable),
            ("57P01", Class::Unavailable),
            ("08006", Class::Unavailable),
            ("53300", Class::Unavailable),
            ("40P01", Class::Unavailable),
            ("25006", Class::Unavailable),
            ("42601", Class::Failed),
            ("23514", Class::Failed),
            ("2067", Class::Conflict),
            ("1555", Class::Conflict),
            ("787", Class::MissingReference),
            ("5", Class::Unavailable),
            ("517", Class::Unavailable),
            ("13", Class::Unavailable),
            ("275", Class::Failed),
            ("1", Class::Failed),
        ] {
            assert_eq!(class_of(code), class, "{code}");
        }
    }
}
