//! `porta user set-password` and `clear-password`.

use clap::Args;
use porta_client::types::NewPassword;
use secrecy::ExposeSecret as _;

use super::Person;
use crate::cli::access::Access;
use crate::cli::{Global, prompt};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    person: Person,
    /// Read the password from the first line of standard input; without it, it is asked for.
    #[arg(long)]
    password_stdin: bool,
    /// The password stays; without it, the user chooses another one at the next sign-in.
    #[arg(long)]
    permanent: bool,
}

pub(super) async fn set(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let person = &arguments.person;
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let password = prompt::new_password(arguments.password_stdin)?;
    let body =
        NewPassword { password: password.expose_secret().into(), temporary: Some(!arguments.permanent) };
    admin.users.set_user_password(&person.org, user.id, &body).await?;
    let now = admin.users.get_user(&person.org, user.id).await?;
    let kind = if now.password_change_required { "temporary" } else { "new" };
    global.changed(&*now, format_args!("{} of {} has a {kind} password", now.email, person.org))
}

pub(super) async fn clear(global: Global, access: &Access, person: &Person) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let user = person.find(&admin).await?;
    let question =
        format!("Remove the password of {} of {} and end all of their sessions?", user.email, person.org);
    if !global.confirmed(&question)? {
        return Ok(());
    }
    admin.users.clear_user_password(&person.org, user.id).await?;
    let now = admin.users.get_user(&person.org, user.id).await?;
    global.changed(&*now, format_args!("{} of {} has no password any more", now.email, person.org))
}
