//! Users: below their organization, and by their id alone.

use serde_json::json;

use super::ROWS_STAY;
use crate::every_endpoint::row::{Row, Rule};
use crate::every_endpoint::world::Kind;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row::new("list_users", 200),
        Row::new("list_all_users", 200),
        Row::new("create_user", 201)
            .body(|run| {
                json!({
                    "email": format!("{}@acme.test", run.unique("given")), "givenName": "Given",
                    "address": { "country": "NL" }, "phoneNumberVerified": false,
                })
            })
            .records(&["user.created"])
            .again(409),
        Row::new("user_history", 200)
            .except(Rule::Unknown, "userId", 200, ROWS_STAY)
            .except(Rule::Twin, "orgId", 200, "the other organization has no row about the user")
            .except(Rule::Twin, "userId", 200, "the organization has no row about the other one's user"),
        Row::new("user_history_by_id", 200).except(Rule::Unknown, "userId", 200, ROWS_STAY),
        Row::new("change_user_statuses", 200)
            .makes(Kind::User)
            .body(|run| {
                json!({
                    "ids": [run.id("userId")], "action": "suspend", "reason": "left",
                    "organizationId": run.id("orgId"),
                })
            })
            .records(&["user.suspended"])
            .again(200),
    ];
    for operation in ["get_user", "get_user_by_id"] {
        rows.push(Row::new(operation, 200));
    }
    for operation in ["update_user", "update_user_by_id"] {
        let row = Row::new(operation, 200)
            .makes(Kind::User)
            .body(|run| json!({ "nickname": run.unique("given"), "locale": "nl" }))
            .editable()
            .records(&["user.updated"])
            .again(200);
        rows.push(row);
    }
    for operation in ["set_user_password", "set_user_password_by_id"] {
        let row = Row::new(operation, 204)
            .makes(Kind::User)
            .body(|_| json!({ "password": "sextant-Marmalade-88" }))
            .records(&["user.password.set"])
            .again(204);
        rows.push(row);
    }
    for operation in ["clear_user_password", "clear_user_password_by_id"] {
        let row = Row::new(operation, 204).makes(Kind::User).records(&["user.password.cleared"]).again(204);
        rows.push(row);
    }
    for operation in ["verify_user_email", "verify_user_email_by_id"] {
        let row = Row::new(operation, 204).makes(Kind::User).records(&["user.email.verified"]).again(204);
        rows.push(row);
    }
    rows
}

/// Changes of status. Each has a twin by the id alone.
pub(super) fn status_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (operation, event) in
        [("deactivate_user", &["user.deactivated"]), ("deactivate_user_by_id", &["user.deactivated"])]
    {
        rows.push(Row::new(operation, 204).makes(Kind::User).records(event).again(400));
    }
    for (operation, event) in [
        ("suspend_user", &["user.suspended"]),
        ("suspend_user_by_id", &["user.suspended"]),
        ("lock_user", &["user.locked"]),
        ("lock_user_by_id", &["user.locked"]),
    ] {
        let row = Row::new(operation, 204)
            .makes(Kind::User)
            .body(|_| json!({ "reason": "left" }))
            .needs_no_body()
            .records(event)
            .again(400);
        rows.push(row);
    }
    for (operation, before, event) in [
        ("reactivate_user", "/users/{userId}/deactivate", &["user.reactivated"]),
        ("reactivate_user_by_id", "/users/{userId}/deactivate", &["user.reactivated"]),
        ("activate_by_id", "/users/{userId}/deactivate", &["user.reactivated"]),
        ("unsuspend_user", "/users/{userId}/suspend", &["user.activated"]),
        ("unsuspend_user_by_id", "/users/{userId}/suspend", &["user.activated"]),
        ("unlock_user", "/users/{userId}/lock", &["user.unlocked"]),
        ("unlock_user_by_id", "/users/{userId}/lock", &["user.unlocked"]),
    ] {
        rows.push(Row::new(operation, 204).makes(Kind::User).after(before).records(event).again(400));
    }
    rows
}
