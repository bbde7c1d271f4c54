//! OAuth clients, the organizations that may use them, and their secrets.

use async_trait::async_trait;
use porta_core::client::{
    ApplicationType, Client, ClientId, ClientSecret, ClientStatus, ClientType, SecretStatus,
    TokenEndpointAuthMethod,
};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{ApplicationId, ClientKey, ClientSecretId, EntityId as _, OrganizationId, Timestamp};
use porta_store::{ClientFacts, ClientRepository, Cursor, Page, RegisteredAddresses, Result};

use crate::kernel::{
    Reader, Row, Runner, Value, at, columns, digest, flag, int, json, opt_at, opt_json, opt_text, statements,
    text, uuid,
};
use crate::unit::{cursor_values, page_of, same_owner};

macro_rules! stored_columns {
    ($prefix:literal) => {
        columns!(
            $prefix,
            id,
            organization_id,
            application_id,
            client_id,
            client_name,
            client_type,
            application_type,
            redirect_uris,
            post_logout_redirect_uris,
            grant_types,
            response_types,
            scope,
            token_endpoint_auth_method,
            allowed_origins,
            require_pkce,
            login_methods,
            id_token_signed_response_alg,
            userinfo_signed_response_alg,
            standard_claims_in_id_token,
            status,
            created_at,
            updated_at
        )
    };
}
/// Every column of client `c`, and the organizations that may use it.
macro_rules! client_columns {
    (postgres) => {
        concat!(
            stored_columns!("c."),
            ", (SELECT json_agg(co.organization_id ORDER BY co.organization_id) \
            FROM client_organizations co WHERE co.client_id = c.id)"
        )
    };
    (sqlite) => {
        concat!(
            stored_columns!("c."),
            ", (SELECT json_group_array(lower(hex(co.organization_id)) \
            ORDER BY co.organization_id) FROM client_organizations co WHERE co.client_id = c.id)"
        )
    };
}
macro_rules! secret_columns {
    () => {
        columns!("s.", id, client_id, digest, label, expires_at, status, last_used_at, created_at)
    };
}
macro_rules! select {
    ($dialect:ident, $rest:literal) => {
        concat!("SELECT ", client_columns!($dialect), " FROM clients c WHERE c.organization_id = $1 ", $rest)
    };
}
/// Inserts a client (`$1` to `$22`) of an application that its owner may use.
macro_rules! insert {
    () => {
        concat!(
            "INSERT INTO clients (",
            stored_columns!(""),
            ") SELECT $2, $1, a.id, $4, $5, $6, $7, $8, $9, $10, $11, \
            $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22 FROM applications a \
            WHERE a.id = $3 AND (a.organization_id = $1 OR a.organization_id IS NULL)"
        )
    };
}
macro_rules! update {
    () => {
        "UPDATE clients SET client_name = $3, client_type = $4, application_type = $5, redirect_uris = $6, \
         post_logout_redirect_uris = $7, grant_types = $8, response_types = $9, scope = $10, \
         token_endpoint_auth_method = $11, allowed_origins = $12, require_pkce = $13, login_methods = $14, \
         id_token_signed_response_alg = $15, userinfo_signed_response_alg = $16, \
         standard_claims_in_id_token = $17, updated_at = $18 \
         WHERE organization_id = $1 AND id = $2 RETURNING id"
    };
}

pub(crate) mod protocol;

