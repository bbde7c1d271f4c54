//! `porta org destroy`.

use clap::Args;
use porta_client::queries::DestroyOrganizationQuery;
use porta_client::types::{CascadeCounts, Destruction};
use serde_json::json;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::Field;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
    /// Show what would be deleted, and delete nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let found = admin.organizations.get_organization(&arguments.organization).await?;
    let preview = DestroyOrganizationQuery { dry_run: Some(true) };
    let planned = admin.organizations.destroy_organization(found.id, &preview, None).await?;
    if planned.dry_run != Some(true) || planned.deleted {
        return Err(Failure::general("the server did not understand that it was asked for a preview"));
    }
    if arguments.dry_run {
        show_plan(global, &planned);
        return Ok(());
    }
    if !global.force {
        output::warning(format_args!(
            "this deletes {} for good: {}",
            found.slug,
            listed(&planned.cascade_counts)
        ));
    }
    if !global.retyped(&format!("Type {} to delete it", found.slug), &found.slug)? {
        return Ok(());
    }
    // Only what was previewed is deleted.
    let destroy = DestroyOrganizationQuery::default();
    let done = admin.organizations.destroy_organization(found.id, &destroy, found.etag()).await?;
    let sentence = format!("organization {} is deleted, with {}", found.slug, listed(&done.cascade_counts));
    global.changed(&done, sentence)
}

fn show_plan(global: Global, planned: &Destruction) {
    let value = json!({
        "deleted": false, "organization": planned.organization, "cascadeCounts": planned.cascade_counts,
    });
    let counts = listed(&planned.cascade_counts);
    global.planned(
        &value,
        format_args!("organization {} is deleted, with {counts}", planned.organization.slug),
    );
}

fn counted(counts: &CascadeCounts) -> Vec<Field> {
    vec![
        ("applications", counts.applications.to_string()),
        ("clients", counts.clients.to_string()),
        ("users", counts.users.to_string()),
        ("roles", counts.roles.to_string()),
        ("permissions", counts.permissions.to_string()),
        ("claims", counts.claim_definitions.to_string()),
    ]
}

fn listed(counts: &CascadeCounts) -> String {
    let parts = counted(counts).into_iter().map(|(what, count)| format!("{count} {what}"));
    parts.collect::<Vec<_>>().join(", ")
}
