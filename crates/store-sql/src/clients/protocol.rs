//! Clients for protocol requests: found by `client_id`, including clients of other organizations that allow this one,
//! with secrets and the catalog of their application.

use porta_core::client::ClientId;
use porta_core::{ClaimDefinitionId, ClientKey, EntityId as _, RoleId};
use porta_store::{Catalog, CatalogClaim, CatalogRole, ClientFacts, RegisteredAddresses, Result};
use uuid::Uuid;

use super::Clients;
use super::columns::{SecretColumn, client_columns, next_client, read_secret, secret_columns};
use crate::kernel::{Reader, statements, text, uuid};

/// Catalog of the application of client `c`, two columns.
macro_rules! catalog_columns {
    (postgres) => {
        "(SELECT json_agg(json_build_array(r.id, r.name, r.slug, (SELECT json_agg(p.slug) FROM role_permissions rp \
          JOIN permissions p ON p.id = rp.permission_id WHERE rp.role_id = r.id))) \
          FROM roles r WHERE r.application_id = c.application_id), \
         (SELECT json_agg(json_build_array(d.id, d.claim_name, d.include_in_id_token::int, \
          d.include_in_access_token::int, d.include_in_userinfo::int)) FROM custom_claim_definitions d \
          WHERE d.application_id = c.application_id)"
    };
    (sqlite) => {
        "(SELECT json_group_array(json_array(lower(hex(r.id)), r.name, r.slug, (SELECT json_group_array(p.slug) \
          FROM role_permissions rp JOIN permissions p ON p.id = rp.permission_id WHERE rp.role_id = r.id))) \
          FROM roles r WHERE r.application_id = c.application_id), \
         (SELECT json_group_array(json_array(lower(hex(d.id)), d.claim_name, d.include_in_id_token, \
          d.include_in_access_token, d.include_in_userinfo)) FROM custom_claim_definitions d \
          WHERE d.application_id = c.application_id)"
    };
}
macro_rules! usable {
    () => {
        "(c.organization_id = $1 OR EXISTS (SELECT 1 FROM client_organizations x \
          WHERE x.client_id = c.id AND x.organization_id = $1))"
    };
}
/// The client for a protocol request under `$1`, with one row per active secret. The last three columns are
/// `tokens_valid_since` of the client, of its owner and of the organization of the request.
macro_rules! for_protocol {
    ($dialect:ident) => {
        concat!(
            "SELECT ",
            client_columns!($dialect),
            ", ",
            catalog_columns!($dialect),
            ", ",
            secret_columns!(list "s."),
            ", c.tokens_valid_since, o.tokens_valid_since, t.tokens_valid_since FROM clients c \
            JOIN organizations o ON o.id = c.organization_id JOIN organizations t ON t.id = $1 \
            LEFT JOIN client_secrets s ON s.client_id = c.id AND s.status = 'active' \
            WHERE c.client_id = $2 AND c.status = 'active' AND o.status = 'active' AND ",
            usable!(),
            " \
            ORDER BY s.created_at DESC, s.id DESC"
        )
    };
}
statements! {
    FOR_PROTOCOL: Read = for_protocol!(postgres), sqlite: for_protocol!(sqlite);
    CLIENT_ID: Read = concat!("SELECT c.client_id FROM clients c WHERE c.id = $2 AND ", usable!());
    /// Starts from the organization, by index, because this answers anonymous preflight requests.
    ADDRESSES: Read = "SELECT c.allowed_origins, c.redirect_uris \
        FROM (SELECT id FROM clients WHERE organization_id = $1 \
        UNION SELECT client_id FROM client_organizations WHERE organization_id = $1) AS usable \
        JOIN clients c ON c.id = usable.id JOIN organizations o ON o.id = c.organization_id \
        WHERE c.status = 'active' AND o.status = 'active'";
}

/// Id, name, slug, slugs of the permissions.
type RoleColumns = (Uuid, String, String, Option<Vec<String>>);
/// Id, name, and whether its values go into the ID token, the access token and the userinfo answer (0 or 1).
type ClaimColumns = (Uuid, String, u8, u8, u8);

fn read_catalog(r: &mut Reader<'_>) -> Result<Catalog> {
    let roles: Vec<RoleColumns> = r.opt_json()?.unwrap_or_default();
    let claims: Vec<ClaimColumns> = r.opt_json()?.unwrap_or_default();
    let roles = roles.into_iter().map(|(id, name, slug, permissions)| CatalogRole {
        id: RoleId::from_uuid(id),
        name,
        slug,
        permissions: permissions.unwrap_or_default(),
    });
    let claims = claims.into_iter().map(|(id, name, id_token, access_token, userinfo)| CatalogClaim {
        id: ClaimDefinitionId::from_uuid(id),
        name,
        include_in_id_token: id_token != 0,
        include_in_access_token: access_token != 0,
        include_in_userinfo: userinfo != 0,
    });
    Ok(Catalog::new(roles.collect(), claims.collect()))
}

impl Clients<'_> {
    pub(super) async fn read_for_protocol(&mut self, client_id: &ClientId) -> Result<Option<ClientFacts>> {
        let values = [uuid(self.organization), text(client_id.as_str())];
        let rows = self.run.rows(&FOR_PROTOCOL, &values).await?;
        let Some(first) = rows.first() else { return Ok(None) };
        let mut r = first.reader("clients");
        let (client, catalog) = (next_client(&mut r)?, read_catalog(&mut r)?);
        // Every row begins with the same client and catalog; the columns of the secret follow.
        let first_of_secret = r.position();
        r.record::<SecretColumn>();
        let tokens_valid_since = r.opt_time()?.max(r.opt_time()?).max(r.opt_time()?);
        let mut secrets = Vec::new();
        for row in &rows {
            let secret = row.record_at(first_of_secret);
            if secret.has(SecretColumn::id)? {
                secrets.push(read_secret(&secret)?);
            }
        }
        Ok(Some(ClientFacts { client, secrets, catalog, tokens_valid_since }))
    }

    pub(super) async fn read_client_id(&mut self, key: ClientKey) -> Result<Option<ClientId>> {
        let row = self.run.row(&CLIENT_ID, &[uuid(self.organization), uuid(key)]).await?;
        row.map(|row| row.reader("clients").parsed("client_id", |s| ClientId::parse(s).ok())).transpose()
    }

    pub(super) async fn read_addresses(&mut self) -> Result<RegisteredAddresses> {
        let mut found = RegisteredAddresses::default();
        for row in self.run.rows(&ADDRESSES, &[uuid(self.organization)]).await? {
            let mut r = row.reader("clients");
            found.origins.extend(r.json::<Vec<String>>("allowed_origins")?);
            found.redirect_uris.extend(r.json::<Vec<String>>("redirect_uris")?);
        }
        Ok(found)
    }
}
