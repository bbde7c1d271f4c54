//! Clients and their secrets.

use serde_json::json;

use super::ROWS_STAY;
use crate::every_endpoint::row::{Row, Rule};
use crate::every_endpoint::world::Kind;

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::new("list_clients", 200),
        Row::new("create_client", 201)
            .body(|run| {
                json!({
                    "organizationId": run.id("orgId"), "applicationId": run.id("appId"),
                    "clientName": run.unique("Given"), "clientType": "confidential",
                    "redirectUris": ["https://given.test/cb"], "requirePkce": true,
                    "idTokenSignedResponseAlg": "ES256",
                })
            })
            .records(&["client.created", "client.secret.generated"])
            .again(201),
        Row::new("get_client", 200),
        Row::new("update_client", 200)
            .makes(Kind::Client)
            .body(|run| json!({ "clientName": run.unique("Given"), "scope": "openid email" }))
            .editable()
            .records(&["client.updated"])
            .again(200),
        Row::new("deactivate_client", 204)
            .makes(Kind::Client)
            .editable()
            .records(&["client.deactivated"])
            .again(400),
        Row::new("activate_client", 204)
            .makes(Kind::Client)
            .after("/clients/{clientId}/deactivate")
            .editable()
            .records(&["client.activated"])
            .again(400),
        Row::new("revoke_client", 204).makes(Kind::Client).editable().records(&["client.revoked"]).again(400),
        Row::new("restore_client", 204)
            .makes(Kind::Client)
            .after("/clients/{clientId}/revoke")
            .editable()
            .records(&["client.restored"])
            .again(400),
        Row::new("preview_client_tokens", 200).query("userId={userId}"),
        Row::new("client_history", 200).except(Rule::Unknown, "clientId", 200, ROWS_STAY),
        Row::new("list_client_secrets", 200),
        Row::new("create_client_secret", 201)
            .makes(Kind::Client)
            .body(|run| json!({ "label": run.unique("given") }))
            .needs_no_body()
            .records(&["client.secret.generated"])
            .again(201),
        Row::new("revoke_client_secret", 204)
            .makes(Kind::Client)
            .records(&["client.secret.revoked"])
            .again(400),
        Row::new("delete_client_secret", 204)
            .makes(Kind::Client)
            .records(&["client.secret.revoked"])
            .again(400),
    ]
}
