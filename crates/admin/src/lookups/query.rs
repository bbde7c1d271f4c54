//! What a picker asks for.

use porta_directory::{Queries, Wanted};
use utoipa::IntoParams;

use crate::error::Result;
use crate::list::Query;

/// Rows of an answer if the query does not say.
const ROWS: u64 = 20;
/// As many as ids that a query may name.
const MOST_ROWS: u64 = 100;

/// The parameters of every lookup, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `wanted` reads")]
pub(crate) struct LookupParameters {
    /// Text within one of the shown names, slugs, addresses or OAuth client ids; or an id.
    #[param(max_length = 255)]
    q: Option<String>,
    /// Up to 100 ids, separated by commas: only these.
    ids: Option<String>,
    /// Most rows of the answer; with `ids`, as many as they are unless it is given.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
}

pub(super) fn wanted(query: &Query) -> Result<Wanted> {
    let ids = query.uuids()?;
    let default = if ids.is_some() { MOST_ROWS } else { ROWS };
    let limit = query.number("limit", 1..=MOST_ROWS)?.unwrap_or(default);
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let text = query.words("q")?;
    let Some(text) = text.as_deref().map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(Wanted { ids, search: None, organization: None, application: None, limit });
    };
    let typed = Wanted::by_text(text, limit);
    let Some(mut ids) = ids else { return Ok(typed) };
    if let Some(meant) = &typed.ids {
        ids.retain(|given| meant.contains(given));
    }
    Ok(Wanted { ids: Some(ids), ..typed })
}

/// Leaves what belongs to the organization that a query names by id or slug.
pub(super) async fn of_organization(wanted: Wanted, query: &Query, queries: &Queries) -> Result<Wanted> {
    let Some(name) = query.text("organizationId") else { return Ok(wanted) };
    Ok(Wanted { organization: Some(queries.organization(name).await?.id), ..wanted })
}

/// Leaves what belongs to the application that a query names by id or slug.
pub(super) async fn of_application(wanted: Wanted, query: &Query, queries: &Queries) -> Result<Wanted> {
    let Some(name) = query.text("applicationId") else { return Ok(wanted) };
    Ok(Wanted { application: Some(queries.applications().find(name).await?.id), ..wanted })
}
