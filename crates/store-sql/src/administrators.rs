//! Who is behind an access token of the Admin API: one statement, each step by primary key.

use async_trait::async_trait;
use porta_core::{ClientKey, OrganizationId, Slug, Timestamp, TokenDigest};
use porta_store::{AdministratorFacts, AdministratorRepository, Result, ServiceFacts, TokenAuthentication};
use uuid::Uuid;

use crate::kernel::{Runner, Value, at, digest, statements, uuid};
use crate::tokens::facts::liveness_columns;
use crate::tokens::read::next_validity;
use crate::users::{may_continue, next_user, user_columns};

/// Roles count only if they belong to the client's application `a`, which the third column checks.
macro_rules! role_slugs {
    ($collect:literal) => {
        concat!(
            "(SELECT ",
            $collect,
            "(r.slug) FROM user_roles ur JOIN roles r ON r.id = ur.role_id \
              WHERE ur.user_id = u.id AND r.application_id = a.id)"
        )
    };
}

/// Whether client `c` of application `a` and organization `o` is one of the admin application, and what was issued at
/// `$issued` still counts.
macro_rules! is_admitted {
    ($issued:literal) => {
        concat!(
            "c.status = 'active' AND a.slug = 'porta-admin' AND a.status = 'active' \
             AND COALESCE(a.organization_id = o.id, TRUE) AND c.organization_id = o.id \
             AND COALESCE(",
            $issued,
            " > c.tokens_valid_since, TRUE) AND COALESCE(",
            $issued,
            " > o.tokens_valid_since, TRUE)"
        )
    };
}

/// Token `$1` at `$2`. `IS TRUE` keeps the planner on the primary keys, as in `tokens::facts`.
macro_rules! facts {
    ($collect:literal) => {
        concat!(
            "SELECT t.expires_at, c.client_id, ",
            is_admitted!("f.created_at"),
            ", \
             o.is_super_admin AND o.status = 'active', ",
            liveness_columns!("$2"),
            ", f.session_id, f.auth_time, f.acr, f.amr, ",
            role_slugs!($collect),
            ", ",
            user_columns!(list "u."),
            " FROM access_tokens t JOIN token_families f ON f.id = t.family_id \
             JOIN users u ON u.id = f.user_id JOIN organizations o ON o.id = f.organization_id \
             JOIN clients c ON c.id = f.client_id JOIN applications a ON a.id = c.application_id \
             LEFT JOIN sessions s ON s.id = f.session_id AND (s.organization_id = f.organization_id) IS TRUE \
             LEFT JOIN grants g ON g.id = f.grant_id AND (g.organization_id = f.organization_id) IS TRUE \
             WHERE t.digest = $1"
        )
    };
}

statements! {
    SIGN_IN: Read = "SELECT o.slug, (SELECT c.client_id FROM clients c \
         WHERE c.application_id = a.id AND c.organization_id = o.id AND c.application_type = 'native' \
         AND c.status = 'active' ORDER BY c.created_at DESC, c.id DESC LIMIT 1) \
         FROM organizations o JOIN applications a ON a.slug = 'porta-admin' \
         AND COALESCE(a.organization_id = o.id, TRUE) WHERE o.is_super_admin LIMIT 1";
    ORGANIZATION: Read = "SELECT id FROM organizations WHERE is_super_admin";
    SERVICE: Read = concat!("SELECT c.client_id, c.client_name, c.scope, ", is_admitted!("$2"), " AND o.status = 'active' \
         FROM clients c JOIN organizations o ON o.id = c.organization_id AND o.is_super_admin \
         JOIN applications a ON a.id = c.application_id WHERE c.id = $1");
    FACTS: Read = facts!("json_agg"), sqlite: facts!("json_group_array");
    NAMES_SOMETHING: Read = "SELECT EXISTS (SELECT 1 FROM users WHERE id = $1) OR EXISTS (SELECT 1 FROM roles WHERE id = $1) \
         OR EXISTS (SELECT 1 FROM permissions WHERE id = $1) OR EXISTS (SELECT 1 FROM custom_claim_definitions WHERE id = $1) \
         OR EXISTS (SELECT 1 FROM application_modules WHERE id = $1) OR EXISTS (SELECT 1 FROM applications WHERE id = $1) \
         OR EXISTS (SELECT 1 FROM client_secrets WHERE id = $1) OR EXISTS (SELECT 1 FROM clients WHERE id = $1) \
         OR EXISTS (SELECT 1 FROM signing_keys WHERE id = $1) OR EXISTS (SELECT 1 FROM organizations WHERE id = $1)";
}

pub(crate) struct Administrators<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl AdministratorRepository for Administrators<'_> {
    async fn sign_in(&mut self) -> Result<Option<(Slug, Option<String>)>> {
        let Some(row) = self.0.row(&SIGN_IN, &[]).await? else { return Ok(None) };
        let mut r = row.reader("organizations");
        Ok(Some((r.parsed("slug", |text| Slug::parse(text).ok())?, r.opt_text()?)))
    }

    async fn organization(&mut self) -> Result<Option<OrganizationId>> {
        let row = self.0.row(&ORGANIZATION, &[]).await?;
        row.map(|row| row.reader("organizations").id()).transpose()
    }

    async fn service(&mut self, client: ClientKey, issued_at: Timestamp) -> Result<Option<ServiceFacts>> {
        let Some(row) = self.0.row(&SERVICE, &[uuid(client), at(issued_at)]).await? else { return Ok(None) };
        let mut r = row.reader("clients");
        Ok(Some(ServiceFacts {
            client_id: r.text()?,
            client_name: r.text()?,
            scope: r.text()?,
            is_admitted: r.flag()?,
        }))
    }

    async fn names_something(&mut self, id: Uuid) -> Result<bool> {
        let row = self.0.row(&NAMES_SOMETHING, &[Value::Uuid(Some(id))]).await?;
        row.map_or(Ok(false), |row| row.reader("users").flag())
    }

    async fn facts(&mut self, token: &TokenDigest, now: Timestamp) -> Result<Option<AdministratorFacts>> {
        let Some(row) = self.0.row(&FACTS, &[digest(token), at(now)]).await? else { return Ok(None) };
        let mut r = row.reader("access_tokens");
        Ok(Some(AdministratorFacts {
            token_expires_at: r.time("expires_at")?,
            client_id: r.text()?,
            client_is_admitted: r.flag()?,
            organization_is_super_admin: r.flag()?,
            validity: next_validity(&mut r)?,
            authentication: TokenAuthentication {
                session: r.id()?,
                auth_time: r.time("auth_time")?,
                acr: r.text()?,
                amr: r.json("amr")?,
            },
            roles: r.opt_json()?.unwrap_or_default(),
            user: next_user(&mut r)?,
        }))
    }
}
