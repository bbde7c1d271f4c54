//! What is created: names, addresses and grants.

use porta_core::admin::{ADMIN_SLUG, AdminPermission, AdminRole};
use porta_core::client::{ApplicationType, ClientType, GrantType, TokenEndpointAuthMethod};
use porta_core::signing_key::SigningAlgorithm;

use super::NewConsole;
use crate::{NewApplication, NewClient, NewPermission, NewRole, NewSecret};

/// Names of the clients; a repair finds them by these.
pub(super) const COMMAND_LINE: &str = "Porta Admin CLI";
pub(super) const CONSOLE: &str = "Porta Admin GUI";

pub(super) fn application() -> NewApplication {
    NewApplication {
        name: "Porta Admin".to_owned(),
        slug: Some(ADMIN_SLUG.to_owned()),
        description: Some("Admin API, admin console and sign-in of the command line".to_owned()),
        is_shared: false,
    }
}

pub(super) fn role(role: AdminRole) -> NewRole {
    NewRole {
        name: role.display_name().to_owned(),
        slug: Some(role.as_str().to_owned()),
        description: Some(sentence(role.description())),
    }
}

pub(super) fn permission(permission: AdminPermission) -> NewPermission {
    NewPermission {
        name: sentence(permission.description()),
        slug: permission.as_str().to_owned(),
        module: None,
        description: None,
    }
}

/// Starts with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The client of the command line: it listens on this machine, on whichever port is free (RFC 8252 §7.3).
pub(super) fn command_line() -> NewClient {
    let redirect_uris =
        ["http://127.0.0.1/callback", "http://localhost/callback", "http://127.0.0.1/auth/callback"];
    NewClient {
        client_name: COMMAND_LINE.to_owned(),
        client_type: Some(ClientType::Public),
        application_type: Some(ApplicationType::Native),
        redirect_uris: redirect_uris.map(str::to_owned).to_vec(),
        post_logout_redirect_uris: vec!["http://127.0.0.1".to_owned()],
        ..signs_people_in()
    }
}

/// The client of the admin console.
pub(super) fn console(console: NewConsole) -> NewClient {
    let NewConsole { url, login_methods } = console;
    NewClient {
        client_name: CONSOLE.to_owned(),
        client_type: Some(ClientType::Confidential),
        application_type: Some(ApplicationType::Web),
        redirect_uris: vec![format!("{url}/auth/callback")],
        post_logout_redirect_uris: vec![format!("{url}/auth/signed-out"), url],
        token_endpoint_auth_method: Some(TokenEndpointAuthMethod::ClientSecretPost),
        login_methods,
        secret: NewSecret { label: Some("Initial secret (porta init)".to_owned()), ..NewSecret::default() },
        ..signs_people_in()
    }
}

/// What both clients have in common.
fn signs_people_in() -> NewClient {
    NewClient {
        grant_types: Some(vec![GrantType::AuthorizationCode, GrantType::RefreshToken]),
        scope: Some("openid profile email offline_access".to_owned()),
        // Both verify it; the default would need an RSA key.
        id_token_signed_response_alg: Some(SigningAlgorithm::Es256),
        ..NewClient::default()
    }
}
