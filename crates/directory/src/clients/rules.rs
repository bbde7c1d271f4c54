//! Rules for clients. One validator for the Admin API, provisioning and the CLI, so that no boundary can store a client
//! that could never be used.

use porta_core::Invalid;
use porta_core::client::{Client, ClientType, GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::organization::display_name;
use porta_protocol::redirect_uri;
use porta_protocol::scope::Scope;
use url::{Host, Url};

/// Limit of URIs. An application with one address per branch or tenant has dozens; each request is compared with all.
const MAXIMUM_URIS: usize = 100;

/// Returns everything wrong with a client; empty if it may be stored. `production` requires https except on loopback.
pub fn check_client(client: &Client, production: bool) -> Vec<Invalid> {
    let mut problems = Vec::new();
    problems.extend(display_name("client_name", &client.client_name).err());
    grants(client, &mut problems);
    redirects(client, production, &mut problems);
    authentication(client, &mut problems);
    scope(&client.scope, &mut problems);
    for origin in &client.allowed_origins {
        problems.extend(check_origin(origin, production).err());
    }
    if client.login_methods.as_ref().is_some_and(Vec::is_empty) {
        let problem = "name at least one of password, magic_link, or use null to inherit";
        problems.push(Invalid::new("login_methods", problem));
    }
    problems
}

fn grants(client: &Client, problems: &mut Vec<Invalid>) {
    let answers_codes = client.has_grant(GrantType::AuthorizationCode);
    if client.grant_types.is_empty() {
        problems.push(Invalid::new("grant_types", "name at least one grant type"));
    }
    // Refresh tokens are only issued with an authorization (RFC 6749 §4.4.3 excludes client credentials).
    if client.has_grant(GrantType::RefreshToken) && !answers_codes {
        problems.push(Invalid::new("grant_types", "refresh_token needs authorization_code beside it"));
    }
    if client.client_type == ClientType::Public && client.has_grant(GrantType::ClientCredentials) {
        // RFC 6749 §4.4: confidential clients only.
        problems.push(Invalid::new("grant_types", "public clients cannot use client_credentials"));
    }
    if answers_codes && !client.response_types.contains(&ResponseType::Code) {
        problems.push(Invalid::new("response_types", "authorization_code needs the response type code"));
    }
}

fn redirects(client: &Client, production: bool, problems: &mut Vec<Invalid>) {
    if client.has_grant(GrantType::AuthorizationCode) && client.redirect_uris.is_empty() {
        let problem = "name 1 to 100 addresses; only a client_credentials client needs none";
        problems.push(Invalid::new("redirect_uris", problem));
    }
    for (field, uris) in [
        ("redirect_uris", &client.redirect_uris),
        ("post_logout_redirect_uris", &client.post_logout_redirect_uris),
    ] {
        if uris.len() > MAXIMUM_URIS {
            problems.push(Invalid::new(field, "name at most 100 addresses"));
        }
        for uri in uris {
            if let Err(refused) = redirect_uri::register(uri, client.application_type, production) {
                problems.push(Invalid::new(field, format!("`{uri}`: {}", refused.problem)));
            }
        }
    }
}

fn authentication(client: &Client, problems: &mut Vec<Invalid>) {
    let has_none = client.token_endpoint_auth_method == TokenEndpointAuthMethod::None;
    match client.client_type {
        ClientType::Public if !has_none => {
            problems.push(Invalid::new("token_endpoint_auth_method", "public clients use none"));
        }
        ClientType::Confidential if has_none => {
            let problem = "confidential clients use client_secret_basic or client_secret_post";
            problems.push(Invalid::new("token_endpoint_auth_method", problem));
        }
        ClientType::Public | ClientType::Confidential => {}
    }
    // RFC 9700 §2.1.1: public clients must use PKCE (decision D7).
    if !client.require_pkce && client.client_type == ClientType::Public {
        problems.push(Invalid::new("require_pkce", "may be false for confidential clients only"));
    }
}

fn scope(text: &str, problems: &mut Vec<Invalid>) {
    match Scope::parse(text) {
        Ok(scope) if scope.is_empty() => {
            problems.push(Invalid::new("scope", "name at least one scope, such as openid"));
        }
        Ok(_) => {}
        Err(refused) => problems.push(Invalid::new("scope", refused.to_string())),
    }
}

/// Checks that the text is an origin exactly as browsers serialize it (RFC 6454 §6.2), since it is compared with that.
fn check_origin(text: &str, production: bool) -> Result<(), Invalid> {
    let refuse = |problem: &str| Err(Invalid::new("allowed_origins", format!("`{text}`: {problem}")));
    match redirect_uri::origin_of(text) {
        None => {
            return refuse(
                "use an origin such as https://app.example.com, or capacitor://localhost of a web view",
            );
        }
        Some(written) if written != text => {
            return refuse(&format!("write it as browsers send it: {written}"));
        }
        Some(_) => {}
    }
    if production && text.starts_with("http:") && !is_loopback(text) {
        return refuse("use https; http is only for this machine");
    }
    Ok(())
}

fn is_loopback(origin: &str) -> bool {
    match Url::parse(origin).ok().as_ref().and_then(Url::host) {
        // RFC 6761 §6.3; some application frameworks serve pages from such names, as in http://tauri.localhost.
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