statements! {
    BY_CLIENT_ID: Read = select!(postgres, "AND c.client_id = $2"), sqlite: select!(sqlite, "AND c.client_id = $2");
    BY_KEY: Read = select!(postgres, "AND c.id = $2"), sqlite: select!(sqlite, "AND c.id = $2");
    BY_NAME: Read = select!(postgres, "AND c.application_id = $2 AND c.client_name = $3 ORDER BY c.created_at, c.id LIMIT 1"),
        sqlite: select!(sqlite, "AND c.application_id = $2 AND c.client_name = $3 ORDER BY c.created_at, c.id LIMIT 1");
    PAGE: Read = select!(postgres, "AND (c.created_at, c.id) > ($2, $3) ORDER BY c.created_at, c.id LIMIT $4"),
        sqlite: select!(sqlite, "AND (c.created_at, c.id) > ($2, $3) ORDER BY c.created_at, c.id LIMIT $4");
    INSERT: Script = concat!("WITH client AS (", insert!(), " RETURNING id), \
         allowed AS (INSERT INTO client_organizations (client_id, organization_id) SELECT client.id, x.id::uuid \
         FROM client, jsonb_array_elements_text($23) AS x (id)) SELECT 1 FROM client"),
        sqlite: concat!(insert!(), " RETURNING 1; INSERT INTO client_organizations (client_id, organization_id) \
         SELECT c.id, unhex(replace(x.value, '-', '')) FROM clients c, json_each($23) x WHERE c.id = $2 AND c.organization_id = $1");
    UPDATE: Script = concat!("WITH client AS (", update!(), "), \
         dropped AS (DELETE FROM client_organizations co USING client WHERE co.client_id = client.id \
         AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements_text($19) AS x (id) WHERE x.id::uuid = co.organization_id)), \
         added AS (INSERT INTO client_organizations (client_id, organization_id) SELECT client.id, x.id::uuid \
         FROM client, jsonb_array_elements_text($19) AS x (id) ON CONFLICT DO NOTHING) SELECT 1 FROM client"),
        sqlite: concat!("DELETE FROM client_organizations WHERE client_id IN (SELECT id FROM clients WHERE organization_id = $1 AND id = $2); \
         INSERT INTO client_organizations (client_id, organization_id) SELECT c.id, unhex(replace(x.value, '-', '')) \
         FROM clients c, json_each($19) x WHERE c.organization_id = $1 AND c.id = $2; ", update!());
    SET_STATUS: Write = "UPDATE clients SET status = $4, updated_at = $5, tokens_valid_since = $5 \
         WHERE organization_id = $1 AND id = $2 AND status = $3";
    INSERT_SECRET: Write = "INSERT INTO client_secrets (id, client_id, digest, label, expires_at, status, last_used_at, created_at) \
         SELECT $3, c.id, $4, $5, $6, $7, $8, $9 FROM clients c WHERE c.organization_id = $1 AND c.id = $2";
    SECRETS: Read = concat!("SELECT ", secret_columns!(), " FROM client_secrets s JOIN clients c ON c.id = s.client_id \
         WHERE c.organization_id = $1 AND s.client_id = $2 ORDER BY s.created_at DESC, s.id DESC");
    REVOKE_SECRET: Write = "UPDATE client_secrets SET status = 'revoked' WHERE id = $3 AND client_id = $2 AND status = 'active' \
         AND EXISTS (SELECT 1 FROM clients c WHERE c.id = $2 AND c.organization_id = $1)";
    // $2 is a list of [id, microseconds].
    TOUCH: Write = "UPDATE client_secrets AS s SET last_used_at = used.at \
         FROM (SELECT (x.pair ->> 0)::uuid AS id, max(timestamptz 'epoch' + (x.pair ->> 1)::bigint * interval '1 microsecond') AS at \
               FROM jsonb_array_elements($2) AS x (pair) GROUP BY 1) AS used, clients c \
         WHERE s.id = used.id AND (s.last_used_at IS NULL OR s.last_used_at < used.at) \
         AND c.id = s.client_id AND c.organization_id = $1",
        sqlite: "UPDATE client_secrets AS s SET last_used_at = used.at \
         FROM (SELECT unhex(replace(x.value ->> 0, '-', '')) AS id, max(x.value ->> 1) AS at \
               FROM json_each($2) AS x GROUP BY 1) AS used, clients c \
         WHERE s.id = used.id AND (s.last_used_at IS NULL OR s.last_used_at < used.at) \
         AND c.id = s.client_id AND c.organization_id = $1";
}

fn read_from(r: &mut Reader<'_>) -> Result<Client> {
    Ok(Client {
        id: r.id()?,
        organization_id: r.id()?,
        application_id: r.id()?,
        client_id: r.parsed("client_id", |s| ClientId::parse(s).ok())?,
        client_name: r.text()?,
        client_type: r.parsed("client_type", ClientType::parse)?,
        application_type: r.parsed("application_type", ApplicationType::parse)?,
        redirect_uris: r.json("redirect_uris")?,
        post_logout_redirect_uris: r.json("post_logout_redirect_uris")?,
        grant_types: r.json("grant_types")?,
        response_types: r.json("response_types")?,
        scope: r.text()?,
        token_endpoint_auth_method: r.parsed("token_endpoint_auth_method", TokenEndpointAuthMethod::parse)?,
        allowed_origins: r.json("allowed_origins")?,
        require_pkce: r.flag()?,
        login_methods: r.opt_json()?,
        id_token_signed_response_alg: r.parsed("id_token_signed_response_alg", SigningAlgorithm::parse)?,
        userinfo_signed_response_alg: r
            .opt_parsed("userinfo_signed_response_alg", SigningAlgorithm::parse)?,
        standard_claims_in_id_token: r.flag()?,
        status: r.parsed("status", ClientStatus::parse)?,
        created_at: r.time("created_at")?,
        updated_at: r.time("updated_at")?,
        allowed_organizations: r.opt_json()?.unwrap_or_default(),
    })
}

fn read(row: &Row) -> Result<Client> {
    read_from(&mut row.reader("clients"))
}

fn read_secret(r: &mut Reader<'_>) -> Result<ClientSecret> {
    Ok(ClientSecret {
        id: r.id()?,
        client: r.id()?,
        digest: r.digest("digest")?,
        label: r.opt_text()?,
        expires_at: r.opt_time()?,
        status: r.parsed("status", SecretStatus::parse)?,
        last_used_at: r.opt_time()?,
        created_at: r.time("created_at")?,
    })
}

pub(crate) struct Clients<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

