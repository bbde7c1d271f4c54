//! The tables that are copied, each with its columns and the statements made of them.
//!
//! A test compares the list with the schema of both databases, so that neither a new table nor a new column is forgotten.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr as _, SqlStr};

use crate::kernel::{ColumnType, Dialect, Kind, Stmt, statements};

statements! {
    /// The organization that the migrations make has its first version and the time zero until somebody changes it.
    COUNT_CHANGED_ORGANIZATIONS: Read = "SELECT count(*) FROM organizations WHERE NOT (is_super_admin AND version = 0 \
         AND updated_at = 'epoch')",
        sqlite: "SELECT count(*) FROM organizations WHERE NOT (is_super_admin AND version = 0 \
         AND updated_at = 0)";
    /// It comes from the source, as all others.
    DELETE_MIGRATED_ORGANIZATION: Write = "DELETE FROM organizations WHERE is_super_admin AND version = 0";
}

/// Counts organizations that the migrations did not make, or that somebody has changed.
pub(crate) fn count_of_changed_organizations() -> &'static Stmt {
    &COUNT_CHANGED_ORGANIZATIONS
}

/// Deletes the organization that the migrations make.
pub(crate) fn deletion_of_migrated_organization() -> &'static Stmt {
    &DELETE_MIGRATED_ORGANIZATION
}

/// A table, with its columns in the order of its statements.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// How many of the first columns are the key: rows are read in its order, a page at a time.
    pub(crate) key: usize,
    /// Rows of a page: what a program holds at once.
    pub(crate) rows: usize,
    pub(crate) columns: &'static [(&'static str, ColumnType)],
    names: Names,
}

/// What the statements are called in logs and faults.
struct Names {
    count: &'static str,
    read: &'static str,
    write: &'static str,
}

/// Tables that belong to one installation of the processes, and not to its data: which migrations ran, and who does the
/// work of the moment.
pub const NOT_COPIED: &[&str] = &["porta_migrations", "leases"];

macro_rules! tables {
    ($( $table:ident (key $key:literal, rows $rows:literal) { $( $kind:ident: $($column:ident),+; )+ } )+) => {
        /// A table comes after those that it refers to.
        pub(crate) static TABLES: &[Table] = &[$(Table {
            name: stringify!($table),
            key: $key,
            rows: $rows,
            columns: &[$( $( (stringify!($column), ColumnType::$kind) ),+ ),+],
            names: Names {
                count: concat!("copy::count ", stringify!($table)),
                read: concat!("copy::read ", stringify!($table)),
                write: concat!("copy::write ", stringify!($table)),
            },
        }),+];
    };
}

