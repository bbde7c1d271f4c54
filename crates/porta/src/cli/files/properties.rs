//! What holds for every installation: a plan is what happens, applying twice is applying once, an export changes nothing
//! where it comes from, a refused file changes nothing, and drift finds what was changed elsewhere.

mod generate;

use porta_admin::Shell;
use porta_client::queries::{GetSettingQuery, SetSettingQuery};
use porta_client::types::{NewRoleBody, NewSetting, OrganizationChange};
use porta_client::{Builder, Client, FixedToken};
use porta_directory::provision::{Format, SourceFile, write};
use porta_testkit::TestApp;
use serde_json::{Value, json};

use super::compare::find_extras;
use super::export;
use super::import::{How, Outcome, import};
use super::input::Input;
use crate::cli::in_process::answering;
use generate::Chance;

/// Each is an installation of its own, on both stores.
const SEEDS: std::ops::Range<u64> = 1..7;

porta_testkit::on_both_stores!(
    a_plan_is_what_happens_and_applying_twice_is_applying_once,
    an_export_is_the_installation,
    a_file_that_is_refused_in_part_changes_nothing,
    drift_finds_what_was_changed_elsewhere,
);

const PLAN: How = How { overwrites: true, is_dry: true, keeps_going: false };
const APPLY: How = How { overwrites: true, is_dry: false, keeps_going: false };

fn client_of(app: &TestApp) -> Client {
    let shell = Shell { os_user: Some("tester".to_owned()), name: None };
    let carrier = answering(app.router.clone(), shell);
    Builder::new("http://localhost", FixedToken::new("none")).carrier(carrier).build().unwrap()
}

fn generated(seed: u64) -> (Chance, Value) {
    let mut chance = Chance::new(seed);
    let document = generate::document(&mut chance, &format!("s{seed}"));
    (chance, document)
}

async fn input(document: &Value) -> Input {
    // By way of YAML, as people keep it.
    let text = write(document, Format::Yaml).unwrap();
    let source = SourceFile::parse(text.as_bytes(), Format::Yaml).unwrap_or_else(|e| panic!("{e}\n{text}"));
    Input::of("generated.yaml".to_owned(), source).await.unwrap()
}

async fn run(admin: &Client, document: &Value, how: How) -> Outcome {
    import(admin, &input(document).await, how).await.unwrap()
}

/// Everything that an import did, or would do, without the identifiers that each run makes.
fn effect(outcome: &Outcome) -> Value {
    json!({
        "created": outcome.0["created"], "updated": outcome.0["updated"],
        "skipped": outcome.0["skipped"], "errors": outcome.0["errors"],
    })
}

async fn exported(admin: &Client, document: &Value) -> Value {
    let mut organizations = Vec::new();
    for organization in document["organizations"].as_array().unwrap() {
        let slug = organization["slug"].as_str().unwrap();
        let found = export::organization(admin, slug, true).await.unwrap().unwrap();
        assert!(found.left_out.is_empty(), "{:?}", found.left_out);
        organizations.push(found.organization);
    }
    json!({ "version": "1.0", "organizations": organizations })
}

fn extras(file: &Value, actual: &Value) -> Vec<Value> {
    let mut extras = Vec::new();
    let pairs =
        file["organizations"].as_array().unwrap().iter().zip(actual["organizations"].as_array().unwrap());
    for (file, actual) in pairs {
        find_extras(file, actual, &mut extras);
    }
    extras
}

async fn a_plan_is_what_happens_and_applying_twice_is_applying_once(app: TestApp) {
    let admin = client_of(&app);
    for seed in SEEDS {
        let (_, document) = generated(seed);
        let plan = run(&admin, &document, PLAN).await;
        assert!(!plan.is_applied() && !plan.list("created").is_empty(), "{seed}");
        let applied = run(&admin, &document, APPLY).await;
        assert!(applied.is_applied(), "{seed}: {}", applied.0["errors"]);
        assert_eq!(effect(&plan), effect(&applied), "{seed}");
        for how in [PLAN, APPLY] {
            let again = run(&admin, &document, how).await;
            assert!(again.changes_nothing(), "{seed}: {}", effect(&again));
        }
    }
}

