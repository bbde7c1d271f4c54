//! `porta keys rotate`.

use clap::Args;
use porta_client::queries::RotateSigningKeysQuery;
use porta_client::types::{Organization, RotationBody, SigningKey};
use porta_client::{Client, Error, ErrorKind};
use serde::Serialize;

use super::{Owner, list};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output::{self, local_or_dash};

/// A rotation may not come sooner than verifiers know the next key.
const ADVICE: &str = "rotate again after that time; for a key that leaked, add --now: until then some verifiers may refuse \
                      what the next key signs";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    owner: Owner,
    /// ES256, RS256 or EdDSA; all algorithms in use when left out.
    #[arg(long, value_parser = ["ES256", "RS256", "EdDSA"])]
    alg: Option<String>,
    /// Do not wait until verifiers know the next key; use this when a key leaked.
    #[arg(long)]
    now: bool,
}

/// What changed for one algorithm.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rotation {
    organization: String,
    algorithm: String,
    active: String,
    retired: Option<String>,
    retired_until: Option<String>,
    next: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let organizations = list::organizations(&admin, &arguments.owner).await?;
    if !global.confirmed(&arguments.question())? {
        return Ok(());
    }
    let (mut done, mut waiting) = (Vec::new(), Vec::new());
    for organization in &organizations {
        // One transaction each: one that must wait does not keep the others from it.
        match rotate(&admin, organization, arguments).await {
            Ok(Ok(rotations)) => done.extend(rotations),
            Ok(Err(problem)) => waiting.push(format!("{}: {problem}", organization.slug)),
            Err(failure) if organizations.len() > 1 => {
                show(global, &done, false)?;
                output::error(format_args!(
                    "stopped at {}: the keys of the organizations before it, by slug, are rotated, those after it are \
                     not; porta keys list shows them",
                    organization.slug
                ));
                return Err(failure);
            }
            Err(failure) => return Err(failure),
        }
    }
    show(global, &done, waiting.is_empty())?;
    if waiting.is_empty() {
        return Ok(());
    }
    waiting.push(ADVICE.to_owned());
    if done.is_empty() {
        return Err(Failure::General(waiting));
    }
    waiting.iter().for_each(output::error);
    Err(Failure::Partial)
}

impl Arguments {
    fn question(&self) -> String {
        let whose = self.owner.org.as_deref().unwrap_or("every organization");
        if self.now {
            return format!(
                "Rotate the signing keys of {whose} although some verifiers may not know the next one for minutes?"
            );
        }
        format!("Rotate the signing keys of {whose}?")
    }
}

/// The rotations of an organization, or why they must wait.
async fn rotate(
    admin: &Client,
    organization: &Organization,
    arguments: &Arguments,
) -> Result<Result<Vec<Rotation>, String>, Failure> {
    let before = list::of(admin, organization).await?;
    if before.is_empty() {
        // The first key is made when the organization first signs.
        return Ok(Ok(Vec::new()));
    }
    let body = RotationBody {
        organization_id: Some(organization.id.to_string()),
        algorithm: arguments.alg.clone(),
        emergency: Some(arguments.now),
    };
    match admin.keys.rotate_signing_keys(&RotateSigningKeysQuery::default(), &body).await {
        Ok(_) => {}
        Err(Error::Api(refusal)) if refusal.kind() == ErrorKind::Conflict => {
            return Ok(Err(refusal.to_string()));
        }
        Err(error) => return Err(error.into()),
    }
    let after = list::of(admin, organization).await?;
    Ok(Ok(differences(organization, &before, &after)))
}

/// The algorithms whose active key is another one.
fn differences(organization: &Organization, before: &[SigningKey], after: &[SigningKey]) -> Vec<Rotation> {
    let signed_before = |kid: &str| before.iter().any(|key| key.kid == kid && key.status == "active");
    let active = after.iter().filter(|key| key.status == "active" && !signed_before(&key.kid));
    let rotation = |active: &SigningKey| {
        let same = |key: &&SigningKey| key.algorithm == active.algorithm;
        let retired =
            after.iter().filter(same).find(|key| key.status == "retired" && signed_before(&key.kid));
        let next = after.iter().filter(same).find(|key| key.status == "next");
        Rotation {
            organization: organization.slug.clone(),
            algorithm: active.algorithm.clone(),
            active: active.kid.clone(),
            retired: retired.map(|key| key.kid.clone()),
            retired_until: retired.and_then(|key| key.verify_until.clone()),
            next: next.map(|key| key.kid.clone()),
        }
    };
    active.map(rotation).collect()
}

fn show(global: Global, done: &[Rotation], is_all: bool) -> Result<(), Failure> {
    if global.json {
        return global.rows(done, "rotations", &[]);
    }
    for rotation in done {
        let Rotation { organization, algorithm, active, retired, retired_until, next } = rotation;
        let next = next.as_deref().unwrap_or("none");
        output::done(format_args!(
            "{organization}: {algorithm} key {active} signs, {next} is published as the next"
        ));
        if let Some(retired) = retired {
            output::note(format_args!(
                "   {retired} verifies until {}",
                local_or_dash(retired_until.as_ref())
            ));
        }
    }
    if done.is_empty() && is_all {
        output::warning(
            "no organization has keys yet: the first one is made when an organization first signs",
        );
    }
    Ok(())
}