tables! {
    organizations (key 1, rows 500) {
        Uuid: id;
        Text: name, slug, status, branding_logo_url, branding_favicon_url, branding_primary_color,
            branding_company_name, branding_custom_css, default_locale, two_factor_policy;
        Bool: is_super_admin;
        Int: version;
        Time: created_at, updated_at, tokens_valid_since;
        Json: default_login_methods;
    }
    settings (key 2, rows 500) {
        Owner: organization_id;
        Text: key;
        Int: version;
        Time: updated_at;
        Json: value;
    }
    branding_assets (key 1, rows 16) {
        Uuid: id, organization_id;
        Text: asset_type, content_type;
        Bytes: data;
        Time: created_at, updated_at;
    }
    applications (key 1, rows 500) {
        Uuid: id, organization_id;
        Text: name, slug, description, status;
        Int: version;
        Time: created_at, updated_at;
    }
    application_modules (key 1, rows 500) {
        Uuid: id, application_id;
        Text: name, slug, description, status;
        Int: version;
        Time: created_at, updated_at;
    }
    clients (key 1, rows 500) {
        Uuid: id, organization_id, application_id;
        Text: client_id, client_name, client_type, application_type, scope, token_endpoint_auth_method,
            id_token_signed_response_alg, userinfo_signed_response_alg, status;
        Bool: require_pkce, standard_claims_in_id_token;
        Int: version;
        Time: created_at, updated_at, tokens_valid_since;
        Json: redirect_uris, post_logout_redirect_uris, grant_types, response_types, allowed_origins, login_methods;
    }
    client_organizations (key 2, rows 500) {
        Uuid: client_id, organization_id;
    }
    client_secrets (key 1, rows 500) {
        Uuid: id, client_id;
        Text: label, status;
        Bytes: digest;
        Time: expires_at, last_used_at, created_at;
    }
    users (key 1, rows 290) {
        Uuid: id, organization_id;
        Text: email, email_key, password_hash, given_name, family_name, middle_name, nickname, preferred_username,
            profile_url, picture_url, website_url, gender, birthdate, zoneinfo, locale, phone_number, address_street,
            address_locality, address_region, address_postal_code, address_country, status, locked_reason,
            two_factor_method;
        Bool: email_verified, phone_number_verified, password_change_required;
        Int: login_count, failed_login_count, credential_epoch, factor_failures, version;
        Time: password_changed_at, locked_at, last_login_at, last_failed_login_at, created_at, updated_at,
            tokens_valid_since;
    }
    one_time_tokens (key 1, rows 500) {
        Uuid: id, organization_id, user_id, invited_by;
        Text: purpose, interaction_id;
        Bytes: digest;
        Time: expires_at, used_at, created_at;
        Json: details;
    }
    roles (key 1, rows 500) {
        Uuid: id, application_id;
        Text: name, slug, description;
        Int: version;
        Time: created_at, updated_at;
    }
    permissions (key 1, rows 500) {
        Uuid: id, application_id, module_id;
        Text: name, slug, description;
        Int: version;
        Time: created_at;
    }
    role_permissions (key 2, rows 500) {
        Uuid: role_id, permission_id;
        Time: created_at;
    }
    user_roles (key 2, rows 500) {
        Uuid: user_id, role_id, assigned_by;
        Time: created_at;
    }
    custom_claim_definitions (key 1, rows 500) {
        Uuid: id, application_id;
        Text: claim_name, claim_type, description, display_name;
        Bool: include_in_id_token, include_in_access_token, include_in_userinfo;
        Int: version;
        Time: created_at, updated_at;
    }
    custom_claim_values (key 2, rows 500) {
        Uuid: user_id, claim_id;
        Time: created_at, updated_at;
        Json: value;
    }
    sessions (key 1, rows 500) {
        Uuid: id, organization_id, user_id;
        Text: ip_address, user_agent;
        Time: created_at, last_activity_at, expires_at, revoked_at, authenticated_at;
    }
    grants (key 1, rows 500) {
        Uuid: id, organization_id, user_id, client_id;
        Time: created_at, expires_at;
        Json: scopes;
    }
    token_families (key 1, rows 500) {
        Uuid: id, organization_id, client_id, user_id, grant_id, session_id;
        Text: scope, nonce, acr;
        Bool: is_offline;
        Time: auth_time, expires_at, created_at, revoked_at;
        Json: amr, claims;
    }
    access_tokens (key 1, rows 500) {
        Bytes: digest;
        Uuid: family_id;
        Text: scope;
        Time: expires_at, created_at;
    }
    refresh_tokens (key 1, rows 500) {
        Bytes: digest;
        Uuid: family_id;
        Bytes: successor, rotated_by;
        Time: expires_at, created_at, rotated_at, shared_at;
    }
    signing_keys (key 1, rows 500) {
        Uuid: id, organization_id;
        Text: kid, algorithm, private_key_key_id, status;
        Bytes: private_key;
        Time: activated_at, retired_at, expires_at, created_at;
        Json: public_jwk;
    }
    audit_log (key 1, rows 500) {
        Uuid: id, organization_id, user_id, actor_id, entity_id;
        Text: organization_label, actor_label, event_type, category, description, ip_address, user_agent, request_id,
            entity_type;
        Time: created_at;
        Json: metadata;
    }
    user_totp (key 1, rows 500) {
        Uuid: user_id;
        Text: secret_key_id, algorithm;
        Bytes: secret;
        Int: digits, period, last_step;
        Time: verified_at, created_at, updated_at;
    }
    two_factor_email_codes (key 1, rows 500) {
        Uuid: id, user_id;
        Text: purpose, interaction_id;
        Bytes: code_hmac;
        Int: attempts;
        Time: expires_at, used_at, created_at;
    }
    two_factor_recovery_codes (key 1, rows 500) {
        Uuid: id, user_id;
        Text: key_id;
        Bytes: code_hmac;
        Time: used_at, created_at;
    }
    outbox (key 1, rows 500) {
        Uuid: id, organization_id;
        Text: kind, idempotency_key, state, last_error;
        Int: attempts;
        Time: next_attempt_at, created_at, updated_at, sendable_until, requeued_at;
        Json: payload;
    }
    installation (key 1, rows 500) {
        Int: id;
        Text: issuer_base;
        Time: updated_at;
    }
}

/// The first id in the order of both databases.
const NO_ID_POSTGRES: &str = "'00000000-0000-0000-0000-000000000000'::uuid";
const NO_ID_SQLITE: &str = "zeroblob(16)";

impl Table {
    /// Counts the rows.
    pub(crate) fn count(&self) -> Stmt {
        statement(self.names.count, Kind::Read, |_| format!("SELECT count(*) FROM {}", self.name))
    }

    /// Reads a page: the first one, or the one after a key.
    pub(crate) fn page(&self, is_first: bool) -> Stmt {
        statement(self.names.read, Kind::Read, |dialect| {
            let (name, rows, columns) = (self.name, self.rows, self.list());
            let key = self.key_of(dialect).join(", ");
            let arguments: Vec<String> = (1..=self.key).map(|n| format!("${n}")).collect();
            let after =
                if is_first { String::new() } else { format!(" WHERE ({key}) > ({})", arguments.join(", ")) };
            format!("SELECT {columns} FROM {name}{after} ORDER BY {key} LIMIT {rows}")
        })
    }

