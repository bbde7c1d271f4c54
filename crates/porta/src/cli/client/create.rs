//! `porta client create`.

use clap::Args;
use porta_client::types::NewClientBody;

use super::{LoginMethods, login_methods};
use crate::cli::access::Access;
use crate::cli::{Global, lookup};
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id of the application.
    #[arg(long)]
    app: String,
    /// Slug or id of the owner; that of the application when left out.
    #[arg(long)]
    org: Option<String>,
    #[arg(long, default_value = "Unnamed Client")]
    name: String,
    /// confidential or public. It never changes.
    #[arg(long = "type", value_name = "TYPE")]
    client_type: Option<String>,
    /// web, native or spa. It never changes.
    #[arg(long, value_name = "TYPE")]
    application_type: Option<String>,
    /// Where people come back to after they signed in, separated by commas.
    #[arg(long, value_name = "URIS", value_delimiter = ',')]
    redirect_uris: Option<Vec<String>>,
    /// authorization_code, refresh_token, client_credentials.
    #[arg(long, value_name = "GRANTS", value_delimiter = ',')]
    grant_types: Option<Vec<String>>,
    /// Scopes that the client may ask for, separated by blanks.
    #[arg(long)]
    scope: Option<String>,
    /// Origins whose scripts may call the endpoints.
    #[arg(long, value_name = "ORIGINS", value_delimiter = ',', visible_alias = "allowed-origins")]
    cors_origins: Option<Vec<String>>,
    /// password, magic_link, both, or inherit for those of the organization.
    #[arg(long, value_name = "METHODS", value_parser = login_methods)]
    login_methods: Option<LoginMethods>,
    /// Label of the secret.
    #[arg(long, value_name = "LABEL")]
    secret_label: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let methods = match arguments.login_methods {
        Some(LoginMethods::Only(methods)) => Some(methods),
        Some(LoginMethods::Inherit) | None => None,
    };
    let admin = access.admin().await?;
    let application = match &arguments.org {
        Some(owner) => lookup::application_of(&admin, owner, &arguments.app).await?.id,
        None => arguments.app,
    };
    let body = NewClientBody {
        application_id: application,
        organization_id: arguments.org,
        client_name: Some(arguments.name),
        client_type: arguments.client_type,
        application_type: arguments.application_type,
        redirect_uris: arguments.redirect_uris,
        grant_types: arguments.grant_types,
        scope: arguments.scope,
        allowed_origins: arguments.cors_origins,
        login_methods: methods,
        secret_label: arguments.secret_label,
        ..NewClientBody::default()
    };
    let answer = admin.clients.create_client(&body).await?.into_inner();
    let created = &answer.data;
    let sentence = format!("client {} is created ({})", created.client_name, created.client_id);
    global.changed(created, sentence)?;
    if let Some(secret) = created.secret.as_ref().filter(|_| !global.json) {
        output::line(format_args!("Client ID      {}", created.client_id));
        output::line(format_args!("Client secret  {}", secret.plaintext.expose()));
        output::warning("save the secret now: it is not shown again");
    }
    Ok(())
}
