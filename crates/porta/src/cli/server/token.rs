//! The access token of a stored sign-in. It is renewed when it ends, and once when the server refuses it; the new tokens
//! are saved before they are used.

use std::time::Duration;

use async_trait::async_trait;
use porta_client::{TokenError, TokenSource};
use porta_core::{Clock as _, SystemClock};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;

use super::oauth::{ClientSecret, Endpoints, TokenFailure, Tokens};
use super::{CredentialsFile, Profile};
use crate::failure::{Failure, NoToken};

pub(crate) struct StoredToken {
    file: CredentialsFile,
    name: String,
    profile: Mutex<Profile>,
    http: reqwest::Client,
}

impl StoredToken {
    pub(crate) fn new(
        file: CredentialsFile,
        (name, profile): (String, Profile),
        http: reqwest::Client,
    ) -> Self {
        Self { file, name, profile: Mutex::new(profile), http }
    }

    /// Replaces the token of `profile`, here and in the file. The file stays locked meanwhile: of two commands that find
    /// the token ended, the second finds what the first one saved.
    async fn renew(&self, profile: &mut Profile) -> Result<(), Failure> {
        let file = self.file.clone();
        let lock =
            tokio::task::spawn_blocking(move || file.lock()).await.map_err(|e| Failure::chain(&e))??;
        let mut all = self.file.read()?;
        let stored = all.profiles.get(&self.name).filter(|stored| stored.server == profile.server);
        let stored = stored.cloned().ok_or_else(|| self.ended("somebody signed out"))?;
        if stored.access_token != profile.access_token && !stored.is_expired(SystemClock.now()) {
            *profile = stored;
            return Ok(());
        }
        let file = self.file.reserve(&lock)?;
        let renewed = self.renewed_at_server(&stored).await?;
        all.profiles.insert(self.name.clone(), renewed.clone());
        self.file.fill(file, &all)?;
        *profile = renewed;
        Ok(())
    }

    async fn renewed_at_server(&self, profile: &Profile) -> Result<Profile, Failure> {
        let endpoints =
            Endpoints { http: &self.http, server: &profile.server, organization: &profile.org_slug };
        let answered = if let Some(token) = &profile.refresh_token {
            let form = [
                ("grant_type", "refresh_token"),
                ("refresh_token", token.expose()),
                ("client_id", profile.client_id.as_str()),
            ];
            endpoints.tokens(&form).await
        } else {
            let client = ClientSecret::of_environment()?;
            let client =
                client.filter(|client| client.client_id == profile.client_id && profile.is_program());
            let client = client.ok_or_else(|| self.ended("there is no refresh token"))?;
            endpoints.tokens_of_program(&client).await
        };
        match answered {
            Ok(tokens) => Ok(profile.with(tokens)),
            Err(TokenFailure::Refused(why)) => Err(self.ended(&why)),
            Err(TokenFailure::Failed(failure)) => Err(failure),
        }
    }

    fn ended(&self, why: &str) -> Failure {
        Failure::denied(format!("the sign-in {0} has ended ({why}): porta login --profile {0}", self.name))
    }
}

impl Profile {
    /// Whether a program signed in for itself.
    pub(crate) fn is_program(&self) -> bool {
        self.user_info.is_none()
    }

    /// The same sign-in with other tokens. A token that was not replaced stays.
    pub(crate) fn with(&self, tokens: Tokens) -> Self {
        Self {
            access_token: tokens.access_token,
            id_token: tokens.id_token.or_else(|| self.id_token.clone()),
            refresh_token: tokens.refresh_token.or_else(|| self.refresh_token.clone()),
            expires_at: (SystemClock.now() + Duration::from_secs(tokens.expires_in)).rfc3339(),
            ..self.clone()
        }
    }
}

impl ClientSecret {
    /// What `PORTA_CLIENT_ID` and `PORTA_CLIENT_SECRET`, or `PORTA_CLIENT_SECRET_FILE`, name.
    pub(crate) fn of_environment() -> Result<Option<Self>, Failure> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let Some(client_id) = variable("PORTA_CLIENT_ID") else { return Ok(None) };
        let secret = match (variable("PORTA_CLIENT_SECRET"), variable("PORTA_CLIENT_SECRET_FILE")) {
            (Some(secret), None) => secret,
            (None, Some(path)) => {
                let text = std::fs::read_to_string(&path).map_err(|e| {
                    Failure::general(format!("PORTA_CLIENT_SECRET_FILE: {path} cannot be read: {e}"))
                })?;
                text.trim_end_matches(['\n', '\r']).to_owned()
            }
            (Some(_), Some(_)) => {
                return Err(Failure::general(
                    "set PORTA_CLIENT_SECRET or PORTA_CLIENT_SECRET_FILE, not both",
                ));
            }
            (None, None) => return Ok(None),
        };
        Ok(Some(Self { client_id, secret: secret.into() }))
    }
}

#[async_trait]
impl TokenSource for StoredToken {
    async fn token(&self) -> Result<SecretString, TokenError> {
        let mut profile = self.profile.lock().await;
        if profile.is_expired(SystemClock.now()) {
            self.renew(&mut profile).await.map_err(NoToken)?;
        }
        Ok(profile.access_token.expose().into())
    }

    async fn renewed(&self, refused: &SecretString) -> Result<Option<SecretString>, TokenError> {
        let mut profile = self.profile.lock().await;
        if profile.access_token.expose() == refused.expose_secret() {
            self.renew(&mut profile).await.map_err(NoToken)?;
        }
        Ok(Some(profile.access_token.expose().into()))
    }
}
