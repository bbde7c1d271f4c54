//! Who may ask: the administrator behind the bearer token, and the permission that an operation needs.

use std::marker::PhantomData;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use porta_core::admin::{AdminPermission, AdminPermissions, AdminRole};
use porta_core::{BearerKind, EntityId as _, TokenDigest};
use porta_directory::{Actor, Administrator, RefusedCaller, RequestOrigin, ServiceAccount};
use porta_session::ClientTokenRecord;
use porta_session::browser_session::BrowserSession;
use porta_signin::account::SignedInUser;
use porta_store::AdministratorFacts;
use porta_web::request_id::RequestId;

use crate::denials;
use crate::error::{AdminError, Result};
use crate::limits;
use crate::principal::{Person, Principal, Shell};
use crate::state::AdminState;

const NO_HEADER: AdminError = AdminError::Unauthenticated {
    error: "Authentication required",
    message: "Missing or invalid Authorization header",
};
const OTHER_CLIENT: &str = "Admin access requires a client of the admin application";
const INVALID_TOKEN: AdminError =
    AdminError::Unauthenticated { error: "Invalid token", message: "Token validation failed" };

/// Finds who sends a request. Nothing of it is cached: whoever loses a role, password or status loses the Admin API with
/// the next request.
pub(crate) async fn authenticate(parts: &Parts, state: &AdminState) -> Result<Principal> {
    if let Some(shell) = parts.extensions.get::<Shell>() {
        return Ok(Principal::Shell(shell.clone()));
    }
    let token = bearer_token(parts).ok_or(NO_HEADER)?;
    if BearerKind::AccessToken.matches(token) {
        return person(parts, state, token).await.map(|person| Principal::Person(Box::new(person)));
    }
    if BearerKind::ClientAccessToken.matches(token) {
        return service(parts, state, token).await.map(|service| Principal::Service(Box::new(service)));
    }
    Err(INVALID_TOKEN)
}

async fn person(parts: &Parts, state: &AdminState, token: &str) -> Result<Person> {
    let digest = TokenDigest::of(token);
    let found = state.directory.queries().administrators().facts(&digest).await?;
    let facts = found.ok_or(INVALID_TOKEN)?;
    let now = state.clock.now();
    if now >= facts.token_expires_at {
        // Every token comes to this; it is no attempt.
        return Err(INVALID_TOKEN);
    }
    let (user, origin) = (&facts.user, origin(parts, state)?);
    denials::identify(parts, user.id.uuid(), || RefusedCaller {
        organization: user.organization_id,
        user: Some(user.id),
        label: user.email.shown().to_owned(),
        origin: origin.clone(),
    });
    if !facts.validity.user_active {
        return Err(AdminError::Unauthenticated {
            error: "Invalid token",
            message: "User not found or not active",
        });
    }
    if !facts.validity.is_live(now) {
        return Err(INVALID_TOKEN);
    }
    if !facts.organization_is_super_admin {
        return Err(AdminError::forbidden("Admin access requires membership in the admin organization"));
    }
    if !facts.client_is_admitted {
        return Err(AdminError::forbidden(OTHER_CLIENT));
    }
    let roles: Vec<AdminRole> = facts.roles.iter().filter_map(|slug| AdminRole::parse(slug)).collect();
    if roles.is_empty() {
        return Err(AdminError::forbidden("Admin role required"));
    }
    let administrator = Administrator {
        user: facts.user.id,
        organization: facts.user.organization_id,
        email: facts.user.email.shown().to_owned(),
        name: facts.user.profile.full_name(),
        client_id: facts.client_id.clone(),
        roles,
        origin,
    };
    Ok(Person { administrator, signed_in: signed_in(digest, facts) })
}

/// The sign-in that the token comes from.
fn signed_in(token: TokenDigest, facts: AdministratorFacts) -> SignedInUser {
    let AdministratorFacts { authentication, user, validity, .. } = facts;
    let session = BrowserSession {
        key: authentication.session,
        organization: user.organization_id,
        user: user.id,
        auth_time: authentication.auth_time,
        acr: authentication.acr,
        amr: authentication.amr,
        expires_at: validity.family_expires_at,
    };
    SignedInUser::by_access_token(token, user, session)
}

/// A token of the client credentials grant. Its scope names the permissions; those that the client lost since do not
/// count.
async fn service(parts: &Parts, state: &AdminState, token: &str) -> Result<ServiceAccount> {
    let organization = state.organization().await?.ok_or(INVALID_TOKEN)?;
    let key = ClientTokenRecord::storage_key(organization, &TokenDigest::of(token));
    let stored = state.kv.get(&key).await?.ok_or(INVALID_TOKEN)?;
    let record: ClientTokenRecord =
        serde_json::from_slice(&stored).map_err(|error| AdminError::failed(&error))?;
    if state.clock.now() >= record.expires_at {
        return Err(INVALID_TOKEN);
    }
    let found = state.directory.queries().administrators().service(record.client, record.issued_at).await?;
    let facts = found.ok_or(INVALID_TOKEN)?;
    let origin = origin(parts, state)?;
    denials::identify(parts, record.client.uuid(), || RefusedCaller {
        organization,
        user: None,
        label: format!("client:{}", facts.client_id),
        origin: origin.clone(),
    });
    if !facts.is_admitted {
        return Err(AdminError::forbidden(OTHER_CLIENT));
    }
    let allowed: Vec<&str> = facts.scope.split(' ').collect();
    let granted = record.scope.split(' ').filter(|scope| allowed.contains(scope));
    let permissions: AdminPermissions = granted.filter_map(AdminPermission::parse).collect();
    Ok(ServiceAccount {
        client: record.client,
        organization,
        client_id: facts.client_id,
        permissions,
        origin,
    })
}

