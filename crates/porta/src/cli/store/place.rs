//! A store that an option names. Its URL may hold a password, so it is never shown.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use porta_config::{Pooler, PostgresConfig, Source};
use porta_store_sql::{Database, DatabaseOptions, Target};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use crate::cli::access;
use crate::failure::Failure;
use crate::runtime::services::{embedded_file, is_served, lock_data_dir};

/// The commit of everything is one statement.
const STATEMENT_TIMEOUT: Duration = Duration::from_mins(10);
/// Threshold of slow-statement warnings, which only `--verbose` shows.
const SLOW_STATEMENT: Duration = Duration::from_secs(30);

const FORMS: &str = "use postgres://USER:PASSWORD@HOST/DATABASE or sqlite:DIRECTORY, or say where that is written: env:NAME, file:PATH";

#[derive(Debug)]
pub(super) enum Place {
    Embedded { data_dir: PathBuf },
    Postgres(Box<PostgresConfig>),
}

/// What is named, without passwords.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Embedded { data_dir } => write!(f, "sqlite:{}", data_dir.display()),
            Self::Postgres(postgres) => {
                write!(f, "PostgreSQL, {}", access::place(postgres.url.expose_secret()))
            }
        }
    }
}

impl Place {
    /// Reads the value of an option: a URL, or where it is written.
    pub(super) fn parse(option: &str, value: &SecretString, source: &Source<'_>) -> Result<Self, Failure> {
        let value = value.expose_secret().trim();
        let url = match value.split_once(':') {
            Some(("env", name)) => source
                .value(name)
                .ok_or_else(|| Failure::invalid(format!("{option}: the variable {name} is not set")))?,
            Some(("file", path)) => std::fs::read_to_string(path)
                .map_err(|error| Failure::invalid(format!("{option}: {path} cannot be read: {error}")))?,
            _ => value.to_owned(),
        };
        let url = url.trim();
        let unusable = |problem: &str| Failure::invalid(format!("{option}: {problem}; {FORMS}"));
        if let Some(path) = url.strip_prefix("sqlite:") {
            return embedded(path).ok_or_else(|| unusable("it names no directory"));
        }
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(unusable("it names no store"));
        }
        if Url::parse(url).is_err() {
            return Err(unusable("it is not a URL, special characters are percent-encoded"));
        }
        let postgres = PostgresConfig::at(source, SecretString::from(url))?;
        Ok(Self::Postgres(Box::new(postgres)))
    }

    pub(super) fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded { .. })
    }

    /// The directory of an embedded store.
    pub(super) fn data_dir(&self) -> Option<&Path> {
        match self {
            Self::Embedded { data_dir } => Some(data_dir),
            Self::Postgres(_) => None,
        }
    }

    /// Opens a store that exists: an embedded one is never created by the way.
    pub(super) async fn open(&self, which: &str) -> Result<Database, Failure> {
        let missing = |file: &Path| {
            let (file, migration) = (file.display(), self.migration());
            Failure::general(format!(
                "the {which} is missing: there is no database at {file}; {migration} makes one"
            ))
        };
        let target = match self {
            Self::Embedded { data_dir } => {
                let file = embedded_file(data_dir);
                if !file.exists() {
                    return Err(missing(&file));
                }
                Target::Sqlite(file)
            }
            Self::Postgres(postgres) => Target::Postgres(postgres.url.expose_secret().to_owned()),
        };
        let mut options = DatabaseOptions {
            max_connections: 2,
            statement_timeout: STATEMENT_TIMEOUT,
            slow_statement: SLOW_STATEMENT,
            ..DatabaseOptions::new(target)
        };
        if let Self::Postgres(postgres) = self {
            options.roots = postgres.roots.clone();
            options.is_pooled = postgres.pooler == Pooler::Transaction;
        }
        let opened = Database::connect(&options).await.map_err(anyhow::Error::new);
        opened.map_err(|error| Failure::general(format!("the {which}, {self}: {error:#}")))
    }

    /// The command that brings its schema up to date.
    pub(super) fn migration(&self) -> String {
        match self {
            Self::Embedded { data_dir } => {
                format!("PORTA_DATA_DIR={} porta migrate up", data_dir.display())
            }
            Self::Postgres(_) => "DATABASE_URL=… porta migrate up".to_owned(),
        }
    }

    /// Whether a server writes to it, as far as that can be seen.
    pub(super) fn is_served(&self) -> bool {
        self.data_dir().is_some_and(is_served)
    }

    /// Keeps servers from an embedded store as long as the result lives.
    pub(super) fn lock(&self) -> Result<Option<File>, Failure> {
        let Some(data_dir) = self.data_dir() else { return Ok(None) };
        let locked = lock_data_dir(data_dir);
        locked.map(Some).map_err(|error| Failure::general(format!("the target is in use: {error:#}")))
    }
}

/// `sqlite:DIRECTORY`, `sqlite://DIRECTORY` or the path of the file in it.
fn embedded(path: &str) -> Option<Place> {
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    let file = embedded_file(Path::new(""));
    let data_dir = if path.ends_with(&file) { path.parent()? } else { path };
    let data_dir = if data_dir.as_os_str().is_empty() { Path::new(".") } else { data_dir };
    (!path.as_os_str().is_empty()).then(|| Place::Embedded { data_dir: data_dir.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<String, Vec<String>> {
        let source = Source::of(
            [("LIVE", "postgres://porta:hunter2@db.example/porta"), ("EMPTY", " "), ("ODD", "hunter2")],
            "/tmp",
        );
        match Place::parse("--from", &SecretString::from(value), &source) {
            Ok(place) => Ok(place.to_string()),
            Err(Failure::Validation(lines) | Failure::General(lines)) => Err(lines),
            Err(other) => Err(vec![format!("{other:?}")]),
        }
    }

    #[test]
    fn a_store_is_named_by_a_url_or_by_where_it_is_written() {
        for (value, shown) in [
            ("sqlite:.porta", "sqlite:.porta"),
            ("sqlite:///var/lib/porta", "sqlite:/var/lib/porta"),
            ("sqlite:/var/lib/porta/porta.sqlite", "sqlite:/var/lib/porta"),
            ("sqlite:porta.sqlite", "sqlite:."),
            ("postgres://porta:hunter2@db:5432/live", "PostgreSQL, live at db:5432"),
            (" postgresql://porta:hunter2@db/live\n", "PostgreSQL, live at db"),
            ("env:LIVE", "PostgreSQL, porta at db.example"),
        ] {
            assert_eq!(parse(value), Ok(shown.to_owned()), "{value:?}");
        }
    }

    #[test]
    fn what_names_no_store_is_refused_and_not_repeated() {
        for value in [
            "",
            "sqlite:",
            "postgress://porta:hunter2@db/live",
            "postgres:porta:hunter2@db/live",
            "postgres://porta:hun ter2@[db/live",
            "hunter2",
            "env:NOBODY",
            "env:EMPTY",
            "env:ODD",
            "file:/nowhere/at/all",
        ] {
            let refused = parse(value).unwrap_err().join("\n");
            assert!(refused.starts_with("--from: ") && !refused.contains("hunter2"), "{value:?}: {refused}");
        }
    }
}
