//! `porta version`.

use serde_json::json;

use super::Global;
use super::server::oauth::{Health, health};
use super::server::{CredentialsFile, Target};
use crate::failure::Failure;
use crate::output::or_dash;

pub(super) async fn run(global: Global, target: &Target) -> Result<(), Failure> {
    let server = target.chosen(CredentialsFile::of_user()?.read()?)?.map(|server| server.url);
    let state = match &server {
        None => "not configured",
        Some(url) => match health(&target.connection(url)?.client()?, url).await {
            Some(health) if health.is_healthy() => "reachable",
            Some(Health { .. }) => "degraded",
            None => "unreachable",
        },
    };
    let cli = env!("CARGO_PKG_VERSION");
    let fields = vec![
        ("Command line", cli.to_owned()),
        ("Server", state.to_owned()),
        ("Server URL", or_dash(server.as_ref())),
    ];
    global.detailed(&json!({ "cli": cli, "server": state, "serverUrl": server }), fields)
}
