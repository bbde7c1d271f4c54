//! `GET /stats/overview`.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::State;
use porta_directory::Overview;
use porta_kv::KvKey;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use super::kept;
use super::view::{Activity, Counts, Users};
use crate::access::{Authorized, ReadStatistics};
use crate::answer::{self, Data, time};
use crate::error::Result;
use crate::state::AdminState;

/// How long a store may take to answer.
const LIMIT: Duration = Duration::from_secs(2);
const PROBE_KEPT: Duration = Duration::from_secs(10);

/// Whether the stores answer now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SystemHealth {
    database: bool,
    /// Redis, or the store within the process.
    redis: bool,
}

impl SystemHealth {
    /// Redis is asked to write: a full server still answers reads, but nobody can sign in.
    async fn of(state: &AdminState) -> Self {
        let queries = state.directory.queries();
        let key = KvKey::probe();
        let write = state.kv.put(&key, Bytes::from_static(b"1"), PROBE_KEPT);
        let (database, redis) = tokio::join!(
            tokio::time::timeout(LIMIT, async { queries.statistics().database_answers().await }),
            tokio::time::timeout(LIMIT, write),
        );
        Self { database: database.unwrap_or(false), redis: redis.is_ok_and(|written| written.is_ok()) }
    }
}

/// Numbers of the whole platform.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Statistics)]
pub(crate) struct PlatformStatistics {
    organizations: Counts,
    applications: Counts,
    clients: Counts,
    users: Users,
    login_activity: Activity,
    /// Browser sessions that did not end.
    active_sessions: u64,
    locked_users: u64,
    /// Secrets of clients that expire within thirty days.
    expiring_secrets: u64,
    /// Invitations that were not accepted yet.
    pending_invitations: u64,
    system_health: SystemHealth,
    generated_at: String,
}

impl PlatformStatistics {
    fn of(counted: &Overview, system_health: SystemHealth) -> Self {
        let pending = counted.pending.unwrap_or_default();
        Self {
            organizations: Counts::from(&counted.entities.organizations),
            applications: Counts::from(&counted.entities.applications),
            clients: Counts::from(&counted.entities.clients),
            users: Users::from(&counted.users),
            login_activity: counted.logins.into(),
            active_sessions: pending.active_sessions,
            locked_users: counted.users.by_status.get("locked").copied().unwrap_or_default(),
            expiring_secrets: pending.expiring_secrets,
            pending_invitations: pending.pending_invitations,
            system_health,
            generated_at: time(counted.generated_at),
        }
    }
}

/// Get the numbers of the platform.
///
/// They are about a minute old at most; the health of the stores is checked now.
#[utoipa::path(get, path = "/stats/overview", tag = "stats",
    responses((status = 200, body = Data<PlatformStatistics>)))]
pub(crate) async fn get_statistics(
    _: Authorized<ReadStatistics>,
    State(state): State<AdminState>,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let count = async { queries.statistics().overview(None).await };
    let counted = state.statistics.get(None, state.clock.now(), count).await?;
    let health = SystemHealth::of(&state).await;
    Ok(kept(answer::ok(PlatformStatistics::of(&counted, health))))
}
