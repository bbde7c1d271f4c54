//! Roles, permissions and claims of applications.

use serde_json::json;

use crate::every_endpoint::row::{Row, Rule};
use crate::every_endpoint::world::Kind;

const DELETES: &str = "what is not understood must not delete anything";

pub(super) fn role_rows() -> Vec<Row> {
    vec![
        Row::new("list_roles", 200),
        Row::new("create_role", 201)
            .body(|run| json!({ "name": "Given", "slug": run.unique("given"), "description": "A role" }))
            .records(&["role.created"])
            .again(409),
        Row::new("get_role", 200),
        Row::new("update_role", 200)
            .makes(Kind::Role)
            .body(|run| json!({ "name": run.unique("Given"), "description": "Another" }))
            .editable()
            .records(&["role.updated"])
            .again(200),
        Row::new("delete_role", 204)
            .makes(Kind::Role)
            .editable()
            .records(&["role.deleted"])
            .again(404)
            .except(Rule::UnknownParameter, "query", 400, DELETES),
        Row::new("archive_role", 204).makes(Kind::Role).editable().records(&["role.deleted"]).again(404),
        Row::new("list_role_permissions", 200),
        Row::new("add_role_permissions", 200)
            .makes(Kind::Role)
            .body(|run| json!({ "permissionIds": [run.id("permId")] }))
            .records(&["role.permissions.assigned"])
            .again(200),
        Row::new("remove_role_permissions", 204)
            .makes(Kind::Role)
            .after_put(
                "/applications/{appId}/roles/{roleId}/permissions",
                |run| json!({ "permissionIds": [run.id("permId")] }),
            )
            .body(|run| json!({ "permissionIds": [run.id("permId")] }))
            .records(&["role.permissions.removed"])
            .again(204),
        Row::new("list_role_users", 200),
        Row::new("list_users_of_role", 200),
    ]
}

pub(super) fn permission_rows() -> Vec<Row> {
    vec![
        Row::new("list_permissions", 200),
        Row::new("create_permission", 201)
            .body(|run| {
                json!({
                    "name": "Given", "slug": format!("dock:{}:read", run.unique("given")),
                    "moduleId": run.id("moduleId"),
                })
            })
            .records(&["permission.created"])
            .again(409),
        Row::new("get_permission", 200),
        Row::new("update_permission", 200)
            .makes(Kind::Permission)
            .body(|run| json!({ "name": run.unique("Given"), "description": "Another" }))
            .editable()
            .records(&["permission.updated"])
            .again(200),
        Row::new("delete_permission", 204)
            .makes(Kind::Permission)
            .editable()
            .records(&["permission.deleted"])
            .again(404)
            .except(Rule::UnknownParameter, "query", 400, DELETES),
        Row::new("archive_permission", 204)
            .makes(Kind::Permission)
            .editable()
            .records(&["permission.deleted"])
            .again(404),
        Row::new("list_permission_roles", 200),
    ]
}

pub(super) fn claim_rows() -> Vec<Row> {
    vec![
        Row::new("list_claims", 200),
        Row::new("create_claim", 201)
            .body(|run| {
                json!({
                    "claimName": run.unique("given").replace('-', "_"), "claimType": "string",
                    "includeInIdToken": true,
                })
            })
            .records(&["claim.defined"])
            .again(409),
        Row::new("get_claim", 200),
        Row::new("update_claim", 200)
            .makes(Kind::Claim)
            .body(|run| json!({ "name": run.unique("Given"), "includeInUserinfo": false }))
            .editable()
            .records(&["claim.updated"])
            .again(200),
        Row::new("delete_claim", 204)
            .makes(Kind::Claim)
            .editable()
            .records(&["claim.deleted"])
            .again(404)
            .except(Rule::UnknownParameter, "query", 400, DELETES),
        Row::new("archive_claim", 204).makes(Kind::Claim).editable().records(&["claim.deleted"]).again(404),
    ]
}
