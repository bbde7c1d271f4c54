//! What a server reads from its environment, for commands that open what it opens: `--env-file`, `--database-url` and
//! `--redis-url`.

use std::path::PathBuf;
use std::sync::Once;

use clap::Args;
use porta_config::Source;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::output;

/// The warning about a password is given once, however often a command opens something.
static WARNED: Once = Once::new();

#[derive(Debug, Clone, Args)]
pub(crate) struct EnvironmentFile {
    /// Read the variables of the server from this file. They come before those of this process; .env is not read.
    #[arg(long, value_name = "FILE", global = true, help_heading = "Server")]
    env_file: Option<PathBuf>,
    #[command(flatten)]
    stores: Stores,
}

/// Which stores to open, whatever the environment says.
#[derive(Debug, Clone, Args)]
pub(crate) struct Stores {
    /// Open this PostgreSQL database instead of that of DATABASE_URL. Others on this machine can read a password in it.
    #[arg(long, value_name = "URL", value_parser = secret, global = true, help_heading = "Server")]
    database_url: Option<SecretString>,
    /// Use this Redis instead of that of REDIS_URL.
    #[arg(long, value_name = "URL", value_parser = secret, global = true, help_heading = "Server")]
    redis_url: Option<SecretString>,
}

fn secret(text: &str) -> Result<SecretString, &'static str> {
    if text.trim().is_empty() { Err("it is empty") } else { Ok(text.into()) }
}

impl EnvironmentFile {
    /// Before anything is configured.
    pub(crate) fn apply(&self) {
        if let Some(path) = &self.env_file {
            Source::name_file(path.clone());
        }
        self.stores.apply();
    }

    /// The first of the options that is given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        if self.env_file.is_some() { Some("--env-file") } else { self.given_store() }
    }

    /// The first that names a store.
    pub(crate) fn given_store(&self) -> Option<&'static str> {
        let Stores { database_url, redis_url } = &self.stores;
        let options = [(database_url.is_some(), "--database-url"), (redis_url.is_some(), "--redis-url")];
        options.into_iter().find_map(|(is_given, option)| is_given.then_some(option))
    }
}

impl Stores {
    /// Before anything is configured.
    pub(crate) fn apply(&self) {
        let stores = [
            ("DATABASE_URL", "--database-url", &self.database_url),
            ("REDIS_URL", "--redis-url", &self.redis_url),
        ];
        for (variable, option, url) in stores {
            let Some(url) = url.as_ref().map(ExposeSecret::expose_secret) else { continue };
            Source::choose(variable, url);
            if has_password(url) {
                WARNED.call_once(|| {
                    output::warning(format_args!(
                        "others on this machine can read the password in {option}: put it into a file for --env-file"
                    ));
                });
            }
        }
    }
}

/// Whether a URL has a password, in its place or among the options of the connection.
pub(super) fn has_password(url: &str) -> bool {
    Url::parse(url)
        .is_ok_and(|url| url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password"))
}

#[cfg(test)]
mod tests {
    use super::has_password;

    #[test]
    fn a_password_is_seen_wherever_it_is() {
        for (url, expected) in [
            ("postgres://porta:secret@db/porta", true),
            ("redis://:secret@cache", true),
            ("postgres:///porta?host=/run/postgresql&password=secret", true),
            ("postgres://porta@db/porta?sslmode=require", false),
            ("env:DATABASE_URL", false),
            ("secret", false),
        ] {
            assert_eq!(has_password(url), expected, "{url}");
        }
    }
}