impl Clients<'_> {
    /// The values that insert and update share, in the order of their statements.
    fn settings(client: &Client) -> Vec<Value<'_>> {
        vec![
            text(&client.client_name),
            text(client.client_type.as_str()),
            text(client.application_type.as_str()),
            json(&client.redirect_uris),
            json(&client.post_logout_redirect_uris),
            json(&client.grant_types),
            json(&client.response_types),
            text(&client.scope),
            text(client.token_endpoint_auth_method.as_str()),
            json(&client.allowed_origins),
            flag(client.require_pkce),
            opt_json(client.login_methods.as_ref()),
            text(client.id_token_signed_response_alg.as_str()),
            opt_text(client.userinfo_signed_response_alg.map(SigningAlgorithm::as_str)),
            flag(client.standard_claims_in_id_token),
        ]
    }
}

#[async_trait]
impl ClientRepository for Clients<'_> {
    async fn for_protocol(&mut self, client_id: &ClientId) -> Result<Option<ClientFacts>> {
        self.read_for_protocol(client_id).await
    }

    async fn client_id_of(&mut self, key: ClientKey) -> Result<Option<ClientId>> {
        self.read_client_id(key).await
    }

    async fn registered_addresses(&mut self) -> Result<RegisteredAddresses> {
        self.read_addresses().await
    }

    async fn by_client_id(&mut self, client_id: &ClientId) -> Result<Option<Client>> {
        let values = [uuid(self.organization), text(client_id.as_str())];
        self.run.row(&BY_CLIENT_ID, &values).await?.as_ref().map(read).transpose()
    }

    async fn by_key(&mut self, key: ClientKey) -> Result<Option<Client>> {
        self.run.row(&BY_KEY, &[uuid(self.organization), uuid(key)]).await?.as_ref().map(read).transpose()
    }

    async fn by_name(&mut self, application: ApplicationId, name: &str) -> Result<Option<Client>> {
        let values = [uuid(self.organization), uuid(application), text(name)];
        self.run.row(&BY_NAME, &values).await?.as_ref().map(read).transpose()
    }

    async fn insert(&mut self, client: &Client) -> Result<()> {
        same_owner(self.organization, client.organization_id)?;
        let mut values = vec![
            uuid(self.organization),
            uuid(client.id),
            uuid(client.application_id),
            text(client.client_id.as_str()),
        ];
        values.extend(Self::settings(client));
        values.push(text(client.status.as_str()));
        values.push(at(client.created_at));
        values.push(at(client.updated_at));
        values.push(json(&client.allowed_organizations));
        self.run.must_affect_row(&INSERT, &values, "application").await
    }

    async fn update(&mut self, client: &Client) -> Result<bool> {
        let mut values = vec![uuid(self.organization), uuid(client.id)];
        values.extend(Self::settings(client));
        values.push(at(client.updated_at));
        values.push(json(&client.allowed_organizations));
        self.run.affects_row(&UPDATE, &values).await
    }

    async fn set_status(
        &mut self,
        key: ClientKey,
        from: ClientStatus,
        to: ClientStatus,
        now: Timestamp,
    ) -> Result<bool> {
        let values = [uuid(self.organization), uuid(key), text(from.as_str()), text(to.as_str()), at(now)];
        self.run.affects_row(&SET_STATUS, &values).await
    }

    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<Client>> {
        let [time, id] = cursor_values(after);
        let values = [uuid(self.organization), time, id, int(i64::from(limit) + 1)];
        let rows = self.run.rows(&PAGE, &values).await?;
        page_of(&rows, limit, read, |c| (c.created_at, c.id))
    }

    async fn insert_secret(&mut self, secret: &ClientSecret) -> Result<()> {
        let values = [
            uuid(self.organization),
            uuid(secret.client),
            uuid(secret.id),
            digest(&secret.digest),
            opt_text(secret.label.as_deref()),
            opt_at(secret.expires_at),
            text(secret.status.as_str()),
            opt_at(secret.last_used_at),
            at(secret.created_at),
        ];
        self.run.must_affect_row(&INSERT_SECRET, &values, "client").await
    }

    async fn secrets(&mut self, key: ClientKey) -> Result<Vec<ClientSecret>> {
        let rows = self.run.rows(&SECRETS, &[uuid(self.organization), uuid(key)]).await?;
        rows.iter().map(|row| read_secret(&mut row.reader("client_secrets"))).collect()
    }

    async fn revoke_secret(&mut self, key: ClientKey, secret: ClientSecretId) -> Result<bool> {
        self.run.affects_row(&REVOKE_SECRET, &[uuid(self.organization), uuid(key), uuid(secret)]).await
    }

    async fn touch_secrets(&mut self, used: &[(ClientSecretId, Timestamp)]) -> Result<()> {
        if used.is_empty() {
            return Ok(());
        }
        let used: Vec<_> = used.iter().map(|(id, time)| (id.uuid(), time.micros())).collect();
        self.run.execute(&TOUCH, &[uuid(self.organization), json(&used)]).await.map(|_| ())
    }
}
