//! The OAuth endpoints that the command line uses: metadata, keys, tokens and their revocation.

use porta_client::Secret;
use porta_jose::KeySet;
use reqwest::{Client, RequestBuilder, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::UserInfo;
use crate::failure::Failure;

/// Bytes of an answer; Porta's are shorter.
const LONGEST: usize = 1024 * 1024;

/// What a server tells about signing in to it (`GET /api/admin/metadata`).
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    /// Issuer of the organization of administrators.
    pub(crate) issuer: String,
    pub(crate) org_slug: String,
    /// Client of the command line.
    pub(crate) client_id: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: Secret,
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) id_token: Option<Secret>,
    pub(crate) expires_in: u64,
}

/// A program's client and its secret.
pub(crate) struct ClientSecret {
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
}

/// Body of a refusal (RFC 6749 §5.2).
#[derive(Default, Deserialize)]
struct OAuthError {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: Option<String>,
}

/// Why there are no new tokens.
#[derive(Debug)]
pub(crate) enum TokenFailure {
    /// The server refused what it was sent: sending it again does not help.
    Refused(String),
    Failed(Failure),
}

/// The endpoints of one organization of one server. They are addressed below the server's own address, because that is
/// what the operator can reach; the issuer may have another name outside.
pub(crate) struct Endpoints<'a> {
    pub(crate) http: &'a Client,
    pub(crate) server: &'a str,
    pub(crate) organization: &'a str,
}

/// `GET /api/admin/metadata`.
pub(crate) async fn metadata(http: &Client, server: &str) -> Result<Metadata, Failure> {
    let response = sent(server, http.get(format!("{server}/api/admin/metadata"))).await?;
    if response.status().as_u16() == 503 {
        return Err(Failure::general(format!(
            "{server} has no administrators yet: run porta init there first"
        )));
    }
    if !response.status().is_success() {
        let status = response.status();
        return Err(Failure::general(format!(
            "{server} is no Porta server, or its Admin API is not reachable: {status}"
        )));
    }
    read(server, response).await
}

impl Endpoints<'_> {
    /// The keys that sign ID tokens.
    pub(crate) async fn keys(&self) -> Result<KeySet, Failure> {
        let response = sent(self.server, self.http.get(self.url("jwks"))).await?;
        let jwks: Value = read(self.server, response).await?;
        let keys = jwks["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
        KeySet::from_jwks(keys).map_err(|e| Failure::chain(&e))
    }

    /// The token endpoint, for a public client.
    pub(crate) async fn tokens(&self, form: &[(&str, &str)]) -> Result<Tokens, TokenFailure> {
        self.answered(self.http.post(self.url("token")).form(form)).await
    }

    /// The token endpoint, for a program that acts for itself (RFC 6749 §4.4).
    pub(crate) async fn tokens_of_program(&self, client: &ClientSecret) -> Result<Tokens, TokenFailure> {
        // RFC 6749 §2.3.1: both parts are encoded as in a form before they are joined.
        let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let request = self
            .http
            .post(self.url("token"))
            .basic_auth(encoded(&client.client_id), Some(encoded(client.secret.expose())))
            .form(&[("grant_type", "client_credentials")]);
        self.answered(request).await
    }

    /// The person whom an access token is for, who must be the subject of the ID token (OpenID Connect Core §5.3.2).
    pub(crate) async fn person(&self, access_token: &Secret, sub: &str) -> Result<UserInfo, Failure> {
        let request = self.http.get(self.url("me")).bearer_auth(access_token.expose());
        let response = sent(self.server, request).await?;
        if !response.status().is_success() {
            return Err(Failure::general(refusal(response).await));
        }
        let person: UserInfo = read(self.server, response).await?;
        if person.sub == sub {
            return Ok(person);
        }
        Err(Failure::general("the server names another person than the ID token"))
    }

    /// Ends a token, and all others of its sign-in (RFC 7009).
    pub(crate) async fn revoke(&self, client_id: &str, token: &Secret) -> Result<(), Failure> {
        let form = [("token", token.expose()), ("client_id", client_id)];
        let response = sent(self.server, self.http.post(self.url("token/revocation")).form(&form)).await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(Failure::general(refusal(response).await))
    }

    fn url(&self, endpoint: &str) -> String {
        format!("{}/{}/{endpoint}", self.server, self.organization)
    }

    async fn answered(&self, request: RequestBuilder) -> Result<Tokens, TokenFailure> {
        let response = sent(self.server, request).await.map_err(TokenFailure::Failed)?;
        let status = response.status();
        if status.is_success() {
            return read(self.server, response).await.map_err(TokenFailure::Failed);
        }
        let text = refusal(response).await;
        if status.is_client_error() && status.as_u16() != 429 {
            return Err(TokenFailure::Refused(text));
        }
        Err(TokenFailure::Failed(Failure::general(text)))
    }
}

impl From<TokenFailure> for Failure {
    fn from(failure: TokenFailure) -> Self {
        match failure {
            TokenFailure::Refused(text) => Self::denied(text),
            TokenFailure::Failed(failure) => failure,
        }
    }
}

async fn sent(server: &str, request: RequestBuilder) -> Result<Response, Failure> {
    request.send().await.map_err(|error| unreachable_server(server, error))
}

async fn read<T: DeserializeOwned>(server: &str, mut response: Response) -> Result<T, Failure> {
    let unfit = || Failure::general(format!("{server} answers in another form than Porta"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable_server(server, error))? {
        if chunk.len() > LONGEST - body.len() {
            return Err(unfit());
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| unfit())
}

/// The address is named once: the error would repeat it with path and query.
pub(crate) fn unreachable_server(server: &str, error: reqwest::Error) -> Failure {
    match Failure::chain(&error.without_url()) {
        Failure::General(lines) => {
            Failure::general(format!("{server} does not answer: {}", lines.join(": ")))
        }
        other => other,
    }
}

async fn refusal(response: Response) -> String {
    let status = response.status();
    // The status says enough if the body is of another form.
    let error: OAuthError = read("", response).await.unwrap_or_default();
    match error.error_description {
        Some(description) => format!("the server refused: {description}"),
        None if error.error.is_empty() => format!("the server refused: {status}"),
        None => format!("the server refused: {}", error.error),
    }
}

/// The answer of `/health`.
#[derive(Debug, Deserialize)]
pub(crate) struct Health {
    pub(crate) checks: std::collections::BTreeMap<String, String>,
}

impl Health {
    pub(crate) fn is_healthy(&self) -> bool {
        self.checks.values().all(|state| state == "ok")
    }
}

/// `None`: the server does not answer, or in another form.
pub(crate) async fn health(http: &Client, server: &str) -> Option<Health> {
    let response = http.get(format!("{server}/health")).send().await.ok()?;
    read(server, response).await.ok()
}
