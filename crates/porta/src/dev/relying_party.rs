//! A typical OpenID Connect client: discovery, authorization code with PKCE, ID token validation, UserInfo.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use porta_core::secret::sha256_base64url;
use porta_core::{Clock as _, Entropy, OsEntropy, SystemClock};
use porta_jose::{KeySet, TokenKind, has_audience};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::form_urlencoded::Serializer;

use super::demo::Settings;
use super::http_client::HttpClient;

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: String,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    id_token: String,
    refresh_token: Option<String>,
    scope: Option<String>,
    expires_in: u64,
}

/// A sign-in that was started.
#[derive(Clone)]
pub(super) struct Started {
    pub state: String,
    nonce: String,
    code_verifier: String,
    pub location: String,
}

/// A sign-in that succeeded.
#[derive(Clone)]
pub(super) struct SignedIn {
    pub id_token: String,
    pub id_token_claims: Map<String, Value>,
    pub userinfo: Value,
    pub access_token: String,
    pub refresh_token: Option<String>,
    pub scope: String,
    pub expires_in: u64,
}

fn random() -> String {
    let entropy: &dyn Entropy = &OsEntropy;
    URL_SAFE_NO_PAD.encode(entropy.bytes::<32>())
}

async fn discover(http: &HttpClient, settings: &Settings) -> anyhow::Result<Discovery> {
    let url = format!("{}/.well-known/openid-configuration", settings.issuer);
    let (status, body) = http.get(&url, None).await?;
    anyhow::ensure!(status.is_success(), "discovery answered {status}");
    let discovery: Discovery = serde_json::from_slice(&body)?;
    anyhow::ensure!(discovery.issuer == settings.issuer, "discovery names another issuer");
    Ok(discovery)
}

/// Starts a sign-in: builds the authorization URL.
pub(super) async fn start(http: &HttpClient, settings: &Settings) -> anyhow::Result<Started> {
    let discovery = discover(http, settings).await?;
    let (state, nonce, code_verifier) = (random(), random(), random());
    let query = Serializer::new(String::new())
        .append_pair("client_id", settings.client_id)
        .append_pair("response_type", "code")
        .append_pair("redirect_uri", &settings.redirect_uri())
        .append_pair("scope", "openid profile email")
        .append_pair("state", &state)
        .append_pair("nonce", &nonce)
        .append_pair("code_challenge", &sha256_base64url(&code_verifier))
        .append_pair("code_challenge_method", "S256")
        .finish();
    Ok(Started {
        location: format!("{}?{query}", discovery.authorization_endpoint),
        state,
        nonce,
        code_verifier,
    })
}

/// Redeems the code and performs all checks of OpenID Connect Core §3.1.3.7 and RFC 9207 §2.4.
pub(super) async fn finish(
    http: &HttpClient,
    settings: &Settings,
    started: &Started,
    code: &str,
    iss: &str,
) -> anyhow::Result<SignedIn> {
    anyhow::ensure!(iss == settings.issuer, "the answer came from another issuer");
    let discovery = discover(http, settings).await?;
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = STANDARD.encode(format!("{}:{}", encode(settings.client_id), encode(settings.client_secret)));
    let form = Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &settings.redirect_uri())
        .append_pair("code_verifier", &started.code_verifier)
        .finish();
    let (status, body) = http.post_form(&discovery.token_endpoint, &basic, form).await?;
    anyhow::ensure!(
        status.is_success(),
        "the token endpoint answered {status}: {}",
        String::from_utf8_lossy(&body)
    );
    let tokens: Tokens = serde_json::from_slice(&body)?;
    let id_token_claims = check_id_token(http, settings, &discovery, started, &tokens.id_token).await?;
    let (status, body) = http.get(&discovery.userinfo_endpoint, Some(&tokens.access_token)).await?;
    anyhow::ensure!(status.is_success(), "UserInfo answered {status}");
    let userinfo: Value = serde_json::from_slice(&body)?;
    anyhow::ensure!(userinfo.get("sub") == id_token_claims.get("sub"), "UserInfo is about somebody else");
    Ok(SignedIn {
        id_token: tokens.id_token,
        id_token_claims,
        userinfo,
        access_token: tokens.access_token,
        refresh_token: tokens.refresh_token,
        scope: tokens.scope.unwrap_or_default(),
        expires_in: tokens.expires_in,
    })
}

async fn check_id_token(
    http: &HttpClient,
    settings: &Settings,
    discovery: &Discovery,
    started: &Started,
    id_token: &str,
) -> anyhow::Result<Map<String, Value>> {
    let (_, jwks) = http.get(&discovery.jwks_uri, None).await?;
    let jwks: Value = serde_json::from_slice(&jwks)?;
    let keys = KeySet::from_jwks(jwks["keys"].as_array().context("the JWKS has no keys")?)?;
    // The token kind without an age check; the expiry is checked below.
    let claims = keys.verify(id_token, TokenKind::IdTokenHint)?;
    let is = |name: &str, value: &str| claims.get(name).and_then(Value::as_str) == Some(value);
    anyhow::ensure!(is("iss", &settings.issuer), "the ID token has another issuer");
    anyhow::ensure!(has_audience(&claims, settings.client_id), "the ID token is for another client");
    anyhow::ensure!(is("nonce", &started.nonce), "the ID token answers another request");
    let expires = claims.get("exp").and_then(Value::as_i64).context("the ID token never ends")?;
    anyhow::ensure!(SystemClock.now().seconds() < expires, "the ID token has expired");
    Ok(claims)
}

/// Builds the URL for signing out.
pub(super) async fn sign_out(
    http: &HttpClient,
    settings: &Settings,
    id_token: &str,
) -> anyhow::Result<String> {
    let discovery = discover(http, settings).await?;
    let query = Serializer::new(String::new())
        .append_pair("id_token_hint", id_token)
        .append_pair("post_logout_redirect_uri", &format!("{}/", settings.base_url))
        .finish();
    Ok(format!("{}?{query}", discovery.end_session_endpoint))
}
