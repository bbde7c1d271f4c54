//! Numbers as the API shows them.

use porta_store::{LoginActivity, LoginCounts, StatusCounts, UserCounts};
use serde::Serialize;
use utoipa::ToSchema;

/// Number of entities, and of those in each status that occurs.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = StatusCounts)]
pub(super) struct Counts {
    total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inactive: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspended: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<u64>,
}

impl From<&StatusCounts> for Counts {
    fn from(by_status: &StatusCounts) -> Self {
        let of = |status: &str| by_status.get(status).copied();
        Self {
            total: by_status.values().sum(),
            active: of("active"),
            inactive: of("inactive"),
            suspended: of("suspended"),
            locked: of("locked"),
            archived: of("archived"),
            revoked: of("revoked"),
        }
    }
}

/// Number of users.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserCounts)]
pub(super) struct Users {
    #[serde(flatten)]
    counts: Counts,
    /// Created in the last seven days.
    new_last_7d: u64,
    /// Created in the last thirty days.
    new_last_30d: u64,
    /// Signed in within the last thirty days.
    active_last_30d: u64,
}

impl From<&UserCounts> for Users {
    fn from(users: &UserCounts) -> Self {
        Self {
            counts: Counts::from(&users.by_status),
            new_last_7d: users.new_last_7d,
            new_last_30d: users.new_last_30d,
            active_last_30d: users.active_last_30d,
        }
    }
}

/// Sign-ins.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LoginCounts)]
pub(super) struct Logins {
    successful: u64,
    failed: u64,
}

impl From<LoginCounts> for Logins {
    fn from(counts: LoginCounts) -> Self {
        Self { successful: counts.successful, failed: counts.failed }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LoginActivity)]
pub(super) struct Activity {
    #[serde(rename = "last24h")]
    day: Logins,
    #[serde(rename = "last7d")]
    week: Logins,
    #[serde(rename = "last30d")]
    month: Logins,
}

impl From<LoginActivity> for Activity {
    fn from(activity: LoginActivity) -> Self {
        Self { day: activity.last_24h.into(), week: activity.last_7d.into(), month: activity.last_30d.into() }
    }
}
