//! `porta dev`: everything on one machine, ready to sign in, with a demo application and a mailbox.

mod administrator;
mod demo;
mod hosts;
mod http_client;
mod mailbox;
mod pages;
mod relying_party;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use anyhow::Context as _;
use porta_config::{Config, Source, Storage};
use porta_core::admin::ADMIN_SLUG;
use porta_core::user::User;
use porta_directory::Actor;
use porta_directory::provision::{Format, Mode, Options, read};
use porta_mail::CaptureTransport;
use porta_web::shutdown::stop_signal;

use self::hosts::Hosts;
use crate::failure::Failure;
use crate::output;
use crate::runtime::configuration;
use crate::runtime::services::Services;
use crate::runtime::telemetry::Telemetry;
use crate::serve;

const ORGANIZATION: &str = "demo";
const EMAIL: &str = "demo@example.test";
const PASSWORD: &str = "demo-Quay-Lantern-41";
const PUBLIC_CLIENT: &str = "demo-spa";
const CONFIDENTIAL_CLIENT: &str = "demo-web";
/// Public knowledge, so this command listens on loopback only.
const CONFIDENTIAL_SECRET: &str = "demo-web-secret-for-this-machine-only";
/// Maximum of messages in the mailbox.
const MAILBOX_SIZE: usize = 200;

/// Runs until SIGTERM or Ctrl-C.
pub(crate) fn run(reset: bool) -> Result<(), Failure> {
    serve::block_on(start(reset))
}

async fn start(reset: bool) -> anyhow::Result<()> {
    let demo_port = demo_port()?;
    let config = configuration::load(&Source::process())?;
    let Storage::Embedded { data_dir } = &config.storage else {
        anyhow::bail!(
            "porta dev uses the embedded store: unset DATABASE_URL and REDIS_URL, or run porta serve"
        );
    };
    anyhow::ensure!(
        is_loopback(&config.server.host),
        "porta dev listens on loopback only: its demo passwords are public"
    );
    if reset {
        // Fails while a server uses the directory.
        let lock = crate::runtime::services::lock_data_dir(data_dir)?;
        reset_data(data_dir)?;
        drop(lock);
    }
    // The reset removed the generated secrets: load again to generate new ones.
    let config = if reset { configuration::load(&Source::process())? } else { config };
    let telemetry = Telemetry::start(&config)?;
    let capture = Arc::new(CaptureTransport::new(MAILBOX_SIZE));
    let services = Services::open(&config, &telemetry, Some(capture.clone())).await?;
    provision(&services, &config, demo_port).await?;
    let administrator = administrator::install(&services.directory).await?;
    let listener = serve::bind(&config.server.host, config.server.port).await?;
    let demo_listener = serve::bind(&config.server.host, demo_port).await?;
    let demo_url = format!("http://localhost:{demo_port}");
    let demo = demo::router(demo::Settings {
        issuer: format!("{}/{ORGANIZATION}", config.server.issuer_base_url.as_str()),
        client_id: CONFIDENTIAL_CLIENT,
        client_secret: CONFIDENTIAL_SECRET,
        base_url: demo_url.clone(),
    })?
    .merge(mailbox::router(Arc::clone(&capture)));
    let hosts = || Hosts::new(config.server.issuer_base_url.as_str(), &config.server.host);
    let demo = hosts().guard(demo);
    let router = hosts().guard(services.router());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(demo_listener, demo).await {
            tracing::error!(%error, "the demo application stopped");
        }
    });
    announce(&config, &demo_url, &administrator);
    serve::serve_with(router, services, &config, listener, capture, stop_signal()?).await
}

fn demo_port() -> anyhow::Result<u16> {
    match std::env::var("PORTA_DEMO_PORT") {
        Err(_) => Ok(3001),
        Ok(text) => text.parse().context("PORTA_DEMO_PORT is not a port"),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)).is_loopback()
}

