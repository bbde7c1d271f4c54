//! `porta restore`: puts a copy in the place of embedded storage, while no server runs. Nothing is deleted: what was there
//! stays beside it.

mod exchange;
mod staged;

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use clap::Args;
use porta_config::{Source, StorageConfig};
use porta_core::{Clock as _, SystemClock};
use porta_store::StoreError;
use porta_store_sql::{Examined, SchemaState, examine};
use serde_json::json;

use self::exchange::{Exchange, same_file};
use self::staged::{Staged, remove_left_overs};
use super::Global;
use super::environment::EnvironmentFile;
use super::storage::secrets_file;
use crate::failure::Failure;
use crate::output;
use crate::runtime::services::{embedded_file, is_served, lock_data_dir};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A directory that `porta backup` made, or the database file in it, without the keys beside it.
    #[arg(value_name = "FILE")]
    copy: PathBuf,
    /// Examine the copy and say what would be done; change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    environment: EnvironmentFile,
}

/// What is to be restored.
struct Backup {
    database: PathBuf,
    secrets: Option<Vec<u8>>,
}

pub(crate) async fn run(global: Global, arguments: &Arguments) -> Result<(), Failure> {
    arguments.environment.apply();
    let StorageConfig::Embedded { data_dir } = StorageConfig::load(&Source::process())? else {
        return Err(Failure::general("data is in PostgreSQL: restore it with pg_restore"));
    };
    let backup = Backup::find(&arguments.copy, &data_dir)?;
    if is_served(&data_dir) {
        return Err(Failure::general(format!("another porta serves {}: stop it first", data_dir.display())));
    }
    let lock = if arguments.dry_run { None } else { Some(make_and_lock(&data_dir)?) };
    if lock.is_some() {
        remove_left_overs(&data_dir);
    }
    // A dry run makes no directory.
    let beside = if data_dir.exists() { data_dir.clone() } else { std::env::temp_dir() };
    let staged = Staged::of(&backup.database, &beside).map_err(|error| failed(&backup.database, &error))?;
    let examined = output::while_waiting("examining the copy", examine(staged.path())).await;
    let schema = usable(&backup.database, examined)?;
    let exchange = Exchange::at(&data_dir, SystemClock.now());
    let has_keys = backup.secrets.is_some();
    let secrets = backup.secrets.filter(|secrets| !exchange.has_secrets(secrets));
    let kept = exchange.kept().map(|kept| kept.display().to_string());
    let store = embedded_file(&data_dir).display().to_string();
    let value = json!({
        "database": store, "from": backup.database.display().to_string(), "keptAs": kept,
        "replacesSecrets": secrets.is_some(), "pendingMigrations": schema.pending,
    });
    let sentence = match &kept {
        Some(kept) => format!("{} to {store}; what was there becomes {kept}", backup.database.display()),
        None => format!("{} to {store}, where nothing was", backup.database.display()),
    };
    if arguments.dry_run {
        global.planned(&value, format_args!("restore {sentence}"));
        return Ok(());
    }
    let question = format!("Replace the store in {} by {}?", data_dir.display(), backup.database.display());
    if kept.is_some() && !global.confirmed(&question)? {
        return Ok(());
    }
    exchange.run(staged, secrets.as_deref()).map_err(|error| cut_off(&data_dir, &error))?;
    drop(lock);
    global.happened(&value, format_args!("restored {sentence}"));
    if !has_keys {
        output::note(
            "no keys came with the copy: a server needs those of its time, in its environment or secrets.env",
        );
    }
    if !schema.pending.is_empty() {
        output::note(format_args!(
            "the copy lacks {} migrations, which a server applies at its start",
            schema.pending.len()
        ));
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::general(format!("{}: {error}", path.display()))
}

/// A failure after the exchange began.
fn cut_off(data_dir: &Path, error: &std::io::Error) -> Failure {
    Failure::General(vec![
        format!("{}: {error}", data_dir.display()),
        "nothing is lost, but the copy may not be in its place: run the command again before a server starts"
            .to_owned(),
    ])
}

/// Keeps servers from starting until the result is dropped.
fn make_and_lock(data_dir: &Path) -> Result<File, Failure> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(data_dir);
    made.map_err(|error| failed(data_dir, &error))?;
    lock_data_dir(data_dir).map_err(|error| Failure::general(format!("{error:#}")))
}

impl Backup {
    fn find(path: &Path, data_dir: &Path) -> Result<Self, Failure> {
        let metadata = std::fs::metadata(path).map_err(|error| failed(path, &error))?;
        let (database, secrets) = if metadata.is_dir() {
            (embedded_file(path), Some(secrets_file(path)))
        } else {
            (path.to_owned(), None)
        };
        if !database.is_file() {
            return Err(Failure::general(format!("there is no database at {}", database.display())));
        }
        if same_file(&database, &embedded_file(data_dir)) {
            return Err(Failure::general(format!("{} is the store itself", database.display())));
        }
        // Its log and its file may not fit each other.
        if database.parent().is_some_and(is_served) {
            return Err(Failure::general(format!(
                "a server uses {}: porta backup makes a copy of it",
                database.display()
            )));
        }
        let secrets = match secrets.map(std::fs::read).transpose() {
            Ok(secrets) => secrets,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(path, &error)),
        };
        Ok(Self { database, secrets })
    }
}

/// Refuses a file that no server of this version could use.
fn usable(file: &Path, examined: Result<Examined, StoreError>) -> Result<SchemaState, Failure> {
    let file = file.display();
    let Examined { damage, schema } = examined.map_err(|error| match Failure::chain(&error) {
        Failure::General(lines) => Failure::general(format!("{file} cannot be used: {}", lines.join(": "))),
        other => other,
    })?;
    if !damage.is_empty() {
        return Err(Failure::general(format!("{file} is damaged: {}", damage.join("; "))));
    }
    if schema.is_new {
        return Err(Failure::general(format!("{file} is a database, but not a store of Porta")));
    }
    if !schema.unknown.is_empty() {
        let newer = schema.unknown.join(", ");
        return Err(Failure::general(format!(
            "{file} is of a newer version ({newer}): restore it with that version"
        )));
    }
    Ok(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Examined)) -> String {
        let schema = SchemaState { is_new: false, pending: Vec::new(), unknown: Vec::new() };
        let mut examined = Examined { damage: Vec::new(), schema };
        change(&mut examined);
        match usable(Path::new("copy"), Ok(examined)) {
            Ok(_) => String::new(),
            Err(Failure::General(lines)) => lines.join("\n"),
            Err(other) => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn only_a_whole_store_of_this_version_or_an_older_one_is_used() {
        assert_eq!(refused(|_| {}), "");
        assert_eq!(
            refused(|found| found.schema.pending = vec!["0036_x".to_owned()]),
            "",
            "a server migrates it"
        );
        assert_eq!(refused(|found| found.damage = vec!["page 3".to_owned()]), "copy is damaged: page 3");
        let newer = refused(|found| found.schema.unknown = vec!["9999_later".to_owned()]);
        assert!(newer.contains("newer version (9999_later)"), "{newer}");
        assert!(refused(|found| found.schema.is_new = true).contains("not a store of Porta"));
        let unreadable = StoreError::Failed("file is not a database".into());
        assert!(usable(Path::new("copy"), Err(unreadable)).is_err());
    }
}
