//! `porta mail`: emails that wait to be sent or were given up.

use clap::{Args, Subcommand};
use porta_core::outbox::{OutboxRow, OutboxState};
use serde_json::{Value, json};

use super::access::open_existing;
use super::{DirectFlag, Global};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show emails that wait or were given up, and how many went out.
    List(Arguments),
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    let Command::List(arguments) = command;
    arguments.direct_flag.require_direct()?;
    let direct = open_existing().await?;
    let organization = direct.begin().await?.organization(&arguments.org).await?;
    let emails = direct.directory.undelivered(&organization).await?;
    let counts = direct.directory.outbox_counts(&organization).await?;
    if global.json {
        output::json(&json!({
            "pending": counts.pending, "delivered": counts.delivered, "givenUp": counts.given_up,
            "emails": emails.iter().map(shown).collect::<Vec<_>>(),
        }));
        return Ok(());
    }
    let rows: Vec<Vec<String>> = emails.iter().map(cells).collect();
    output::table(&["Email", "Since", "State", "Attempts", "Next attempt", "Last error"], &rows);
    output::line(format_args!("{} delivered, as far as rows are kept", counts.delivered));
    Ok(())
}

fn template(row: &OutboxRow) -> &str {
    row.about["template"].as_str().unwrap_or("unknown")
}

fn cells(row: &OutboxRow) -> Vec<String> {
    let next = (row.state == OutboxState::Pending).then(|| row.next_attempt_at.rfc3339());
    vec![
        template(row).to_owned(),
        row.created_at.rfc3339(),
        row.state.to_string(),
        row.attempts.to_string(),
        output::or_dash(next),
        output::or_dash(row.last_error.as_ref()),
    ]
}

fn shown(row: &OutboxRow) -> Value {
    json!({
        "id": row.id, "template": template(row), "user": row.about["user_id"], "state": row.state,
        "attempts": row.attempts, "createdAt": row.created_at.rfc3339(),
        "nextAttemptAt": row.next_attempt_at.rfc3339(), "lastError": row.last_error,
    })
}