    /// Inserts so many rows.
    pub(crate) fn insert(&self, rows: usize) -> Stmt {
        statement(self.names.write, Kind::Write, |dialect| {
            let width = self.columns.len();
            let argument = |n: usize| match dialect {
                Dialect::Postgres => format!("${}", n + 1),
                // Without numbers: SQLite looks each numbered one up among all others.
                Dialect::Sqlite => "?".to_owned(),
            };
            let row = |row: usize| {
                let all: Vec<String> = (row * width..(row + 1) * width).map(argument).collect();
                format!("({})", all.join(", "))
            };
            let values: Vec<String> = (0..rows).map(row).collect();
            format!("INSERT INTO {} ({}) VALUES {}", self.name, self.list(), values.join(", "))
        })
    }

    fn list(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    /// The columns of the key as rows are ordered by them, nothing before everything.
    fn key_of(&self, dialect: Dialect) -> Vec<String> {
        let nothing = match dialect {
            Dialect::Postgres => NO_ID_POSTGRES,
            Dialect::Sqlite => NO_ID_SQLITE,
        };
        let ordered = |(name, kind): &(&'static str, ColumnType)| match kind {
            ColumnType::Owner => format!("COALESCE({name}, {nothing})"),
            ColumnType::Uuid
            | ColumnType::Text
            | ColumnType::Bytes
            | ColumnType::Bool
            | ColumnType::Int
            | ColumnType::Time
            | ColumnType::Json => (*name).to_owned(),
        };
        self.columns[..self.key].iter().map(ordered).collect()
    }
}

fn statement(name: &'static str, kind: Kind, text: impl Fn(Dialect) -> String) -> Stmt {
    // Made of names of the list above, `$n` and numbers.
    let sql = |dialect| -> SqlStr { AssertSqlSafe(Arc::<str>::from(text(dialect))).into_sql_str() };
    let (postgres, sqlite) = (sql(Dialect::Postgres), sql(Dialect::Sqlite));
    Stmt { name, kind, postgres, sqlite, plans_with_values: false }
}

/// Keeps everybody else from writing, until the transaction ends. PostgreSQL only: SQLite has one writer.
pub(crate) fn lock() -> Stmt {
    let names: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let text = format!("LOCK TABLE {} IN EXCLUSIVE MODE", names.join(", "));
    let sql = AssertSqlSafe(Arc::<str>::from(text)).into_sql_str();
    Stmt {
        name: "copy::lock",
        kind: Kind::Write,
        postgres: sql,
        sqlite: SqlStr::from_static("SELECT 1"),
        plans_with_values: false,
    }
}

/// Every statement of every table, for the test that prepares them all.
pub(crate) fn statements() -> impl Iterator<Item = Stmt> {
    let of_table =
        |table: &'static Table| [table.count(), table.page(true), table.page(false), table.insert(1)];
    TABLES.iter().flat_map(of_table).chain([lock()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str) -> &'static Table {
        TABLES.iter().find(|table| table.name == name).unwrap()
    }

    #[test]
    fn statements_are_made_of_the_columns() {
        let rights = table("user_roles");
        assert_eq!(
            rights.page(true).postgres.as_str(),
            "SELECT user_id, role_id, assigned_by, created_at FROM user_roles ORDER BY user_id, role_id LIMIT 500"
        );
        assert_eq!(
            rights.page(false).sqlite.as_str(),
            "SELECT user_id, role_id, assigned_by, created_at FROM user_roles \
             WHERE (user_id, role_id) > ($1, $2) ORDER BY user_id, role_id LIMIT 500"
        );
        let two = table("client_organizations").insert(2);
        let text = "INSERT INTO client_organizations (client_id, organization_id) VALUES ";
        assert_eq!(two.postgres.as_str(), format!("{text}($1, $2), ($3, $4)"));
        assert_eq!(two.sqlite.as_str(), format!("{text}(?, ?), (?, ?)"));
    }

    /// `(organization_id, key) > (…)` is unknown for a setting of the platform, which would be left out.
    #[test]
    fn a_row_without_owner_has_a_place_in_the_order() {
        let settings = table("settings").page(false);
        for text in [settings.postgres.as_str(), settings.sqlite.as_str()] {
            assert_eq!(text.matches("COALESCE(organization_id, ").count(), 2, "{text}");
        }
    }

    /// PostgreSQL takes 65,535 arguments, SQLite 32,766.
    #[test]
    fn a_page_fits_into_one_statement() {
        for table in TABLES {
            assert!(table.rows * table.columns.len() <= 20_000, "{}", table.name);
            assert!(table.key >= 1 && table.key <= table.columns.len(), "{}", table.name);
        }
    }
}
