//! `PUT /clients/{clientId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::OrganizationId;
use porta_core::client::{Client, GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::organization::LoginMethod;
use porta_core::signing_key::SigningAlgorithm;
use porta_store::FoundClient;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ClientPath;
use super::input::organizations;
use super::view::ClientView;
use crate::access::{Authorized, UpdateClients};
use crate::answer::{self, Data};
use crate::body::{JsonBody, double_option};
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::state::AdminState;

/// What changes. A field that is left out stays as it is, and so does one that is `null`, unless it says otherwise.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientChange {
    #[schema(min_length = 1, max_length = 255)]
    client_name: Option<String>,
    /// The same as `clientName`, which counts if both are there.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// 1 to 100 addresses. Only a client without `authorization_code` needs none.
    redirect_uris: Option<Vec<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    /// `authorization_code`, `refresh_token`, and `client_credentials` for confidential clients.
    #[schema(value_type = Option<Vec<String>>)]
    grant_types: Option<Vec<GrantType>>,
    /// `code`, the only one there is.
    #[schema(value_type = Option<Vec<String>>)]
    response_types: Option<Vec<ResponseType>>,
    /// Scopes that the client may ask for, separated by spaces.
    scope: Option<String>,
    /// `client_secret_basic`, `client_secret_post`, or `none` for public clients.
    #[schema(value_type = Option<String>)]
    token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// Origins whose scripts may call the endpoints, as browsers write them.
    allowed_origins: Option<Vec<String>>,
    /// `false` for confidential clients only.
    require_pkce: Option<bool>,
    /// Of `password` and `magic_link`, at least one; `null`: those of the organization.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>)]
    login_methods: Option<Option<Vec<LoginMethod>>>,
    /// `RS256`, `ES256` or `EdDSA`.
    #[schema(value_type = Option<String>)]
    id_token_signed_response_alg: Option<SigningAlgorithm>,
    /// Of the same algorithms; `null`: UserInfo answers with plain JSON.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    userinfo_signed_response_alg: Option<Option<SigningAlgorithm>>,
    /// Whether ID tokens have the claims that UserInfo gives for the granted scopes.
    standard_claims_in_id_token: Option<bool>,
    /// Ids or slugs of at most 1000 other organizations whose users may sign in here. Those of an organization that is
    /// left out lose their tokens.
    allowed_organizations: Option<Vec<String>>,
}

/// Sets what the request names.
fn set<T>(field: &mut T, wanted: Option<T>) {
    if let Some(value) = wanted {
        *field = value;
    }
}

impl ClientChange {
    /// Whether the request names no field.
    fn is_empty(&self) -> bool {
        let Self {
            client_name,
            name,
            redirect_uris,
            post_logout_redirect_uris,
            grant_types,
            response_types,
            scope,
            token_endpoint_auth_method,
            allowed_origins,
            require_pkce,
            login_methods,
            id_token_signed_response_alg,
            userinfo_signed_response_alg,
            standard_claims_in_id_token,
            allowed_organizations,
        } = self;
        let texts = [client_name, name, scope].into_iter().all(Option::is_none);
        let lists = [redirect_uris, post_logout_redirect_uris, allowed_origins, allowed_organizations];
        texts
            && lists.into_iter().all(Option::is_none)
            && [require_pkce, standard_claims_in_id_token].into_iter().all(Option::is_none)
            && grant_types.is_none()
            && response_types.is_none()
            && token_endpoint_auth_method.is_none()
            && login_methods.is_none()
            && id_token_signed_response_alg.is_none()
            && userinfo_signed_response_alg.is_none()
    }

    /// The client after the change.
    fn applied_to(self, before: &Client, allowed_organizations: Option<Vec<OrganizationId>>) -> Client {
        let mut after = before.clone();
        set(&mut after.client_name, self.client_name.or(self.name));
        set(&mut after.redirect_uris, self.redirect_uris);
        set(&mut after.post_logout_redirect_uris, self.post_logout_redirect_uris);
        set(&mut after.grant_types, self.grant_types);
        set(&mut after.response_types, self.response_types);
        set(&mut after.scope, self.scope);
        set(&mut after.token_endpoint_auth_method, self.token_endpoint_auth_method);
        set(&mut after.allowed_origins, self.allowed_origins);
        set(&mut after.require_pkce, self.require_pkce);
        set(&mut after.login_methods, self.login_methods);
        set(&mut after.id_token_signed_response_alg, self.id_token_signed_response_alg);
        set(&mut after.userinfo_signed_response_alg, self.userinfo_signed_response_alg);
        set(&mut after.standard_claims_in_id_token, self.standard_claims_in_id_token);
        set(&mut after.allowed_organizations, allowed_organizations);
        after
    }
}

/// Change a client. Its types and its owner never change.
#[utoipa::path(put, path = "/", tag = "clients", request_body = ClientChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<ClientView>, headers(("ETag" = String)))))]
pub(crate) async fn update_client(
    caller: Authorized<UpdateClients>,
    State(state): State<AdminState>,
    path: ClientPath,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ClientChange>,
) -> Result<Reply> {
    if body.is_empty() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let found = unit.clients().find(&path.client).await?;
    etag::check(&headers, &ClientView::tag(&found), &ClientView::from(found.clone()))?;
    let allowed = match &body.allowed_organizations {
        Some(names) => Some(organizations(&mut unit, names).await?),
        None => None,
    };
    let after = body.applied_to(&found.client, allowed);
    let (client, _) = unit.clients().update(&found.organization, &found.client, after).await?;
    unit.commit().await?;
    let found = FoundClient { client, ..found };
    let tag = ClientView::tag(&found);
    Ok(with_etag(answer::ok(ClientView::from(found)), &tag))
}
