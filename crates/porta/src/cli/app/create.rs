//! `porta app create`.

use clap::Args;
use porta_client::types::NewApplicationBody;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    name: String,
    /// Made from the name when left out. It never changes.
    #[arg(long)]
    slug: Option<String>,
    #[arg(long)]
    description: Option<String>,
    /// Slug or id of the owner. Without one, every organization may use the application.
    #[arg(long)]
    org: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { name, slug, description, org } = arguments;
    let body = NewApplicationBody { name, slug, description, organization_id: org };
    let created = access.admin().await?.applications.create_application(&body).await?.into_inner();
    let sentence = format!("application {} is created ({})", created.slug, created.id);
    global.changed(&created, sentence)
}
