//! A request before it is sent: a valid request, mutated a few times.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use porta_core::secret::sha256_base64url;
use porta_testkit::VERIFIER;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::mutate::mutate;
use super::planted::{Planted, secret};

pub(super) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

#[derive(Clone, Default)]
pub(super) struct Draft {
    pub(super) method: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Pairs,
    /// Appended to the query without encoding.
    pub(super) raw_query: Vec<u8>,
    pub(super) form: Option<Pairs>,
    /// Replaces the form.
    pub(super) raw_body: Option<Vec<u8>>,
    pub(super) headers: Pairs,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cut = |bytes: &[u8]| bytes[..bytes.len().min(2_000)].escape_ascii().to_string();
        write!(f, "{} {}?{}", cut(&self.method), cut(&self.path), cut(&self.query_bytes()))?;
        for (name, value) in &self.headers {
            write!(f, "\n  {}: {}", cut(name), cut(value))?;
        }
        write!(f, "\n  {}", cut(&self.body_bytes()))
    }
}

/// Method and path of every route. `UID` stands for a running interaction.
const ROUTES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/robots.txt"),
    ("GET", "/favicon.ico"),
    ("GET", "/health"),
    ("GET", "/ready"),
    ("GET", "/.well-known/oauth-authorization-server/acme"),
    ("GET", "/acme/.well-known/openid-configuration"),
    ("GET", "/acme/.well-known/oauth-authorization-server"),
    ("GET", "/acme/jwks"),
    ("GET", "/acme/auth"),
    ("GET", "/acme/auth"),
    ("POST", "/acme/auth"),
    ("GET", "/acme/auth/UID"),
    ("GET", "/acme/interaction/UID"),
    ("POST", "/acme/interaction/UID/login"),
    ("POST", "/acme/interaction/UID/login"),
    ("POST", "/acme/interaction/UID/confirm"),
    ("POST", "/acme/interaction/UID/abort"),
    ("POST", "/acme/token"),
    ("POST", "/acme/token"),
    ("OPTIONS", "/acme/token"),
    ("POST", "/acme/token/introspection"),
    ("POST", "/acme/token/revocation"),
    ("GET", "/acme/me"),
    ("POST", "/acme/me"),
    ("GET", "/acme/session/end"),
    ("POST", "/acme/session/end"),
    ("POST", "/acme/session/end/confirm"),
    ("GET", "/acme/session/end/success"),
    ("GET", "/acme/interaction/UID/magic-link"),
    ("POST", "/acme/interaction/UID/magic-link"),
    ("POST", "/acme/interaction/UID/magic-link/code"),
    ("GET", "/acme/interaction/UID/magic-link/LINK"),
    ("POST", "/acme/interaction/UID/magic-link/LINK"),
    ("GET", "/acme/interaction/UID/two-factor"),
    ("POST", "/acme/interaction/UID/two-factor"),
    ("GET", "/acme/interaction/UID/new-password"),
    ("POST", "/acme/interaction/UID/new-password"),
    ("GET", "/acme/auth/forgot-password"),
    ("POST", "/acme/auth/forgot-password"),
    ("GET", "/acme/auth/reset-password/RESET"),
    ("POST", "/acme/auth/reset-password/RESET"),
    ("GET", "/acme/auth/accept-invite/INVITE"),
    ("POST", "/acme/auth/accept-invite/INVITE"),
    ("GET", "/acme/auth/verify-email/VERIFY"),
    ("POST", "/acme/auth/verify-email/VERIFY"),
    ("GET", "/acme/account"),
    ("POST", "/acme/account/verify-email"),
    ("GET", "/acme/account/password"),
    ("POST", "/acme/account/password"),
    ("POST", "/acme/account/two-factor"),
    ("POST", "/acme/account/two-factor/setup"),
    ("POST", "/acme/account/sessions"),
    ("POST", "/acme/account/applications"),
    ("POST", "/acme/account/data"),
    ("GET", "/acme/assets/logo/00000000-0000-0000-0000-000000000000"),
    ("GET", "/nowhere/auth"),
    ("GET", "/acme/nothing"),
];

fn pairs(list: &[(&str, &str)]) -> Pairs {
    list.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec())).collect()
}

impl Draft {
    pub(super) fn random(rng: &mut ChaCha8Rng, planted: &Planted) -> Self {
        let (method, path) = ROUTES[rng.random_range(0..ROUTES.len())];
        let mut draft = Self::honest(method, path, planted);
        for _ in 0..rng.random_range(1..=4) {
            mutate(&mut draft, rng, planted);
        }
        draft
    }

    /// The valid request for a route.
    fn honest(method: &str, path: &str, planted: &Planted) -> Self {
        let params = parameters(path, planted);
        let is_post = method == "POST";
        let mut headers = pairs(&[("x-forwarded-for", "192.0.2.1"), ("user-agent", "Fuzz/1.0")]);
        let cookies = format!(
            "__Secure-_session={}; __Secure-_interaction={}; __Secure-_interaction_resume={}; __Secure-_forms={}",
            planted.session, planted.binding, planted.binding, planted.forms
        );
        headers.push((b"cookie".to_vec(), cookies.into_bytes()));
        if is_post {
            headers.extend(pairs(&[("content-type", "application/x-www-form-urlencoded")]));
        }
        if path.ends_with("/me") {
            headers.extend(pairs(&[("authorization", &format!("Bearer {}", planted.access_token))]));
        }
        Self {
            method: method.as_bytes().to_vec(),
            path: path
                .replace("UID", &planted.uid)
                .replace("LINK", &planted.links[0])
                .replace("RESET", &planted.links[1])
                .replace("INVITE", &planted.links[2])
                .replace("VERIFY", &planted.links[3])
                .into_bytes(),
            query: if is_post { Vec::new() } else { params.clone() },
            form: is_post.then_some(params),
            headers,
            ..Self::default()
        }
    }

