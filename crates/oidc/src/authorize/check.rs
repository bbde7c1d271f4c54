//! The checks of an authorization request, in order. Before there is a [`RedirectTarget`], an error is shown to the
//! person; afterwards it goes to the client. The type decides, not a flag.

use std::sync::Arc;

use porta_core::client::{ApplicationType, GrantType};
use porta_protocol::{
    ClaimsRequest, CodeChallenge, ErrorCode, OAuthError, Params, Prompt, PromptValue, ResponseMode, Scope,
    UnverifiedRequestObject, redirect_uri, scope,
};
use porta_session::{
    ACR_ONE_FACTOR, ACR_TWO_FACTORS, AuthorizationRequest, BackendError, Limited, ProtocolClient, Tenant,
};

use super::AuthorizationEndpoint;
use crate::id_token_hint::read_id_token_hint;

/// Where an answer may be sent: a client and one of its registered redirect URIs.
#[derive(Debug, Clone)]
pub struct RedirectTarget {
    pub client: Arc<ProtocolClient>,
    pub redirect_uri: String,
    pub redirect_uri_sent: bool,
    pub response_mode: ResponseMode,
    pub state: Option<String>,
}

/// A refused authorization request.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// No verified redirect URI: the error is shown on a page (RFC 6749 §4.1.2.1).
    #[error("refused on a page: {0}")]
    Page(OAuthError),
    /// The error is sent to the client.
    #[error("refused to the client: {1}")]
    Client(Box<RedirectTarget>, OAuthError),
    #[error("too many sign-ins were begun")]
    Limited(Limited),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// Maximum length of `state` and of `nonce`, in bytes.
const MAX_STATE_BYTES: usize = 1_024;

/// Maximum size of a checked request as JSON, in bytes, because it must fit a cookie (decision 0035). `state` and
/// `nonce` may take 2,048 of them.
const MAX_REQUEST_BYTES: usize = 2_560;

/// The only authorization parameter that may repeat (RFC 8707 §2).
const MAY_REPEAT: &[&str] = &["resource"];

type Checked<T> = Result<T, OAuthError>;

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidRequest, description)
}

impl AuthorizationEndpoint {
    /// Verifies client and redirect URI first; nothing is redirected before both are verified.
    pub(super) async fn find_target(
        &self,
        tenant: &Tenant,
        params: &Params,
    ) -> Result<RedirectTarget, AuthorizeError> {
        let is_repeated = |name| params.all(name).nth(1).is_some();
        if is_repeated("client_id") || is_repeated("redirect_uri") {
            return Err(AuthorizeError::Page(invalid("a parameter is repeated"))); // RFC 6749 §3.1
        }
        let Some(client_id) = params.get("client_id") else {
            return Err(AuthorizeError::Page(invalid("client_id is missing")));
        };
        let Some(client) = self.shared.clients.find(tenant.organization.id, client_id).await? else {
            return Err(AuthorizeError::Page(OAuthError::new(ErrorCode::InvalidClient, "client is unknown")));
        };
        let (redirect_uri, redirect_uri_sent) =
            exact_redirect_uri(params, &client).map_err(AuthorizeError::Page)?; // RFC 6749 §3.1.2.3, RFC 9700 §2.1
        // A repeated `state` is ambiguous, and one that is too long would make the answer too long: send none.
        let state =
            params.get("state").filter(|state| !is_repeated("state") && state.len() <= MAX_STATE_BYTES);
        let state = state.map(str::to_owned);
        let (response_mode, mode_problem) = response_mode(params);
        let target = RedirectTarget { client, redirect_uri, redirect_uri_sent, response_mode, state };
        if let Some(error) = mode_problem {
            return Err(target.into_error(params, error));
        }
        if params.repeated(MAY_REPEAT).is_some() {
            return Err(target.into_error(params, invalid("a parameter is repeated")));
        }
        Ok(target)
    }
}

