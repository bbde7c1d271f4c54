//! Secrets that embedded storage generates once: `{data_dir}/secrets.env`.
//!
//! Several processes may start at the same moment. Each writes a complete file of its own and hard-links it to the
//! final name. The link fails for all but the first, and the others read the first one's file. No process ever sees a
//! partial file.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use porta_core::Entropy;
use porta_core::secret::hex;

use crate::keys::{EncryptionKeys, PartialSecrets, split_cookie_keys};
use crate::variable::{COOKIE_KEYS, SIGNING_KEY_ENCRYPTION_KEY, TWO_FACTOR_ENCRYPTION_KEY};
use crate::{Problem, dotenv};

const FILE_NAME: &str = "secrets.env";
const REMEDY: &str = "make the directory writable, or set COOKIE_KEYS and both encryption keys yourself";

fn path_of(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

fn io_problem(path: &Path, verb: &str, error: &io::Error) -> Problem {
    Problem::new(path.display().to_string(), format!("it cannot be {verb} ({})", error.kind()), REMEDY)
}

/// Reads the secrets of an earlier start; `None` before the first.
pub(crate) fn read(data_dir: &Path) -> Result<Option<PartialSecrets>, Problem> {
    let path = path_of(data_dir);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_problem(&path, "read", &error)),
    };
    protect(&path)?;
    let (values, problems) = dotenv::parse(&text);
    let keys = |name| values.get(name).and_then(|text: &String| EncryptionKeys::parse(text).ok());
    let secrets = PartialSecrets {
        cookie_keys: values
            .get(COOKIE_KEYS.name)
            .filter(|text| text.split(',').all(|key| key.trim().chars().count() >= 16))
            .map(|text| split_cookie_keys(text)),
        signing: keys(SIGNING_KEY_ENCRYPTION_KEY.name),
        two_factor: keys(TWO_FACTOR_ENCRYPTION_KEY.name),
    };
    let is_whole = secrets.cookie_keys.is_some() && secrets.signing.is_some() && secrets.two_factor.is_some();
    if !problems.is_empty() || !is_whole {
        // Never replaced by new secrets: only the old ones decrypt the data stored beside them.
        return Err(Problem::new(
            path.display().to_string(),
            "it was changed and no longer holds three usable keys",
            "restore it from a backup; without it stored keys cannot be opened",
        ));
    }
    Ok(Some(secrets))
}

/// Removes access to the file for group and others.
#[expect(clippy::verbose_bit_mask, reason = "a mode is read as octal digits")]
fn protect(path: &Path) -> Result<(), Problem> {
    let mode =
        std::fs::metadata(path).map_err(|error| io_problem(path, "read", &error))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    std::fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|error| {
        let message = format!("others can read it and that cannot be changed ({})", error.kind());
        Problem::new(path.display().to_string(), message, "make this process its owner, or chmod 600")
    })
}

/// Generates the file, or reads the one that another process generated first.
pub(crate) fn create(data_dir: &Path, entropy: &dyn Entropy) -> Result<PartialSecrets, Problem> {
    let path = path_of(data_dir);
    write_once(data_dir, &path, entropy).map_err(|error| io_problem(&path, "written", &error))?;
    read(data_dir)?.ok_or_else(|| io_problem(&path, "read", &ErrorKind::NotFound.into()))
}

fn write_once(data_dir: &Path, path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir)?;
    let own = data_dir.join(format!("{FILE_NAME}.{}", hex(&entropy.bytes::<8>())));
    let written = write_file(&own, &text(entropy)).and_then(|()| match std::fs::hard_link(&own, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    });
    let removed = std::fs::remove_file(&own);
    written.and(removed)?;
    // Syncs the directory, so that the file name survives a power failure as well as the content does.
    File::open(data_dir)?.sync_all()
}

fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn text(entropy: &dyn Entropy) -> String {
    let line = |name: &str| format!("{name}={}\n", hex(&entropy.bytes::<32>()));
    format!(
        "# Made at the first start. Back it up: without it stored keys cannot be opened and everybody signs in again.\n\
         {}{}{}",
        line(COOKIE_KEYS.name),
        line(SIGNING_KEY_ENCRYPTION_KEY.name),
        line(TWO_FACTOR_ENCRYPTION_KEY.name),
    )
}
