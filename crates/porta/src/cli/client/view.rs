//! How clients are shown.

use porta_client::types::{Client, ClientSecret};

use crate::cli::report::{Column, Field};
use crate::output::{local, local_or_dash, or_dash};

pub(super) const COLUMNS: &[Column<Client>] = &[
    ("Client ID", |client| client.client_id.clone()),
    ("Name", |client| client.client_name.clone()),
    ("Type", |client| client.client_type.clone()),
    ("Organization", |client| client.organization_name.clone()),
    ("Status", |client| client.status.clone()),
    ("Created", |client| local(&client.created_at)),
];

pub(super) const SECRETS: &[Column<ClientSecret>] = &[
    ("ID", |secret| secret.id.to_string()),
    ("Label", |secret| or_dash(secret.label.as_ref())),
    ("Status", |secret| secret.status.clone()),
    ("Last Used", |secret| local_or_dash(secret.last_used_at.as_ref())),
    ("Expires", |secret| local_or_dash(secret.expires_at.as_ref())),
    ("Created", |secret| local(&secret.created_at)),
];

pub(super) fn fields(client: &Client) -> Vec<Field> {
    let methods =
        client.login_methods.as_ref().map_or_else(|| "inherit".to_owned(), |methods| methods.join(", "));
    vec![
        ("ID", client.id.to_string()),
        ("Client ID", client.client_id.clone()),
        ("Name", client.client_name.clone()),
        ("Organization", client.organization_name.clone()),
        ("Application", client.application_name.clone()),
        ("Type", format!("{}, {}", client.client_type, client.application_type)),
        ("Status", client.status.clone()),
        ("Redirect URIs", client.redirect_uris.join("\n")),
        ("Grant Types", client.grant_types.join(", ")),
        ("Scope", client.scope.clone()),
        ("Authentication", client.token_endpoint_auth_method.clone()),
        ("Allowed Origins", client.allowed_origins.join("\n")),
        ("PKCE Required", if client.require_pkce { "yes" } else { "no" }.to_owned()),
        ("Login Methods", methods),
        ("Effective Login Methods", client.effective_login_methods.join(", ")),
        ("Created", local(&client.created_at)),
        ("Updated", local(&client.updated_at)),
    ]
}
