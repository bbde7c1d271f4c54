//! `porta user purge`.

use clap::Args;
use porta_client::types::PurgeConfirmation;

use super::Person;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    person: Person,
    /// Do not ask. The same as --force.
    #[arg(long)]
    confirm: bool,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let person = &arguments.person;
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let question = format!("Type {} to erase what is stored about them", user.email);
    if !arguments.confirm && !global.retyped(&question, &user.email)? {
        return Ok(());
    }
    let body = PurgeConfirmation { confirm_purge: Some(true) };
    let purged = admin.privacy.purge_user(&person.org, user.id, &body, user.etag()).await?;
    let fields = vec![
        ("Anonymized email", purged.anonymized_email.clone()),
        ("Roles deleted", purged.deleted_roles.to_string()),
        ("Claims deleted", purged.deleted_claims.to_string()),
        ("Second factors deleted", purged.deleted_two_factor.to_string()),
        ("OIDC sessions deleted", purged.deleted_oidc_payloads.to_string()),
        ("Audit entries anonymized", purged.anonymized_audit_entries.to_string()),
    ];
    global.detailed(&purged, fields)
}
