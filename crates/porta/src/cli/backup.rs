//! `porta backup`: a copy of embedded storage that a server can be started on.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use porta_config::{Source, StorageConfig};
use serde_json::json;

use super::Global;
use super::environment::EnvironmentFile;
use super::private_file::sync_name;
use super::storage::{failed, open, secrets_file};
use crate::failure::Failure;
use crate::output;
use crate::runtime::services::embedded_file;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A directory that does not exist yet; it can serve as PORTA_DATA_DIR.
    directory: PathBuf,
    #[command(flatten)]
    environment: EnvironmentFile,
}

pub(crate) async fn run(global: Global, arguments: &Arguments) -> Result<(), Failure> {
    arguments.environment.apply();
    let storage = StorageConfig::load(&Source::process())?;
    let StorageConfig::Embedded { data_dir } = &storage else {
        return Err(Failure::general("data is in PostgreSQL: back it up with pg_dump"));
    };
    if !embedded_file(data_dir).exists() {
        return Err(Failure::general(format!("there is no database in {}", data_dir.display())));
    }
    let target = &arguments.directory;
    let refuse = |error: std::io::Error| Failure::general(format!("{}: {error}", target.display()));
    let database = open(&storage).await?;
    DirBuilder::new().mode(0o700).create(target).map_err(refuse)?;
    let unfinished = Unfinished(Some(target));
    let copy = embedded_file(target);
    output::while_waiting("copying the database", database.copy_to(&copy)).await.map_err(failed)?;
    let has_secrets = copy_secrets(&secrets_file(data_dir), &secrets_file(target)).map_err(refuse)?;
    File::open(&copy).and_then(|file| file.sync_all()).map_err(refuse)?;
    sync_name(&copy);
    sync_name(target);
    unfinished.keep();
    let bytes = std::fs::metadata(&copy).map_err(refuse)?.len();
    let value =
        json!({ "directory": target.display().to_string(), "bytes": bytes, "hasSecrets": has_secrets });
    global.happened(&value, format_args!("copied to {}", target.display()));
    if has_secrets {
        output::warning("the keys that open it lie beside it: keep it as safe as the server's own directory");
    }
    Ok(())
}

/// A directory that is removed when its copy fails or is interrupted: a part of a store must not look like a backup.
struct Unfinished<'p>(Option<&'p Path>);

impl Unfinished<'_> {
    /// It is whole.
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if let Some(directory) = self.0 {
            drop(std::fs::remove_dir_all(directory));
        }
    }
}

/// Returns `false` when there are none to copy.
fn copy_secrets(from: &Path, to: &Path) -> std::io::Result<bool> {
    let secrets = match std::fs::read(from) {
        Ok(secrets) => secrets,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(to)?;
    file.write_all(&secrets)?;
    file.sync_all()?;
    Ok(true)
}