fn origin(parts: &Parts, state: &AdminState) -> Result<RequestOrigin> {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().ok_or(AdminError::Failed)?;
    let request_id = parts.extensions.get::<RequestId>().and_then(|id| id.0.to_str().ok());
    Ok(state.origin(peer.0, &parts.headers, request_id))
}

/// The token of the `Authorization` header (RFC 6750 §2.1). Several headers are none.
fn bearer_token(parts: &Parts) -> Option<&str> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    value.to_str().ok()?.strip_prefix("Bearer ").filter(|token| !token.is_empty())
}

/// Who sends a request, for the extractors of operations.
pub(crate) async fn principal(parts: &mut Parts, state: &AdminState) -> Result<Principal> {
    match parts.extensions.remove::<Principal>() {
        // The middleware for repeated requests knows it already.
        Some(principal) => Ok(principal),
        None => authenticate(parts, state).await,
    }
}

/// What an operation needs of its caller.
pub(crate) trait Requirement {
    const PERMISSIONS: &'static [AdminPermission];
}

/// The first argument of every operation: somebody who has the permissions of `R`, within the limits.
pub(crate) struct Authorized<R> {
    principal: Principal,
    requirement: PhantomData<R>,
}

impl<R> Authorized<R> {
    pub(crate) fn principal(&self) -> &Principal {
        &self.principal
    }

    pub(crate) fn into_actor(self) -> Actor {
        self.principal.into_actor()
    }

    /// Whether the caller also has a permission that the operation does not need.
    pub(crate) fn also_may(&self, permission: AdminPermission) -> bool {
        self.principal.permissions().contains(permission)
    }

    /// Refuses a service account without a permission that administrators do not need.
    pub(crate) fn check_service(&self, permission: AdminPermission) -> Result<()> {
        match self.principal {
            Principal::Service(_) if !self.also_may(permission) => Err(lacks(&[permission])),
            Principal::Service(_) | Principal::Person(_) | Principal::Shell(_) => Ok(()),
        }
    }
}

fn lacks(permissions: &[AdminPermission]) -> AdminError {
    let required: Vec<_> = permissions.iter().map(|permission| permission.as_str()).collect();
    AdminError::Forbidden(format!("Insufficient permissions. Required: {}", required.join(", ")))
}

impl<R: Requirement + Send + Sync> FromRequestParts<AdminState> for Authorized<R> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self> {
        let principal = principal(parts, state).await?;
        let granted = principal.permissions();
        if !R::PERMISSIONS.iter().all(|permission| granted.contains(*permission)) {
            return Err(lacks(R::PERMISSIONS));
        }
        limits::count(parts, state, &principal).await?;
        Ok(Self { principal, requirement: PhantomData })
    }
}

macro_rules! requirements {
    ($($name:ident = [$($permission:ident),*];)+) => { $(
        pub(crate) struct $name;

        impl Requirement for $name {
            const PERMISSIONS: &'static [AdminPermission] = &[$(AdminPermission::$permission),*];
        }
    )+ };
}

requirements! {
    CreateUsers = [UserCreate];
    ReadUsers = [UserRead];
    UpdateUsers = [UserUpdate];
    SuspendUsers = [UserSuspend];

    CreateOrganizations = [OrgCreate];
    ReadOrganizations = [OrgRead];
    UpdateOrganizations = [OrgUpdate];
    SuspendOrganizations = [OrgSuspend];
    ArchiveOrganizations = [OrgArchive];

    CreateApplications = [AppCreate];
    ReadApplications = [AppRead];
    UpdateApplications = [AppUpdate];
    ArchiveApplications = [AppArchive];

    CreateClients = [ClientCreate];
    ReadClients = [ClientRead];
    UpdateClients = [ClientUpdate];
    RevokeClients = [ClientRevoke];

    CreateRoles = [RoleCreate];
    ReadRoles = [RoleRead];
    UpdateRoles = [RoleUpdate];
    DeleteRoles = [RoleArchive];
    AssignRoles = [RoleAssign];
    CreatePermissions = [PermissionCreate];
    ReadPermissions = [PermissionRead];
    DeletePermissions = [PermissionArchive];
    CreateClaims = [ClaimCreate];
    ReadClaims = [ClaimRead];
    UpdateClaims = [ClaimUpdate];
    DeleteClaims = [ClaimArchive];

    ReadSettings = [ConfigRead];
    UpdateSettings = [ConfigUpdate];
    ReadKeys = [KeyRead];
    GenerateKeys = [KeyGenerate];
    RotateKeys = [KeyRotate];
    ReadStatistics = [StatsRead];
    ReadAudit = [AuditRead];
    CleanAudit = [ConfigUpdate];

    ReadSessions = [SessionRead];
    RevokeSessions = [SessionRevoke];
    ManageSecondFactors = [UserTwoFactor];
    ReadTwoFactorSummaries = [OrgRead, UserRead];
    InviteUsers = [UserInvite];
    PurgeUsers = [UserArchive];
    NothingButARole = [];

    ExportData = [ExportRead];
    ExportOrganizations = [ExportRead, OrgRead];
    ExportUsers = [ExportRead, UserRead];
    ExportClients = [ExportRead, ClientRead];
    ExportApplications = [ExportRead, AppRead];
    ExportRoles = [ExportRead, RoleRead];
    ExportPermissions = [ExportRead, PermissionRead];
    ExportClaims = [ExportRead, ClaimRead];
    ExportAudit = [ExportRead, AuditRead];
    ExportManifest =
        [ExportRead, OrgRead, AppRead, ClientRead, UserRead, RoleRead, PermissionRead, ClaimRead];
    ImportData = [ImportWrite];

    PreviewTokens = [ClientRead, UserRead, RoleRead, ClaimRead];
}