    /// `None` if it cannot be expressed in HTTP.
    pub(super) fn request(&self) -> Option<Request<Body>> {
        let mut target = self.path.clone();
        let query = self.query_bytes();
        if !query.is_empty() {
            target.push(b'?');
            target.extend(query);
        }
        let uri = Uri::try_from(target).ok()?;
        let mut request = Request::new(Body::from(self.body_bytes()));
        *request.method_mut() = Method::from_bytes(&self.method).ok()?;
        *request.uri_mut() = uri;
        for (name, value) in &self.headers {
            let name = HeaderName::from_bytes(name).ok()?;
            // Message framing belongs to the HTTP layer.
            if name != header::TRANSFER_ENCODING {
                request.headers_mut().append(name, HeaderValue::from_bytes(value).ok()?);
            }
        }
        Some(request)
    }

    fn query_bytes(&self) -> Vec<u8> {
        let mut bytes = encode(&self.query);
        bytes.extend_from_slice(&self.raw_query);
        bytes
    }

    fn body_bytes(&self) -> Vec<u8> {
        match (&self.raw_body, &self.form) {
            (Some(raw), _) => raw.clone(),
            (None, Some(form)) => encode(form),
            (None, None) => Vec::new(),
        }
    }
}

pub(super) fn encode(pairs: &Pairs) -> Vec<u8> {
    let part = |bytes: &[u8]| url::form_urlencoded::byte_serialize(bytes).collect::<String>();
    let list: Vec<String> = pairs.iter().map(|(n, v)| format!("{}={}", part(n), part(v))).collect();
    list.join("&").into_bytes()
}

/// The parameters of an endpoint, with planted secrets in secret fields.
fn parameters(path: &str, planted: &Planted) -> Pairs {
    let (password, state) = (secret("password"), secret("state"));
    let challenge = sha256_base64url(VERIFIER);
    match path {
        "/acme/auth" | "/nowhere/auth" => pairs(&[
            ("client_id", "web"),
            ("redirect_uri", "https://web.test/cb"),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("state", &state),
            ("nonce", &secret("nonce")),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", "ana@acme.test"),
            ("max_age", "10000"),
        ]),
        "/acme/interaction/UID/login" => {
            pairs(&[("_csrf", &planted.csrf), ("email", "ana@acme.test"), ("password", &password)])
        }
        "/acme/interaction/UID/confirm" => pairs(&[("_csrf", &planted.csrf), ("decision", "approve")]),
        "/acme/interaction/UID/abort"
        | "/acme/interaction/UID/magic-link/LINK"
        | "/acme/auth/verify-email/VERIFY" => pairs(&[("_csrf", &secret("csrf"))]),
        "/acme/interaction/UID/magic-link" => {
            pairs(&[("_csrf", &planted.csrf), ("email", "nobody@acme.test"), ("password", &password)])
        }
        "/acme/interaction/UID/magic-link/code" | "/acme/interaction/UID/two-factor" => {
            pairs(&[("_csrf", &planted.csrf), ("code", &secret("code"))])
        }
        "/acme/auth/forgot-password" => {
            pairs(&[("_csrf", &planted.desk_csrf), ("email", "nobody@acme.test")])
        }
        "/acme/interaction/UID/new-password" => {
            pairs(&[("_csrf", &planted.csrf), ("password", &password), ("confirmPassword", &secret("other"))])
        }
        "/acme/auth/reset-password/RESET" | "/acme/auth/accept-invite/INVITE" => pairs(&[
            ("_csrf", &planted.desk_csrf),
            ("password", &password),
            ("confirmPassword", &secret("other")),
        ]),
        "/acme/account/password" => pairs(&[
            ("_csrf", &secret("csrf")),
            ("currentPassword", &password),
            ("password", &password),
            ("confirmPassword", &password),
        ]),
        "/acme/account/two-factor/setup" => {
            pairs(&[("_csrf", &secret("csrf")), ("setupMethod", "totp"), ("code", &secret("code"))])
        }
        "/acme/token" => pairs(&[
            ("grant_type", "authorization_code"),
            ("code", &planted.code),
            ("redirect_uri", "https://web.test/cb"),
            ("code_verifier", &secret("verifier")),
            ("client_id", "web"),
            ("client_secret", &secret("client-secret")),
        ]),
        "/acme/token/introspection" | "/acme/token/revocation" => pairs(&[
            ("token", &secret("token")),
            ("token_type_hint", "access_token"),
            ("client_id", "web"),
            ("client_secret", "web-secret-0123456789abcdef"),
        ]),
        "/acme/session/end" => pairs(&[
            ("id_token_hint", &planted.id_token),
            ("client_id", "web"),
            ("post_logout_redirect_uri", "https://web.test/bye"),
            ("state", &state),
        ]),
        "/acme/session/end/confirm" => pairs(&[("xsrf", &secret("xsrf")), ("logout", "yes")]),
        _ => Vec::new(),
    }
}
