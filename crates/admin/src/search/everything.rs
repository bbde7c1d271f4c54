//! `GET /search`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::Timestamp;
use porta_core::admin::AdminPermission;
use porta_directory::{Queries, Wanted};
use porta_web::reply::{self, Reply};
use utoipa::IntoParams;

use super::view::{Group, Groups, Hit};
use crate::access::{Authorized, NothingButARole};
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::state::AdminState;

/// Rows of a group if the query does not say.
const ROWS: u64 = 5;
const MOST_ROWS: u64 = 20;

/// What is searched, in the order of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Organization,
    Application,
    Client,
    User,
    Role,
    Key,
    Session,
}

const KINDS: [Kind; 7] =
    [Kind::Organization, Kind::Application, Kind::Client, Kind::User, Kind::Role, Kind::Key, Kind::Session];

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Application => "application",
            Self::Client => "client",
            Self::User => "user",
            Self::Role => "role",
            Self::Key => "key",
            Self::Session => "session",
        }
    }

    /// What somebody needs to find one.
    const fn permission(self) -> AdminPermission {
        match self {
            Self::Organization => AdminPermission::OrgRead,
            Self::Application => AdminPermission::AppRead,
            Self::Client => AdminPermission::ClientRead,
            Self::User => AdminPermission::UserRead,
            Self::Role => AdminPermission::RoleRead,
            Self::Key => AdminPermission::KeyRead,
            Self::Session => AdminPermission::SessionRead,
        }
    }
}

/// The parameters of the search, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `search_everything` reads")]
pub(crate) struct SearchParameters {
    /// Text within a name, a slug, an address or an OAuth client id; or an id, or the `kid` of a signing key. White space
    /// around it is ignored.
    #[param(min_length = 2, max_length = 255)]
    q: String,
    /// Of `organization`, `application`, `client`, `user`, `role`, `key` and `session`, separated by commas; without it,
    /// all of them.
    types: Option<String>,
    /// Most rows of a group.
    #[param(minimum = 1, maximum = 20, default = 5)]
    limit: Option<u64>,
}

/// What the caller asks for.
fn kinds(query: &Query) -> Result<Vec<Kind>> {
    let Some(text) = query.text("types") else { return Ok(KINDS.to_vec()) };
    let words: Vec<&str> = text.split(',').collect();
    if let Some(unknown) = words.iter().find(|word| !KINDS.iter().any(|kind| kind.as_str() == **word)) {
        let known = KINDS.map(Kind::as_str).join(", ");
        return Err(AdminError::invalid("types", format!("`{unknown}` is none of {known}")));
    }
    Ok(KINDS.into_iter().filter(|kind| words.contains(&kind.as_str())).collect())
}

/// Searches one kind, by one statement at most.
async fn group(
    queries: &Queries,
    kind: Kind,
    (text, wanted): (&str, &Wanted),
    now: Timestamp,
) -> Result<Group> {
    let lookups = queries.lookups();
    Ok(match kind {
        Kind::Organization => Group::of(kind, lookups.organizations(wanted).await?, Hit::organization),
        Kind::Application => Group::of(kind, lookups.applications(wanted).await?, Hit::application),
        Kind::Client => Group::of(kind, lookups.clients(wanted).await?, Hit::client),
        Kind::User => Group::of(kind, lookups.users(wanted).await?, Hit::user),
        Kind::Role => Group::of(kind, lookups.roles(wanted).await?, Hit::role),
        Kind::Key => Group::of(kind, lookups.signing_key(text).await?, Hit::key),
        Kind::Session => Group::of(kind, lookups.session(text).await?, |entry| Hit::session(entry, now)),
    })
}

/// Search everything that the caller may read.
///
/// By part of a name, slug, address or OAuth client id, and by the whole of an id or of a key's `kid`. Each kind is a
/// group of its own; kinds that the caller may not read are left out.
#[utoipa::path(get, path = "/search", tag = "search", params(SearchParameters),
    responses((status = 200, body = Groups)))]
pub(crate) async fn search_everything(
    caller: Authorized<NothingButARole>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let text = query.words("q")?.unwrap_or_default();
    let text = text.trim();
    if text.chars().nth(1).is_none() {
        return Err(AdminError::invalid("q", "use 2 to 255 characters"));
    }
    let limit = query.number("limit", 1..=MOST_ROWS)?.unwrap_or(ROWS);
    let wanted = Wanted::by_text(text, u32::try_from(limit).unwrap_or(u32::MAX));
    let (queries, now) = (state.directory.queries(), state.clock.now());
    let mut groups = Vec::new();
    for kind in kinds(&query)? {
        if caller.also_may(kind.permission()) {
            groups.push(group(&queries, kind, (text, &wanted), now).await?);
        }
    }
    Ok(reply::json(StatusCode::OK, &Groups { data: groups }))
}