async fn an_export_is_the_installation(app: TestApp) {
    let admin = client_of(&app);
    for seed in SEEDS {
        let (_, document) = generated(seed);
        assert!(run(&admin, &document, APPLY).await.is_applied(), "{seed}");
        let export = exported(&admin, &document).await;
        assert_eq!(extras(&document, &export), Vec::<Value>::new(), "{seed}: nothing besides the file");
        assert_eq!(extras(&export, &document), Vec::<Value>::new(), "{seed}: everything of the file");
        let back = run(&admin, &export, APPLY).await;
        assert!(back.is_applied() && back.changes_nothing(), "{seed}: {}", effect(&back));
        assert_eq!(exported(&admin, &document).await, export, "{seed}");
    }
}

async fn a_file_that_is_refused_in_part_changes_nothing(app: TestApp) {
    let admin = client_of(&app);
    for seed in SEEDS {
        let (_, mut document) = generated(seed);
        assert!(run(&admin, &document, APPLY).await.is_applied(), "{seed}");
        let before = exported(&admin, &document).await;
        let organizations = document["organizations"].as_array_mut().unwrap();
        for organization in organizations.iter_mut() {
            organization["name"] = json!("Another name");
        }
        let last = organizations.last_mut().unwrap();
        last["users"] = json!([{ "email": "new@harbor.example" }, { "email": "nobody" }]);
        last["settings"] = json!({ "session_ttl": "soon" });
        let refused = run(&admin, &document, APPLY).await;
        let paths: Vec<&str> =
            refused.list("errors").iter().map(|error| error["path"].as_str().unwrap()).collect();
        let o = document["organizations"].as_array().unwrap().len() - 1;
        assert_eq!(
            paths,
            [
                format!("organizations[{o}].users[1].email"),
                format!("organizations[{o}].settings.session_ttl")
            ],
            "{seed}"
        );
        assert!(!refused.is_applied() && !refused.list("updated").is_empty(), "{seed}");
        assert_eq!(exported(&admin, &document).await, before, "{seed}");
    }
}

async fn drift_finds_what_was_changed_elsewhere(app: TestApp) {
    let admin = client_of(&app);
    for seed in SEEDS {
        let (mut chance, document) = generated(seed);
        assert!(run(&admin, &document, APPLY).await.is_applied(), "{seed}");
        let export = exported(&admin, &document).await;
        let organizations = export["organizations"].as_array().unwrap();
        let organization = &organizations[chance.below(organizations.len())];
        let slug = organization["slug"].as_str().unwrap();
        let what = change(&admin, slug, organization, chance.below(3)).await;
        let plan = run(&admin, &export, PLAN).await;
        let extras = extras(&export, &exported(&admin, &document).await);
        let found = json!({ "different": plan.0["updated"], "extra": extras });
        assert!(found.to_string().contains(what), "{seed}: {what} is not in {found}");
        let back = run(&admin, &export, APPLY).await;
        assert!(back.is_applied(), "{seed}");
        assert!(run(&admin, &export, PLAN).await.changes_nothing(), "{seed}");
    }
}

/// Changes something by the API; returns a word by which drift must tell it.
async fn change(admin: &Client, slug: &str, organization: &Value, which: usize) -> &'static str {
    let application = organization["applications"][0]["slug"].as_str();
    match (which, application) {
        (0, Some(application)) => {
            let role = NewRoleBody { name: "Stowaway".to_owned(), ..NewRoleBody::default() };
            admin.roles.create_role(application, &role).await.unwrap();
            "stowaway"
        }
        (1, _) => {
            let read = GetSettingQuery { organization_id: Some(slug.to_owned()) };
            let before = admin.config.get_setting("refresh_token_ttl", &read).await.unwrap();
            let query = SetSettingQuery { organization_id: Some(slug.to_owned()) };
            let body = NewSetting { value: json!(before.value + 60), organization_id: Some(slug.to_owned()) };
            admin.config.set_setting("refresh_token_ttl", &query, &body, before.etag()).await.unwrap();
            "refresh_token_ttl"
        }
        _ => {
            let change = OrganizationChange { name: "Renamed".to_owned().into(), ..Default::default() };
            admin.organizations.update_organization(slug, &change, None).await.unwrap();
            "name"
        }
    }
}
