//! Whole flows in one call: authorization request, sign-in, token request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porta_core::secret::sha256_base64url;
use serde_json::Value;

use crate::browser::{Answer, Browser};
use crate::constants::ISSUER_BASE;

/// A well-formed PKCE verifier; flows that need another make their own.
pub const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123456789";

/// Builder of an authorization request.
#[derive(Debug, Clone)]
pub struct Authorize {
    org: String,
    params: Vec<(String, String)>,
}

impl Authorize {
    /// `client_id` with its redirect URI, `scope=openid profile email`, state, nonce and PKCE.
    pub fn new(org: &str, client_id: &str, redirect_uri: &str) -> Self {
        let params = [
            ("client_id", client_id),
            ("redirect_uri", redirect_uri),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("state", "state-1"),
            ("nonce", "nonce-1"),
            ("code_challenge", &sha256_base64url(VERIFIER)),
            ("code_challenge_method", "S256"),
        ]
        .map(|(n, v)| (n.to_owned(), v.to_owned()));
        Self { org: org.to_owned(), params: params.to_vec() }
    }

    /// Replaces or adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.params.retain(|(n, _)| n != name);
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.params.retain(|(n, _)| n != name);
        self
    }

    /// Adds a parameter even if it is already present.
    #[must_use]
    pub fn again(mut self, name: &str, value: &str) -> Self {
        self.params.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn organization(&self) -> &str {
        &self.org
    }

    pub fn url(&self) -> String {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.params).finish();
        format!("{ISSUER_BASE}/{}/auth?{query}", self.org)
    }

    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect()
    }
}

impl Browser {
    /// Follows redirects within the server until a page or another site.
    pub async fn follow(&mut self, mut answer: Answer) -> Answer {
        for _ in 0..10 {
            if !answer.status.is_redirection() || !answer.location().starts_with(ISSUER_BASE) {
                return answer;
            }
            let location = answer.location().to_owned();
            answer = self.get(&location).await;
        }
        panic!("redirects do not end: {}", answer.location());
    }

    /// Opens the login page of a request and submits its form; returns the response.
    pub async fn submit_login(&mut self, request: &Authorize, email: &str, password: &str) -> Answer {
        let start = self.get(&request.url()).await;
        let page_url = start.location().to_owned();
        let page = self.follow(start).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let csrf = page.field("_csrf");
        let form = [("_csrf", csrf.as_str()), ("email", email), ("password", password)];
        let answer = self.post(&format!("{page_url}/login"), &form).await;
        self.follow_flash(answer).await
    }

    /// Signs in and follows redirects; returns the redirect to the client.
    pub async fn sign_in(&mut self, request: &Authorize, email: &str, password: &str) -> Answer {
        let answer = self.submit_login(request, email, password).await;
        self.follow(answer).await
    }

    /// A token request with `client_secret_basic`, or as a public client.
    pub async fn token(&mut self, org: &str, client: (&str, Option<&str>), form: &[(&str, &str)]) -> Answer {
        self.authenticated(&format!("/{org}/token"), client, form).await
    }

    /// Posts a form to a protocol endpoint with the client's credentials.
    pub async fn authenticated(
        &mut self,
        path: &str,
        (id, secret): (&str, Option<&str>),
        form: &[(&str, &str)],
    ) -> Answer {
        if let Some(secret) = secret {
            let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            let headers = [
                (axum::http::header::AUTHORIZATION, basic.as_str()),
                (axum::http::header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
            ];
            return self.send(axum::http::Method::POST, path, &headers, body.into()).await;
        }
        let mut form = form.to_vec();
        form.push(("client_id", id));
        self.post(path, &form).await
    }

    /// Redeems a code with [`VERIFIER`].
    pub async fn redeem(
        &mut self,
        org: &str,
        client: (&str, Option<&str>),
        redirect_uri: &str,
        code: &str,
    ) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        self.token(org, client, &form).await
    }
}

/// The payload of a JWT without verification: for assertions on claims of a token that is verified elsewhere.
pub fn jwt_payload(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("a JWT has three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}
