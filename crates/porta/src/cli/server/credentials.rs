//! `~/.porta/credentials.json`, or that of another directory: the sign-ins of the command line. Only its owner may read the
//! file and `~/.porta`. It is replaced as a whole, under a lock: two commands that renew a token at the same moment must not
//! use the same refresh token, because the server would take the second use for a theft.

use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use porta_client::Secret;
use porta_core::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::cli::private_file::PrivateFile;
use crate::failure::Failure;

/// All sign-ins, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// The one that was made last; used where no other is named.
    pub(crate) current: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// One sign-in.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Profile {
    pub(crate) server: String,
    pub(crate) org_slug: String,
    pub(crate) client_id: String,
    pub(crate) access_token: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id_token: Option<Secret>,
    /// `None`: a program's sign-in, or one that the server gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<Secret>,
    /// When the access token ends (RFC 3339).
    pub(crate) expires_at: String,
    /// `None`: a program signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_info: Option<UserInfo>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct UserInfo {
    pub(crate) sub: String,
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// A token that ends so soon counts as ended: it could end on its way.
const EARLY: std::time::Duration = std::time::Duration::from_mins(1);

impl Profile {
    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        Timestamp::parse_rfc3339(&self.expires_at).is_none_or(|end| now + EARLY >= end)
    }
}

impl Credentials {
    /// The sign-in for a server: the one used last, if several are for it.
    pub(crate) fn for_server(&self, url: &str) -> Option<(String, Profile)> {
        let is_for = |(_, profile): &(&String, &Profile)| profile.server == url;
        let current = self.current.as_ref().and_then(|name| self.profiles.get_key_value(name)).filter(is_for);
        let found = current.or_else(|| self.profiles.iter().find(is_for));
        found.map(|(name, profile)| (name.clone(), profile.clone()))
    }

    /// What a new sign-in for a server is called: as the one before it, or as the server.
    pub(crate) fn name_for(&self, url: &str) -> String {
        if let Some((name, _)) = self.for_server(url) {
            return name;
        }
        let parsed = Url::parse(url).ok();
        let host = parsed.as_ref().and_then(Url::host_str).unwrap_or(url);
        match parsed.as_ref().and_then(Url::port) {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Takes a sign-in out. Another that is left becomes the one in use.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Profile> {
        let removed = self.profiles.remove(name)?;
        if self.current.as_deref() == Some(name) {
            self.current = self.profiles.keys().next().cloned();
        }
        Some(removed)
    }
}

/// Where the credentials are.
#[derive(Debug, Clone)]
pub(crate) struct CredentialsFile {
    directory: PathBuf,
    /// Whether the directory is for the command line alone. Another, such as `/tmp`, is left as it is.
    is_own: bool,
}

/// Held while the file is read and replaced.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl CredentialsFile {
    /// `PORTA_CREDENTIALS_DIR`, such as a mounted directory of a container; otherwise `.porta` of the home directory.
    pub(crate) fn of_user() -> Result<Self, Failure> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        if let Some(directory) = variable("PORTA_CREDENTIALS_DIR") {
            return Ok(Self { directory: directory.into(), is_own: false });
        }
        let home = variable("HOME").ok_or_else(|| {
            Failure::general("where are the credentials? neither HOME nor PORTA_CREDENTIALS_DIR is set")
        })?;
        Ok(Self { directory: Path::new(&home).join(".porta"), is_own: true })
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.join("credentials.json")
    }

