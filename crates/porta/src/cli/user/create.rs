//! `porta user create`.

use clap::Args;
use porta_client::types::NewUserBody;
use secrecy::ExposeSecret as _;

use crate::cli::access::Access;
use crate::cli::{Global, prompt};
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Address of the user.
    #[arg(long)]
    email: String,
    /// Slug or id of the organization.
    #[arg(long)]
    org: String,
    #[command(flatten)]
    names: Names,
    /// Language tag, such as en or pt-BR.
    #[arg(long)]
    locale: Option<String>,
    /// Read the password from the first line of standard input. A password on the command line would be seen by others.
    #[arg(long, conflicts_with = "passwordless")]
    password_stdin: bool,
    /// Without a password: the user signs in by mailed link. This is so without --password-stdin, too.
    #[arg(long)]
    passwordless: bool,
}

/// The names of a user.
#[derive(Debug, Args)]
pub(in crate::cli) struct Names {
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    given_name: Option<String>,
    #[arg(long, value_name = "NAME", conflicts_with = "name")]
    family_name: Option<String>,
    /// Given and family name, separated by the first blank.
    #[arg(long)]
    name: Option<String>,
}

impl Names {
    /// Given and family name.
    pub(super) fn parts(self) -> (Option<String>, Option<String>) {
        let Some(name) = self.name else { return (self.given_name, self.family_name) };
        match name.trim().split_once(' ') {
            Some((given, family)) => (Some(given.to_owned()), Some(family.trim_start().to_owned())),
            None => (Some(name.trim().to_owned()), None),
        }
    }
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let password = if arguments.password_stdin {
        Some(prompt::new_password(true)?.expose_secret().into())
    } else {
        None
    };
    let (given_name, family_name) = arguments.names.parts();
    let body = NewUserBody {
        email: arguments.email,
        given_name,
        family_name,
        locale: arguments.locale,
        password,
        ..NewUserBody::default()
    };
    let created = access.admin().await?.users.create_user(&arguments.org, &body).await?.into_inner();
    let sentence = format!("{} of {} is created ({})", created.email, arguments.org, created.id);
    global.changed(&created, sentence)
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn a_name_is_split_at_the_first_blank() {
        for (name, given, family) in [
            ("Ana", "Ana", None),
            ("Ana Berg", "Ana", Some("Berg")),
            (" Ana  van Berg", "Ana", Some("van Berg")),
        ] {
            let names = Names { given_name: None, family_name: None, name: Some(name.to_owned()) };
            assert_eq!(names.parts(), (Some(given.to_owned()), family.map(str::to_owned)), "{name}");
        }
    }
}
