//! Roles and claim values of users.

use serde_json::{Value, json};

use crate::every_endpoint::row::{Row, Rule};
use crate::every_endpoint::world::{Kind, Run};

const NOT_HELD: &str = "a role that the user does not have is ignored";
const VALUE: &str = "/applications/{appId}/claims/{claimId}/users/{userId}";

fn roles(run: &Run) -> Value {
    json!({ "roleIds": [run.id("roleId")] })
}

fn value(_: &Run) -> Value {
    json!({ "value": "B" })
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row::new("list_user_roles", 200),
        Row::new("list_user_permissions", 200),
        Row::new("add_user_roles", 200)
            .makes(Kind::User)
            .body(roles)
            .records(&["user.roles.assigned"])
            .again(200),
        Row::new("add_user_role", 204)
            .makes(Kind::User)
            .body(|run| json!({ "roleId": run.id("roleId") }))
            .records(&["user.roles.assigned"])
            .again(204),
        Row::new("remove_user_roles", 204)
            .makes(Kind::User)
            .after_put("/organizations/{orgId}/users/{userId}/roles", roles)
            .body(roles)
            .records(&["user.roles.removed"])
            .again(204),
        Row::new("remove_user_role", 204)
            .makes(Kind::User)
            .after_put("/organizations/{orgId}/users/{userId}/roles", roles)
            .records(&["user.roles.removed"])
            .again(204)
            .except(Rule::Unknown, "roleId", 204, NOT_HELD)
            .except(Rule::Twin, "roleId", 204, NOT_HELD),
        Row::new("list_claim_values", 200),
        Row::new("list_user_claims", 200),
        Row::new("get_claim_value", 200),
    ];
    for (operation, status) in [("set_claim_value", 200), ("set_user_claim", 204)] {
        let row = Row::new(operation, status)
            .makes(Kind::Claim)
            .body(value)
            .records(&["claim.value.set"])
            .again(status);
        rows.push(row);
    }
    for operation in ["delete_claim_value", "delete_user_claim"] {
        let row = Row::new(operation, 204)
            .makes(Kind::Claim)
            .after_put(VALUE, value)
            .records(&["claim.value.deleted"])
            .again(404);
        rows.push(row);
    }
    rows
}
