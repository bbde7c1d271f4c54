//! `POST /clients`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::OrganizationId;
use porta_core::application::{Application, ApplicationStatus};
use porta_core::client::{ApplicationType, ClientType, GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::organization::{LoginMethod, Organization, OrganizationStatus};
use porta_core::signing_key::SigningAlgorithm;
use porta_directory::{NewClient, NewSecret, Transaction};
use porta_store::FoundClient;
use porta_web::reply::{self, Reply};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::{in_words_of, organizations};
use super::view::{ClientView, NewSecretView, WARNING};
use crate::access::{Authorized, CreateClients};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::with_etag;
use crate::moment::Moment;
use crate::state::AdminState;

/// What rules call the fields of the request.
const FIELDS: &[(&str, &str)] = &[
    ("organization", "organizationId"),
    ("application", "applicationId"),
    ("secret", "secretLabel"),
    ("secret.label", "secretLabel"),
    ("secret.expires_at", "secretExpiresAt"),
];

/// A new client. Whatever is left out takes its default.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewClientBody {
    /// Id or slug. Left out: the owner of the application.
    organization_id: Option<String>,
    /// Id or slug.
    application_id: String,
    #[schema(min_length = 1, max_length = 255)]
    client_name: Option<String>,
    /// The same as `clientName`, which counts if both are there.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// `confidential`, which is the default, or `public`. It never changes.
    #[schema(value_type = Option<String>)]
    client_type: Option<ClientType>,
    /// `web`, which is the default, `native` or `spa`. It never changes.
    #[schema(value_type = Option<String>)]
    application_type: Option<ApplicationType>,
    /// 1 to 100 addresses. Only a client without `authorization_code` needs none.
    redirect_uris: Option<Vec<String>>,
    post_logout_redirect_uris: Option<Vec<String>>,
    /// `authorization_code`, `refresh_token`, and `client_credentials` for confidential clients. Left out: all that the
    /// types of the client allow.
    #[schema(value_type = Option<Vec<String>>)]
    grant_types: Option<Vec<GrantType>>,
    /// `code`, the only one there is.
    #[schema(value_type = Option<Vec<String>>)]
    response_types: Option<Vec<ResponseType>>,
    /// Scopes that the client may ask for, separated by spaces. Left out: `openid profile email`.
    scope: Option<String>,
    /// `client_secret_basic`, the default of confidential clients, `client_secret_post`, or `none` for public ones.
    #[schema(value_type = Option<String>)]
    token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    /// Origins whose scripts may call the endpoints, as browsers write them.
    allowed_origins: Option<Vec<String>>,
    /// `true` by default; `false` for confidential clients only.
    require_pkce: Option<bool>,
    /// Of `password` and `magic_link`, at least one; `null`: those of the organization.
    #[schema(value_type = Option<Vec<String>>)]
    login_methods: Option<Vec<LoginMethod>>,
    /// `RS256`, which is the default, `ES256` or `EdDSA`.
    #[schema(value_type = Option<String>)]
    id_token_signed_response_alg: Option<SigningAlgorithm>,
    /// Of the same algorithms; `null`: UserInfo answers with plain JSON.
    #[schema(value_type = Option<String>)]
    userinfo_signed_response_alg: Option<SigningAlgorithm>,
    /// Whether ID tokens have the claims that UserInfo gives for the granted scopes. `false` by default.
    standard_claims_in_id_token: Option<bool>,
    /// Ids or slugs of at most 1000 other organizations whose users may sign in here.
    allowed_organizations: Option<Vec<String>>,
    /// Label of the first secret of a confidential client.
    #[schema(max_length = 255)]
    secret_label: Option<String>,
    /// When the first secret expires. Left out: never.
    secret_expires_at: Option<Moment>,
}

/// A client that was created, and its secret.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedClient {
    #[serde(flatten)]
    fields: ClientView,
    /// The same client.
    client: ClientView,
    /// `null` for a public client.
    secret: Option<NewSecretView>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedClientAnswer {
    data: CreatedClient,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

impl NewClientBody {
    fn into_client(self, name: String, allowed_organizations: Vec<OrganizationId>) -> NewClient {
        NewClient {
            client_id: None,
            client_name: name,
            client_type: self.client_type,
            application_type: self.application_type,
            redirect_uris: self.redirect_uris.unwrap_or_default(),
            post_logout_redirect_uris: self.post_logout_redirect_uris.unwrap_or_default(),
            grant_types: self.grant_types,
            response_types: self.response_types,
            scope: self.scope,
            token_endpoint_auth_method: self.token_endpoint_auth_method,
            allowed_origins: self.allowed_origins.unwrap_or_default(),
            require_pkce: self.require_pkce,
            login_methods: self.login_methods,
            id_token_signed_response_alg: self.id_token_signed_response_alg,
            userinfo_signed_response_alg: self.userinfo_signed_response_alg,
            standard_claims_in_id_token: self.standard_claims_in_id_token.unwrap_or(false),
            allowed_organizations,
            secret: NewSecret {
                label: self.secret_label,
                expires_at: self.secret_expires_at.map(|moment| moment.0),
                value: None,
            },
        }
    }
}

/// Where a new client belongs.
async fn place(unit: &mut Transaction, body: &NewClientBody) -> Result<(Organization, Application)> {
    let named = match &body.organization_id {
        Some(name) => Some(unit.organization(name).await?),
        None => None,
    };
    let application = unit.clients().application(named.as_ref(), &body.application_id).await?;
    let organization = match (named, application.organization_id) {
        (Some(named), _) => named,
        (None, Some(owner)) => unit.organization(&owner.to_string()).await?,
        (None, None) => {
            let problem = "name the organization: the application belongs to none";
            return Err(AdminError::invalid("organizationId", problem));
        }
    };
    if organization.status != OrganizationStatus::Active {
        return Err(AdminError::Rule("Organization is not active".to_owned()));
    }
    if application.status != ApplicationStatus::Active {
        return Err(AdminError::Rule("Application is not active".to_owned()));
    }
    Ok((organization, application))
}

/// Create a client. A confidential client gets a secret, which is shown in this answer only.
#[utoipa::path(post, path = "/", tag = "clients", request_body = NewClientBody,
    responses((status = 201, body = CreatedClientAnswer, headers(("ETag" = String)))))]
pub(crate) async fn create_client(
    caller: Authorized<CreateClients>,
    State(state): State<AdminState>,
    JsonBody(mut body): JsonBody<NewClientBody>,
) -> Result<Reply> {
    let Some(name) = body.client_name.take().or_else(|| body.name.take()) else {
        return Err(AdminError::invalid("clientName", "name the client"));
    };
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = place(&mut unit, &body).await?;
    let allowed = organizations(&mut unit, body.allowed_organizations.as_deref().unwrap_or_default()).await?;
    let new = body.into_client(name, allowed);
    let created = unit.clients().create(&organization, &application, new).await;
    let (client, secret) = created.map_err(in_words_of(FIELDS))?;
    unit.commit().await?;
    let found = FoundClient { client, organization, application_name: application.name };
    let tag = ClientView::tag(&found);
    let view = ClientView::from(found);
    let secret = secret.map(NewSecretView::from);
    let warning = secret.as_ref().map(|_| WARNING);
    let data = CreatedClient { fields: view.clone(), client: view, secret };
    Ok(with_etag(reply::json(StatusCode::CREATED, &CreatedClientAnswer { data, warning }), &tag))
}
