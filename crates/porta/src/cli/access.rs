//! How a command reaches the Admin API: at a server, or inside its own process (decision 0050).

use std::path::Path;
use std::time::Duration;

use clap::{Args, Subcommand};
use porta_client::{Builder, Client, FixedToken};
use porta_config::{Source, Storage, StorageConfig};
use secrecy::ExposeSecret as _;
use url::Url;

use super::direct::Direct;
use super::environment::EnvironmentFile;
use super::in_process::InProcess;
use super::server::{CredentialsFile, Server, StoredToken, Target};
use crate::failure::Failure;
use crate::output;
use crate::runtime::services::embedded_file;

const TIMEOUT: Duration = Duration::from_secs(30);
/// A file of ten thousand people takes a while.
const FILE_TIMEOUT: Duration = Duration::from_mins(10);

/// Options of every command that asks the Admin API.
#[derive(Debug, Clone, Args)]
pub(crate) struct Access {
    /// Open the database instead of asking a server: for emergencies, with the server's environment.
    #[arg(long, global = true, help_heading = "Server")]
    direct: bool,
    #[command(flatten)]
    environment: EnvironmentFile,
    #[command(flatten)]
    target: Target,
}

/// A family of commands, such as `porta org`.
#[derive(Debug, Args)]
pub(crate) struct Family<C: Subcommand> {
    #[command(flatten)]
    pub(crate) access: Access,
    #[command(subcommand)]
    pub(crate) command: C,
}

impl Access {
    /// The Admin API.
    pub(crate) async fn admin(&self) -> Result<Client, Failure> {
        if self.direct {
            let direct = self.open_existing().await?;
            let issuer = direct.known_issuer().await?;
            return in_process(InProcess::new(&direct, issuer));
        }
        self.at_server()
    }

    /// The Admin API, for a command that sends a whole file. `creates`: it may make an embedded database.
    pub(crate) async fn admin_for_files(&self, creates: bool) -> Result<Client, Failure> {
        if self.direct {
            let direct = if creates { self.open_or_create().await? } else { self.open_existing().await? };
            let issuer = direct.known_issuer().await?;
            return in_process(InProcess::new(&direct, issuer));
        }
        self.at_server_within(FILE_TIMEOUT)
    }

    /// The Admin API, for a command that mails links: they must lead to where the servers are. `name`: who the mails say
    /// sends them; at a server it is whoever is signed in.
    pub(crate) async fn admin_for_mails(&self, name: Option<String>) -> Result<Client, Failure> {
        if self.direct {
            let direct = self.open_existing().await?;
            let issuer = direct.served_issuer().await?;
            return in_process(InProcess::new(&direct, issuer).in_the_name_of(name));
        }
        if name.is_some() {
            return Err(Failure::general("a server names whoever is signed in: --inviter needs --direct"));
        }
        self.at_server()
    }

    /// The Admin API, for a command that makes recovery codes: they are made with a key.
    pub(crate) async fn admin_for_recovery_codes(&self) -> Result<Client, Failure> {
        if self.direct {
            let direct = self.open_existing().await?;
            let issuer = direct.known_issuer().await?;
            return in_process(InProcess::new(&direct, issuer).with_second_factors()?);
        }
        self.at_server()
    }

    /// Fails without `--direct`: for a command that no operation of the Admin API serves.
    pub(crate) fn require_direct(&self) -> Result<(), Failure> {
        if self.direct {
            return Ok(());
        }
        Err(Failure::general("this command reads the database itself: add --direct where it can be reached"))
    }

    /// The database, for such a command.
    pub(crate) async fn database(&self) -> Result<Direct, Failure> {
        self.require_direct()?;
        self.open_existing().await
    }

    /// Names the environment of the server, for a command that reads it before it opens anything.
    pub(crate) fn prepare(&self) -> Result<(), Failure> {
        match self.environment.given() {
            Some(option) if !self.direct => {
                Err(Failure::general(format!("a server has its own environment: {option} needs --direct")))
            }
            Some(_) | None => {
                self.environment.apply();
                Ok(())
            }
        }
    }

    fn at_server(&self) -> Result<Client, Failure> {
        self.at_server_within(TIMEOUT)
    }

    fn at_server_within(&self, timeout: Duration) -> Result<Client, Failure> {
        self.prepare()?;
        let Server { url, signed_in } = self.target.resolve()?;
        let Some(signed_in) = signed_in else {
            return Err(Failure::denied(format!("not signed in to {url}: porta login --server {url}")));
        };
        let connection = self.target.connection(&url)?;
        let tokens = StoredToken::new(CredentialsFile::of_user()?, signed_in, connection.client()?);
        Ok(Builder::new(url, tokens).http(connection.builder()).timeout(timeout).build()?)
    }

    async fn open_existing(&self) -> Result<Direct, Failure> {
        self.environment.apply();
        existing().await
    }

    /// For a command that fills an installation: an embedded database may be new.
    async fn open_or_create(&self) -> Result<Direct, Failure> {
        self.environment.apply();
        open(|_| Ok(())).await
    }
}

/// Opens the database, which must exist.
pub(super) async fn existing() -> Result<Direct, Failure> {
    open(require).await
}

/// Opens the database and says which one it is.
async fn open(check: fn(&Path) -> Result<(), Failure>) -> Result<Direct, Failure> {
    let storage = Storage::load(&Source::process())?.relational();
    match &storage {
        StorageConfig::Embedded { data_dir } => {
            let file = embedded_file(data_dir);
            check(&file)?;
            output::note(format_args!("database: {}", file.display()));
        }
        StorageConfig::Postgres(postgres) => {
            output::note(format_args!("database: PostgreSQL, {}", place(postgres.url.expose_secret())));
        }
    }
    Direct::open().await
}

/// Name and host in the URL of a database, without the password.
pub(super) fn place(url: &str) -> String {
    let unnamed = || "as DATABASE_URL says".to_owned();
    let Ok(url) = Url::parse(url) else { return unnamed() };
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else { return unnamed() };
    let database = url.path().trim_start_matches('/');
    match url.port() {
        Some(port) => format!("{database} at {host}:{port}"),
        None => format!("{database} at {host}"),
    }
}

/// A database is never created by the way: a wrong directory would look like an empty installation.
fn require(file: &Path) -> Result<(), Failure> {
    if file.exists() {
        return Ok(());
    }
    Err(Failure::general(format!(
        "there is no database at {}: run the command where the server runs, or create one with porta init",
        file.display()
    )))
}

/// The address is never used: nothing is sent.
fn in_process(api: InProcess) -> Result<Client, Failure> {
    Ok(Builder::new("http://localhost", FixedToken::new("none")).carrier(api.carrier()).build()?)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn a_database_is_named_without_its_password() {
        for (url, shown) in [
            ("postgres://porta:secret@db.example:5432/porta?sslmode=require", "porta at db.example:5432"),
            ("postgresql://porta:secret@db/live", "live at db"),
            ("postgres:///porta?host=/run/postgresql&password=secret", "as DATABASE_URL says"),
            ("secret", "as DATABASE_URL says"),
        ] {
            assert_eq!(place(url), shown);
        }
    }
}
