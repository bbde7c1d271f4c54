//! `porta client show`.

use super::{Which, view};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

pub(super) async fn run(global: Global, access: &Access, which: &Which) -> Result<(), Failure> {
    let client = access.admin().await?.clients.get_client(&which.client).await?;
    global.detailed(&*client, view::fields(&client))
}
