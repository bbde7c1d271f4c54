//! Puts a copy in the place of a store. At every moment the name of the store is that of a whole database: what was there
//! gets a second name first, and the copy takes the first one in one step. Just before that step the store lacks what only
//! its log had; under the second name it has everything.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use porta_core::Timestamp;

use super::staged::{LOGS, Staged, copy};
use crate::cli::private_file::PrivateFile;
use crate::cli::storage::secrets_file;
use crate::runtime::services::{embedded_file, snapshot_file};

pub(super) struct Exchange {
    data_dir: PathBuf,
    store: PathBuf,
    /// Added to the names of what is replaced.
    mark: String,
}

impl Exchange {
    pub(super) fn at(data_dir: &Path, now: Timestamp) -> Self {
        // Without colons, which not every program takes in names.
        let time: String = now.rfc3339().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
        Self {
            data_dir: data_dir.to_owned(),
            store: embedded_file(data_dir),
            mark: format!(".replaced-{time}"),
        }
    }

    /// The name under which the present store stays; `None` if there is none.
    pub(super) fn kept(&self) -> Option<PathBuf> {
        self.store.exists().then(|| with_suffix(&self.store, &self.mark))
    }

    /// Whether these are the secrets of the store.
    pub(super) fn has_secrets(&self, secrets: &[u8]) -> bool {
        fs::read(secrets_file(&self.data_dir)).is_ok_and(|present| present == secrets)
    }

    /// `secrets`: those of the copy, if they are others.
    pub(super) fn run(self, staged: Staged, secrets: Option<&[u8]>) -> io::Result<()> {
        let store = &self.store;
        let kept = with_suffix(store, &self.mark);
        keep(store, &kept)?;
        // A log belongs to the store and keeps fitting its name.
        for log in LOGS {
            keep(&with_suffix(store, log), &with_suffix(&kept, log))?;
        }
        let snapshot = snapshot_file(&self.data_dir);
        // It knows sessions and codes that the copy does not.
        keep(&snapshot, &with_suffix(&snapshot, &self.mark))?;
        if let Some(secrets) = secrets {
            let path = secrets_file(&self.data_dir);
            keep(&path, &with_suffix(&path, &self.mark))?;
            let mut file = PrivateFile::open(&path)?;
            file.append(secrets)?;
            file.finish()?;
        }
        self.sync()?;
        // SQLite would apply the log to whatever has the name of the store.
        for path in LOGS.iter().chain(&["-shm"]).map(|log| with_suffix(store, log)).chain([snapshot]) {
            remove(&path)?;
        }
        self.sync()?;
        staged.put(store)?;
        self.sync()
    }

    /// Names are durable only after that.
    fn sync(&self) -> io::Result<()> {
        File::open(&self.data_dir)?.sync_all()
    }
}

/// Gives a file, if it is there, a second name.
fn keep(path: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(path, name) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // Some file systems have no second names.
        Err(_) => copy(File::open(path)?, name),
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Whether two paths name one file, whatever links are on the way.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    identity(one).is_some_and(|found| identity(other) == Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_750_000_000_123_456);

    /// A copy of a database with a text in it.
    fn staged(directory: &Path, text: &str) -> Staged {
        let file = directory.join("copy");
        fs::write(&file, format!("SQLite format 3\0{text}")).unwrap();
        Staged::of(&file, directory).unwrap()
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn what_was_there_stays_with_its_log_and_nothing_of_it_stays_in_place() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        for name in [
            "porta.sqlite",
            "porta.sqlite-wal",
            "porta.sqlite-journal",
            "porta.sqlite-shm",
            "short-lived.snapshot",
            "secrets.env",
        ] {
            fs::write(at(name), format!("old {name}")).unwrap();
        }
        let exchange = Exchange::at(directory.path(), NOW);
        assert!(exchange.has_secrets(b"old secrets.env") && !exchange.has_secrets(b"new"));
        let kept = exchange.kept().unwrap();
        assert_eq!(kept, at("porta.sqlite.replaced-20250615T150640.123456Z"));
        exchange.run(staged(directory.path(), "new"), Some(b"new secrets")).unwrap();
        assert_eq!(read(&at("porta.sqlite")), "SQLite format 3\0new");
        assert_eq!(read(&at("secrets.env")), "new secrets");
        assert_eq!(read(&kept), "old porta.sqlite");
        for log in ["-wal", "-journal"] {
            assert_eq!(read(&with_suffix(&kept, log)), format!("old porta.sqlite{log}"));
        }
        for name in ["secrets.env", "short-lived.snapshot"] {
            assert_eq!(read(&at(&format!("{name}.replaced-20250615T150640.123456Z"))), format!("old {name}"));
        }
        for name in ["porta.sqlite-wal", "porta.sqlite-journal", "porta.sqlite-shm", "short-lived.snapshot"] {
            assert!(!at(name).exists(), "{name}");
        }
    }

    #[test]
    fn an_empty_directory_is_filled_and_a_name_is_not_used_twice() {
        let directory = tempfile::tempdir().unwrap();
        let exchange = Exchange::at(directory.path(), NOW);
        assert_eq!(exchange.kept(), None);
        exchange.run(staged(directory.path(), "first"), None).unwrap();
        Exchange::at(directory.path(), NOW).run(staged(directory.path(), "second"), None).unwrap();
        let third = Exchange::at(directory.path(), NOW).run(staged(directory.path(), "third"), None);
        assert_eq!(third.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(read(&embedded_file(directory.path())), "SQLite format 3\0second");
    }

    #[test]
    fn a_file_without_the_mark_of_sqlite_is_not_staged() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("copy");
        for text in ["", "SQLite format 2\0", "not a database, and long enough"] {
            fs::write(&file, text).unwrap();
            assert!(Staged::of(&file, directory.path()).is_err(), "{text}");
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left");
    }
}
