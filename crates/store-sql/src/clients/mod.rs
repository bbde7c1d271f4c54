//! OAuth clients, the organizations that may use them, and their secrets.

pub(crate) mod all;
mod columns;
pub(crate) mod protocol;

use async_trait::async_trait;
use porta_core::client::{Client, ClientId, ClientSecret, ClientStatus};
use porta_core::{ApplicationId, ClientKey, ClientSecretId, EntityId as _, OrganizationId, Timestamp};
use porta_store::{
    ClientFacts, ClientFilter, ClientRepository, ClientSort, Cursor, Direction, Page, PageRequest,
    RegisteredAddresses, Result, SortedCursor,
};

use self::columns::{
    ClientColumn, client_columns, edited_columns, next_client, read_secret, secret_columns, secret_value,
    stored_columns, value,
};
use crate::kernel::{
    CLIENTS, Dialect, List, Row, Runner, Search, Sort, at, int, json, page_of, same_owner, statements, text,
    uuid, values_of,
};

macro_rules! select {
    ($dialect:ident, $rest:literal) => {
        concat!("SELECT ", client_columns!($dialect), " FROM clients c", $rest)
    };
}
/// Inserts a client (`$1` to `$23`) of an application that its owner may use.
macro_rules! insert {
    () => {
        concat!(
            "INSERT INTO clients (",
            stored_columns!(list ""),
            ") SELECT ",
            stored_columns!(arguments 1),
            " FROM applications a \
            WHERE a.id = $3 AND (a.organization_id = $2 OR a.organization_id IS NULL)"
        )
    };
}
/// Updates client `$2` of organization `$1`, provided that its version is `$3`.
macro_rules! update {
    () => {
        concat!(
            "UPDATE clients SET ",
            edited_columns!(assignments 4),
            ", version = version + 1 \
            WHERE organization_id = $1 AND id = $2 AND version = $3 RETURNING id"
        )
    };
}

