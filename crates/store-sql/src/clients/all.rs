//! Clients of all organizations, with the names of what they belong to.

use std::collections::HashMap;

use async_trait::async_trait;
use porta_core::client::ClientId;
use porta_core::{ClientKey, Timestamp};
use porta_store::{
    AllClientRepository, ClientFilter, ClientSort, FoundClient, ListedClient, Page, PageRequest, Result,
    SecretCounts, SortedCursor,
};

use super::columns::{client_columns, next_client};
use super::{filtered, sort_by};
use crate::counts::{count_each, next_count, of_each};
use crate::kernel::{Dialect, List, Reader, Row, Runner, Search, at, opt_uuid, statements, text};
use crate::organizations::{next_organization, organization_and_pictures};

/// The client with key `$1`, else the one with public identifier `$2`.
macro_rules! find {
    ($dialect:ident) => {
        concat!(
            "SELECT ",
            client_columns!($dialect),
            ", ",
            organization_and_pictures!(),
            ", a.name FROM clients c JOIN organizations o ON o.id = c.organization_id \
            JOIN applications a ON a.id = c.application_id \
            WHERE c.id = COALESCE((SELECT k.id FROM clients k WHERE k.id = $1), \
            (SELECT p.id FROM clients p WHERE p.client_id = $2))"
        )
    };
}
/// Names by subquery, and not by join: so every planner reads the clients in the order of the page and stops at its end.
macro_rules! select {
    ($dialect:ident) => {
        concat!(
            "SELECT ",
            client_columns!($dialect),
            ", (SELECT o.name FROM organizations o WHERE o.id = c.organization_id), \
            (SELECT o.default_login_methods FROM organizations o WHERE o.id = c.organization_id), \
            (SELECT a.name FROM applications a WHERE a.id = c.application_id) FROM clients c"
        )
    };
}

/// The secrets of client `p` at `$2`.
macro_rules! counted {
    () => {
        "(SELECT count(*) FROM client_secrets s WHERE s.client_id = p.id AND s.status = 'active' \
          AND (s.expires_at IS NULL OR s.expires_at > $2)), \
         (SELECT min(s.expires_at) FROM client_secrets s WHERE s.client_id = p.id AND s.status = 'active' \
          AND s.expires_at > $2), \
         (SELECT max(s.last_used_at) FROM client_secrets s WHERE s.client_id = p.id)"
    };
}

statements! {
    FIND: Read = find!(postgres), sqlite: find!(sqlite);
    SECRET_COUNTS: Read = of_each!(postgres, counted!()), sqlite: of_each!(sqlite, counted!());
}

const COUNT: &str = "SELECT 1 FROM clients c";

fn select(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => select!(postgres),
        Dialect::Sqlite => select!(sqlite),
    }
}

fn read_found(row: &Row) -> Result<FoundClient> {
    let mut r = row.reader("clients");
    Ok(FoundClient {
        client: next_client(&mut r)?,
        organization: next_organization(&mut r)?,
        application_name: r.text()?,
    })
}

fn read_listed(row: &Row) -> Result<ListedClient> {
    let mut r = row.reader("clients");
    Ok(ListedClient {
        client: next_client(&mut r)?,
        organization_name: r.text()?,
        organization_login_methods: r.json("default_login_methods")?,
        application_name: r.text()?,
    })
}

pub(crate) struct AllClients<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl AllClientRepository for AllClients<'_> {
    async fn find(&mut self, key: Option<ClientKey>, client_id: &ClientId) -> Result<Option<FoundClient>> {
        let row = self.0.row(&FIND, &[opt_uuid(key), text(client_id.as_str())]).await?;
        row.as_ref().map(read_found).transpose()
    }

    async fn list(
        &mut self,
        filter: &ClientFilter,
        page: &PageRequest<ClientSort>,
    ) -> Result<Page<ListedClient, SortedCursor>> {
        let search = filter.search.as_deref().map(Search::of);
        let (sort, dialect) = (sort_by(page.sort), self.0.dialect());
        let list = List::new(concat!(module_path!(), "::LIST"), dialect, select(dialect));
        let list = filtered(list, filter, search.as_ref())
            .page("c.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.0.list(list).await?, page.limit, read_listed, |row| row.client.id)
    }

    async fn count(&mut self, filter: &ClientFilter, at_most: u64) -> Result<u64> {
        let search = filter.search.as_deref().map(Search::of);
        let dialect = self.0.dialect();
        let list = List::new(concat!(module_path!(), "::COUNT"), dialect, COUNT);
        self.0.count(filtered(list, filter, search.as_ref()), at_most).await
    }

    async fn secret_counts(
        &mut self,
        keys: &[ClientKey],
        now: Timestamp,
    ) -> Result<HashMap<ClientKey, SecretCounts>> {
        let read = |r: &mut Reader<'_>| {
            Ok(SecretCounts {
                usable: next_count(r)?,
                next_expiry: r.opt_time()?,
                last_used_at: r.opt_time()?,
            })
        };
        count_each(&mut self.0, &SECRET_COUNTS, keys, Some(at(now)), read).await
    }
}
