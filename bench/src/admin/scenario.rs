//! The requests that are measured.

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::client::{Connection, Site, form};
use crate::world::population::Population;

/// Rows of a page on the way to a page deep inside.
const STRIDE: u64 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum AdminScenario {
    FirstPage,
    NumberedPage,
    DeepPage,
    SearchAddress,
    SearchId,
    SearchRare,
    SearchFrequent,
    SearchShort,
    SearchNumbered,
    Organizations,
    SearchOrganizations,
    Statistics,
    OrganizationStatistics,
}

impl AdminScenario {
    pub(crate) const ALL: [Self; 13] = [
        Self::FirstPage,
        Self::NumberedPage,
        Self::DeepPage,
        Self::SearchAddress,
        Self::SearchId,
        Self::SearchRare,
        Self::SearchFrequent,
        Self::SearchShort,
        Self::SearchNumbered,
        Self::Organizations,
        Self::SearchOrganizations,
        Self::Statistics,
        Self::OrganizationStatistics,
    ];

    /// Text that a right answer contains.
    pub(crate) fn proof(self) -> &'static str {
        match self {
            Self::Statistics | Self::OrganizationStatistics => "\"generatedAt\"",
            Self::Organizations | Self::SearchOrganizations => "\"slug\"",
            Self::FirstPage
            | Self::NumberedPage
            | Self::DeepPage
            | Self::SearchAddress
            | Self::SearchId
            | Self::SearchRare
            | Self::SearchFrequent
            | Self::SearchShort
            | Self::SearchNumbered => "\"email\"",
        }
    }

    /// Path and query. A page deep inside is found by going through the pages before it.
    pub(crate) async fn path(self, site: &Site, token: &str, population: Population) -> Result<String> {
        let large = Population::large_id();
        let users = format!("/api/admin/organizations/{large}/users");
        let organizations = "/api/admin/organizations".to_owned();
        // Somebody in the middle.
        let number = population.users / 2 + 7;
        let person = Population::person(number);
        let search = |text: &str| format!("?{}", form(&[("limit", "20"), ("search", text)]));
        Ok(match self {
            Self::FirstPage => format!("{users}?limit=20"),
            Self::NumberedPage => format!("{users}?page=1&pageSize=20"),
            Self::DeepPage => {
                let cursor = cursor_inside(site, token, &users, population.users / 2).await?;
                format!("{users}?{}", form(&[("limit", "20"), ("cursor", cursor.as_str())]))
            }
            Self::SearchAddress => users + &search(&person.email),
            Self::SearchId => users + &search(&person.id),
            Self::SearchRare => users + &search(&format!("{number}@")),
            Self::SearchFrequent => users + &search("maria"),
            Self::SearchShort => users + &search("zo"),
            Self::SearchNumbered => format!("{users}?page=1&pageSize=20&search=maria"),
            Self::Organizations => organizations + "?limit=20",
            Self::SearchOrganizations => organizations + &search("bakery"),
            Self::Statistics => "/api/admin/stats/overview".to_owned(),
            Self::OrganizationStatistics => format!("/api/admin/stats/organization/{large}"),
        })
    }
}

impl std::fmt::Display for AdminScenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::FirstPage => "first page of users",
            Self::NumberedPage => "first page with the total",
            Self::DeepPage => "page in the middle, by cursor",
            Self::SearchAddress => "search by address",
            Self::SearchId => "search by id",
            Self::SearchRare => "search, one matches",
            Self::SearchFrequent => "search, one of six matches",
            Self::SearchShort => "search of two characters",
            Self::SearchNumbered => "search, one of six matches, with the total",
            Self::Organizations => "first page of organizations",
            Self::SearchOrganizations => "search of organizations",
            Self::Statistics => "statistics",
            Self::OrganizationStatistics => "statistics of the organization",
        })
    }
}

/// The position after so many users.
async fn cursor_inside(site: &Site, token: &str, users: &str, after: u64) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page {
        next_cursor: Option<String>,
    }
    let bearer = format!("Bearer {token}");
    let mut connection = Connection::open(site).await?;
    let mut cursor = String::new();
    for _ in 0..after.div_ceil(STRIDE).max(1) {
        let limit = STRIDE.to_string();
        let mut fields = vec![("limit", limit.as_str())];
        if !cursor.is_empty() {
            fields.push(("cursor", cursor.as_str()));
        }
        let request = site.get(&format!("{users}?{}", form(&fields)), &[("authorization", &bearer)]);
        let response = connection.expect(200, &request).await?;
        let page: Page = serde_json::from_slice(&response.body).context("a page has another form")?;
        cursor = page.next_cursor.context("there are too few users")?;
    }
    Ok(cursor)
}
