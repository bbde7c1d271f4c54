use porta_core::client::{ApplicationType, ClientId, ClientStatus};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{
    ApplicationId, ClientKey, EntityId as _, OrganizationId, SeededEntropy, Timestamp, Version,
};
use rstest::rstest;

use super::*;

fn confidential() -> Client {
    let now = Timestamp::from_seconds(1_700_000_000);
    let entropy = SeededEntropy::new(1);
    Client {
        id: ClientKey::new(now, &entropy),
        organization_id: OrganizationId::new(now, &entropy),
        application_id: ApplicationId::from_uuid(OrganizationId::new(now, &entropy).uuid()),
        client_id: ClientId::parse("web").unwrap(),
        client_name: "Web".to_owned(),
        client_type: ClientType::Confidential,
        application_type: ApplicationType::Web,
        redirect_uris: vec!["https://app.example/cb".to_owned()],
        post_logout_redirect_uris: vec![],
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        response_types: vec![ResponseType::Code],
        scope: "openid profile".to_owned(),
        token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
        allowed_origins: vec![],
        require_pkce: true,
        login_methods: None,
        id_token_signed_response_alg: SigningAlgorithm::Es256,
        userinfo_signed_response_alg: None,
        standard_claims_in_id_token: false,
        allowed_organizations: vec![],
        status: ClientStatus::Active,
        created_at: now,
        updated_at: now,
        version: Version::FIRST,
    }
}

fn public() -> Client {
    Client {
        client_type: ClientType::Public,
        token_endpoint_auth_method: TokenEndpointAuthMethod::None,
        ..confidential()
    }
}

fn machine() -> Client {
    Client {
        grant_types: vec![GrantType::ClientCredentials],
        response_types: vec![],
        redirect_uris: vec![],
        ..confidential()
    }
}

#[test]
fn usual_clients_pass() {
    for client in [confidential(), public(), machine()] {
        assert_eq!(check_client(&client, true), vec![]);
    }
    let no_pkce = Client { require_pkce: false, ..confidential() };
    assert_eq!(check_client(&no_pkce, true), vec![]);
    let local = Client {
        redirect_uris: vec!["http://localhost:3001/cb".to_owned()],
        allowed_origins: vec!["http://localhost:3001".to_owned(), "http://[::1]".to_owned()],
        ..public()
    };
    assert_eq!(check_client(&local, true), vec![]);
}

#[test]
fn web_views_of_applications_pass() {
    let origins =
        ["capacitor://localhost", "ionic://localhost", "tauri://localhost", "http://tauri.localhost"];
    let client = Client {
        application_type: ApplicationType::Native,
        redirect_uris: ["capacitor://localhost/cb", "ionic://localhost/cb", "tauri://localhost/cb"]
            .map(str::to_owned)
            .to_vec(),
        allowed_origins: origins.map(str::to_owned).to_vec(),
        ..public()
    };
    assert_eq!(check_client(&client, true), vec![]);
    let page = Client { application_type: ApplicationType::Spa, redirect_uris: addresses(1), ..client };
    assert_eq!(check_client(&page, true), vec![], "an origin is everybody's");
}

fn addresses(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("https://a.example/{n}")).collect()
}

#[test]
fn a_hundred_addresses_pass() {
    let client =
        Client { redirect_uris: addresses(100), post_logout_redirect_uris: addresses(100), ..confidential() };
    assert_eq!(check_client(&client, true), vec![]);
}

#[rstest]
#[case::no_name(Client { client_name: String::new(), ..confidential() }, "client_name")]
#[case::no_grant(Client { grant_types: vec![], ..machine() }, "grant_types")]
#[case::lonely_refresh(Client { grant_types: vec![GrantType::RefreshToken], ..machine() }, "grant_types")]
#[case::public_machine(Client { grant_types: vec![GrantType::ClientCredentials], ..public() }, "grant_types")]
#[case::code_without_response_type(Client { response_types: vec![], ..public() }, "response_types")]
#[case::no_redirect(Client { redirect_uris: vec![], ..public() }, "redirect_uris")]
#[case::machine_that_also_redirects(
    Client { grant_types: vec![GrantType::AuthorizationCode, GrantType::ClientCredentials], redirect_uris: vec![],
             ..confidential() }, "redirect_uris")]
