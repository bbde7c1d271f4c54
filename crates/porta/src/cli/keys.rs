//! `porta keys`: signing keys, and re-encryption of data at rest.

mod reseal;

use clap::{Args, Subcommand};
use porta_core::organization::Organization;
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{Timestamp, slug::Slug};
use porta_directory::{DirectoryError, KeySummary, Rotation, Urgency};
use serde_json::{Value, json};

use super::direct::Direct;
use super::{DirectFlag, Global};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all keys and their states.
    List(Arguments),
    /// Activate the next key, retire the active one, and publish a new next key.
    Rotate {
        #[command(flatten)]
        arguments: Arguments,
        /// ES256, RS256 or EdDSA; all algorithms in use when left out.
        #[arg(long, value_parser = algorithm)]
        alg: Option<SigningAlgorithm>,
        /// Do not wait until verifiers know the next key; use this when a key leaked.
        #[arg(long)]
        now: bool,
    },
    /// Revoke a leaked key at once: its signatures no longer verify, and another key takes its place.
    Revoke {
        /// The id of the key, as `keys list` shows it.
        // About one id in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Slug or id of the organization.
        #[arg(long)]
        org: String,
        #[command(flatten)]
        direct_flag: DirectFlag,
    },
    /// Re-encrypt with the first encryption keys what older ones encrypted, while servers run, and say which keys can be removed.
    Reseal(reseal::Arguments),
}

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of one organization; all of them when left out.
    #[arg(long)]
    org: Option<String>,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

fn algorithm(text: &str) -> Result<SigningAlgorithm, String> {
    SigningAlgorithm::parse(text).ok_or_else(|| "use ES256, RS256 or EdDSA".to_owned())
}

pub(crate) async fn run(global: Global, command: Command) -> Result<(), Failure> {
    match command {
        Command::List(arguments) => list(global, &arguments).await,
        Command::Rotate { arguments, alg, now } => {
            let urgency = if now { Urgency::Emergency } else { Urgency::Planned };
            rotate(global, &arguments, alg, urgency).await
        }
        Command::Revoke { kid, org, direct_flag } => revoke(global, &kid, &org, direct_flag).await,
        Command::Reseal(arguments) => reseal::run(global, &arguments).await,
    }
}

async fn organizations(direct: &Direct, only: Option<&str>) -> Result<Vec<Organization>, Failure> {
    let mut work = direct.begin().await?;
    if let Some(name) = only {
        return Ok(vec![work.organization(name).await?]);
    }
    let mut all = work.organizations().all().await?;
    all.sort_by(|left, right| left.slug.cmp(&right.slug));
    Ok(all)
}

async fn list(global: Global, arguments: &Arguments) -> Result<(), Failure> {
    arguments.direct_flag.require_direct()?;
    let direct = Direct::open().await?;
    let mut found = Vec::new();
    for organization in organizations(&direct, arguments.org.as_deref()).await? {
        for key in direct.directory.signing_keys(&organization).await? {
            found.push((organization.slug.clone(), key));
        }
    }
    if global.json {
        output::json(&found.iter().map(|(slug, key)| key_json(slug, key)).collect());
        return Ok(());
    }
    if found.is_empty() {
        output::warning("no keys yet: the first one is made when an organization first signs");
        return Ok(());
    }
    let rows: Vec<Vec<String>> = found.iter().map(|(slug, key)| key_row(slug, key)).collect();
    output::table(&["Organization", "KID", "Algorithm", "Status", "Created", "Retired", "Until"], &rows);
    output::line(format_args!("{} keys", rows.len()));
    Ok(())
}

fn key_json(slug: &Slug, key: &KeySummary) -> Value {
    json!({
        "organization": slug, "id": key.id, "kid": key.kid, "algorithm": key.algorithm, "status": key.status,
        "createdAt": key.created_at.rfc3339(),
        "activatedAt": key.activated_at.map(Timestamp::rfc3339),
        "retiredAt": key.retired_at.map(Timestamp::rfc3339),
        "expiresAt": key.expires_at.map(Timestamp::rfc3339),
    })
}

fn key_row(slug: &Slug, key: &KeySummary) -> Vec<String> {
    vec![
        slug.to_string(),
        key.kid.clone(),
        key.algorithm.to_string(),
        key.status.to_string(),
        key.created_at.rfc3339(),
        output::or_dash(key.retired_at.map(Timestamp::rfc3339)),
        output::or_dash(key.expires_at.map(Timestamp::rfc3339)),
    ]
}

async fn rotate(
    global: Global,
    arguments: &Arguments,
    algorithm: Option<SigningAlgorithm>,
    urgency: Urgency,
) -> Result<(), Failure> {
    arguments.direct_flag.require_direct()?;
    let whose = arguments.org.as_deref().unwrap_or("every organization");
    let question = match urgency {
        Urgency::Planned => format!("Rotate the signing keys of {whose}?"),
        Urgency::Emergency => {
            format!(
                "Rotate the signing keys of {whose} although some verifiers may not know the next one for minutes?"
            )
        }
    };
    if !global.confirmed(&question)? {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let (mut done, mut waiting) = (Vec::new(), Vec::new());
    for organization in organizations(&direct, arguments.org.as_deref()).await? {
        // One transaction each: a rotation that lost a race or must wait does not roll back the others.
        let mut work = direct.begin().await?;
        match work.signing_keys().rotate_each(&organization, algorithm, urgency).await {
            Ok(rotations) => done.extend(rotations.into_iter().map(|r| (organization.slug.clone(), r))),
            Err(error @ DirectoryError::TooSoon { .. }) => {
                waiting.push(format!("{}: {error}", organization.slug));
            }
            Err(error) => return Err(error.into()),
        }
        work.commit().await?;
    }
    show(global, &done, waiting.is_empty());
    if waiting.is_empty() {
        return Ok(());
    }
    let advice = "rotate again after that time; for a key that leaked, add --now: until then some verifiers may refuse \
                  what the next key signs";
    waiting.push(advice.to_owned());
    if done.is_empty() {
        return Err(Failure::General(waiting));
    }
    waiting.iter().for_each(output::error);
    Err(Failure::Partial)
}

fn show(global: Global, done: &[(Slug, Rotation)], is_all: bool) {
    if global.json {
        output::json(&done.iter().map(|(slug, rotation)| rotation_json(slug, rotation)).collect());
        return;
    }
    for (slug, rotation) in done {
        let Rotation { algorithm, active, retired, retired_until, next } = rotation;
        output::done(format_args!("{slug}: {algorithm} key {active} signs, {next} is published as the next"));
        if let Some(retired) = retired {
            output::line(format_args!("   {retired} verifies until {}", retired_until.rfc3339()));
        }
    }
    if done.is_empty() && is_all {
        output::warning(
            "no organization has keys yet: the first one is made when an organization first signs",
        );
    }
}

fn rotation_json(slug: &Slug, rotation: &Rotation) -> Value {
    json!({
        "organization": slug, "algorithm": rotation.algorithm, "active": rotation.active,
        "retired": rotation.retired, "retiredUntil": rotation.retired_until.rfc3339(), "next": rotation.next,
    })
}

async fn revoke(global: Global, kid: &str, org: &str, direct_flag: DirectFlag) -> Result<(), Failure> {
    direct_flag.require_direct()?;
    if !global
        .confirmed(&format!("Revoke key {kid} of {org}, so that nothing it signed verifies any more?"))?
    {
        return Ok(());
    }
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(org).await?;
    work.signing_keys().revoke(&organization, kid).await?;
    work.commit().await?;
    output::done(format_args!("key {kid} of {} is revoked", organization.slug));
    Ok(())
}
