//! Who may ask: the administrator behind the bearer token, and the permission that an operation needs.

use std::marker::PhantomData;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header;
use axum::http::request::Parts;
use porta_core::admin::{AdminPermission, AdminRole};
use porta_core::{BearerKind, TokenDigest};
use porta_directory::{Actor, Administrator};
use porta_web::request_id::RequestId;

use crate::error::{AdminError, Result};
use crate::limits;
use crate::state::AdminState;

const NO_HEADER: AdminError = AdminError::Unauthenticated {
    error: "Authentication required",
    message: "Missing or invalid Authorization header",
};
const INVALID_TOKEN: AdminError =
    AdminError::Unauthenticated { error: "Invalid token", message: "Token validation failed" };

/// Finds the administrator of a request. Nothing of it is cached: whoever loses a role, password or status loses the
/// Admin API with the next request.
async fn authenticate(parts: &Parts, state: &AdminState) -> Result<Administrator> {
    let token = bearer_token(parts).ok_or(NO_HEADER)?;
    if !BearerKind::AccessToken.matches(token) {
        return Err(INVALID_TOKEN);
    }
    let found = state.directory.queries().administrators().facts(&TokenDigest::of(token)).await?;
    let facts = found.ok_or(INVALID_TOKEN)?;
    let now = state.clock.now();
    if now >= facts.token_expires_at {
        return Err(INVALID_TOKEN);
    }
    if !facts.validity.user_active {
        return Err(AdminError::Unauthenticated {
            error: "Invalid token",
            message: "User not found or not active",
        });
    }
    if !facts.validity.is_live(now) {
        return Err(INVALID_TOKEN);
    }
    let forbidden = |message: &str| AdminError::Forbidden(message.to_owned());
    if !facts.organization_is_super_admin {
        return Err(forbidden("Admin access requires membership in the admin organization"));
    }
    if !facts.client_is_admitted {
        return Err(forbidden("Admin access requires a client of the admin application"));
    }
    let roles: Vec<AdminRole> = facts.roles.iter().filter_map(|slug| AdminRole::parse(slug)).collect();
    if roles.is_empty() {
        return Err(forbidden("Admin role required"));
    }
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().ok_or(AdminError::Failed)?;
    let origin = state.origin(peer.0, &parts.headers);
    let request_id = parts.extensions.get::<RequestId>().and_then(|id| id.0.to_str().ok());
    Ok(Administrator {
        user: facts.user.id,
        organization: facts.user.organization_id,
        email: facts.user.email.shown().to_owned(),
        name: facts.user.profile.full_name(),
        client_id: facts.client_id,
        roles,
        ip_address: origin.ip_address,
        user_agent: origin.user_agent,
        request_id: request_id.map(str::to_owned),
    })
}

/// The token of the `Authorization` header (RFC 6750 §2.1). Several headers are none.
fn bearer_token(parts: &Parts) -> Option<&str> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else { return None };
    value.to_str().ok()?.strip_prefix("Bearer ").filter(|token| !token.is_empty())
}

/// What an operation needs of its caller.
pub(crate) trait Requirement {
    const PERMISSIONS: &'static [AdminPermission];
}

/// The first argument of every operation: an administrator who has the permissions of `R`, within the limits of
/// administrators.
pub(crate) struct Authorized<R> {
    pub(crate) administrator: Administrator,
    requirement: PhantomData<R>,
}

impl<R> Authorized<R> {
    pub(crate) fn into_actor(self) -> Actor {
        Actor::Admin(Box::new(self.administrator))
    }
}

impl<R: Requirement + Send + Sync> FromRequestParts<AdminState> for Authorized<R> {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self> {
        let administrator = authenticate(parts, state).await?;
        let granted = administrator.permissions();
        if !R::PERMISSIONS.iter().all(|permission| granted.contains(*permission)) {
            let required: Vec<_> = R::PERMISSIONS.iter().map(|permission| permission.as_str()).collect();
            let required = required.join(", ");
            return Err(AdminError::Forbidden(format!("Insufficient permissions. Required: {required}")));
        }
        limits::count_write(parts, state, &administrator).await?;
        Ok(Self { administrator, requirement: PhantomData })
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

    ReadSessions = [SessionRead];
    RevokeSessions = [SessionRevoke];
    ManageSecondFactors = [UserTwoFactor];
    ReadTwoFactorPolicies = [OrgRead];
    ChangeTwoFactorPolicies = [OrgUpdate];
    ReadTwoFactorSummaries = [OrgRead, UserRead];
    InviteUsers = [UserInvite];
}
