//! `GET /system/info`: the state of the installation.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::State;
use porta_directory::Undelivered;
use porta_kv::KvKey;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Authorized, ReadSettings};
use crate::answer::{self, Data, optional_time, time};
use crate::error::{AdminError, Result};
use crate::list::MOST_COUNTED;
use crate::state::AdminState;

/// How long a service may take to answer.
const LIMIT: Duration = Duration::from_secs(2);
const PROBE_KEPT: Duration = Duration::from_secs(10);

pub(crate) fn routes() -> OpenApiRouter<AdminState> {
    OpenApiRouter::new().routes(routes!(get_system_info))
}

/// The state of the installation and of the process that answers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SystemInfo {
    version: &'static str,
    started_at: String,
    uptime_seconds: u64,
    /// The clock of the server.
    time: String,
    /// Base URL of all issuers.
    issuer_base: String,
    database: ServiceInfo,
    /// Redis, or the store within the process.
    redis: ServiceInfo,
    migrations: MigrationInfo,
    mail: MailInfo,
    signing_keys: KeyInfo,
}

/// A service that the server needs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceInfo {
    healthy: bool,
    /// Of one round trip. `null`: there was no answer.
    latency_milliseconds: Option<u64>,
}

/// Whether the schema is that of the program.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MigrationInfo {
    up_to_date: bool,
    pending: Vec<String>,
}

/// The mail relay, and what did not go out. The outbox has the mails.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MailInfo {
    /// `false`: no mail goes out.
    configured: bool,
    /// Whether the relay answers now. `null`: none is configured.
    reachable: Option<bool>,
    /// Mails that wait; at most 10000.
    waiting: u64,
    /// Mails that were given up, as far as rows are kept; at most 10000.
    given_up: u64,
}

/// The active signing keys of all organizations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyInfo {
    /// When the oldest of them began to sign. `null`: there is none.
    oldest_active_since: Option<String>,
    oldest_age_seconds: Option<u64>,
}

fn milliseconds(latency: Duration) -> u64 {
    u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)
}

impl ServiceInfo {
    fn of(latency: Option<Duration>) -> Self {
        Self { healthy: latency.is_some(), latency_milliseconds: latency.map(milliseconds) }
    }

    /// Redis is asked to write: a full server still answers reads, but nobody can sign in.
    async fn of_redis(state: &AdminState) -> Self {
        let (key, began) = (KvKey::probe(), Instant::now());
        let write = state.kv.put(&key, Bytes::from_static(b"1"), PROBE_KEPT);
        let written = tokio::time::timeout(LIMIT, write).await;
        Self::of(written.is_ok_and(|written| written.is_ok()).then(|| began.elapsed()))
    }
}

/// Whether the relay answers. `None`: none is configured.
async fn is_relay_reachable(state: &AdminState) -> Option<bool> {
    let relay = state.relay.as_ref()?;
    let answered = tokio::time::timeout(LIMIT, relay.is_reachable()).await;
    Some(answered.unwrap_or(false))
}

impl MailInfo {
    fn of(reachable: Option<bool>, undelivered: Undelivered) -> Self {
        let Undelivered { waiting, given_up } = undelivered;
        Self { configured: reachable.is_some(), reachable, waiting, given_up }
    }
}

/// Get the state of the installation.
///
/// Versions, times, and whether the services answer now; no secret and no address of a service.
#[utoipa::path(get, path = "/system/info", tag = "system", responses((status = 200, body = Data<SystemInfo>)))]
pub(crate) async fn get_system_info(
    _: Authorized<ReadSettings>,
    State(state): State<AdminState>,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let stored = async {
        let stored = queries.system_state().await?;
        Ok::<_, AdminError>((stored, queries.organizations().outbox().undelivered(MOST_COUNTED).await?))
    };
    let (stored, redis, reachable) =
        tokio::join!(stored, ServiceInfo::of_redis(&state), is_relay_reachable(&state));
    let ((stored, undelivered), now) = (stored?, state.clock.now());
    Ok(answer::ok(SystemInfo {
        version: env!("CARGO_PKG_VERSION"),
        started_at: time(state.started_at),
        uptime_seconds: now.since(state.started_at).as_secs(),
        time: time(now),
        issuer_base: state.issuer_base.clone(),
        database: ServiceInfo::of(Some(stored.database_latency)),
        redis,
        migrations: MigrationInfo {
            up_to_date: stored.pending_migrations.is_empty(),
            pending: stored.pending_migrations,
        },
        mail: MailInfo::of(reachable, undelivered),
        signing_keys: KeyInfo {
            oldest_active_since: optional_time(stored.oldest_key_since),
            oldest_age_seconds: stored.oldest_key_since.map(|since| now.since(since).as_secs()),
        },
    }))
}