statements! {
    BY_CLIENT_ID: Read = select!(postgres, " WHERE c.organization_id = $1 AND c.client_id = $2"),
        sqlite: select!(sqlite, " WHERE c.organization_id = $1 AND c.client_id = $2");
    BY_KEY: Read = select!(postgres, " WHERE c.organization_id = $1 AND c.id = $2"),
        sqlite: select!(sqlite, " WHERE c.organization_id = $1 AND c.id = $2");
    BY_NAME: Read = select!(postgres, " WHERE c.organization_id = $1 AND c.application_id = $2 AND c.client_name = $3 \
         ORDER BY c.created_at, c.id LIMIT 1"),
        sqlite: select!(sqlite, " WHERE c.organization_id = $1 AND c.application_id = $2 AND c.client_name = $3 \
         ORDER BY c.created_at, c.id LIMIT 1");
    INSERT: Script = concat!("WITH client AS (", insert!(), " RETURNING id), \
         allowed AS (INSERT INTO client_organizations (client_id, organization_id) SELECT client.id, x.id::uuid \
         FROM client, jsonb_array_elements_text($24) AS x (id)) SELECT 1 FROM client"),
        sqlite: concat!(insert!(), " RETURNING 1; INSERT INTO client_organizations (client_id, organization_id) \
         SELECT c.id, unhex(replace(x.value, '-', '')) FROM clients c, json_each($24) x \
         WHERE c.id = $1 AND c.organization_id = $2");
    // SQLite writes the client last: until then its version shows whether the update may happen.
    UPDATE: Script = concat!("WITH client AS (", update!(), "), \
         dropped AS (DELETE FROM client_organizations co USING client WHERE co.client_id = client.id \
         AND NOT EXISTS (SELECT 1 FROM jsonb_array_elements_text($20) AS x (id) WHERE x.id::uuid = co.organization_id)), \
         added AS (INSERT INTO client_organizations (client_id, organization_id) SELECT client.id, x.id::uuid \
         FROM client, jsonb_array_elements_text($20) AS x (id) ON CONFLICT DO NOTHING) SELECT 1 FROM client"),
        sqlite: concat!("DELETE FROM client_organizations WHERE client_id IN \
         (SELECT id FROM clients WHERE organization_id = $1 AND id = $2 AND version = $3); \
         INSERT INTO client_organizations (client_id, organization_id) SELECT c.id, unhex(replace(x.value, '-', '')) \
         FROM clients c, json_each($20) x WHERE c.organization_id = $1 AND c.id = $2 AND c.version = $3; ", update!());
    VERSION: Read = "SELECT version FROM clients WHERE organization_id = $1 AND id = $2";
    SET_STATUS: Write = "UPDATE clients SET status = $4, updated_at = $5, tokens_valid_since = $5, \
         version = version + 1 WHERE organization_id = $1 AND id = $2 AND status = $3";
    INSERT_SECRET: Write = concat!("INSERT INTO client_secrets (", secret_columns!(list ""), ") SELECT ",
         secret_columns!(arguments 2), " FROM clients c WHERE c.organization_id = $1 AND c.id = $3");
    SECRETS: Read = concat!("SELECT ", secret_columns!(list "s."), " FROM client_secrets s JOIN clients c ON c.id = s.client_id \
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

fn read(row: &Row) -> Result<Client> {
    next_client(&mut row.reader("clients"))
}

fn select(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => select!(postgres, ""),
        Dialect::Sqlite => select!(sqlite, ""),
    }
}

fn sort_by(sort: ClientSort) -> Sort<ClientColumn> {
    match sort {
        ClientSort::ClientName => Sort::text(ClientColumn::client_name),
        ClientSort::CreatedAt => Sort::time(ClientColumn::created_at),
    }
}

/// Keeps the clients `c` that a filter is for.
fn filtered<'v>(list: List<'v>, filter: &ClientFilter, search: Option<&'v Search>) -> List<'v> {
    list.filter_if_some("c.organization_id = ?", filter.organization.map(uuid))
        .filter_if_some("c.application_id = ?", filter.application.map(uuid))
        .filter_if_some("c.status = ?", filter.status.map(|status| text(status.as_str())))
        .filter_if_some("c.client_type = ?", filter.client_type.map(|kind| text(kind.as_str())))
        .filter_if_some(
            "c.id IN (SELECT s.client_id FROM client_secrets s WHERE s.status = 'active' AND s.expires_at < ?)",
            filter.secret_expires_before.map(at),
        )
        .among("c.id", filter.keys.as_deref())
        .search(&CLIENTS, search)
}

pub(crate) struct Clients<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
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
        let mut values = values_of(|column| value(client, column));
        values.push(json(&client.allowed_organizations));
        self.run.must_affect_row(&INSERT, &values, "application").await
    }

    async fn update(&mut self, client: &Client) -> Result<bool> {
        let key = [uuid(self.organization), uuid(client.id)];
        let mut values = key.to_vec();
        values.push(int(client.version.number()));
        values.extend(edited_columns!(some ClientColumn).map(|column| value(client, column)));
        values.push(json(&client.allowed_organizations));
        self.run.update_version(&UPDATE, &values, &VERSION, &key, "client").await
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
        let (after, dialect) = (after.map(SortedCursor::from), self.run.dialect());
        let list = List::new(concat!(module_path!(), "::PAGE"), dialect, select(dialect))
            .filter("c.organization_id = ?", uuid(self.organization))
            .page("c.", (sort_by(ClientSort::CreatedAt), Direction::Ascending), after.as_ref(), limit)?;
        page_of(&self.run.list(list).await?, limit, read, |c| (c.created_at, c.id))
    }

    async fn list(
        &mut self,
        filter: &ClientFilter,
        page: &PageRequest<ClientSort>,
    ) -> Result<Page<Client, SortedCursor>> {
        let search = filter.search.as_deref().map(Search::of);
        let (sort, dialect) = (sort_by(page.sort), self.run.dialect());
        let list = List::new(concat!(module_path!(), "::LIST"), dialect, select(dialect))
            .filter("c.organization_id = ?", uuid(self.organization));
        let list = filtered(list, filter, search.as_ref())
            .page("c.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.run.list(list).await?, page.limit, read, |c| c.id)
    }

    async fn insert_secret(&mut self, secret: &ClientSecret) -> Result<()> {
        let mut values = vec![uuid(self.organization)];
        values.extend(values_of(|column| secret_value(secret, column)));
        self.run.must_affect_row(&INSERT_SECRET, &values, "client").await
    }

    async fn secrets(&mut self, key: ClientKey) -> Result<Vec<ClientSecret>> {
        let rows = self.run.rows(&SECRETS, &[uuid(self.organization), uuid(key)]).await?;
        rows.iter().map(|row| read_secret(&row.record())).collect()
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
