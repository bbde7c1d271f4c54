//! Sessions, grants, second factors, invitations and personal data.

use serde_json::json;

use crate::every_endpoint::row::{Row, Rule};
use crate::every_endpoint::world::Kind;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = vec![
        Row::new("list_sessions", 200),
        Row::new("get_session", 200),
        // One that has ended stays as it is.
        Row::new("revoke_session", 204).makes(Kind::SignIn).records(&["session.revoked"]).again(204),
        Row::new("revoke_user_sessions", 200)
            .makes(Kind::SignIn)
            .records(&["user.sessions.revoked"])
            .again(200),
        Row::new("revoke_sessions", 200)
            .makes(Kind::SignIn)
            .body(|run| json!({ "userId": run.id("userId"), "all": false }))
            .records(&["user.sessions.revoked"])
            .again(200)
            .except(
                Rule::UnknownField,
                "body",
                400,
                "a field that is not understood could end other sessions",
            ),
        Row::new("export_user", 200).records(&["user.data.exported"]),
        Row::new("purge_user", 200)
            .makes(Kind::User)
            .body(|_| json!({ "confirmPurge": true }))
            .editable()
            .records(&["user.purged"])
            .again(200),
    ];
    for operation in ["list_user_grants", "list_user_grants_by_id"] {
        rows.push(Row::new(operation, 200));
    }
    for operation in ["withdraw_user_grant", "withdraw_user_grant_by_id"] {
        let row =
            Row::new(operation, 204).makes(Kind::SignIn).records(&["user.consent.withdrawn"]).again(404);
        rows.push(row);
    }
    rows
}

pub(super) fn second_factor_rows() -> Vec<Row> {
    vec![
        Row::new("get_user_two_factor_status", 200),
        Row::new("disable_user_two_factor", 204)
            .makes(Kind::User)
            .makes(Kind::SecondFactor)
            .records(&["2fa.disabled", "user.2fa.disabled"])
            .again(400),
        Row::new("reset_user_two_factor", 204)
            .makes(Kind::User)
            .makes(Kind::SecondFactor)
            .records(&["2fa.disabled", "user.2fa.reset"])
            .again(400),
        Row::new("regenerate_user_recovery_codes", 200)
            .makes(Kind::User)
            .makes(Kind::SecondFactor)
            .records(&["2fa.recovery.regenerated", "user.2fa.codesRegenerated"])
            .again(200),
    ]
}

pub(super) fn invitation_rows() -> Vec<Row> {
    vec![
        Row::new("list_invitations", 200),
        // Sent again, it invites somebody who has an account by then.
        Row::new("invite_user", 201)
            .body(|run| {
                json!({
                    "email": format!("{}@acme.test", run.unique("given")), "givenName": "Given",
                    "personalMessage": "Welcome", "roles": [], "claims": [],
                })
            })
            .records(&["user.created", "user.invited"])
            .again(200),
        Row::new("preview_invitation", 200)
            .body(|_| json!({ "email": "given@acme.test", "personalMessage": "Welcome" }))
            .again(200),
        // The first id is gone: the new invitation has another one.
        Row::new("resend_invitation", 200).makes(Kind::Invitation).records(&["user.invited"]).again(404),
        Row::new("withdraw_invitation", 204)
            .makes(Kind::Invitation)
            .records(&["user.invite.withdrawn"])
            .again(409),
    ]
}
