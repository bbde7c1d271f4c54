//! `porta migrate`: needs only the database.

use clap::{Args, Subcommand};
use porta_config::{Source, StorageConfig};
use porta_core::Timestamp;
use porta_store_sql::{MigrationStatus, PlannedStep};
use serde_json::{Value, json};

use super::Global;
use super::environment::EnvironmentFile;
use super::storage::{failed, open};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    environment: EnvironmentFile,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Apply all pending migrations. Safe to run from several places at once.
    Up {
        /// The same as `plan`.
        #[arg(long)]
        dry_run: bool,
    },
    /// Show what was applied and what is pending.
    Status,
    /// Show which tables pending migrations lock and how many rows they have; change nothing.
    Plan,
    /// Refused: migrations only go forward.
    Down {
        /// How many to undo: none is undone.
        #[arg(long, value_name = "N")]
        count: Option<u32>,
    },
}

pub(crate) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { environment, command } = arguments;
    environment.apply();
    if let Command::Down { count } = &command {
        let which = count.map(|count| format!("none of {count} is undone; ")).unwrap_or_default();
        return Err(Failure::general(format!(
            "{which}migrations only go forward: the version before runs on this schema too, so going back means \
             starting it again; what a migration removed comes back from a backup"
        )));
    }
    let database = open(&StorageConfig::load(&Source::process())?).await?;
    match command {
        Command::Plan | Command::Up { dry_run: true } => {
            let pending = database.migrations().await.map_err(failed)?;
            let pending = pending.iter().filter(|m| m.applied_at.is_none()).map(MigrationStatus::full_name);
            show_plan(
                global,
                &pending.collect::<Vec<_>>(),
                &database.migration_plan().await.map_err(failed)?,
            );
        }
        Command::Up { dry_run: false } => {
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
        Command::Down { .. } => {}
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

fn show_plan(global: Global, pending: &[String], steps: &[PlannedStep]) {
    if global.json {
        output::json(&json!({ "pending": pending, "steps": steps.iter().map(step_json).collect::<Value>() }));
        return;
    }
    if pending.is_empty() {
        output::done("the schema is up to date");
        return;
    }
    let number = |n: Option<i64>| output::or_dash(n.map(|n| n.to_string()));
    let row = |step: &PlannedStep| {
        let (table, lock) = (step.table.clone(), step.lock.to_owned());
        let (rows, bytes) = (number(step.rows), number(step.bytes));
        vec![
            step.migration.clone(),
            table,
            rows,
            bytes,
            lock,
            step.duration.to_owned(),
            step.action.to_owned(),
        ]
    };
    let head = ["Migration", "Table", "Rows", "Bytes", "Lock", "For", "Step"];
    output::table(&head, &steps.iter().map(row).collect::<Vec<_>>());
    output::line(format_args!(
        "{} migrations pending; those without a line make new tables only",
        pending.len()
    ));
}

fn step_json(step: &PlannedStep) -> Value {
    json!({
        "migration": step.migration, "table": step.table, "rows": step.rows, "bytes": step.bytes,
        "lock": step.lock, "duration": step.duration, "action": step.action,
    })
}
