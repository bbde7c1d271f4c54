//! A file that only its owner reads. It is written beside its place and renamed when complete, so that an aborted run
//! leaves no partial file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where a result goes, as an option says: `None` is standard output, which has names as well.
pub(super) fn chosen(output: Option<&Path>) -> Option<&Path> {
    output.filter(|path| ["-", "/dev/stdout"].iter().all(|name| *path != Path::new(name)))
}

pub(super) struct PrivateFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
}

impl PrivateFile {
    /// Called before anything is changed, so that no run begins whose result could not be kept.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Renaming would put a file in the place of a device such as `/dev/null`, for every program of the machine.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is there already, and no regular file",
            ));
        }
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let partial = path.with_file_name(format!(".{name}.{}", std::process::id()));
        // What a killed process with the same id left.
        drop(fs::remove_file(&partial));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial)?;
        Ok(Self { path: path.to_owned(), partial, file })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds to what the file will hold.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Replaces the file at the path.
    pub(super) fn finish(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.partial, &self.path)?;
        sync_name(&self.path);
        Ok(())
    }

    /// Replaces the file at the path by a text.
    pub(super) fn write(mut self, text: &str) -> io::Result<()> {
        self.append(text.as_bytes())?;
        self.finish()
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // Fails after a successful rename, when the file is gone.
        drop(fs::remove_file(&self.partial));
    }
}

/// Makes the name of a file durable, whose content is. It is no failure where this cannot be done: the file is there.
pub(super) fn sync_name(path: &Path) {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Ok(directory) = File::open(parent.unwrap_or(Path::new("."))) {
        drop(directory.sync_all());
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_file_is_replaced_when_it_is_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        fs::write(&path, "before").unwrap();
        let mut file = PrivateFile::open(&path).unwrap();
        file.append(b"aft").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        file.write("er").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "after");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        drop(PrivateFile::open(&path).unwrap());
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            1,
            "nothing is left of a run that ended early"
        );
    }

    /// Somebody who may write to `/dev` would take `/dev/null` from all programs.
    #[test]
    fn what_is_no_regular_file_stays_what_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        symlink("/dev/null", at("device")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for name in ["device", "directory", "socket"] {
            let error = PrivateFile::open(&at(name)).map(drop).unwrap_err();
            assert!(error.to_string().contains("no regular file"), "{name}: {error}");
        }
        symlink("nowhere", at("new")).unwrap();
        assert!(PrivateFile::open(&at("new")).is_ok(), "a file will be there");
    }

    #[test]
    fn standard_output_is_no_file() {
        for (output, expected) in
            [(None, None), (Some("-"), None), (Some("/dev/stdout"), None), (Some("./-"), Some("./-"))]
        {
            assert_eq!(chosen(output.map(Path::new)), expected.map(Path::new), "{output:?}");
        }
    }
}
