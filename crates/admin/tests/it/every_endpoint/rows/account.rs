//! The account of whoever asks.

use serde_json::json;

use crate::every_endpoint::colleague::OwnAccount;
use crate::every_endpoint::row::Row;
use crate::newcomers::PASSWORD;

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("update_own_profile", 200)
            .body(|run| json!({ "nickname": run.unique("given"), "locale": "nl" }))
            .editable()
            .records(&["user.updated"])
            .again(200),
        // It ends the token.
        Row::new("change_own_password", 204)
            .of_own(OwnAccount::Plain)
            .body(|_| json!({ "current": PASSWORD, "new": "brisk-Walnut-Harbor-9" }))
            .records(&["user.password.changed"])
            .again(401),
        Row::new("list_own_sessions", 200),
        Row::new("end_other_own_sessions", 204)
            .of_own(OwnAccount::TwoSessions)
            .records(&["user.sessions.revoked"])
            .again(204),
        Row::new("end_own_session", 204)
            .of_own(OwnAccount::TwoSessions)
            .records(&["session.revoked"])
            .again(404),
    ]
}

/// The second factor. Whatever changes it ends the token.
pub(super) fn second_factor_rows() -> Vec<Row> {
    vec![
        Row::new("get_own_two_factor", 200),
        Row::new("begin_own_two_factor", 200)
            .of_own(OwnAccount::Plain)
            .body(|_| json!({ "method": "email" }))
            .records(&["2fa.otp.sent"])
            .again(200),
        Row::new("resend_own_two_factor_code", 204)
            .of_own(OwnAccount::BeginsCodes)
            .records(&["2fa.otp.resent", "2fa.otp.sent"])
            .again(204),
        Row::new("cancel_own_two_factor", 204).of_own(OwnAccount::BeginsCodes).again(204),
        Row::new("verify_own_two_factor", 200)
            .of_own(OwnAccount::BeginsCodes)
            .body(|run| json!({ "code": run.id("code") }))
            .records(&["2fa.setup.email"])
            .again(401),
        Row::new("disable_own_two_factor", 204)
            .of_own(OwnAccount::HasCodes)
            .records(&["2fa.disabled"])
            .again(401),
        Row::new("regenerate_own_recovery_codes", 200)
            .of_own(OwnAccount::HasCodes)
            .records(&["2fa.recovery.regenerated"])
            .again(200),
    ]
}