    /// Nothing is stored if there is no file. One that others may read is refused: theirs are the tokens, too; and in a
    /// directory like `/tmp` it may be a file of somebody else, who wants a secret sent to another server.
    pub(crate) fn read(&self) -> Result<Credentials, Failure> {
        let path = self.path();
        let mut text = String::new();
        let read = File::open(&path).and_then(|mut file| {
            file.read_to_string(&mut text)?;
            let found = file.metadata()?;
            Ok((found.permissions().mode(), found.uid()))
        });
        match read {
            Ok((_, owner)) if self.is_foreign(owner, rustix::process::geteuid().as_raw()) => {
                return Err(Failure::general(format!(
                    "{} belongs to somebody else: PORTA_CREDENTIALS_DIR names another directory",
                    path.display()
                )));
            }
            Ok((mode, _)) if mode & 0o077 != 0 => {
                return Err(Failure::general(format!(
                    "others may read {0}: close it with chmod 600 {0}, or sign in anew if you do not know it",
                    path.display()
                )));
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Credentials::default()),
            Err(error) => return Err(self.failed("read", &error)),
        }
        serde_json::from_str(&text).map_err(|error| {
            Failure::general(format!(
                "{} is damaged in line {}; delete it and sign in again",
                path.display(),
                error.line()
            ))
        })
    }

    /// Whether a file is of somebody else: root can read one that is closed to others. With `sudo`, the home directory is
    /// still that of the operator.
    fn is_foreign(&self, owner: u32, us: u32) -> bool {
        !self.is_own && owner != us
    }

    /// Permission bits beyond the owner's, if the file or its directory has any that it should not have.
    pub(crate) fn others_may(&self) -> Option<u32> {
        let mode = |path: &Path| std::fs::metadata(path).map_or(0, |data| data.permissions().mode());
        let directory = mode(&self.directory);
        // Who may write to a directory may replace files of others, unless it is sticky.
        let unfit = match (self.is_own, directory & 0o1000) {
            (true, _) => 0o077,
            (false, 0) => 0o022,
            (false, _) => 0,
        };
        [mode(&self.path()) & 0o077, directory & unfit].into_iter().find(|bits| *bits != 0)
    }

