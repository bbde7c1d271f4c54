//! OAuth clients.

use std::collections::HashMap;

use porta_core::ClientKey;
use porta_core::application::Application;
use porta_core::client::{Client, ClientSecret};
use porta_core::organization::Organization;
use porta_store::{
    ClientFilter, ClientSort, FoundClient, ListedClient, Page, PageRequest, SecretCounts, SortedCursor,
};

use super::Queries;
use crate::Result;
use crate::clients::find;

pub struct ClientQueries<'q>(&'q Queries);

impl Queries {
    pub fn clients(&self) -> ClientQueries<'_> {
        ClientQueries(self)
    }
}

impl ClientQueries<'_> {
    /// Finds a client by id or public identifier, in whichever organization has it.
    pub async fn find(&self, name: &str) -> Result<FoundClient> {
        find::client(&mut *self.0.repositories(), name).await
    }

    /// Finds the application of a filter by id or slug: one that the organization sees, or, if none is named, the only
    /// one of that name.
    pub async fn application(&self, organization: Option<&Organization>, name: &str) -> Result<Application> {
        find::application(&mut *self.0.repositories(), organization, name).await
    }

    /// The clients of all organizations, unless the filter names one.
    pub async fn list(
        &self,
        filter: &ClientFilter,
        page: &PageRequest<ClientSort>,
    ) -> Result<Page<ListedClient, SortedCursor>> {
        Ok(self.0.repositories().all_clients().list(filter, page).await?)
    }

    /// Number of rows of a list on all its pages, counted up to `at_most`.
    pub async fn count(&self, filter: &ClientFilter, at_most: u64) -> Result<u64> {
        Ok(self.0.repositories().all_clients().count(filter, at_most).await?)
    }

    /// The secrets of each of these clients, as they are now.
    pub async fn secret_counts(&self, keys: &[ClientKey]) -> Result<HashMap<ClientKey, SecretCounts>> {
        let now = self.0.deps.clock.now();
        Ok(self.0.repositories().all_clients().secret_counts(keys, now).await?)
    }

    /// The secrets of a client, newest first, revoked ones included.
    pub async fn secrets(&self, client: &Client) -> Result<Vec<ClientSecret>> {
        Ok(self.0.repositories().clients(client.organization_id).secrets(client.id).await?)
    }
}
