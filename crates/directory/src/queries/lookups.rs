//! What somebody looks for by a name, an address or an id: for pickers, and for the search over all kinds. Each answer is
//! one query, of the lists that operators have anyway.

use porta_core::application::Application;
use porta_core::client::{Client, ClientId};
use porta_core::organization::Organization;
use porta_core::{ApplicationId, ClientKey, EntityId, OrganizationId, SessionKey, SigningKeyId};
use porta_store::{
    ApplicationFilter, ApplicationSort, ClientFilter, ClientSort, Direction, FoundKey, ListedClient,
    ListedRole, OrganizationFilter, OrganizationSort, Page, PageRequest, PageStart, RoleFilter, RoleSort,
    SessionEntry, SortedCursor, UserEntry, UserFilter, UserSort,
};
use uuid::Uuid;

use super::Queries;
use crate::Result;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub ids: Option<Vec<Uuid>>,
    /// Text within a name, a slug, an address or an OAuth client id.
    pub search: Option<String>,
    /// Only what belongs to this organization. Organizations and roles do not.
    pub organization: Option<OrganizationId>,
    /// Only what belongs to this application: clients and roles.
    pub application: Option<ApplicationId>,
    /// Most rows of the answer.
    pub limit: u32,
}

/// The first rows of what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstRows<T> {
    pub rows: Vec<T>,
    pub has_more: bool,
}

impl<T> FirstRows<T> {
    fn one(found: Option<T>) -> Self {
        Self { rows: found.into_iter().collect(), has_more: false }
    }
}

impl<T> From<Page<T, SortedCursor>> for FirstRows<T> {
    fn from(page: Page<T, SortedCursor>) -> Self {
        Self { rows: page.items, has_more: page.next.is_some() }
    }
}

impl Wanted {
    /// What somebody typed or pasted. Text in the form of an id is one; 32 digits without hyphens are not, because they
    /// may be part of something else.
    pub fn by_text(text: &str, limit: u32) -> Self {
        let id = Uuid::try_parse(text).ok().filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH);
        let (ids, search) = match id {
            Some(id) => (Some(vec![id]), None),
            None => (None, Some(text.to_owned())),
        };
        Self { ids, search, organization: None, application: None, limit }
    }

    fn ids<I: EntityId>(&self) -> Option<Vec<I>> {
        self.ids.as_ref().map(|ids| ids.iter().copied().map(I::from_uuid).collect())
    }

    /// The id, if it is the only thing that is looked for.
    fn only_id(&self) -> Option<Uuid> {
        match (self.ids.as_deref(), &self.search) {
            (Some([id]), None) => Some(*id),
            _ => None,
        }
    }

    /// Whether a client belongs where it is looked for.
    fn admits(&self, client: &Client) -> bool {
        self.organization.is_none_or(|owner| owner == client.organization_id)
            && self.application.is_none_or(|application| application == client.application_id)
    }

    fn page<S>(&self, sort: S, direction: Direction) -> PageRequest<S> {
        PageRequest { sort, direction, start: PageStart::First, limit: self.limit }
    }
}

pub struct LookupQueries<'q>(&'q Queries);

impl Queries {
    pub fn lookups(&self) -> LookupQueries<'_> {
        LookupQueries(self)
    }
}

impl LookupQueries<'_> {
    /// By name.
    pub async fn organizations(&self, wanted: &Wanted) -> Result<FirstRows<Organization>> {
        let filter = OrganizationFilter {
            ids: wanted.ids(),
            search: wanted.search.clone(),
            ..OrganizationFilter::default()
        };
        let page = wanted.page(OrganizationSort::Name, Direction::Ascending);
        Ok(self.0.repositories().organizations().list(&filter, &page).await?.into())
    }

    /// By name.
    pub async fn applications(&self, wanted: &Wanted) -> Result<FirstRows<Application>> {
        let filter = ApplicationFilter {
            owner: wanted.organization,
            ids: wanted.ids(),
            search: wanted.search.clone(),
            ..ApplicationFilter::default()
        };
        let page = wanted.page(ApplicationSort::Name, Direction::Ascending);
        Ok(self.0.repositories().all_applications().list(&filter, &page).await?.into())
    }

    /// By name. An OAuth client id may have the form of an id: such a client is found by either.
    pub async fn clients(&self, wanted: &Wanted) -> Result<FirstRows<ListedClient>> {
        if let Some(id) = wanted.only_id()
            && let Ok(client_id) = ClientId::parse(&id.to_string())
        {
            let key = Some(ClientKey::from_uuid(id));
            let found = self.0.repositories().all_clients().find(key, &client_id).await?;
            let found = found.map(ListedClient::from).filter(|found| wanted.admits(&found.client));
            return Ok(FirstRows::one(found));
        }
        let filter = ClientFilter {
            organization: wanted.organization,
            application: wanted.application,
            keys: wanted.ids(),
            search: wanted.search.clone(),
            ..ClientFilter::default()
        };
        let page = wanted.page(ClientSort::ClientName, Direction::Ascending);
        Ok(self.0.repositories().all_clients().list(&filter, &page).await?.into())
    }

    /// By name, of all applications.
    pub async fn roles(&self, wanted: &Wanted) -> Result<FirstRows<ListedRole>> {
        let (ids, search, application) = (wanted.ids(), wanted.search.clone(), wanted.application);
        let filter = RoleFilter { ids, application, search };
        let page = wanted.page(RoleSort::Name, Direction::Ascending);
        Ok(self.0.repositories().all_applications().roles(&filter, &page).await?.into())
    }

    /// The newest first: a million people are not sorted by name for a picker.
    pub async fn users(&self, wanted: &Wanted) -> Result<FirstRows<UserEntry>> {
        let filter = UserFilter { ids: wanted.ids(), search: wanted.search.clone(), ..UserFilter::default() };
        let page = wanted.page(UserSort::CreatedAt, Direction::Descending);
        Ok(self.0.repositories().people().users(wanted.organization, &filter, &page).await?.into())
    }

    /// The signing key of this `kid` or id, of whichever organization.
    pub async fn signing_key(&self, kid_or_id: &str) -> Result<FirstRows<FoundKey>> {
        let id = SigningKeyId::parse(kid_or_id);
        Ok(FirstRows::one(self.0.repositories().organizations().signing_key(kid_or_id, id).await?))
    }

    /// The session of this id. What is no id names none.
    pub async fn session(&self, id: &str) -> Result<FirstRows<SessionEntry>> {
        let Some(key) = SessionKey::parse(id) else { return Ok(FirstRows::one(None)) };
        Ok(FirstRows::one(self.0.repositories().people().session(key).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_the_form_of_an_id_is_one() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let wanted = Wanted::by_text(id, 5);
        assert_eq!((wanted.ids.as_deref(), &wanted.search), (Some(&[id.parse().unwrap()][..]), &None));
        for text in ["ana@acme.test", "01890a5d-ac96-774b-bcce", "01890a5dac96774bbcceb302099a8057"] {
            let wanted = Wanted::by_text(text, 5);
            assert_eq!((wanted.ids, wanted.search.as_deref()), (None, Some(text)));
        }
    }
}
