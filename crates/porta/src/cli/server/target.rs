//! Which server a command asks.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use super::{Connection, Credentials, CredentialsFile, Profile};
use crate::failure::Failure;

/// Where `porta login` goes without another address.
pub(crate) const LOCAL: &str = "http://localhost:3000";

#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// URL of the server to ask.
    #[arg(long, global = true, env = "PORTA_SERVER", value_name = "URL", value_parser = address, help_heading = "Server")]
    server: Option<String>,
    /// Which sign-in to use, by the name that it has in the credentials file.
    #[arg(long, global = true, env = "PORTA_PROFILE", value_name = "NAME", help_heading = "Server")]
    profile: Option<String>,
    /// Also trust these certificate authorities of the server (PEM).
    #[arg(long, global = true, value_name = "FILE", help_heading = "Server")]
    ca_file: Option<PathBuf>,
    /// Accept any certificate of the server. For tests only.
    #[arg(long, global = true, help_heading = "Server")]
    insecure: bool,
}

/// The server to ask, and the sign-in for it.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Without a slash at its end.
    pub(crate) url: String,
    pub(crate) signed_in: Option<(String, Profile)>,
}

/// The address of a server as it is compared and stored.
pub(crate) fn address(text: &str) -> Result<String, String> {
    let form = || "write it as https://host or https://host/path".to_owned();
    let url = Url::parse(text).map_err(|_| form())?;
    let is_plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !is_plain || url.password().is_some() {
        return Err(form());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

impl Target {
    /// The server that the options, the environment or the last sign-in name.
    pub(crate) fn resolve(&self) -> Result<Server, Failure> {
        let stored = CredentialsFile::of_user()?.read()?;
        self.chosen(stored)?.ok_or_else(|| {
            Failure::general(
                "which server? name it with --server or PORTA_SERVER, or sign in with porta login --server URL",
            )
        })
    }

    /// The same, or `None` if nothing names a server.
    pub(crate) fn chosen(&self, mut stored: Credentials) -> Result<Option<Server>, Failure> {
        if let Some(name) = &self.profile {
            let Some(profile) = stored.profiles.remove(name) else {
                return Err(Failure::denied(format!(
                    "there is no sign-in called {name}: porta login --profile {name}"
                )));
            };
            if let Some(server) = self.server.as_ref().filter(|server| **server != profile.server) {
                let other = &profile.server;
                return Err(Failure::general(format!(
                    "the sign-in {name} is for {other}, and --server or PORTA_SERVER says {server}"
                )));
            }
            return Ok(Some(Server {
                url: profile.server.clone(),
                signed_in: Some((name.clone(), profile)),
            }));
        }
        if let Some(url) = &self.server {
            return Ok(Some(Server { url: url.clone(), signed_in: stored.for_server(url) }));
        }
        let current = stored.current.take();
        let signed_in = current.and_then(|name| stored.profiles.remove_entry(&name));
        Ok(signed_in
            .map(|(name, profile)| Server { url: profile.server.clone(), signed_in: Some((name, profile)) }))
    }

    /// The server to sign in to, and the name that the sign-in will have.
    pub(crate) fn for_login(&self, stored: &Credentials) -> (String, String) {
        let current = || stored.current.as_ref().and_then(|name| stored.profiles.get(name));
        let of_profile = self.profile.as_ref().and_then(|name| stored.profiles.get(name));
        let known = of_profile.or_else(|| if self.profile.is_none() { current() } else { None });
        let url = self.server.clone().or_else(|| known.map(|profile| profile.server.clone()));
        let url = url.unwrap_or_else(|| LOCAL.to_owned());
        let name = self.profile.clone().unwrap_or_else(|| stored.name_for(&url));
        (url, name)
    }

    /// How to reach a server.
    pub(crate) fn connection(&self, url: &str) -> Result<Connection, Failure> {
        Connection::to(url, self.ca_file.as_deref(), self.insecure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(server: Option<&str>, profile: Option<&str>) -> Target {
        Target {
            server: server.map(str::to_owned),
            profile: profile.map(str::to_owned),
            ca_file: None,
            insecure: false,
        }
    }

    fn stored() -> Credentials {
        let mut stored = Credentials::default();
        for (name, server) in [("a", "https://a.example"), ("b", "https://b.example")] {
            stored
                .profiles
                .insert(name.to_owned(), Profile { server: server.to_owned(), ..Profile::default() });
        }
        stored.current = Some("b".to_owned());
        stored
    }

    #[test]
    fn options_come_before_the_last_sign_in() {
        for (server, profile, expected) in [
            (None, None, Some(("https://b.example", Some("b")))),
            (None, Some("a"), Some(("https://a.example", Some("a")))),
            (Some("https://a.example"), None, Some(("https://a.example", Some("a")))),
            (Some("https://c.example"), None, Some(("https://c.example", None))),
            (Some("https://a.example"), Some("a"), Some(("https://a.example", Some("a")))),
        ] {
            let chosen = target(server, profile).chosen(stored()).unwrap();
            let chosen = chosen.map(|chosen| (chosen.url, chosen.signed_in.map(|(name, _)| name)));
            let expected = expected.map(|(url, name)| (url.to_owned(), name.map(str::to_owned)));
            assert_eq!(chosen, expected, "{server:?} {profile:?}");
        }
        assert!(target(None, None).chosen(Credentials::default()).unwrap().is_none());
    }

    #[test]
    fn a_sign_in_is_not_used_at_another_server() {
        assert!(target(Some("https://b.example"), Some("a")).chosen(stored()).is_err());
        assert!(target(None, Some("c")).chosen(stored()).is_err());
    }

    #[test]
    fn a_sign_in_is_named_after_its_server_unless_it_is_given_a_name() {
        for (server, profile, expected) in [
            (None, None, ("https://b.example", "b")),
            (Some("https://a.example"), None, ("https://a.example", "a")),
            (Some("http://localhost:4000"), None, ("http://localhost:4000", "localhost:4000")),
            (Some("https://c.example"), Some("live"), ("https://c.example", "live")),
            (None, Some("a"), ("https://a.example", "a")),
            (None, Some("new"), (LOCAL, "new")),
        ] {
            let named = target(server, profile).for_login(&stored());
            assert_eq!(named, (expected.0.to_owned(), expected.1.to_owned()), "{server:?} {profile:?}");
        }
    }

    #[test]
    fn addresses_are_compared_without_a_slash_at_their_end() {
        assert_eq!(address("https://Porta.example/").unwrap(), "https://porta.example");
        assert_eq!(address("https://porta.example/auth/").unwrap(), "https://porta.example/auth");
        for wrong in
            ["", "porta.example", "ftp://porta.example", "https://a:b@porta.example", "https://a.example?x"]
        {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
