//! `porta org show`.

use clap::Args;

use super::view;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let organization = access.admin().await?.organizations.get_organization(&arguments.organization).await?;
    global.detailed(&*organization, view::fields(&organization))
}
