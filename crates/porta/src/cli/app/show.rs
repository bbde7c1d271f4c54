//! `porta app show`.

use clap::Args;

use super::view;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    application: String,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let application = access.admin().await?.applications.get_application(&arguments.application).await?;
    global.detailed(&*application, view::fields(&application))
}
