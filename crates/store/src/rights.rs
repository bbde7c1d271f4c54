//! What a user may do in one application. Role and claim assignments are read from storage at each use. The
//! application's definitions of roles and claims are read with the client and cached in memory; changes invalidate the
//! cache.

use std::collections::BTreeSet;

use porta_core::{ClaimDefinitionId, RoleId};

/// Roles and claim values of one user, in all applications.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AssignedRights {
    pub roles: Vec<RoleId>,
    pub claims: Vec<(ClaimDefinitionId, serde_json::Value)>,
}

/// Roles with their permissions, and claim definitions, of one application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// In the order of their names.
    roles: Vec<CatalogRole>,
    /// In the order of their names.
    claims: Vec<CatalogClaim>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogRole {
    pub id: RoleId,
    pub name: String,
    pub slug: String,
    /// Slugs.
    pub permissions: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogClaim {
    pub id: ClaimDefinitionId,
    pub name: String,
    pub include_in_id_token: bool,
    pub include_in_access_token: bool,
    pub include_in_userinfo: bool,
}

/// Roles, permissions and custom claims of one user in one application.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rights {
    /// Slugs ordered by role name.
    pub roles: Vec<String>,
    /// Distinct slugs in order.
    pub permissions: Vec<String>,
    /// In the order of their names.
    pub claims: Vec<CustomClaim>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CustomClaim {
    pub name: String,
    pub value: serde_json::Value,
    pub include_in_id_token: bool,
    pub include_in_access_token: bool,
    pub include_in_userinfo: bool,
}

impl Catalog {
    pub fn new(mut roles: Vec<CatalogRole>, mut claims: Vec<CatalogClaim>) -> Self {
        roles.sort_by(|a, b| (&a.name, &a.slug).cmp(&(&b.name, &b.slug)));
        claims.sort_by(|a, b| a.name.cmp(&b.name));
        Self { roles, claims }
    }

    /// The definitions of claims, in the order of their names.
    pub fn claims(&self) -> &[CatalogClaim] {
        &self.claims
    }

    /// A user's rights in this application; roles and claims of other applications are left out.
    pub fn rights(&self, held: AssignedRights) -> Rights {
        let mut values = held.claims;
        let roles: Vec<&CatalogRole> = self.roles.iter().filter(|r| held.roles.contains(&r.id)).collect();
        let permissions: BTreeSet<&String> = roles.iter().flat_map(|r| &r.permissions).collect();
        let claims = self.claims.iter().filter_map(|claim| {
            let at = values.iter().position(|(id, _)| *id == claim.id)?;
            Some(CustomClaim {
                name: claim.name.clone(),
                value: values.swap_remove(at).1,
                include_in_id_token: claim.include_in_id_token,
                include_in_access_token: claim.include_in_access_token,
                include_in_userinfo: claim.include_in_userinfo,
            })
        });
        Rights {
            claims: claims.collect(),
            permissions: permissions.into_iter().cloned().collect(),
            roles: roles.into_iter().map(|r| r.slug.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use porta_core::EntityId as _;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn role(id: u128, name: &str, slug: &str, permissions: &[&str]) -> CatalogRole {
        CatalogRole {
            id: RoleId::from_uuid(Uuid::from_u128(id)),
            name: name.to_owned(),
            slug: slug.to_owned(),
            permissions: permissions.iter().map(|p| (*p).to_owned()).collect(),
        }
    }

    fn claim(id: u128, name: &str) -> CatalogClaim {
        CatalogClaim {
            id: ClaimDefinitionId::from_uuid(Uuid::from_u128(id)),
            name: name.to_owned(),
            include_in_id_token: true,
            include_in_access_token: false,
            include_in_userinfo: true,
        }
    }

    #[test]
    fn only_what_is_held_in_this_application_counts_in_order_and_once() {
        let catalog = Catalog::new(
            vec![
                role(1, "Z", "last", &["b", "a"]),
                role(2, "A", "first", &["a"]),
                role(3, "B", "not-held", &["c"]),
            ],
            vec![claim(9, "team"), claim(8, "level"), claim(7, "unset")],
        );
        let held = AssignedRights {
            roles: [1, 2, 77].map(|n| RoleId::from_uuid(Uuid::from_u128(n))).to_vec(),
            claims: [(9, json!(["x"])), (78, json!("foreign")), (8, json!(3))]
                .map(|(n, value)| (ClaimDefinitionId::from_uuid(Uuid::from_u128(n)), value))
                .to_vec(),
        };
        let rights = catalog.rights(held);
        assert_eq!(rights.roles, ["first", "last"]);
        assert_eq!(rights.permissions, ["a", "b"]);
        let claims: Vec<_> = rights.claims.iter().map(|c| (c.name.as_str(), c.value.clone())).collect();
        assert_eq!(claims, [("level", json!(3)), ("team", json!(["x"]))]);
        assert_eq!(Catalog::default().rights(AssignedRights::default()), Rights::default());
    }
}
