//! Organizations and their branding.

use serde_json::json;

use super::{ROWS_STAY, picture};
use crate::every_endpoint::row::{Row, Rule};
use crate::every_endpoint::world::Kind;

const KINDS_OF_PICTURES: &str = "the specification gives its own refusal: it must be `logo` or `favicon`";

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("list_organizations", 200),
        Row::new("create_organization", 201)
            .body(|run| {
                json!({ "name": "Given", "slug": run.unique("given"), "branding": { "companyName": "Given" } })
            })
            .records(&["key.generated", "key.generated", "org.created"])
            .again(409),
        Row::new("validate_organization_slug", 200).query("slug=free"),
        Row::new("get_organization", 200),
        Row::new("update_organization", 200)
            .makes(Kind::Organization)
            .body(|run| json!({ "name": run.unique("Given"), "defaultLoginMethods": ["password"] }))
            .editable()
            .records(&["org.updated"])
            .again(200),
        Row::new("destroy_organization", 200)
            .makes(Kind::Organization)
            .editable()
            .records(&["org.destroyed"])
            .again(404)
            .except(
                Rule::UnknownParameter,
                "query",
                400,
                "what is not understood must not destroy anything",
            ),
        Row::new("suspend_organization", 204)
            .makes(Kind::Organization)
            .body(|_| json!({ "reason": "unpaid" }))
            .needs_no_body()
            .records(&["org.suspended"])
            .again(400),
        Row::new("activate_organization", 204)
            .makes(Kind::Organization)
            .after("/organizations/{orgId}/suspend")
            .records(&["org.activated"])
            .again(400),
        Row::new("archive_organization", 204)
            .makes(Kind::Organization)
            .records(&["org.archived"])
            .again(400),
        Row::new("restore_organization", 204)
            .makes(Kind::Organization)
            .after("/organizations/{orgId}/archive")
            .records(&["org.restored"])
            .again(400),
        Row::new("organization_history", 200).except(Rule::Unknown, "orgId", 200, ROWS_STAY),
        // Without an address, the mail is for whoever asks.
        Row::new("send_test_email", 202)
            .body(|_| json!({ "to": null }))
            .needs_no_body()
            .records(&["org.test_email.queued"])
            .again(202),
        Row::new("get_two_factor_policy", 200),
        Row::new("set_two_factor_policy", 200)
            .makes(Kind::Organization)
            .body(|_| json!({ "twoFactorPolicy": "required_any" }))
            .editable()
            .records(&["org.2fa.policyChanged", "org.updated"])
            .again(200),
        Row::new("get_two_factor_summary", 200),
        Row::new("change_organization_statuses", 200)
            .makes(Kind::Organization)
            .body(|run| json!({ "ids": [run.id("orgId")], "action": "suspend", "reason": "unpaid" }))
            .records(&["org.suspended"])
            .again(200),
    ]
}

pub(super) fn branding_rows() -> Vec<Row> {
    vec![
        Row::new("get_branding", 200),
        Row::new("update_branding", 200)
            .makes(Kind::Organization)
            .body(|run| json!({ "companyName": run.unique("Given"), "primaryColor": "#112233" }))
            .editable()
            .records(&["org.branding.updated", "org.updated"])
            .again(200),
        Row::new("preview_branding", 200)
            .body(|_| json!({ "page": "login", "branding": { "companyName": "Given" }, "locale": "en" }))
            .again(200),
        Row::new("get_branding_asset", 200).except(Rule::Unknown, "type", 400, KINDS_OF_PICTURES).except(
            Rule::Malformed,
            "type",
            400,
            KINDS_OF_PICTURES,
        ),
        Row::new("put_branding_asset", 200)
            .makes(Kind::Organization)
            .body(|_| picture())
            .at_most(1024 * 1024)
            .records(&["org.branding.asset.uploaded"])
            .again(200)
            .except(Rule::Unknown, "type", 400, KINDS_OF_PICTURES)
            .except(Rule::Malformed, "type", 400, KINDS_OF_PICTURES),
        Row::new("delete_branding_asset", 204)
            .makes(Kind::Organization)
            .after_put("/organizations/{orgId}/branding/logo", |_| picture())
            .records(&["org.branding.asset.deleted"])
            .again(404)
            .except(Rule::Unknown, "type", 400, KINDS_OF_PICTURES)
            .except(Rule::Malformed, "type", 400, KINDS_OF_PICTURES),
    ]
}
