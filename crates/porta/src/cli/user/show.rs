//! `porta user show`.

use super::{Person, view};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

pub(super) async fn run(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let user = person.find(&access.admin().await?).await?;
    global.detailed(&*user, view::fields(&user))
}
