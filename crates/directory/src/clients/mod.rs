//! OAuth clients: creating, changing and revoking them.
//!
//! The clients of the admin application are protected: whoever redirects their codes or knows their secrets can act as
//! the administrators who sign in with them. Only somebody who has every permission anyway may touch them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::application::{Application, ApplicationStatus};
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::client::{
    ApplicationType, Client, ClientId, ClientStatus, ClientType, GrantType, ResponseType,
    TokenEndpointAuthMethod,
};
use porta_core::organization::{LoginMethod, Organization, OrganizationStatus};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::{ApplicationId, ClientKey, OrganizationId, Version};
use porta_protocol::scope::Scope;
use porta_store::Revocation;
use serde_json::json;

use crate::error::{already_taken, refuse, stale};
use crate::protected::is_admin_application;
use crate::transaction::changed;
use crate::{DirectoryError, Result, Transaction};

pub(crate) mod find;
mod rules;
mod secrets;
mod status;

pub use rules::check_client;
pub use secrets::{IssuedSecret, NewSecret};

/// A client to create; fields left out take their defaults.
#[derive(Debug, Default)]
pub struct NewClient {
    /// 256 random bits if absent.
    pub client_id: Option<String>,
    pub client_name: String,
    /// Confidential if absent: the safer default.
    pub client_type: Option<ClientType>,
    pub application_type: Option<ApplicationType>,
    pub redirect_uris: Vec<String>,
    pub post_logout_redirect_uris: Vec<String>,
    pub grant_types: Option<Vec<GrantType>>,
    pub response_types: Option<Vec<ResponseType>>,
    pub scope: Option<String>,
    pub token_endpoint_auth_method: Option<TokenEndpointAuthMethod>,
    pub allowed_origins: Vec<String>,
    pub require_pkce: Option<bool>,
    pub login_methods: Option<Vec<LoginMethod>>,
    pub id_token_signed_response_alg: Option<SigningAlgorithm>,
    pub userinfo_signed_response_alg: Option<SigningAlgorithm>,
    pub standard_claims_in_id_token: bool,
    pub allowed_organizations: Vec<OrganizationId>,
    /// First secret of a confidential client.
    pub secret: NewSecret,
}

/// Removes duplicates, keeping the first of each.
pub(crate) fn distinct<T: PartialEq>(items: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(items.len());
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

fn default_grants(client_type: ClientType, application_type: ApplicationType) -> Vec<GrantType> {
    let mut grants = vec![GrantType::AuthorizationCode, GrantType::RefreshToken];
    if client_type == ClientType::Confidential && application_type == ApplicationType::Web {
        grants.push(GrantType::ClientCredentials);
    }
    grants
}

impl NewClient {
    fn into_client(
        self,
        id: ClientKey,
        client_id: ClientId,
        owner: OrganizationId,
        application: &Application,
    ) -> Client {
        let client_type = self.client_type.unwrap_or(ClientType::Confidential);
        let application_type = self.application_type.unwrap_or(ApplicationType::Web);
        let grant_types = self.grant_types.unwrap_or_else(|| default_grants(client_type, application_type));
        let answers_codes = grant_types.contains(&GrantType::AuthorizationCode);
        Client {
            id,
            organization_id: owner,
            application_id: application.id,
            client_id,
            client_name: self.client_name,
            client_type,
            application_type,
            redirect_uris: self.redirect_uris,
            post_logout_redirect_uris: self.post_logout_redirect_uris,
            response_types: self
                .response_types
                .unwrap_or_else(|| if answers_codes { vec![ResponseType::Code] } else { Vec::new() }),
            grant_types,
            scope: self.scope.unwrap_or_else(|| "openid profile email".to_owned()),
            token_endpoint_auth_method: self.token_endpoint_auth_method.unwrap_or(match client_type {
                ClientType::Confidential => TokenEndpointAuthMethod::ClientSecretBasic,
                ClientType::Public => TokenEndpointAuthMethod::None,
            }),
            allowed_origins: self.allowed_origins,
            require_pkce: self.require_pkce.unwrap_or(true),
            login_methods: self.login_methods,
            // Every relying party can verify RS256 and expects it unless told otherwise (OpenID Connect Core §3.1.3.7
            // and §15.1, Dynamic Client Registration §2).
            id_token_signed_response_alg: self
                .id_token_signed_response_alg
                .unwrap_or(SigningAlgorithm::Rs256),
            userinfo_signed_response_alg: self.userinfo_signed_response_alg,
            standard_claims_in_id_token: self.standard_claims_in_id_token,
            allowed_organizations: self.allowed_organizations,
            status: ClientStatus::Active,
            created_at: application.created_at,
            updated_at: application.created_at,
            version: Version::FIRST,
        }
    }
}

/// Canonical form: no duplicates, one space between scopes, the allowed organizations without the owner and in the
/// order of their ids, in which the store gives them back.
fn normalized(client: Client) -> Client {
    let scope = Scope::parse(&client.scope).map_or(client.scope, |scope| scope.to_string());
    let mut allowed_organizations = client.allowed_organizations;
    allowed_organizations.retain(|guest| *guest != client.organization_id);
    allowed_organizations.sort_unstable();
    allowed_organizations.dedup();
    Client {
        client_name: client.client_name.trim().to_owned(),
        redirect_uris: distinct(client.redirect_uris),
        post_logout_redirect_uris: distinct(client.post_logout_redirect_uris),
        grant_types: distinct(client.grant_types),
        response_types: distinct(client.response_types),
        scope,
        allowed_origins: distinct(client.allowed_origins),
        login_methods: client.login_methods.map(distinct),
        allowed_organizations,
        ..client
    }
}

/// Operations on clients and their secrets.
pub struct ClientOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn clients(&mut self) -> ClientOperations<'_> {
        ClientOperations { work: self }
    }
}