    /// Waits until no other command replaces the file. Blocks the thread.
    pub(crate) fn lock(&self) -> Result<Lock, Failure> {
        let failed = |error: &std::io::Error| {
            let path = self.path();
            Failure::general(format!(
                "{} cannot be written: {error}; PORTA_CREDENTIALS_DIR names another directory",
                path.display()
            ))
        };
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory).map_err(|e| failed(&e))?;
        if self.is_own {
            let private = Permissions::from_mode(0o700);
            std::fs::set_permissions(&self.directory, private).map_err(|e| failed(&e))?;
        }
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.directory.join("credentials.lock"))
            .map_err(|e| failed(&e))?;
        file.lock().map_err(|e| failed(&e))?;
        Ok(Lock { _file: file })
    }

    /// Replaces the file. Without sign-ins there is none.
    fn write(&self, lock: &Lock, credentials: &Credentials) -> Result<(), Failure> {
        if credentials.profiles.is_empty() {
            return match std::fs::remove_file(self.path()) {
                Err(error) if error.kind() != ErrorKind::NotFound => Err(self.failed("removed", &error)),
                Ok(()) | Err(_) => Ok(()),
            };
        }
        self.fill(self.reserve(lock)?, credentials)
    }

    /// The file that will be in its place, before a token is used up for what will be in it.
    pub(in crate::cli) fn reserve(&self, _lock: &Lock) -> Result<PrivateFile, Failure> {
        PrivateFile::open(&self.path()).map_err(|error| self.failed("written", &error))
    }

    pub(in crate::cli) fn fill(&self, file: PrivateFile, credentials: &Credentials) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(credentials).map_err(|e| Failure::chain(&e))?;
        file.write(&format!("{text}\n")).map_err(|error| self.failed("written", &error))
    }

    /// Changes one sign-in under the lock.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Credentials)) -> Result<(), Failure> {
        let lock = self.lock()?;
        let mut credentials = self.read()?;
        change(&mut credentials);
        self.write(&lock, &credentials)
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Failure {
        Failure::general(format!("{} cannot be {what}: {error}", self.path().display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(server: &str, token: &str) -> Profile {
        Profile {
            server: server.to_owned(),
            access_token: token.into(),
            expires_at: "2026-01-01T00:10:00Z".to_owned(),
            ..Profile::default()
        }
    }

    fn file() -> (tempfile::TempDir, CredentialsFile) {
        let home = tempfile::tempdir().unwrap();
        let file = CredentialsFile { directory: home.path().join(".porta"), is_own: true };
        (home, file)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_reads_file_and_directory() {
        let (_home, file) = file();
        std::fs::create_dir(&file.directory).unwrap();
        std::fs::set_permissions(&file.directory, Permissions::from_mode(0o755)).unwrap();
        let add =
            |all: &mut Credentials| drop(all.profiles.insert("a".to_owned(), profile("https://a", "t")));
        file.change(add).unwrap();
        assert_eq!((mode(&file.path()), mode(&file.directory)), (0o600, 0o700));
        assert_eq!(file.others_may(), None);
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o644)).unwrap();
        assert_eq!(file.others_may(), Some(0o044));
        let Err(Failure::General(lines)) = file.read() else { unreachable!("it was read") };
        assert!(lines[0].contains("others may read") && !lines[0].contains("\"t\""), "{lines:?}");
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
        file.change(|all| drop(all.remove("a"))).unwrap();
        assert!(!file.path().exists(), "no sign-in is left");
    }

    /// `PORTA_CREDENTIALS_DIR=/tmp`.
    #[test]
    fn a_directory_that_was_chosen_keeps_its_permissions() {
        let home = tempfile::tempdir().unwrap();
        let file = CredentialsFile { directory: home.path().to_owned(), is_own: false };
        for (bits, unfit) in [(0o755, None), (0o1777, None), (0o777, Some(0o022))] {
            std::fs::set_permissions(home.path(), Permissions::from_mode(bits)).unwrap();
            file.change(|all| drop(all.profiles.insert("a".to_owned(), profile("https://a", "t")))).unwrap();
            assert_eq!((mode(home.path()), mode(&file.path())), (bits & 0o777, 0o600));
            assert_eq!(file.others_may(), unfit, "{bits:o}");
        }
    }

    /// Root reads every file, that of whoever was first in `/tmp` too.
    #[test]
    fn in_a_directory_for_everybody_only_an_own_file_is_used() {
        let at = |is_own| CredentialsFile { directory: PathBuf::from("/tmp"), is_own };
        for (is_own, owner, us, expected) in [
            (false, 1000, 1000, false),
            (false, 0, 0, false),
            (false, 1000, 0, true),
            (true, 1000, 0, false),
            (true, 1000, 1000, false),
        ] {
            assert_eq!(at(is_own).is_foreign(owner, us), expected, "{is_own} {owner} {us}");
        }
    }

    #[test]
    fn a_damaged_file_is_not_shown() {
        let (_home, file) = file();
        std::fs::create_dir(&file.directory).unwrap();
        std::fs::write(file.path(), "{\n\"profiles\": secret-token").unwrap();
        std::fs::set_permissions(file.path(), Permissions::from_mode(0o600)).unwrap();
        let Err(Failure::General(lines)) = file.read() else { unreachable!("it was read") };
        assert!(lines[0].contains("damaged in line 2") && !lines[0].contains("secret-token"), "{lines:?}");
    }

    #[test]
    fn a_token_ends_a_minute_early() {
        let profile = profile("https://a", "t");
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        assert!(!profile.is_expired(at("2026-01-01T00:08:59Z")));
        assert!(profile.is_expired(at("2026-01-01T00:09:00Z")));
        assert!(Profile::default().is_expired(at("2026-01-01T00:00:00Z")), "it does not say when");
    }

    #[test]
    fn the_one_in_use_comes_first_and_another_follows_it() {
        let mut all = Credentials::default();
        for name in ["a", "b"] {
            all.profiles.insert(name.to_owned(), profile("https://x", name));
        }
        all.current = Some("b".to_owned());
        assert_eq!(all.for_server("https://x").unwrap().0, "b");
        assert!(all.for_server("https://y").is_none());
        assert!(all.remove("b").is_some() && all.remove("b").is_none());
        assert_eq!(all.current.as_deref(), Some("a"));
    }

    #[test]
    fn tokens_are_not_debugged() {
        assert!(!format!("{:?}", profile("https://a", "secret-token")).contains("secret-token"));
    }
}