#[case::too_many_redirects(Client { redirect_uris: addresses(101), ..public() }, "redirect_uris")]
#[case::too_many_logout_addresses(
    Client { post_logout_redirect_uris: addresses(101), ..public() }, "post_logout_redirect_uris")]
#[case::web_view_scheme_on_the_web(
    Client { redirect_uris: vec!["capacitor://localhost/cb".into()], application_type: ApplicationType::Spa,
             ..public() }, "redirect_uris")]
#[case::fragment(Client { redirect_uris: vec!["https://a.example/#x".into()], ..public() }, "redirect_uris")]
#[case::wildcard(Client { redirect_uris: vec!["https://*.example/".into()], ..public() }, "redirect_uris")]
#[case::http(Client { redirect_uris: vec!["http://a.example/".into()], ..public() }, "redirect_uris")]
#[case::script(
    Client { redirect_uris: vec!["javascript:alert(1)".into()], application_type: ApplicationType::Native,
             ..public() }, "redirect_uris")]
#[case::private_scheme_on_the_web(
    Client { redirect_uris: vec!["com.example:/cb".into()], ..public() }, "redirect_uris")]
#[case::logout_address(
    Client { post_logout_redirect_uris: vec!["ftp://a.example/".into()], ..public() }, "post_logout_redirect_uris")]
#[case::public_with_secret(
    Client { token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretPost, ..public() },
    "token_endpoint_auth_method")]
#[case::confidential_without(
    Client { token_endpoint_auth_method: TokenEndpointAuthMethod::None, ..confidential() },
    "token_endpoint_auth_method")]
#[case::public_without_pkce(Client { require_pkce: false, ..public() }, "require_pkce")]
#[case::empty_scope(Client { scope: String::new(), ..public() }, "scope")]
#[case::quoted_scope(Client { scope: "open\"id".into(), ..public() }, "scope")]
#[case::umlaut_scope(Client { scope: "öpenid".into(), ..public() }, "scope")]
#[case::no_method(Client { login_methods: Some(vec![]), ..public() }, "login_methods")]
#[case::origin_with_path(Client { allowed_origins: vec!["https://a.example/".into()], ..public() }, "allowed_origins")]
#[case::origin_upper_case(Client { allowed_origins: vec!["https://A.example".into()], ..public() }, "allowed_origins")]
#[case::origin_default_port(
    Client { allowed_origins: vec!["https://a.example:443".into()], ..public() }, "allowed_origins")]
#[case::origin_star(Client { allowed_origins: vec!["*".into()], ..public() }, "allowed_origins")]
#[case::origin_null(Client { allowed_origins: vec!["null".into()], ..public() }, "allowed_origins")]
#[case::origin_scheme(Client { allowed_origins: vec!["app://a.example".into()], ..public() }, "allowed_origins")]
#[case::web_view_with_path(Client { allowed_origins: vec!["capacitor://localhost/".into()], ..public() }, "allowed_origins")]
#[case::web_view_with_port(Client { allowed_origins: vec!["ionic://localhost:80".into()], ..public() }, "allowed_origins")]
#[case::web_view_upper_case(Client { allowed_origins: vec!["Tauri://localhost".into()], ..public() }, "allowed_origins")]
#[case::web_view_without_host(Client { allowed_origins: vec!["tauri://".into()], ..public() }, "allowed_origins")]
#[case::not_quite_localhost(
    Client { allowed_origins: vec!["http://evillocalhost".into()], ..public() }, "allowed_origins")]
#[case::origin_http(Client { allowed_origins: vec!["http://a.example".into()], ..public() }, "allowed_origins")]
fn what_could_never_be_used_is_refused(#[case] client: Client, #[case] field: &str) {
    let problems = check_client(&client, true);
    assert!(problems.iter().any(|p| p.field == field), "{problems:?}");
}

#[test]
fn all_problems_are_told_at_once() {
    let client =
        Client { scope: String::new(), require_pkce: false, login_methods: Some(vec![]), ..public() };
    assert_eq!(check_client(&client, true).len(), 3);
}

#[test]
fn plain_http_is_for_development() {
    let client = Client {
        redirect_uris: vec!["http://app.test/cb".to_owned()],
        allowed_origins: vec!["http://app.test".to_owned()],
        ..public()
    };
    assert_eq!(check_client(&client, false), vec![]);
    assert_eq!(check_client(&client, true).len(), 2);
}
