mod access;
mod change;
mod create;
mod list;
mod preview;
mod races;
mod secrets;
mod status;

use serde_json::{Value, json};

use crate::support::Admins;

/// Internal id of a client.
async fn id_of(admins: &Admins, client_id: &str) -> String {
    let found = admins.app.directory.queries().clients().find(client_id).await.unwrap();
    found.client.id.to_string()
}

async fn path_of(admins: &Admins, client_id: &str) -> String {
    format!("/clients/{}", id_of(admins, client_id).await)
}

/// A client of the planner that breaks no rule.
fn portal() -> Value {
    json!({
        "organizationId": "acme", "applicationId": "planner", "clientName": "Portal",
        "redirectUris": ["https://portal.test/cb"], "idTokenSignedResponseAlg": "ES256",
    })
}