/// Checks everything else, once the target is verified.
pub(super) fn check_request(
    tenant: &Tenant,
    params: &Params,
    target: &RedirectTarget,
) -> Checked<AuthorizationRequest> {
    let client = &*target.client;
    code_grant_allowed(client)?; // RFC 6749 §4.1.2.1 unauthorized_client
    printable(params, "state")?; // RFC 6749 Appendix A.5
    printable(params, "nonce")?; // OpenID Connect Core §15.5.2
    no_request_object(params)?; // OpenID Connect Core §6, §7.2.1
    response_type_is_code(params)?; // RFC 6749 §3.1.1
    let prompt = prompt(params)?; // OpenID Connect Core §3.1.2.1
    let scope = effective_scope(tenant, params, client, prompt)?; // RFC 6749 §3.3, OpenID Connect Core §11
    openid_for_openid_parameters(params, &scope)?; // OpenID Connect Core §3.1.2.1
    let code_challenge = code_challenge(params, client)?; // RFC 7636 §4.3, RFC 9700 §2.1.1
    no_unknown_resource(params)?; // RFC 8707 §2
    let max_age = max_age(params)?;
    let claims = claims(params, client)?; // OpenID Connect Core §5.5
    let hinted_subject = hinted_subject(tenant, params, client)?;
    reachable_acr(claims.as_ref())?; // OpenID Connect Core §5.5.1.1
    let request = AuthorizationRequest {
        client_id: client.client.client_id.to_string(),
        redirect_uri: target.redirect_uri.clone(),
        redirect_uri_sent: target.redirect_uri_sent,
        response_mode: target.response_mode,
        state: target.state.clone(),
        nonce: params.get("nonce").map(str::to_owned),
        scope,
        prompt,
        max_age,
        login_hint: login_hint(params),
        ui_locales: ui_locales(params),
        hinted_subject,
        claims,
        code_challenge,
    };
    within_length(&request)?; // must fit a cookie
    Ok(request)
}

/// Returns the subject of `id_token_hint`: an ID token that this tenant signed for this client, of any age.
fn hinted_subject(tenant: &Tenant, params: &Params, client: &ProtocolClient) -> Checked<Option<String>> {
    let Some(hint) = params.get("id_token_hint") else { return Ok(None) };
    let hint = read_id_token_hint(tenant, hint).ok_or_else(|| invalid("id_token_hint is not valid"))?;
    if hint.client_id != client.client.client_id.as_str() {
        return Err(invalid("id_token_hint was issued to another client"));
    }
    Ok(Some(hint.subject))
}

impl RedirectTarget {
    /// Builds the error for the client. A request object may be the only place of `response_mode` and `state`, so both
    /// are read from it where the request itself lacks them (OpenID Connect Core §6.1). They serve this answer only:
    /// the object is refused, and nothing in it is verified.
    pub(super) fn into_error(mut self, params: &Params, error: OAuthError) -> AuthorizeError {
        let mut objects = params.all("request");
        // Two request objects are ambiguous: read neither.
        if let (Some(object), None) = (objects.next(), objects.next()) {
            let unverified = UnverifiedRequestObject::of(object);
            if params.get("response_mode").is_none() {
                self.response_mode = unverified.response_mode.unwrap_or(self.response_mode);
            }
            if params.get("state").is_none() {
                self.state =
                    unverified.state.filter(|state| is_printable(state) && state.len() <= MAX_STATE_BYTES);
            }
        }
        AuthorizeError::Client(Box::new(self), error)
    }
}

fn exact_redirect_uri(params: &Params, client: &ProtocolClient) -> Checked<(String, bool)> {
    let registered = &client.client.redirect_uris;
    let unregistered =
        || OAuthError::new(ErrorCode::InvalidRedirectUri, "redirect_uri is not registered for this client");
    match params.get("redirect_uri") {
        Some(sent) => {
            let known =
                registered.iter().any(|r| redirect_uri::matches(r, sent, client.client.application_type));
            if known { Ok((sent.to_owned(), true)) } else { Err(unregistered()) }
        }
        // RFC 6749 §3.1.2.3: may be left out when exactly one is registered.
        None => match registered.as_slice() {
            [only] => Ok((only.clone(), false)),
            _ => Err(invalid("redirect_uri is missing")),
        },
    }
}

