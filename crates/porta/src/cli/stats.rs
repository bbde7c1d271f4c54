//! `porta stats`.

use clap::Subcommand;
use porta_client::types::{LoginCounts, Statistics, StatusCounts};

use super::report::Field;
use super::{Family, Global};
use crate::failure::Failure;
use crate::output::local;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the numbers of the platform. They are about a minute old at most.
    Show,
}

pub(crate) async fn run(global: Global, family: Family<Command>) -> Result<(), Failure> {
    let Family { access, command: Command::Show } = family;
    let statistics = access.admin().await?.stats.get_statistics().await?;
    global.detailed(&statistics, fields(&statistics))
}

fn fields(statistics: &Statistics) -> Vec<Field> {
    let logins = &statistics.login_activity;
    let users = &statistics.users;
    vec![
        ("Organizations", counts(&statistics.organizations)),
        ("Applications", counts(&statistics.applications)),
        ("Clients", counts(&statistics.clients)),
        ("Users", format!("{}, {} signed in within 30 days", users.total, users.active_last30d)),
        ("New users", format!("{} in 7 days, {} in 30 days", users.new_last7d, users.new_last30d)),
        ("Locked users", statistics.locked_users.to_string()),
        ("Active sessions", statistics.active_sessions.to_string()),
        ("Pending invitations", statistics.pending_invitations.to_string()),
        ("Expiring secrets", statistics.expiring_secrets.to_string()),
        ("Sign-ins, 24 hours", attempts(&logins.last24h)),
        ("Sign-ins, 7 days", attempts(&logins.last7d)),
        ("Sign-ins, 30 days", attempts(&logins.last30d)),
        ("Database", health(statistics.system_health.database)),
        ("Redis", health(statistics.system_health.redis)),
        ("Generated", local(&statistics.generated_at)),
    ]
}

fn counts(counts: &StatusCounts) -> String {
    format!("{}, {} active", counts.total, counts.active.unwrap_or(0))
}

fn attempts(counts: &LoginCounts) -> String {
    format!("{} successful, {} failed", counts.successful, counts.failed)
}

fn health(answers: bool) -> String {
    if answers { "ok" } else { "error" }.to_owned()
}
