//! Lists as operators see them: filters, a sort column, and keyset pages.

use porta_core::application::ApplicationStatus;
use porta_core::client::{ClientStatus, ClientType};
use porta_core::invitation::InvitationState;
use porta_core::organization::OrganizationStatus;
use porta_core::user::UserStatus;
use porta_core::{
    ApplicationId, ClientKey, OneTimeTokenId, OrganizationId, RoleId, SessionKey, Timestamp, UserId,
};
use uuid::Uuid;

use crate::Cursor;

/// One page of a keyset pagination: at most `limit` items and the position to continue from. `next` is `None` on the
/// last page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P = Cursor> {
    pub items: Vec<T>,
    pub next: Option<P>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// Value of the sort column of a row; `None`: the row has none. Texts are compared by code point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SortValue {
    Time(Option<Timestamp>),
    Text(Option<String>),
}

/// Position after an item of a sorted list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortedCursor {
    pub value: SortValue,
    pub id: Uuid,
}

impl From<Cursor> for SortedCursor {
    fn from(cursor: Cursor) -> Self {
        Self { value: SortValue::Time(Some(cursor.created_at)), id: cursor.id }
    }
}

/// Where a page begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum PageStart {
    #[default]
    First,
    /// After the `next` of the page before, which had the same sort column and direction.
    After(SortedCursor),
    /// After this number of rows. Costs as much as reading them all.
    Offset(u64),
}

impl PageStart {
    pub fn cursor(&self) -> Option<&SortedCursor> {
        match self {
            Self::After(cursor) => Some(cursor),
            Self::First | Self::Offset(_) => None,
        }
    }

    pub fn offset(&self) -> u64 {
        match self {
            Self::Offset(rows) => *rows,
            Self::First | Self::After(_) => 0,
        }
    }
}

/// Which page of a list sorted by a column of `S`. Ties are broken by id. Rows without a sort value are last in
/// ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<S> {
    pub sort: S,
    pub direction: Direction,
    pub start: PageStart,
    pub limit: u32,
}

/// For counts that do not stop before the end.
pub const ALL_ROWS: u64 = u64::MAX;

// A search finds the rows in which one of the named columns contains the text. Every character stands for itself; only
// the case of ASCII letters is ignored. Where the filter says "by index", the id of a row is found as well, and a text of
// one or two characters is found at the beginning of a column only: it has no trigram.

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrganizationFilter {
    pub status: Option<OrganizationStatus>,
    pub ids: Option<Vec<OrganizationId>>,
    /// By index in name and slug.
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationSort {
    Name,
    CreatedAt,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationFilter {
    pub owner: Option<OrganizationId>,
    pub status: Option<ApplicationStatus>,
    pub ids: Option<Vec<ApplicationId>>,
    /// By index in name and slug.
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationSort {
    Name,
    CreatedAt,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleFilter {
    pub ids: Option<Vec<RoleId>>,
    pub application: Option<ApplicationId>,
    /// In name and slug.
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleSort {
    Name,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// The owner.
    pub organization: Option<OrganizationId>,
    pub application: Option<ApplicationId>,
    pub status: Option<ClientStatus>,
    pub client_type: Option<ClientType>,
    /// Clients with a secret that is not revoked and expires, or expired, before this time.
    pub secret_expires_before: Option<Timestamp>,
    pub keys: Option<Vec<ClientKey>>,
    /// By index in the name and the OAuth client id.
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSort {
    ClientName,
    CreatedAt,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    pub ids: Option<Vec<UserId>>,
    pub status: Option<UserStatus>,
    pub has_second_factor: Option<bool>,
    pub has_signed_in: Option<bool>,
    /// By index in address, given name and family name.
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserSort {
    Email,
    GivenName,
    FamilyName,
    CreatedAt,
    LastLoginAt,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SessionFilter {
    pub ids: Option<Vec<SessionKey>>,
    pub user: Option<UserId>,
    pub organization: Option<OrganizationId>,
    /// The client got tokens in the session.
    pub client: Option<ClientKey>,
    /// The address that the session began from, as it is stored.
    pub ip_address: Option<String>,
    /// Neither revoked nor expired at this time.
    pub live_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionSort {
    CreatedAt,
    LastActivityAt,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvitationFilter {
    pub ids: Option<Vec<OneTimeTokenId>>,
    /// In this state at this time.
    pub state: Option<(InvitationState, Timestamp)>,
    /// In the address.
    pub search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationSort {
    CreatedAt,
    ExpiresAt,
}
