//! `porta login`: signs an operator in by a browser, or a program by its client.
//!
//! ```text
//! metadata ─► browser ─► listener on 127.0.0.1 ─► code ─► tokens ─► ID token checked ─► stored
//!                └── --no-browser: the operator pastes the address that the browser ended at
//! ```

mod issuer;
mod listener;
mod request;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use clap::Args;
use serde_json::json;

use self::listener::Listener;
use self::request::Request;
use super::server::identity::{self, Expected};
use super::server::oauth::{self, ClientSecret, Endpoints, Metadata};
use super::server::{CredentialsFile, Profile, Target, address};
use super::{Global, prompt};
use crate::failure::Failure;
use crate::output;

/// How long the browser may take.
const PATIENCE: Duration = Duration::from_mins(5);
/// Where the browser ends if nothing listens; the operator copies the address.
const NOWHERE: &str = "http://127.0.0.1:11111/callback";

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  porta login --server https://porta.example\n  \
    porta login --server https://porta.example --profile live --no-browser\n  \
    PORTA_CLIENT_ID=… PORTA_CLIENT_SECRET_FILE=/run/secrets/porta porta login --client-credentials")]
pub(crate) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// OAuth client to sign in with, instead of the one that the server names.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Where administrators sign in, if the server has another name there than here.
    #[arg(long, value_name = "URL", value_parser = address)]
    issuer: Option<String>,
    /// Open the address in a browser of another machine, and paste where it ends. It is so in containers.
    #[arg(long)]
    no_browser: bool,
    /// Sign a program in, by PORTA_CLIENT_ID and PORTA_CLIENT_SECRET or PORTA_CLIENT_SECRET_FILE.
    #[arg(long, conflicts_with_all = ["client_id", "issuer", "no_browser"])]
    client_credentials: bool,
}

pub(super) async fn run(global: Global, arguments: Arguments) -> Result<(), Failure> {
    let file = CredentialsFile::of_user()?;
    // Fails where the sign-in could not be stored, before anybody signs in.
    drop(file.lock()?);
    let (server, name) = arguments.target.for_login(&file.read()?);
    if issuer::is_in_clear(&server) {
        output::warning(format_args!(
            "{server} is asked without encryption: whoever is in between can read along"
        ));
    }
    let http = arguments.target.connection(&server)?.client()?;
    let metadata = oauth::metadata(&http, &server).await?;
    let endpoints = Endpoints { http: &http, server: &server, organization: &metadata.org_slug };
    let profile = if arguments.client_credentials {
        program(&endpoints, &metadata).await?
    } else {
        issuer::check(&metadata.issuer, &server, arguments.issuer.as_deref())?;
        let client_id = arguments.client_id.clone().or_else(|| metadata.client_id.clone());
        let client_id = client_id.ok_or_else(|| {
            Failure::general(
                "the server names no client for the command line: repair it with porta init --force",
            )
        })?;
        person(&endpoints, &metadata, &client_id, arguments.is_manual()).await?
    };
    let has_refresh_token = profile.refresh_token.is_some() || profile.is_program();
    let stored = profile.clone();
    file.change(|all| {
        all.profiles.insert(name.clone(), stored);
        all.current = Some(name.clone());
    })?;
    if !has_refresh_token {
        output::warning("the server gave no refresh token: sign in again when this one ends");
    }
    tell(global, &name, &profile);
    Ok(())
}

impl Arguments {
    /// Whether no browser of this machine can reach a listener of this process.
    fn is_manual(&self) -> bool {
        let is_container = match std::env::var("PORTA_CONTAINER").as_deref() {
            Ok("1") => true,
            Ok("0") => false,
            Ok(_) | Err(_) => Path::new("/.dockerenv").exists(),
        };
        self.no_browser || is_container
    }
}

fn tell(global: Global, name: &str, profile: &Profile) {
    let who = profile
        .user_info
        .as_ref()
        .map_or(&profile.client_id, |user| user.email.as_ref().unwrap_or(&user.sub));
    let value = json!({
        "profile": name, "server": profile.server, "orgSlug": profile.org_slug, "clientId": profile.client_id,
        "sub": profile.user_info.as_ref().map(|user| &user.sub),
        "email": profile.user_info.as_ref().and_then(|user| user.email.as_ref()),
        "expiresAt": profile.expires_at,
    });
    global.happened(&value, format_args!("{who} is signed in to {} (profile {name})", profile.server));
}

async fn program(endpoints: &Endpoints<'_>, metadata: &Metadata) -> Result<Profile, Failure> {
    let client = ClientSecret::of_environment()?.ok_or_else(|| {
        Failure::general("set PORTA_CLIENT_ID, and PORTA_CLIENT_SECRET or PORTA_CLIENT_SECRET_FILE")
    })?;
    let tokens = endpoints.tokens_of_program(&client).await?;
    let blank = Profile {
        server: endpoints.server.to_owned(),
        org_slug: metadata.org_slug.clone(),
        client_id: client.client_id,
        ..Profile::default()
    };
    Ok(blank.with(tokens))
}

async fn person(
    endpoints: &Endpoints<'_>,
    metadata: &Metadata,
    client_id: &str,
    is_manual: bool,
) -> Result<Profile, Failure> {
    let (request, code) = if is_manual {
        let request = Request::new(&metadata.issuer, client_id, NOWHERE);
        let code = pasted(&request)?;
        (request, code)
    } else {
        let listener = Listener::bind().await?;
        let request = Request::new(&metadata.issuer, client_id, &listener.redirect_uri());
        open(&request.url);
        let code = tokio::time::timeout(PATIENCE, listener.code(&request)).await;
        let code = code.map_err(|_| Failure::general("nobody signed in within five minutes"))??;
        (request, code)
    };
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", request.redirect_uri.as_str()),
        ("code_verifier", request.verifier.as_str()),
        ("client_id", client_id),
    ];
    let tokens = endpoints.tokens(&form).await?;
    let id_token = tokens.id_token.as_ref().ok_or_else(|| Failure::general("the server gave no ID token"))?;
    let expected = Expected { issuer: &metadata.issuer, client_id, nonce: &request.nonce };
    let sub = identity::signed_in(&endpoints.keys().await?, id_token.expose(), &expected)?;
    let user = endpoints.person(&tokens.access_token, &sub).await?;
    let blank = Profile {
        server: endpoints.server.to_owned(),
        org_slug: metadata.org_slug.clone(),
        client_id: client_id.to_owned(),
        user_info: Some(user),
        ..Profile::default()
    };
    Ok(blank.with(tokens))
}

/// The code in the address that the operator pastes.
fn pasted(request: &Request) -> Result<String, Failure> {
    output::note("Open this address in a browser and sign in:");
    output::aside(&request.url);
    output::note("The browser then shows that it cannot reach 127.0.0.1: this is as it should be.");
    let address = prompt::line("Paste the address that it shows")
        .ok_or_else(|| Failure::general("no address was pasted"))?;
    let url = url::Url::parse(&address).map_err(|_| Failure::general("that is no address"))?;
    request.code_of(url.query().unwrap_or_default()).map_err(Failure::general)
}

/// Opens an address in a browser, if there is one; it is shown in any case.
fn open(url: &str) {
    output::note("Sign in with your browser. If none opens, open this address on this machine:");
    output::aside(url);
    let chosen = std::env::var("BROWSER").ok().filter(|program| !program.is_empty());
    let programs = chosen.as_deref().into_iter().chain(["xdg-open", "open"]);
    for program in programs {
        let mut command = Command::new(program);
        command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if command.spawn().is_ok() {
            return;
        }
    }
}
