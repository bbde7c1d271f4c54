//! `porta keys generate` and `revoke`.

use clap::Args;
use porta_client::queries::{GenerateSigningKeyQuery, RevokeSigningKeyQuery};
use porta_client::types::{KeyOwner, NewKeyBody};

use super::{Owner, list};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Generate {
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
    /// ES256, RS256 or EdDSA.
    #[arg(long, default_value = "ES256")]
    alg: String,
}

#[derive(Debug, Args)]
pub(crate) struct Revoke {
    /// The id of the key, as `keys list` shows it.
    // About one id in 64 begins with a hyphen.
    #[arg(allow_hyphen_values = true)]
    kid: String,
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
}

pub(super) async fn generate(global: Global, access: &Access, arguments: Generate) -> Result<(), Failure> {
    let body = NewKeyBody { organization_id: Some(arguments.org.clone()), algorithm: Some(arguments.alg) };
    let query = GenerateSigningKeyQuery::default();
    let key = access.admin().await?.keys.generate_signing_key(&query, &body).await?;
    global.changed(
        &key,
        format_args!("{} key {} of {} is {}", key.algorithm, key.kid, arguments.org, key.status),
    )
}

pub(super) async fn revoke(global: Global, access: &Access, arguments: &Revoke) -> Result<(), Failure> {
    let Revoke { kid, org } = arguments;
    let admin = access.admin().await?;
    let owner = Owner { org: Some(org.clone()) };
    let organizations = list::organizations(&admin, &owner).await?;
    if !global
        .confirmed(&format!("Revoke key {kid} of {org}, so that nothing it signed verifies any more?"))?
    {
        return Ok(());
    }
    let body = KeyOwner { organization_id: Some(org.clone()) };
    admin.keys.revoke_signing_key(kid, &RevokeSigningKeyQuery::default(), &body).await?;
    let mut keys = Vec::new();
    for organization in &organizations {
        keys.extend(list::of(&admin, organization).await?);
    }
    let revoked = keys.into_iter().find(|key| key.kid == *kid || key.id.to_string() == *kid);
    global.changed(&revoked, format_args!("key {kid} of {org} is revoked"))
}
