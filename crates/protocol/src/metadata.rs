//! The discovery document (OpenID Connect Discovery §3, RFC 8414 §2). It advertises only what works.

use porta_core::client::{GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::signing_key::SigningAlgorithm;
use serde_json::{Value, json};

use crate::claims::claims_supported;
use crate::response_mode::ResponseMode;
use crate::{PromptValue, pkce, scope};

/// Paths of the protocol endpoints below an issuer.
pub mod path {
    pub const AUTHORIZATION: &str = "/auth";
    pub const TOKEN: &str = "/token";
    pub const USERINFO: &str = "/me";
    pub const JWKS: &str = "/jwks";
    pub const INTROSPECTION: &str = "/token/introspection";
    pub const REVOCATION: &str = "/token/revocation";
    pub const END_SESSION: &str = "/session/end";
}

/// One factor, whichever it was.
pub const ACR_ONE_FACTOR: &str = "urn:porta:acr:1fa";
/// Two different factors were shown.
pub const ACR_TWO_FACTORS: &str = "urn:porta:acr:2fa";

/// What differs between installations and organizations.
#[derive(Debug, Clone, Copy)]
pub struct Capabilities<'a> {
    pub id_token_algorithms: &'a [SigningAlgorithm],
    pub userinfo_algorithms: &'a [SigningAlgorithm],
    pub acr_values: &'a [&'a str],
    pub prompts: &'a [PromptValue],
    pub ui_locales: &'a [&'a str],
}

impl Default for Capabilities<'_> {
    fn default() -> Self {
        Self {
            id_token_algorithms: SigningAlgorithm::ALL,
            userinfo_algorithms: SigningAlgorithm::ALL,
            acr_values: &[ACR_ONE_FACTOR, ACR_TWO_FACTORS],
            prompts: &[PromptValue::None, PromptValue::Login, PromptValue::Consent],
            ui_locales: &["en"],
        }
    }
}

/// The document of one issuer. Every URL starts with `issuer`, which is configuration and slug, never `Host` (decision
/// D10).
pub fn discovery(issuer: &str, capabilities: &Capabilities<'_>) -> Value {
    let endpoint = |path: &str| format!("{issuer}{path}");
    // RFC 7662 §2.1: a client without a secret may not introspect.
    let with_secret: Vec<_> =
        TokenEndpointAuthMethod::ALL.iter().filter(|m| **m != TokenEndpointAuthMethod::None).collect();
    json!({
        "issuer": issuer,
        "authorization_endpoint": endpoint(path::AUTHORIZATION),
        "token_endpoint": endpoint(path::TOKEN),
        "userinfo_endpoint": endpoint(path::USERINFO),
        "jwks_uri": endpoint(path::JWKS),
        "introspection_endpoint": endpoint(path::INTROSPECTION),
        "revocation_endpoint": endpoint(path::REVOCATION),
        "end_session_endpoint": endpoint(path::END_SESSION),
        "response_types_supported": ResponseType::ALL,
        "response_modes_supported": ResponseMode::ALL,
        "grant_types_supported": GrantType::ALL,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": capabilities.id_token_algorithms,
        "userinfo_signing_alg_values_supported": capabilities.userinfo_algorithms,
        "token_endpoint_auth_methods_supported": TokenEndpointAuthMethod::ALL,
        "introspection_endpoint_auth_methods_supported": with_secret,
        "revocation_endpoint_auth_methods_supported": TokenEndpointAuthMethod::ALL,
        "code_challenge_methods_supported": [pkce::METHOD_S256],
        "scopes_supported": scope::SUPPORTED,
        "claims_supported": claims_supported(),
        "claim_types_supported": ["normal"],
        "acr_values_supported": capabilities.acr_values,
        "prompt_values_supported": capabilities.prompts,
        // Other values are accepted, but shown as a page.
        "display_values_supported": ["page"],
        "ui_locales_supported": capabilities.ui_locales,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        // If omitted, the default is true (OpenID Connect Discovery §3).
        "request_uri_parameter_supported": false,
        "authorization_response_iss_parameter_supported": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_url_starts_with_the_issuer() {
        let document = discovery("https://id.example/acme", &Capabilities::default());
        let members = document.as_object().unwrap();
        for (name, value) in
            members.iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri")
        {
            assert!(value.as_str().unwrap().starts_with("https://id.example/acme/"), "{name}");
        }
        assert_eq!(document["issuer"], "https://id.example/acme");
        assert_eq!(document["introspection_endpoint"], "https://id.example/acme/token/introspection");
        assert_eq!(document["end_session_endpoint"], "https://id.example/acme/session/end");
    }

    #[test]
    fn only_what_works_is_advertised() {
        let capabilities =
            Capabilities { id_token_algorithms: &[SigningAlgorithm::Es256], ..Capabilities::default() };
        let document = discovery("https://id.example/acme", &capabilities);
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(document["response_modes_supported"], json!(["query", "fragment", "form_post"]));
        assert_eq!(
            document["token_endpoint_auth_methods_supported"],
            json!(["client_secret_basic", "client_secret_post", "none"])
        );
        assert_eq!(
            document["introspection_endpoint_auth_methods_supported"],
            json!(["client_secret_basic", "client_secret_post"])
        );
        assert_eq!(document["id_token_signing_alg_values_supported"], json!(["ES256"]));
        assert_eq!(document["prompt_values_supported"], json!(["none", "login", "consent"]));
        let claims = document["claims_supported"].as_array().unwrap();
        assert_eq!(claims.iter().filter(|claim| *claim == "email").count(), 1);
        for absent in [
            "registration_endpoint",
            "device_authorization_endpoint",
            "pushed_authorization_request_endpoint",
            "check_session_iframe",
            "dpop_signing_alg_values_supported",
            "token_endpoint_auth_signing_alg_values_supported",
            "backchannel_logout_supported",
        ] {
            assert!(document.get(absent).is_none(), "{absent}");
        }
        for (switch, expected) in [
            ("claims_parameter_supported", true),
            ("request_parameter_supported", false),
            ("request_uri_parameter_supported", false),
            ("authorization_response_iss_parameter_supported", true),
        ] {
            assert_eq!(document[switch], expected, "{switch}");
        }
    }
}
