//! What commands print with `--json`, and how they end: programs rely on the names and kinds of values. A change of either
//! is seen in docs/reference/cli-output.md.

use std::fmt::Write as _;

use porta_testkit::reference::compare;
use serde_json::{Map, Value};

use crate::support::operated::{Operated, on_both_stores, redacted};

/// One after another, in one installation. FEED is a confidential client.
const COMMANDS: &[&str] = &[
    "whoami",
    "version",
    "doctor",
    "org list",
    "org show harbor",
    "org show nobody",
    "org create --name Quay",
    "org create --name Quay --slug quay",
    "org update quay --name Quays",
    "org update quay --login-methods telepathy",
    "org suspend quay --dry-run",
    "org suspend quay --reason unpaid",
    "org suspend porta-admin",
    "org history quay --event org.suspended",
    "org activate quay",
    "org archive quay --dry-run",
    "org archive quay",
    "org restore quay",
    "org branding quay",
    "org branding quay --primary-color #0B6E4F",
    "org branding quay --primary-color green",
    "org preview harbor",
    "org 2fa-policy quay",
    "org 2fa-policy quay required_any",
    "org destroy quay --dry-run",
    "org destroy quay",
    "app list",
    "app create --name Crane --org harbor",
    "app show crane",
    "app update crane --description Lifts",
    "app deactivate crane",
    "app activate crane",
    "app archive crane",
    "app restore crane",
    "app history crane --event app.created",
    "app module add dock --name Berths",
    "app module list dock",
    "app module update dock berths --name Piers",
    "app module deactivate dock berths",
    "app permission create dock --name See --slug dock:berths:read",
    "app permission create dock --name See --slug berths",
    "app permission list dock",
    "app permission show dock dock:berths:read",
    "app permission update dock dock:berths:read --name Look",
    "app role create dock --name Captain",
    "app role list dock",
    "app role show dock captain",
    "app role update dock captain --description Steers",
    "app role assign-permissions dock captain --permission dock:berths:read",
    "app role permissions dock captain",
    "app role remove-permissions dock captain --permission dock:berths:read",
    "app role delete dock captain",
    "app role delete dock planner",
    "app permission delete dock dock:berths:read",
    "app claim create dock --name rank --type string",
    "app claim list dock",
    "app claim show dock rank",
    "app claim update dock rank --label Rank",
    "client list --app dock",
    "client create --app dock --name Tug --type confidential --redirect-uris https://tug.example/cb",
    "client create --app nobody",
    "client show dock-web",
    "client update dock-web --name Web2",
    "client login-methods set dock-web --methods password",
    "client login-methods get dock-web",
    "client login-methods clear dock-web",
    "client deactivate dock-web",
    "client activate dock-web",
    "client history dock-web --event client.updated",
    "client secret list FEED",
    "client secret generate FEED --label next --expires-in 30d",
    "client revoke FEED",
    "client restore FEED",
    "user list --org harbor",
    "user show kim@harbor.test --org harbor",
    "user show nobody@harbor.test --org harbor",
    "user create --org harbor --email lea@harbor.test --name Lea",
    "user create --org harbor --email lea",
    "user update lea@harbor.test --org harbor --family-name Berg",
    "user verify-email lea@harbor.test --org harbor",
    "user suspend lea@harbor.test --org harbor",
    "user unsuspend lea@harbor.test --org harbor",
    "user lock lea@harbor.test --org harbor --reason lost",
    "user unlock lea@harbor.test --org harbor",
    "user deactivate lea@harbor.test --org harbor",
    "user reactivate lea@harbor.test --org harbor",
    "user history lea@harbor.test --org harbor --event user.created",
    "user roles assign lea@harbor.test --org harbor --role dock:planner",
    "user roles list lea@harbor.test --org harbor",
    "user roles remove lea@harbor.test --org harbor --role dock:planner",
    "user claims set lea@harbor.test --org harbor --app dock --claim rank --value first",
    "user claims list lea@harbor.test --org harbor",
    "user claims get lea@harbor.test --org harbor --app dock --claim rank",
    "user claims delete lea@harbor.test --org harbor --app dock --claim rank",
    "user 2fa status lea@harbor.test --org harbor",
    "user clear-password kim@harbor.test --org harbor",
    "user purge lea@harbor.test --org harbor",
    "app claim delete dock rank",
    "keys list --org harbor",
    "keys generate --org harbor --alg ES256",
    "keys rotate --org harbor --now",
    "config list",
    "config get id_token_ttl",
    "config set id_token_ttl 5m",
    "config set id_token_ttl never",
    "config unset id_token_ttl",
    "audit list --event org.suspended --limit 1",
    "audit cleanup --dry-run --retention-days 30",
    "sessions list --org porta-admin",
    "mail list --org harbor --kind nothing",
    "plan -f world.yaml",
    "apply -f world.yaml",
    "drift -f world.yaml",
    "provision -f world.yaml --dry-run",
    "logout",
    "org list",
];

fn every_answer_has_its_form(world: &Operated) {
    world.signed_in();
    let clients = world.succeed(&["client", "list", "--app", "dock", "--json"]).json();
    let mut clients = clients["data"].as_array().unwrap().iter();
    let feed = clients.find(|client| client["clientName"] == "Feed").unwrap()["clientId"].as_str().unwrap();
    let mut page = String::new();
    for line in COMMANDS {
        let told = line.replace("FEED", feed);
        let words: Vec<&str> = told.split(' ').chain(["--json", "--force"]).collect();
        let outcome = world.run(&words);
        write!(page, "\n## {line}\n\nExit code {}\n", outcome.code).unwrap();
        if !outcome.stdout.is_empty() {
            let form = form(redacted(outcome.json()));
            write!(page, "\n```json\n{form:#}\n```\n").unwrap();
        }
    }
    compare("reference/cli-output.md", "forms", &page);
}

on_both_stores!(every_answer_has_its_form);

/// The kinds of values instead of the values. A list has each form that its items have once.
fn form(value: Value) -> Value {
    match value {
        Value::Null => Value::Null,
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        Value::String(text) if text == "<id>" || text == "<time>" => text.into(),
        Value::String(_) => "text".into(),
        Value::Array(items) => {
            let mut forms: Vec<Value> = items.into_iter().map(form).collect();
            forms.sort_by_key(ToString::to_string);
            forms.dedup();
            forms.into()
        }
        Value::Object(fields) => {
            fields.into_iter().map(|(name, value)| (name, form(value))).collect::<Map<_, _>>().into()
        }
    }
}
