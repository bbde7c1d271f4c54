//! Applications and their modules.

use serde_json::json;

use super::ROWS_STAY;
use crate::every_endpoint::row::{Row, Rule};
use crate::every_endpoint::world::Kind;

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("list_applications", 200),
        Row::new("create_application", 201)
            .body(|run| {
                json!({
                    "name": "Given", "slug": run.unique("given"), "description": "An application",
                    "organizationId": run.id("orgId"),
                })
            })
            .records(&["app.created"])
            .again(409),
        Row::new("get_application", 200),
        Row::new("update_application", 200)
            .makes(Kind::Application)
            .body(|run| json!({ "name": run.unique("Given"), "description": "Another" }))
            .editable()
            .records(&["app.updated"])
            .again(200),
        Row::new("deactivate_application", 204)
            .makes(Kind::Application)
            .records(&["app.deactivated"])
            .again(400),
        Row::new("activate_application", 204)
            .makes(Kind::Application)
            .after("/applications/{appId}/deactivate")
            .records(&["app.activated"])
            .again(400),
        Row::new("archive_application", 204).makes(Kind::Application).records(&["app.archived"]).again(400),
        Row::new("restore_application", 204)
            .makes(Kind::Application)
            .after("/applications/{appId}/archive")
            .records(&["app.restored"])
            .again(400),
        Row::new("application_history", 200).except(Rule::Unknown, "appId", 200, ROWS_STAY),
    ]
}

pub(super) fn module_rows() -> Vec<Row> {
    vec![
        Row::new("list_modules", 200),
        Row::new("create_module", 201)
            .body(|run| json!({ "name": "Given", "slug": run.unique("given"), "description": "A module" }))
            .records(&["app.module.created"])
            .again(409),
        Row::new("update_module", 200)
            .makes(Kind::Module)
            .body(|run| json!({ "name": run.unique("Given"), "isActive": true }))
            .editable()
            .records(&["app.module.updated"])
            .again(200),
        Row::new("deactivate_module", 204)
            .makes(Kind::Module)
            .records(&["app.module.deactivated"])
            .again(400),
        // The specification makes this one idempotent.
        Row::new("remove_module", 204).makes(Kind::Module).records(&["app.module.deactivated"]).again(204),
    ]
}
