//! Users, clients and roles of the measured organization.

use std::fmt::Write as _;

use crate::client::basic;

pub(crate) const ORGANIZATION: &str = "bench";
pub(crate) const REDIRECT_URI: &str = "https://rp.example.test/callback";
/// At least two per connection at the highest concurrency.
pub(crate) const USERS: usize = 64;

const PASSWORD: &str = "bench-only-password-1";

/// A confidential client.
pub(crate) struct Client {
    pub(crate) id: &'static str,
    secret: &'static str,
}

pub(crate) const WEB: Client =
    Client { id: "bench-web", secret: "bench-only-secret-web-0123456789abcdefghijklmnopqrstuvwxyz" };
pub(crate) const MACHINE: Client =
    Client { id: "bench-machine", secret: "bench-only-secret-machine-0123456789abcdefghijklmnopqrstuv" };

impl Client {
    /// Its `Authorization` header.
    pub(crate) fn basic(&self) -> String {
        basic(self.id, self.secret)
    }
}

pub(crate) struct User {
    pub(crate) email: String,
    pub(crate) password: &'static str,
}

impl User {
    pub(crate) fn number(index: usize) -> Self {
        Self { email: format!("person-{:03}@bench.example", index % USERS), password: PASSWORD }
    }
}

/// The `porta provision` document: one application with a role, a web client, a machine client, and some users.
pub(crate) fn document(settings: &str, login_methods: &str, users: &str) -> String {
    format!(
        r#"version: "1.0"
allow_passwords: true
organizations:
  - name: Bench
    slug: {ORGANIZATION}
    default_login_methods: {login_methods}
    settings: {settings}
    applications:
      - name: Storefront
        slug: storefront
        permissions:
          - {{ name: Read orders, slug: "store:orders:read" }}
          - {{ name: Change orders, slug: "store:orders:write" }}
        roles:
          - {{ name: Clerk, slug: clerk, permissions: ["store:orders:read", "store:orders:write"] }}
        claim_definitions:
          - {{ name: Branch, slug: branch_code, claim_type: string, include_in_id_token: true, include_in_userinfo: true }}
        clients:
          - client_name: Web
            client_id: {web}
            client_type: confidential
            application_type: web
            token_endpoint_auth_method: client_secret_basic
            secret: {{ label: bench, value: "{web_secret}" }}
            grant_types: [authorization_code, refresh_token]
            redirect_uris: ["{REDIRECT_URI}"]
            scope: openid profile email offline_access
            id_token_signed_response_alg: ES256
          - client_name: Machine
            client_id: {machine}
            client_type: confidential
            application_type: web
            token_endpoint_auth_method: client_secret_basic
            secret: {{ label: bench, value: "{machine_secret}" }}
            grant_types: [client_credentials]
            redirect_uris: []
            scope: openid
    users:
{users}"#,
        web = WEB.id,
        web_secret = WEB.secret,
        machine = MACHINE.id,
        machine_secret = MACHINE.secret,
    )
}

/// Users who hold the role, so that ID tokens carry realistic claims.
pub(crate) fn users() -> String {
    let mut text = String::new();
    for index in 0..USERS {
        let User { email, password } = User::number(index);
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "      - email: {email}
        password: {password}
        email_verified: true
        given_name: Person
        family_name: Number {index}
        roles: [{{ app: storefront, role: clerk }}]
        claims: [{{ app: storefront, claim: branch_code, value: B-{index} }}]"
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_in_the_document_once() {
        let text = document("{ some_number: 1 }", "[password]", &users());
        for index in 0..USERS {
            assert_eq!(text.matches(&User::number(index).email).count(), 1);
        }
        assert!(text.contains("client_id: bench-web\n"));
        assert!(text.contains("settings: { some_number: 1 }\n"));
        assert!(text.contains("{ name: Clerk, slug: clerk"), "braces are written once");
    }
}
