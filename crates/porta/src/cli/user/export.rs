//! `porta user export`.

use super::Person;
use crate::cli::access::Access;
use crate::failure::Failure;
use crate::output;

/// There is no table of this: the export is for programs and for the user.
pub(super) async fn run(access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let export = admin.privacy.export_user(&person.org, user.id).await?;
    output::json(&serde_json::to_value(&export).map_err(|e| Failure::chain(&e))?);
    Ok(())
}
