//! Roles and claims that an invitation grants. Nobody grants by invitation what they could not grant otherwise.

use porta_core::admin::AdminPermission;
use porta_core::application::Application;
use porta_core::organization::Organization;
use porta_core::{ApplicationId, ClaimDefinitionId, RoleId, Slug};
use serde_json::Value;

use crate::claims::require_type;
use crate::error::Problem;
use crate::{DirectoryError, Result, Transaction};

/// Roles and claim values of applications that an organization sees.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PreAssignments {
    pub(crate) roles: Vec<RoleId>,
    pub(crate) claims: Vec<(ClaimDefinitionId, Value)>,
}

/// A claim value to set: application, id of the claim, value.
pub type NamedClaim = (String, String, Value);

/// Finds roles (application and id of the role) and claims by the names that a request uses. Applications are named by
/// id or slug. The error has every problem.
pub(crate) async fn find_pre_assignments(
    work: &mut Transaction,
    organization: &Organization,
    roles: &[(String, String)],
    claims: Vec<NamedClaim>,
) -> Result<PreAssignments> {
    let (mut found, mut problems) = (PreAssignments::default(), Vec::new());
    for (n, (application, role)) in roles.iter().enumerate() {
        match find_role(work, organization, application, role).await? {
            Ok(role) => found.roles.push(role),
            Err(problem) => problems.push(problem.within(&format!("roles.{n}"))),
        }
    }
    for (n, claim) in claims.into_iter().enumerate() {
        match find_claim(work, organization, claim).await? {
            Ok(claim) => found.claims.push(claim),
            Err(problem) => problems.push(problem.within(&format!("claims.{n}"))),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(DirectoryError::Invalid(problems)) }
}

/// What is wrong with one role or claim.
type Found<T> = std::result::Result<T, Problem>;

async fn find_application(
    work: &mut Transaction,
    organization: &Organization,
    name: &str,
) -> Result<Found<Application>> {
    let mut applications = work.unit.applications(organization.id);
    if let Some(id) = ApplicationId::parse(name)
        && let Some(application) = applications.by_id(id).await?
    {
        return Ok(Ok(application));
    }
    let application = match Slug::parse(name) {
        Ok(slug) => applications.by_slug(&slug).await?,
        Err(_) => None,
    };
    let text = || format!("Application {name} not found in this organization");
    Ok(application.ok_or_else(|| Problem::missing("", name, text())))
}

async fn find_role(
    work: &mut Transaction,
    organization: &Organization,
    name: &str,
    role: &str,
) -> Result<Found<RoleId>> {
    let application = match find_application(work, organization, name).await? {
        Ok(application) => application,
        Err(problem) => return Ok(Err(problem)),
    };
    let roles = work.unit.applications(organization.id).roles(application.id).await?;
    let found = RoleId::parse(role).filter(|id| roles.iter().any(|role| role.id == *id));
    let text = || format!("Role {role} not found in application {name}");
    Ok(found.ok_or_else(|| Problem::missing("", role, text())))
}

async fn find_claim(
    work: &mut Transaction,
    organization: &Organization,
    (name, claim, value): NamedClaim,
) -> Result<Found<(ClaimDefinitionId, Value)>> {
    let application = match find_application(work, organization, &name).await? {
        Ok(application) => application,
        Err(problem) => return Ok(Err(problem)),
    };
    let claims = work.unit.applications(organization.id).claims(application.id).await?;
    let found = ClaimDefinitionId::parse(&claim).and_then(|id| claims.iter().find(|claim| claim.id == id));
    let Some(found) = found else {
        let text = format!("Claim definition {claim} not found in application {name}");
        return Ok(Err(Problem::missing("", &claim, text)));
    };
    Ok(match require_type(found, &value) {
        Ok(()) => Ok((found.id, value)),
        Err(DirectoryError::Invalid(problems)) => {
            let messages: String = problems.into_iter().map(|problem| problem.message).collect();
            Err(Problem::new("", messages))
        }
        Err(other) => return Err(other),
    })
}

/// Refuses roles and claims for somebody who could not assign them otherwise.
pub(crate) async fn check_may_pre_assign(
    work: &mut Transaction,
    organization: &Organization,
    granted: &PreAssignments,
) -> Result<()> {
    let needed = [
        (!granted.roles.is_empty()).then_some(AdminPermission::RoleAssign),
        (!granted.claims.is_empty()).then_some(AdminPermission::ClaimUpdate),
    ];
    let lacking: Vec<&str> = needed
        .into_iter()
        .flatten()
        .filter(|permission| !work.actor.may(*permission))
        .map(AdminPermission::as_str)
        .collect();
    if !lacking.is_empty() {
        let text = format!("Insufficient permissions. Required: {}", lacking.join(", "));
        return Err(DirectoryError::Forbidden(text));
    }
    if work.actor.is_super_admin() {
        return Ok(());
    }
    for id in &granted.roles {
        // One that is gone is granted to nobody.
        let role = work.unit.rights(organization.id).visible_role(*id).await?;
        if let Some(role) = role {
            work.roles().check_may_decide(organization, &role).await?;
        }
    }
    Ok(())
}
