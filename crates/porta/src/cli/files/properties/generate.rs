//! Makes installations: small ones of every shape, the same for the same seed.

use porta_core::application::{ClaimType, ModuleStatus};
use porta_core::organization::{LoginMethod, TwoFactorPolicy};
use serde_json::{Map, Value, json};

/// SplitMix64.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// One, or nothing.
    fn maybe(&mut self, all: &[&str]) -> Value {
        if self.coin() { Value::Null } else { json!(self.one(all)) }
    }

    fn some<T: Clone>(&mut self, all: &[T]) -> Vec<T> {
        all.iter().filter(|_| self.coin()).cloned().collect()
    }
}

/// A file with one to three organizations. `prefix` keeps those of different seeds apart.
pub(super) fn document(chance: &mut Chance, prefix: &str) -> Value {
    let count = 1 + chance.below(3);
    let slugs: Vec<String> = (0..count).map(|o| format!("{prefix}-org{o}")).collect();
    let organizations: Vec<Value> = slugs.iter().map(|slug| organization(chance, slug, &slugs)).collect();
    json!({ "version": "1.0", "organizations": organizations })
}

fn organization(chance: &mut Chance, slug: &str, all: &[String]) -> Value {
    let guests: Vec<&String> = all.iter().filter(|other| *other != slug).collect();
    let applications: Vec<Value> =
        (0..chance.below(3)).map(|a| application(chance, &format!("{slug}-app{a}"), &guests)).collect();
    let users: Vec<Value> = (0..chance.below(4)).map(|u| user(chance, u, &applications)).collect();
    let methods = match chance.below(3) {
        0 => vec![LoginMethod::Password],
        1 => vec![LoginMethod::MagicLink],
        _ => vec![LoginMethod::Password, LoginMethod::MagicLink],
    };
    let mut settings = Map::new();
    for key in chance.some(&["access_token_ttl", "session_ttl"]) {
        settings.insert(key.to_owned(), json!(60 + chance.below(1000)));
    }
    json!({
        "name": format!("Organization {slug} «ü»"), "slug": slug,
        "default_locale": chance.one(&["en", "de", "pt-BR"]), "default_login_methods": methods,
        "two_factor_policy": chance.one(TwoFactorPolicy::ALL),
        "branding": {
            "primary_color": chance.maybe(&["#0B6E4F", "#ffffff"]), "company_name": chance.maybe(&["Harbor & Sons"]),
            "logo_url": chance.maybe(&["https://harbor.example/logo.png"]),
        },
        "settings": settings, "applications": applications, "users": users,
    })
}

fn application(chance: &mut Chance, slug: &str, guests: &[&String]) -> Value {
    let permissions: Vec<String> = (0..chance.below(4)).map(|p| format!("area:thing{p}:read")).collect();
    let described = |chance: &mut Chance, name: &str, slug: &str| json!({ "name": name, "slug": slug, "description": chance.maybe(&["Line one\nLine two: \"three\""]) });
    let mut modules = Vec::new();
    for m in 0..chance.below(3) {
        let mut module = described(chance, "A module", &format!("module{m}"));
        module["status"] = json!(chance.one(ModuleStatus::ALL));
        modules.push(module);
    }
    let mut roles = Vec::new();
    for r in 0..chance.below(3) {
        let mut role = described(chance, &format!("Role {r}"), &format!("role{r}"));
        role["permissions"] = json!(chance.some(&permissions));
        roles.push(role);
    }
    let mut claims = Vec::new();
    for (c, claim_type) in chance.some(ClaimType::ALL).into_iter().enumerate() {
        let mut claim = described(chance, &format!("Claim {c}"), &format!("claim_{c}"));
        claim["claim_type"] = json!(claim_type);
        claim["include_in_id_token"] = json!(chance.coin());
        claims.push(claim);
    }
    let mut named = Vec::new();
    for permission in &permissions {
        named.push(described(chance, "A permission", permission));
    }
    let clients: Vec<Value> =
        (0..chance.below(3)).map(|c| client(chance, &format!("{slug}-client{c}"), guests)).collect();
    json!({
        "name": format!("Application {slug}"), "slug": slug, "description": chance.maybe(&["An application"]),
        "modules": modules, "permissions": named, "roles": roles, "claim_definitions": claims,
        "clients": clients,
    })
}

fn client(chance: &mut Chance, id: &str, guests: &[&String]) -> Value {
    let (mut client, guests) =
        (json!({ "client_id": id, "client_name": format!("Client {id}") }), chance.some(guests));
    let Value::Object(fields) = &mut client else { unreachable!("an object") };
    let more = if chance.coin() {
        json!({
            "client_type": "public", "application_type": chance.one(&["web", "spa"]),
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [format!("https://{id}.example/cb")], "scope": "openid profile",
            "allowed_origins": chance.some(&["https://app.example", "https://other.example:8443"]),
            "id_token_signed_response_alg": "ES256", "allowed_organizations": guests,
            "login_methods": if chance.coin() { Value::Null } else { json!(["password"]) },
        })
    } else {
        json!({
            "client_type": "confidential", "grant_types": ["client_credentials"], "scope": "feed:write",
            "token_endpoint_auth_method": chance.one(&["client_secret_basic", "client_secret_post"]),
            "id_token_signed_response_alg": "ES256",
        })
    };
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    client
}

fn user(chance: &mut Chance, number: usize, applications: &[Value]) -> Value {
    let (mut roles, mut claims) = (Vec::new(), Vec::new());
    for application in applications {
        let app = &application["slug"];
        for role in application["roles"].as_array().unwrap() {
            if chance.coin() {
                roles.push(json!({ "app": app, "role": role["slug"] }));
            }
        }
        for claim in application["claim_definitions"].as_array().unwrap() {
            if chance.coin() {
                let value = match claim["claim_type"].as_str().unwrap() {
                    "string" => json!("T4"),
                    "number" => json!(17),
                    "boolean" => json!(true),
                    _ => json!({ "b": [1, null], "a": "x" }),
                };
                claims.push(json!({ "app": app, "claim": claim["slug"], "value": value }));
            }
        }
    }
    json!({
        "email": format!("user{number}@harbor.example"), "status": chance.one(&["active", "inactive"]),
        "email_verified": chance.coin(), "given_name": chance.maybe(&["Zoë", "O'Brien"]),
        "birthdate": chance.maybe(&["1985-12-10"]), "locale": chance.maybe(&["de"]),
        "address": { "postal_code": chance.maybe(&["0123"]), "country": chance.maybe(&["NL"]) },
        "roles": roles, "claims": claims,
    })
}
