//! `/health`, `/ready` and `/metrics` (`docs/operations.md`).

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::observe::exposition;
use serde_json::{Value, json};

use crate::reply::{self, Reply};
use crate::state::AppState;

fn status_word(ok: bool) -> &'static str {
    if ok { "ok" } else { "error" }
}

/// `GET /health`: whether this process reaches its database and Redis.
pub(crate) async fn health(State(state): State<AppState>) -> Reply {
    let (database, redis) = tokio::join!(state.probes.database(), state.probes.redis());
    let (status, verdict) = if database && redis {
        (StatusCode::OK, "healthy")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unhealthy")
    };
    reply::json(
        status,
        &json!({ "status": verdict, "checks": { "database": status_word(database), "redis": status_word(redis) } }),
    )
}

/// `GET /metrics`: 404 unless metrics are enabled and served on this port.
pub(crate) async fn metrics(State(state): State<AppState>) -> Reply {
    match state.metrics.as_ref().filter(|_| state.metrics_are_public) {
        Some(metrics) => exposition(&**metrics).await,
        None => reply::text(StatusCode::NOT_FOUND, "Not Found"),
    }
}

/// `GET /ready`: whether a load balancer should send requests to this process.
pub(crate) async fn ready(State(state): State<AppState>) -> Reply {
    let report = state.probes.ready().await;
    let check = |problem: Option<&'static str>| match problem {
        None => json!({ "ok": true }),
        Some(code) => json!({ "ok": false, "error": code }),
    };
    let mut checks = serde_json::Map::new();
    checks.insert("db".to_owned(), check(report.database));
    checks.insert("redis".to_owned(), check(report.redis));
    if report.process.is_some() {
        checks.insert("process".to_owned(), check(report.process));
    }
    let is_ready = report.is_ready();
    if !is_ready {
        tracing::warn!(event = "ready.degraded", ?report, "not ready");
    }
    let (status, verdict) =
        if is_ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    reply::json(status, &json!({ "status": verdict, "checks": Value::Object(checks) }))
}