/// Removes the files that this command created and nothing else in the directory.
fn reset_data(data_dir: &std::path::Path) -> anyhow::Result<()> {
    for name in [
        "porta.sqlite",
        "porta.sqlite-wal",
        "porta.sqlite-shm",
        "short-lived.snapshot",
        "secrets.env",
        "notices",
    ] {
        match std::fs::remove_file(data_dir.join(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{name} cannot be removed")),
        }
    }
    Ok(())
}

fn announce(config: &Config, demo_url: &str, administrator: &User) {
    let issuer = config.server.issuer_base_url.as_str();
    output::line("porta is ready");
    output::line("");
    output::line(format_args!("  demo application: {demo_url}"));
    output::line(format_args!("  mailbox:          {demo_url}/mailbox"));
    output::line(format_args!("  issuer:           {issuer}/{ORGANIZATION}"));
    output::line(format_args!("  user: {EMAIL} / {PASSWORD}"));
    let administrator = administrator::credentials(administrator);
    output::line(format_args!("  administrator:    {administrator} at {issuer}/{ADMIN_SLUG}"));
    output::line(format_args!("  public client:    {PUBLIC_CLIENT}"));
    output::line(format_args!("  confidential:     {CONFIDENTIAL_CLIENT} / {CONFIDENTIAL_SECRET}"));
    output::line("");
}

/// Uses the code of `porta provision`, so that the demo cannot drift from the product.
async fn provision(services: &Services, config: &Config, demo_port: u16) -> anyhow::Result<()> {
    let document = document(config.server.issuer_base_url.as_str(), demo_port);
    let document = read(&document, Format::Yaml, &|_| None)?;
    let options = Options { mode: Mode::Overwrite, ..Options::default() };
    let report = services.directory.provision(Actor::System, &document, options).await?;
    anyhow::ensure!(
        report.errors.is_empty(),
        "the demo organization could not be set up: {:?}",
        report.errors
    );
    Ok(())
}

fn document(issuer_base: &str, demo_port: u16) -> String {
    format!(
        r##"
version: "1.0"
allow_passwords: true
organizations:
  - name: Demo Harbor
    slug: {ORGANIZATION}
    default_login_methods: [password]
    branding: {{ company_name: Demo Harbor, primary_color: "#0B6E4F" }}
    applications:
      - name: Dock Planner
        slug: dock-planner
        permissions:
          - {{ name: See berths, slug: "dock:berths:read" }}
          - {{ name: Move berths, slug: "dock:berths:write" }}
        roles:
          - {{ name: Planner, slug: planner, permissions: ["dock:berths:read", "dock:berths:write"] }}
        claim_definitions:
          - {{ name: Terminal code, slug: terminal_code, claim_type: string }}
        clients:
          - client_name: Dock Planner
            client_id: {CONFIDENTIAL_CLIENT}
            id_token_signed_response_alg: ES256
            client_type: confidential
            grant_types: [authorization_code, refresh_token, client_credentials]
            redirect_uris: ["http://localhost:{demo_port}/callback", "http://127.0.0.1:{demo_port}/callback"]
            post_logout_redirect_uris: ["http://localhost:{demo_port}/"]
            scope: openid profile email offline_access
            secret: {{ label: demo, value: "{CONFIDENTIAL_SECRET}" }}
          - client_name: Dock Planner for browsers
            client_id: {PUBLIC_CLIENT}
            id_token_signed_response_alg: ES256
            client_type: public
            application_type: spa
            grant_types: [authorization_code, refresh_token]
            redirect_uris: ["http://localhost:{demo_port}/spa/callback", "{issuer_base}/"]
            allowed_origins: ["http://localhost:{demo_port}"]
            scope: openid profile email offline_access
    users:
      - email: {EMAIL}
        given_name: Kim
        family_name: Harbor
        email_verified: true
        password: {PASSWORD}
        roles: [{{ app: dock-planner, role: planner }}]
        claims: [{{ app: dock-planner, claim: terminal_code, value: T4 }}]
"##
    )
}
