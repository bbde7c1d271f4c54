//! Finds things by the names that operators use, where the Admin API takes ids.

use porta_client::queries::{
    ListApplicationsQuery, ListClaimsQuery, ListModulesQuery, ListPermissionsQuery, ListRolesQuery,
    ListUsersQuery,
};
use porta_client::types::{ClaimDefinition, Module, Permission, Role, User};
use porta_client::{Client, Versioned};
use porta_core::user::Email;
use uuid::Uuid;

use crate::failure::Failure;

fn missing(kind: &str, name: &str) -> Failure {
    Failure::general(format!("{kind} not found: {name}"))
}

/// A user by id or address. An address in another spelling is the same mailbox (decision 0043); of users who share one, the
/// one whose address it is in this spelling.
pub(super) async fn user(admin: &Client, organization: &str, name: &str) -> Result<Versioned<User>, Failure> {
    if name.parse::<Uuid>().is_ok() {
        return Ok(admin.users.get_user(organization, name).await?);
    }
    let mut spellings = Vec::new();
    for spelling in Email::spellings(name) {
        if !spellings.contains(&spelling) {
            spellings.push(spelling);
        }
    }
    let mut ids = Vec::new();
    for spelling in spellings {
        let query = ListUsersQuery { search: Some(spelling), ..ListUsersQuery::default() };
        let mut found = admin.users.list_users(organization, &query).items();
        while let Some(user) = found.next().await? {
            if user.email.to_lowercase() == name.to_lowercase() {
                return Ok(admin.users.get_user(organization, user.id).await?);
            }
            if Email::key_of(&user.email) == Email::key_of(name) && !ids.contains(&user.id) {
                ids.push(user.id);
            }
        }
    }
    match ids.as_slice() {
        [] => Err(missing("User", name)),
        [id] => Ok(admin.users.get_user(organization, id).await?),
        _ => Err(Failure::general(format!("several users have the mailbox {name}: use the id of one"))),
    }
}

/// An application as the operator has named it.
pub(super) struct NamedApplication {
    name: String,
    /// What names it to the Admin API: an id, or a slug that only one organization has.
    pub(super) id: String,
}

/// The application of this id, the organization's own one of this slug, or that of another organization. Several
/// organizations may have an application of one slug.
pub(super) async fn application_of(
    admin: &Client,
    organization: &str,
    name: &str,
) -> Result<NamedApplication, Failure> {
    let id = match name.parse::<Uuid>() {
        Ok(_) => None,
        Err(_) => own_application(admin, organization, name).await?,
    };
    let name = name.to_owned();
    Ok(NamedApplication { id: id.map_or_else(|| name.clone(), |id| id.to_string()), name })
}

async fn own_application(admin: &Client, organization: &str, slug: &str) -> Result<Option<Uuid>, Failure> {
    let query = ListApplicationsQuery {
        organization_id: Some(organization.to_owned()),
        search: Some(slug.to_owned()),
        ..ListApplicationsQuery::default()
    };
    let mut found = admin.applications.list_applications(&query).items();
    while let Some(application) = found.next().await? {
        if application.slug == slug {
            return Ok(Some(application.id));
        }
    }
    Ok(None)
}

impl NamedApplication {
    /// One of its roles by id or slug.
    pub(super) async fn role(&self, admin: &Client, name: &str) -> Result<Role, Failure> {
        let roles = admin.roles.list_roles(&self.id, &ListRolesQuery::default()).await?;
        let found = roles.data.into_iter().find(|role| role.slug == name || role.id.to_string() == name);
        found.ok_or_else(|| self.missing("Role", name))
    }

    /// One of its claims by id or by its name in tokens.
    pub(super) async fn claim(&self, admin: &Client, name: &str) -> Result<ClaimDefinition, Failure> {
        let claims = admin.claims.list_claims(&self.id, &ListClaimsQuery::default()).await?;
        let found =
            claims.data.into_iter().find(|claim| claim.claim_name == name || claim.id.to_string() == name);
        found.ok_or_else(|| self.missing("Claim", name))
    }

    fn missing(&self, kind: &str, name: &str) -> Failure {
        missing(kind, &format!("{}:{name}", self.name))
    }
}

/// An application that is named without an organization.
fn application(name: &str) -> NamedApplication {
    NamedApplication { name: name.to_owned(), id: name.to_owned() }
}

/// A role of an application by id or slug.
pub(super) async fn role(admin: &Client, of: &str, name: &str) -> Result<Role, Failure> {
    application(of).role(admin, name).await
}

/// A claim of an application by id or by its name in tokens.
pub(super) async fn claim(admin: &Client, of: &str, name: &str) -> Result<ClaimDefinition, Failure> {
    application(of).claim(admin, name).await
}

/// A permission of an application by id or slug.
pub(super) async fn permission(admin: &Client, application: &str, name: &str) -> Result<Permission, Failure> {
    let all = admin.permissions.list_permissions(application, &ListPermissionsQuery::default()).await?;
    let found = all.data.into_iter().find(|one| one.slug == name || one.id.to_string() == name);
    found.ok_or_else(|| missing("Permission", &format!("{application}:{name}")))
}

/// A module of an application by id or slug.
pub(super) async fn module(admin: &Client, application: &str, name: &str) -> Result<Module, Failure> {
    let modules = admin.modules.list_modules(application, &ListModulesQuery::default()).await?;
    let found = modules.data.into_iter().find(|module| module.slug == name || module.id.to_string() == name);
    found.ok_or_else(|| missing("Module", &format!("{application}:{name}")))
}

/// `APPLICATION:REST`.
pub(super) fn of_application(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((application, rest)) if !application.is_empty() && !rest.is_empty() => {
            Ok((application.to_owned(), rest.to_owned()))
        }
        _ => Err("write APPLICATION:NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::of_application;

    #[test]
    fn names_say_their_application() {
        assert_eq!(of_application("dock:planner").unwrap(), ("dock".to_owned(), "planner".to_owned()));
        for wrong in ["planner", ":planner", "dock:", ""] {
            assert!(of_application(wrong).is_err(), "{wrong}");
        }
    }
}
