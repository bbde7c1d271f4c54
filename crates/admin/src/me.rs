//! `GET /me`: who asks, and what they may do.

use axum::extract::State;
use porta_core::EntityId as _;
use porta_core::admin::AdminRole;
use porta_core::organization::Organization;
use porta_directory::Actor;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Authorized, NothingButARole};
use crate::answer::{self, Data};
use crate::error::{AdminError, Result};
use crate::state::AdminState;
use crate::users::view::UserView;

/// Who sends the request, and what they may do.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Me)]
pub(crate) struct MeView {
    /// `null`: a program asks.
    user: Option<UserView>,
    /// OAuth client that sends the request.
    client_id: String,
    organization: AdminOrganization,
    /// Administrative roles of the user.
    roles: Vec<AdminRoleView>,
    /// What the roles, or the scope of a program, allow.
    permissions: Vec<&'static str>,
    /// The user is the super-admin user, whom nobody can suspend, lock, deactivate or delete.
    is_protected: bool,
}

/// The organization of administrators.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdminOrganization {
    id: Uuid,
    name: String,
    slug: String,
    is_super_admin: bool,
}

impl From<Organization> for AdminOrganization {
    fn from(organization: Organization) -> Self {
        Self {
            id: organization.id.uuid(),
            name: organization.name,
            slug: organization.slug.to_string(),
            is_super_admin: organization.is_super_admin,
        }
    }
}

/// An administrative role.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminRole)]
pub(crate) struct AdminRoleView {
    slug: &'static str,
    name: &'static str,
}

impl From<AdminRole> for AdminRoleView {
    fn from(role: AdminRole) -> Self {
        Self { slug: role.as_str(), name: role.display_name() }
    }
}

/// Tell who sends the request and what they may do.
#[utoipa::path(get, path = "/me", tag = "me", responses((status = 200, body = Data<MeView>)))]
pub(crate) async fn get_me(
    caller: Authorized<NothingButARole>,
    State(state): State<AdminState>,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let actor = caller.into_actor();
    let permissions = actor.permissions().iter().map(porta_core::admin::AdminPermission::as_str).collect();
    let me = match actor {
        Actor::Admin(admin) => {
            let found = queries.users().find(None, &admin.user.to_string()).await?;
            MeView {
                user: Some(found.1.into()),
                client_id: admin.client_id,
                organization: found.0.into(),
                roles: admin.roles.into_iter().map(AdminRoleView::from).collect(),
                permissions,
                is_protected: queries.administrators().is_super_admin_user(admin.user).await?,
            }
        }
        Actor::Service(service) => MeView {
            user: None,
            client_id: service.client_id,
            organization: queries.organization(&service.organization.to_string()).await?.into(),
            roles: Vec::new(),
            permissions,
            is_protected: false,
        },
        Actor::System | Actor::Cli { .. } => {
            return Err(AdminError::forbidden("Nobody is signed in who could be shown"));
        }
    };
    Ok(answer::ok(me))
}
