//! `porta app update`.

use clap::Args;
use porta_client::types::ApplicationChange;

use crate::cli::access::Access;
use crate::cli::{Global, patch};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    application: String,
    #[arg(long, group = "change")]
    name: Option<String>,
    #[arg(long, group = "change")]
    description: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    // What somebody else changes meanwhile is not overwritten.
    let before = admin.applications.get_application(&arguments.application).await?;
    let change = ApplicationChange {
        name: patch::given(arguments.name),
        description: patch::or_cleared(arguments.description),
    };
    let updated = admin.applications.update_application(before.id, &change, before.etag()).await?;
    global.changed(&*updated, format_args!("application {} is updated", updated.slug))
}
