//! `porta org create`.

use clap::Args;
use porta_client::types::NewOrganizationBody;

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
    /// Language tag, such as en or pt-BR.
    #[arg(long, visible_alias = "default-locale")]
    locale: Option<String>,
    /// password, magic_link, or both.
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    login_methods: Option<Vec<String>>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let body = NewOrganizationBody {
        name: arguments.name,
        slug: arguments.slug,
        default_locale: arguments.locale,
        default_login_methods: arguments.login_methods,
        ..NewOrganizationBody::default()
    };
    let created = access.admin().await?.organizations.create_organization(&body).await?.into_inner();
    let sentence = format!("organization {} is created ({})", created.slug, created.id);
    global.changed(&created, sentence)
}