impl ClientOperations<'_> {
    /// Refuses what concerns a client of the admin application, for somebody who does not have every permission.
    async fn check_may_touch(
        &mut self,
        organization: &Organization,
        application: ApplicationId,
    ) -> Result<()> {
        if !organization.is_super_admin || self.work.actor.is_super_admin() {
            return Ok(());
        }
        let application = self.work.unit.applications(organization.id).by_id(application).await?;
        if application.is_some_and(|application| is_admin_application(organization, &application)) {
            let text = "Only a super-admin may change the clients of the admin application";
            return Err(DirectoryError::Forbidden(text.to_owned()));
        }
        Ok(())
    }

    /// Creates an active client. A confidential client gets its first secret in the same transaction: it could not be
    /// used without one.
    pub async fn create(
        &mut self,
        organization: &Organization,
        application: &Application,
        mut new: NewClient,
    ) -> Result<(Client, Option<IssuedSecret>)> {
        self.check_may_touch(organization, application.id).await?;
        if organization.status != OrganizationStatus::Active {
            return Err(DirectoryError::invalid("organization", "the organization is not active"));
        }
        if application.status != ApplicationStatus::Active {
            return Err(DirectoryError::invalid("application", "the application is not active"));
        }
        let client_id = match new.client_id.take() {
            Some(given) => ClientId::parse(&given)?,
            None => ClientId::parse(&URL_SAFE_NO_PAD.encode(self.work.deps.entropy.bytes::<32>()))?,
        };
        let secret = std::mem::take(&mut new.secret);
        let id = ClientKey::new(self.work.now, &*self.work.deps.entropy);
        let client = normalized(new.into_client(id, client_id, organization.id, application));
        let client = Client { created_at: self.work.now, updated_at: self.work.now, ..client };
        let mut problems = check_client(&client, self.work.deps.production);
        problems.extend(secrets::check(&client, &secret, self.work.now));
        refuse(problems)?;
        self.work
            .unit
            .clients(organization.id)
            .insert(&client)
            .await
            .map_err(already_taken("client_id", &client.client_id))?;
        let metadata = json!({
            "clientDbId": client.id, "clientId": client.client_id, "clientName": client.client_name,
            "clientType": client.client_type, "applicationType": client.application_type,
            "applicationId": application.id, "loginMethods": client.login_methods,
        });
        self.work.audit(AuditEventKind::ClientCreated, Some(organization), None, metadata).await?;
        self.work.announce(Change::Client(client.client_id.clone()));
        self.ensure_keys_for(organization, &client).await?;
        let secret = if client.is_confidential() {
            Some(self.create_secret(organization, &client, secret).await?)
        } else {
            None
        };
        Ok((client, secret))
    }

    /// Updates a client to `after`; ids, owner, type, status and creation time do not change. Returns the names of
    /// changed fields. Users of organizations that are no longer allowed lose their tokens.
    pub async fn update(
        &mut self,
        organization: &Organization,
        before: &Client,
        after: Client,
    ) -> Result<(Client, Vec<&'static str>)> {
        self.check_may_touch(organization, before.application_id).await?;
        if after.client_type != before.client_type {
            let problem =
                format!("client `{}` is {} for good; make another", before.client_name, before.client_type);
            return Err(DirectoryError::invalid("client_type", problem));
        }
        let after = normalized(Client {
            id: before.id,
            organization_id: before.organization_id,
            application_id: before.application_id,
            client_id: before.client_id.clone(),
            status: before.status,
            created_at: before.created_at,
            updated_at: self.work.now,
            version: before.version,
            ..after
        });
        refuse(check_client(&after, self.work.deps.production))?;
        let fields = changed!(
            before,
            after,
            [
                client_name,
                application_type,
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
            ]
        );
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        if !self.work.unit.clients(organization.id).update(&after).await.map_err(stale("client"))? {
            return Err(DirectoryError::not_found("client", &before.client_id));
        }
        let after = Client { version: before.version.next(), ..after };
        for guest in before.allowed_organizations.iter().filter(|g| !after.allowed_organizations.contains(g))
        {
            self.work.unit.tokens(*guest).revoke(Revocation::Client(after.id), self.work.now).await?;
        }
        let mut metadata = json!({ "clientDbId": after.id, "clientId": after.client_id, "fields": fields });
        if before.login_methods != after.login_methods {
            metadata["previousLoginMethods"] = json!(before.login_methods);
            metadata["newLoginMethods"] = json!(after.login_methods);
        }
        self.work.audit(AuditEventKind::ClientUpdated, Some(organization), None, metadata).await?;
        self.work.announce(Change::Client(after.client_id.clone()));
        self.ensure_keys_for(organization, &after).await?;
        Ok((after, fields))
    }

    /// Ensures that the owner and every allowed organization have signing keys for the client's algorithms. Clients
    /// without the authorization code grant need none.
    async fn ensure_keys_for(&mut self, organization: &Organization, client: &Client) -> Result<()> {
        if !client.has_grant(GrantType::AuthorizationCode) {
            return Ok(());
        }
        let mut algorithms = vec![client.id_token_signed_response_alg];
        algorithms.extend(client.userinfo_signed_response_alg);
        for algorithm in distinct(algorithms) {
            self.work.signing_keys().ensure(organization, algorithm).await?;
            for guest in &client.allowed_organizations {
                let guest = self.work.unit.organizations().by_id(*guest).await?;
                if let Some(guest) = guest {
                    self.work.signing_keys().ensure(&guest, algorithm).await?;
                }
            }
        }
        Ok(())
    }
}
