//! `porta migrate`: needs the database and nothing else (weakness 20).

use clap::Subcommand;
use porta_config::{Source, StorageConfig};
use porta_core::Timestamp;
use porta_store_sql::MigrationStatus;
use serde_json::{Value, json};

use super::storage::{failed, open};
use super::{Failure, Global};
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Apply every migration that the database has not seen. Safe to run from several places at once.
    Up,
    /// Show what was applied and what is pending.
    Status,
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    let database = open(&StorageConfig::load(&Source::process())?).await?;
    match command {
        Command::Up => {
            let applied = database.migrate_up().await.map_err(failed)?;
            if global.json {
                output::json(&json!(applied));
                return Ok(());
            }
            for name in &applied {
                output::line(format_args!("applied {name}"));
            }
            output::done("the schema is up to date");
        }
        Command::Status => show(global, &database.migrations().await.map_err(failed)?),
    }
    Ok(())
}

fn show(global: Global, migrations: &[MigrationStatus]) {
    if global.json {
        output::json(&migrations.iter().map(status_json).collect());
        return;
    }
    let row = |m: &MigrationStatus| {
        let state = if m.applied_at.is_some() { "applied" } else { "pending" };
        let at = output::or_dash(m.applied_at.map(Timestamp::rfc3339));
        vec![m.version.to_string(), m.full_name(), state.to_owned(), at]
    };
    output::table(&["ID", "Name", "State", "Applied"], &migrations.iter().map(row).collect::<Vec<_>>());
    let pending = migrations.iter().filter(|m| m.applied_at.is_none()).count();
    output::line(format_args!("{} migrations, {pending} pending", migrations.len()));
}

fn status_json(migration: &MigrationStatus) -> Value {
    json!({
        "id": migration.version,
        "name": migration.full_name(),
        "run_on": migration.applied_at.map(Timestamp::rfc3339),
    })
}