/// OAuth 2.0 Multiple Response Type Encoding Practices §2.1. An unsupported mode is reported in the default mode.
fn response_mode(params: &Params) -> (ResponseMode, Option<OAuthError>) {
    let Some(word) = params.get("response_mode") else { return (ResponseMode::Query, None) };
    if let Some(mode) = ResponseMode::parse(word) {
        return (mode, None);
    }
    let error = OAuthError::new(ErrorCode::UnsupportedResponseMode, "response_mode is not supported");
    (ResponseMode::Query, Some(error))
}

fn code_grant_allowed(client: &ProtocolClient) -> Checked<()> {
    if client.client.has_grant(GrantType::AuthorizationCode) {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::UnauthorizedClient, "the client may not use the authorization code grant"))
}

/// `VSCHAR` of RFC 6749 Appendix A.
fn is_printable(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Printable ASCII of bounded length.
fn printable(params: &Params, name: &str) -> Checked<()> {
    let Some(value) = params.get(name) else { return Ok(()) };
    if !is_printable(value) {
        return Err(invalid("state and nonce are printable ASCII characters"));
    }
    if value.len() > MAX_STATE_BYTES {
        return Err(invalid("state or nonce is longer than 1024 characters"));
    }
    Ok(())
}

fn within_length(request: &AuthorizationRequest) -> Checked<()> {
    let length = serde_json::to_vec(request).map_or(usize::MAX, |bytes| bytes.len());
    if length > MAX_REQUEST_BYTES {
        return Err(invalid("the request is too long"));
    }
    Ok(())
}

/// E-mail address to prefill: trimmed, at most 320 characters, without control characters (`docs/endpoints.md`).
fn login_hint(params: &Params) -> Option<String> {
    let hint = params.get("login_hint")?.trim();
    Some(hint.chars().filter(|c| !c.is_control()).take(320).collect())
}

fn response_type_is_code(params: &Params) -> Checked<()> {
    match params.get("response_type") {
        Some("code") => Ok(()),
        None => Err(invalid("response_type is missing")),
        Some(_) => {
            Err(OAuthError::new(ErrorCode::UnsupportedResponseType, "only response_type=code is supported"))
        }
    }
}

/// Never an error (OpenID Connect Core §3.1.2.1). Keeps at most 16 tags of at most 35 characters (RFC 5646 §4.4.1),
/// because anonymous callers send them and the request must fit a cookie.
pub(crate) fn ui_locales(params: &Params) -> Option<String> {
    let tags = params.get("ui_locales")?.split_ascii_whitespace().filter(|tag| tag.len() <= 35).take(16);
    Some(tags.collect::<Vec<_>>().join(" ")).filter(|tags| !tags.is_empty())
}

fn no_request_object(params: &Params) -> Checked<()> {
    let refusals = [
        ("request", ErrorCode::RequestNotSupported, "request objects are not supported"),
        ("request_uri", ErrorCode::RequestUriNotSupported, "request_uri is not supported"),
        ("registration", ErrorCode::RegistrationNotSupported, "registration is not supported"),
    ];
    for (name, code, description) in refusals {
        if params.get(name).is_some() {
            return Err(OAuthError::new(code, description));
        }
    }
    Ok(())
}

fn prompt(params: &Params) -> Checked<Prompt> {
    let Some(text) = params.get("prompt") else { return Ok(Prompt::default()) };
    let prompt = Prompt::parse(text)?;
    if prompt.contains(PromptValue::Create) {
        // Initiating User Registration via OpenID Connect §4.1.
        return Err(invalid("prompt=create is not supported: accounts are created by invitation"));
    }
    Ok(prompt)
}

fn effective_scope(
    tenant: &Tenant,
    params: &Params,
    client: &ProtocolClient,
    prompt: Prompt,
) -> Checked<Scope> {
    let requested = Scope::parse(params.get("scope").unwrap_or_default())?;
    allowed_scope(&requested, client, may_get_offline_access(tenant, client, prompt))
}

/// Unknown scopes are ignored, known ones must be on the client's list.
pub(crate) fn allowed_scope(
    requested: &Scope,
    client: &ProtocolClient,
    may_get_offline_access: bool,
) -> Checked<Scope> {
    let effective = requested.filtered(|s| s != scope::OFFLINE_ACCESS || may_get_offline_access);
    if effective.iter().any(|s| scope::SUPPORTED.contains(&s) && !client.scope.contains(s)) {
        return Err(OAuthError::new(
            ErrorCode::InvalidScope,
            "a requested scope is not allowed for this client",
        ));
    }
    Ok(effective.intersection(&client.scope))
}

/// OpenID Connect Core §11: `offline_access` is ignored unless the person is asked for consent or other conditions,
/// which are ours to choose, are met. Ours: a public client of the organization itself with the scope on its list. Its
/// operator has decided already, and it has no other way to a refresh token. A confidential client gets session-bound
/// refresh tokens.
fn may_get_offline_access(tenant: &Tenant, client: &ProtocolClient, prompt: Prompt) -> bool {
    let is_ours = client.client.is_first_party_for(tenant.organization.id);
    let is_settled =
        is_ours && !client.client.is_confidential() && client.scope.contains(scope::OFFLINE_ACCESS);
    let is_asked = prompt.contains(PromptValue::Consent);
    (is_settled || is_asked) && client.client.has_grant(GrantType::RefreshToken)
}

fn openid_for_openid_parameters(params: &Params, scope: &Scope) -> Checked<()> {
    const OPENID_ONLY: &[&str] = &["acr_values", "claims", "claims_locales", "id_token_hint", "max_age"];
    if scope.contains(scope::OPENID) || OPENID_ONLY.iter().all(|name| params.get(name).is_none()) {
        return Ok(());
    }
    Err(invalid("scope openid is required for OpenID Connect parameters"))
}

/// Decision D7: S256 is required, unless a confidential client is exempt.
fn code_challenge(params: &Params, client: &ProtocolClient) -> Checked<Option<CodeChallenge>> {
    let challenge = CodeChallenge::from_params(params)?;
    let exempt = client.client.is_confidential() && !client.client.require_pkce;
    if challenge.is_none() && !exempt {
        return Err(invalid("code_challenge is required"));
    }
    Ok(challenge)
}

/// No protected resources are registered yet. Refuse: a token that silently ignores the indicator would be worse.
fn no_unknown_resource(params: &Params) -> Checked<()> {
    if params.all("resource").any(|r| !r.is_empty()) {
        return Err(OAuthError::new(ErrorCode::InvalidTarget, "the requested resource is unknown"));
    }
    Ok(())
}

fn max_age(params: &Params) -> Checked<Option<u64>> {
    // `parse` alone accepts a sign.
    let seconds = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    params
        .get("max_age")
        .map(|text| seconds(text).ok_or_else(|| invalid("max_age is not a number of seconds")))
        .transpose()
}

/// Limits individually requested claims to the client's list of scopes.
fn claims(params: &Params, client: &ProtocolClient) -> Checked<Option<ClaimsRequest>> {
    let claims = params.get("claims").map(ClaimsRequest::parse).transpose()?;
    Ok(claims.map(|c| c.within(|scope| client.scope.contains(scope))))
}

/// An essential `acr` that we cannot reach is an error, not a token with a lower class.
fn reachable_acr(claims: Option<&ClaimsRequest>) -> Checked<()> {
    let Some(acr) = claims.and_then(ClaimsRequest::acr) else { return Ok(()) };
    let accepts = |class: &str| acr.accepts(&serde_json::Value::from(class));
    if !acr.essential || accepts(ACR_ONE_FACTOR) || accepts(ACR_TWO_FACTORS) {
        return Ok(());
    }
    Err(OAuthError::new(ErrorCode::UnmetAuthenticationRequirements, "the requested acr cannot be met"))
}

/// Whether this is a public native client: any program on the machine may claim to be it (RFC 8252 §8.6), so a person
/// decides each time.
pub(crate) fn is_public_native(client: &ProtocolClient) -> bool {
    client.client.application_type == ApplicationType::Native && !client.client.is_confidential()
}
