//! `porta store copy`: everything from one store to another one.

use clap::Args;
use clap::builder::{StringValueParser, TypedValueParser};
use porta_config::Source;
use porta_store_sql::copy::{self, CopiedTable, CopyError, Progress, Side, TableRows};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::place::Place;
use crate::cli::Global;
use crate::cli::environment::has_password;
use crate::cli::storage::secrets_file;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The store to read: postgres://…, sqlite:DIRECTORY, or where that is written, as env:NAME or file:PATH.
    #[arg(long, value_name = "URL", value_parser = secret())]
    from: SecretString,
    /// The store to fill, named in the same way. It has every migration, and nothing else.
    #[arg(long, value_name = "URL", value_parser = secret())]
    to: SecretString,
    /// Check both stores and count what would be copied; change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Errors of clap would repeat the value, which may hold a password: it is checked later.
fn secret() -> impl TypedValueParser<Value = SecretString> {
    StringValueParser::new().map(SecretString::from)
}

pub(crate) async fn run(global: Global, arguments: &Arguments) -> Result<(), Failure> {
    warn_of_passwords(arguments);
    let source = Source::process();
    let from = Place::parse("--from", &arguments.from, &source)?;
    let to = Place::parse("--to", &arguments.to, &source)?;
    require_two_kinds(&from, &to)?;
    let source = from.open("source").await?;
    let target = to.open("target").await?;
    if arguments.dry_run {
        let planned = copy::plan(&source, &target).await.map_err(|error| refusal(&error, &from, &to))?;
        show_plan(global, &from, &to, &planned);
        return Ok(());
    }
    let _lock = to.lock()?;
    if from.is_served() {
        output::warning("a server uses the source: what it writes from now on stays behind");
    }
    let copied = copy::run(&source, &target, &show_progress).await;
    output::end_progress();
    let copied = copied.map_err(|error| refusal(&error, &from, &to))?;
    show(global, &from, &to, &copied);
    Ok(())
}

fn warn_of_passwords(arguments: &Arguments) {
    for (option, url) in [("--from", &arguments.from), ("--to", &arguments.to)] {
        if has_password(url.expose_secret()) {
            output::warning(format_args!(
                "others on this machine can read the password in {option}: name where it is written, env:NAME or file:PATH"
            ));
        }
    }
}

/// The same store cannot be both, and each database has a better tool for copies of itself.
fn require_two_kinds(from: &Place, to: &Place) -> Result<(), Failure> {
    match (from.is_embedded(), to.is_embedded()) {
        (true, true) => Err(Failure::general(
            "--from and --to are both embedded storage: porta backup copies it, and porta restore puts it back",
        )),
        (false, false) => {
            Err(Failure::general("--from and --to are both PostgreSQL: pg_dump and pg_restore copy it"))
        }
        (true, false) | (false, true) => Ok(()),
    }
}

fn refusal(error: &CopyError, from: &Place, to: &Place) -> Failure {
    let place = |side: &Side| match side {
        Side::Source => from,
        Side::Target => to,
    };
    let problem = match error {
        CopyError::Behind { side, pending } => format!(
            "the {side}, {}, lacks {} migrations: {} applies them",
            place(side),
            pending.len(),
            place(side).migration()
        ),
        CopyError::Newer { side, unknown } => format!(
            "the {side}, {}, was migrated by a newer version ({}): copy with that version",
            place(side),
            unknown.join(", ")
        ),
        CopyError::NotEmpty(found) => {
            let found: Vec<String> = found.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
            format!(
                "the target, {to}, is not empty (rows: {}), and nothing is overwritten: name a new one, in which only \
                 porta migrate up ran",
                found.join(", ")
            )
        }
        CopyError::InUse(_) => format!("somebody writes to the target, {to}: stop its servers"),
        CopyError::Differs(table) => {
            format!("{table} was not the same in the target after the copy, so nothing was kept")
        }
        CopyError::Table { .. } | CopyError::Store { .. } => return Failure::chain(error),
    };
    Failure::general(problem)
}

fn show_progress(progress: Progress) {
    let Progress { table, rows, of, is_check } = progress;
    let what = if is_check { "checking" } else { "copying" };
    output::progress(format_args!("{what} {table}, {rows} of {of} rows"));
}

fn show_plan(global: Global, from: &Place, to: &Place, planned: &[TableRows]) {
    let rows: u64 = planned.iter().map(|table| table.rows).sum();
    let tables: Value =
        planned.iter().map(|table| json!({ "table": table.table, "rows": table.rows })).collect();
    if !global.json {
        show_tables(planned.iter().map(|table| (table.table, table.rows)));
    }
    let value = json!({ "from": from.to_string(), "to": to.to_string(), "rows": rows, "tables": tables });
    global.planned(&value, format_args!("copy {rows} rows from {from} to {to}"));
    tell_of_keys(from, to);
}

fn show(global: Global, from: &Place, to: &Place, copied: &[CopiedTable]) {
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    let one =
        |table: &CopiedTable| json!({ "table": table.table, "rows": table.rows, "digest": table.digest });
    let tables: Value = copied.iter().map(one).collect();
    if !global.json {
        show_tables(copied.iter().map(|table| (table.table, table.rows)));
    }
    let value = json!({ "from": from.to_string(), "to": to.to_string(), "rows": rows, "tables": tables });
    global.happened(
        &value,
        format_args!("copied {rows} rows from {from} to {to}; counts and digests are the same"),
    );
    tell_of_keys(from, to);
}

/// What is sealed stays sealed. Keys are not in a store, and those of the other servers are not known here.
fn tell_of_keys(from: &Place, to: &Place) {
    let generated = |place: &Place| place.data_dir().map(secrets_file).filter(|file| file.exists());
    let as_in =
        generated(from).map(|file| format!(", as they are in {}", file.display())).unwrap_or_default();
    output::note(format_args!(
        "the servers of the copy need the keys of the source{as_in}: SIGNING_KEY_ENCRYPTION_KEY, \
         TWO_FACTOR_ENCRYPTION_KEY and COOKIE_KEYS"
    ));
    if let Some(file) = generated(to) {
        output::warning(format_args!(
            "{} has keys already: unless they are those of the source, move it away before a server starts",
            file.display()
        ));
    }
}

fn show_tables(tables: impl Iterator<Item = (&'static str, u64)>) {
    let filled = tables.filter(|(_, rows)| *rows > 0);
    let row = |(table, rows): (&str, u64)| vec![table.to_owned(), rows.to_string()];
    output::table(&["Table", "Rows"], &filled.map(row).collect::<Vec<_>>());
}
