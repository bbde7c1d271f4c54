//! `porta user verify-email`.

use super::Person;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

pub(super) async fn run(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    admin.users.verify_user_email(&person.org, user.id).await?;
    let now = admin.users.get_user(&person.org, user.id).await?;
    global.changed(&*now, format_args!("the address {} of {} is verified", now.email, person.org))
}
