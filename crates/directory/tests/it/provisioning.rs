//! Provisioning on a real store: the examples of the specification, and every error in a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::support::{World, actor};
use porta_core::client::{Client, ClientId, GrantType, TokenEndpointAuthMethod};
use porta_core::organization::{LoginMethod, Organization, TwoFactorPolicy};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::user::{User, UserStatus};
use porta_core::{Change, Slug, Timestamp, TokenDigest};
use porta_directory::provision::{Document, Format, ItemKind, Mode, Options, Report, SecretValue, read};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

both_stores!(
    the_smallest_useful_file,
    a_product_with_clients_and_roles,
    development_users,
    a_second_run_changes_nothing,
    a_second_overwrite_changes_nothing,
    a_dry_run_leaves_nothing_and_resolves_new_parents,
    all_or_nothing_by_default,
    keep_going_commits_the_good_part,
    children_of_a_failed_parent_are_told,
    refusals_name_their_place,
    passwords_in_a_file_keep_the_rules_for_people,
    overwrite_touches_only_what_the_file_names,
    parts_that_are_named_twice_are_refused,
    overwrite_of_clients,
    merge_leaves_entities_but_adds_links_and_values,
    two_tenants_with_the_same_names_do_not_meet,
    stable_identifiers,
    given_secrets,
    guests_and_algorithms,
    a_client_that_says_nothing_is_signed_for_with_rs256,
    nothing_is_signed_for_a_machine,
    standard_claims_in_id_tokens_are_switched_on_and_off,
    every_profile_field,
    settings_of_platform_and_organization,
    an_inactive_person_and_back,
    references_to_what_was_there_before,
    runs_at_once_make_everything_once,
);

const PRODUCT: &str = r##"
version: "1.0"
config:
  access_token_ttl: 1200
organizations:
  - name: Harbor Logistics
    slug: harbor
    default_login_methods: [password]
    two_factor_policy: required_any
    branding: { company_name: Harbor, primary_color: "#0B6E4F" }
    applications:
      - name: Dock Planner
        slug: dock-planner
        modules:
          - { name: Berths, slug: berths }
        permissions:
          - { name: See berths,  slug: "dock:berths:read" }
          - { name: Move berths, slug: "dock:berths:write" }
        roles:
          - name: Planner
            slug: planner
            permissions: ["dock:berths:read", "dock:berths:write"]
        claim_definitions:
          - { name: Terminal code, slug: terminal_code, claim_type: string }
        clients:
          - client_name: Planner Web
            client_type: public
            application_type: spa
            grant_types: [authorization_code, refresh_token]
            redirect_uris: ["https://planner.harbor.example/cb"]
            allowed_origins: ["https://planner.harbor.example"]
            scope: openid profile email offline_access
            id_token_signed_response_alg: ES256
          - client_name: Crane Feed
            client_type: confidential
            grant_types: [client_credentials]
            scope: openid
            secret: { label: crane-2026, expires_in: 6m }
"##;

const PEOPLE: &str = r#"
{ "version": "1.0", "allow_passwords": true,
  "organizations": [ { "name": "Harbor Logistics", "slug": "harbor",
    "users": [ { "email": "kim@harbor.test", "given_name": "Kim", "email_verified": true,
                 "password": "lantern-Quay-41",
                 "roles":  [ { "app": "dock-planner", "role": "planner" } ],
                 "claims": [ { "app": "dock-planner", "claim": "terminal_code", "value": "T4" } ] } ] } ] }
"#;

fn document(text: &str) -> Document {
    let environment = |name: &str| (name == "CRANE_SECRET").then(|| "a-secret-of-the-crane".to_owned());
    let format = if text.trim_start().starts_with('{') { Format::Json } else { Format::Yaml };
    read(text, format, &environment).unwrap()
}

async fn run(world: &World, text: &str, options: Options) -> Report {
    world.directory.provision(actor(), &document(text), options).await.unwrap()
}

async fn apply(world: &World, text: &str) -> Report {
    let report = run(world, text, Options::default()).await;
    assert!(report.applied && report.errors.is_empty(), "{:?}", report.errors);
    report
}

async fn overwrite(world: &World, text: &str) -> Report {
    let report = run(world, text, Options { mode: Mode::Overwrite, ..Options::default() }).await;
    assert!(report.applied && report.errors.is_empty(), "{:?}", report.errors);
    report
}

async fn organization(world: &World, slug: &str) -> Organization {
    world.work().await.organization(slug).await.unwrap()
}

async fn client(world: &World, slug: &str, application: &str, name: &str) -> Client {
    let mut work = world.work().await;
    let organization = work.organization(slug).await.unwrap();
    let application = work.applications().visible(&organization, application).await.unwrap();
    drop(work);
    let mut repositories = world.store.repositories();
    repositories.clients(organization.id).by_name(application.id, name).await.unwrap().unwrap()
}

async fn user(world: &World, slug: &str, email: &str) -> User {
    let organization = organization(world, slug).await;
    world.work().await.user(&organization, email).await.unwrap()
}

async fn claim(world: &World, email: &str, name: &str) -> Option<Value> {
    let person = user(world, "harbor", email).await;
    let mut work = world.work().await;
    let organization = work.organization("harbor").await.unwrap();
    let application = work.applications().visible(&organization, "dock-planner").await.unwrap();
    drop(work);
    let mut repositories = world.store.repositories();
    let mut applications = repositories.applications(organization.id);
    let claims = applications.claims(application.id).await.unwrap();
    let definition = claims.iter().find(|c| c.claim_name == name).unwrap();
    applications.claim_value(person.id, definition.id).await.unwrap()
}

fn counts(report: &Report) -> (usize, usize, usize) {
    (report.created.len(), report.updated.len(), report.errors.len())
}

async fn the_smallest_useful_file(world: World) {
    let report = apply(&world, "version: \"1.0\"\norganizations:\n  - name: Harbor Logistics\n").await;
    assert_eq!(counts(&report), (1, 0, 0));
    assert_eq!(report.created[0].slug, "harbor-logistics");
    let made = organization(&world, "harbor-logistics").await;
    assert_eq!(made.default_locale, "en");
    assert!(world.heard().contains(&Change::Organization(made.slug)));
    let audit = world.audit().await;
    let import = audit.iter().find(|e| e.event_type == "admin.import").unwrap();
    assert_eq!(
        import.metadata,
        json!({"mode": "merge", "created": 1, "updated": 0, "skipped": 0, "errors": 0})
    );
    assert_eq!(import.actor_label.as_deref(), Some("cli:tester"));
}

async fn a_product_with_clients_and_roles(world: World) {
    let report = apply(&world, PRODUCT).await;
    let kinds: Vec<_> = report.created.iter().map(|e| e.kind).collect();
    assert_eq!(
        kinds,
        [
            ItemKind::Organization,
            ItemKind::Application,
            ItemKind::Client,
            ItemKind::Client,
            ItemKind::Role,
            ItemKind::Permission,
            ItemKind::Permission,
            ItemKind::ClaimDefinition,
            ItemKind::RolePermission,
            ItemKind::RolePermission,
            ItemKind::Module,
        ]
    );
    assert_eq!(report.updated[0].changes, ["value → 1200"]);
    let harbor = organization(&world, "harbor").await;
    assert_eq!(harbor.two_factor_policy, TwoFactorPolicy::RequiredAny);
    assert_eq!(harbor.default_login_methods, [LoginMethod::Password]);
    assert_eq!(harbor.branding.primary_color.as_deref(), Some("#0B6E4F"));
    let crane = client(&world, "harbor", "dock-planner", "Crane Feed").await;
    assert_eq!(crane.grant_types, [GrantType::ClientCredentials]);
    assert_eq!(crane.token_endpoint_auth_method, TokenEndpointAuthMethod::ClientSecretPost);

    assert_eq!(report.credentials.len(), 2);
    assert!(report.credentials[0].secret.is_none(), "a public client has none");
    let secret = report.credentials[1].secret.as_ref().unwrap();
    assert_eq!(secret.label.as_deref(), Some("crane-2026"));
    let SecretValue::Generated(value) = &secret.value else { panic!("generated") };
    let mut repositories = world.store.repositories();
    let stored = repositories.clients(harbor.id).secrets(crane.id).await.unwrap();
    assert_eq!(stored[0].digest, TokenDigest::of(value.expose_secret()));
    // START is 2027-01-15T08:00:00Z.
    assert_eq!(stored[0].expires_at, Timestamp::parse_rfc3339("2027-07-15T08:00:00Z"));
    let shown = report.to_json(true);
    assert_eq!(shown["credentials"][1]["secretPlaintext"], json!(value.expose_secret()));
    assert!(!report.to_json(false).to_string().contains(value.expose_secret()));
    assert!(!format!("{report:?}").contains(value.expose_secret()));
    let audit = world.audit().await;
    assert!(audit.iter().all(|e| !e.metadata.to_string().contains(value.expose_secret())));
}

async fn development_users(world: World) {
    apply(&world, PRODUCT).await;
    let report = apply(&world, PEOPLE).await;
    assert_eq!(counts(&report), (3, 0, 0));
    let kim = user(&world, "harbor", "KIM@harbor.test").await;
    assert_eq!(kim.password_hash.as_ref().unwrap().as_str(), "$argon2id$test$lantern-Quay-41");
    assert!(kim.email_verified);
    assert_eq!(kim.profile.given_name.as_deref(), Some("Kim"));
    let harbor = organization(&world, "harbor").await;
    let mut repositories = world.store.repositories();
    let roles = repositories.applications(harbor.id).roles_of(kim.id).await.unwrap();
    assert_eq!(roles.iter().map(|r| r.slug.as_str()).collect::<Vec<_>>(), ["planner"]);
    drop(repositories);
    assert_eq!(claim(&world, "kim@harbor.test", "terminal_code").await, Some(json!("T4")));
}

async fn again(world: &World, mode: Mode) {
    for text in [PRODUCT, PEOPLE] {
        apply(world, text).await;
    }
    let before = world.audit_names().await;
    world.heard();
    for text in [PRODUCT, PEOPLE] {
        let report = run(world, text, Options { mode, ..Options::default() }).await;
        assert_eq!(counts(&report), (0, 0, 0), "{:?} {:?}", report.created, report.updated);
        assert!(report.credentials.iter().all(|c| c.secret.is_none()));
    }
    let mut after = world.audit_names().await;
    after.retain(|name| name != "admin.import");
    assert_eq!(after, before.into_iter().filter(|n| n != "admin.import").collect::<Vec<_>>());
    assert_eq!(world.heard(), []);
}

async fn a_second_run_changes_nothing(world: World) {
    again(&world, Mode::Merge).await;
}

async fn a_second_overwrite_changes_nothing(world: World) {
    again(&world, Mode::Overwrite).await;
}

async fn a_dry_run_leaves_nothing_and_resolves_new_parents(world: World) {
    let both = PRODUCT.replace("version: \"1.0\"", "version: \"1.0\"\nallow_passwords: true")
        + "    users:\n      - email: kim@harbor.test\n        password: lantern-Quay-41\n        \
           roles: [{ app: dock-planner, role: planner }]\n";
    let report = run(&world, &both, Options { dry_run: true, ..Options::default() }).await;
    assert_eq!(counts(&report), (13, 1, 0), "{:?}", report.errors);
    assert!(!report.applied);
    let shown = report.to_json(true);
    assert_eq!(shown["mode"], "dry-run");
    assert_eq!(shown["credentials"][1]["secretPlaintext"], "(would be generated)");
    assert_eq!(shown["credentials"][1]["clientId"], "(would be generated)");
    assert!(world.audit().await.is_empty());
    assert_eq!(world.heard(), []);
    let slug = Slug::parse("harbor").unwrap();
    assert_eq!(world.store.repositories().organizations().by_slug(&slug).await.unwrap(), None);
    let again = apply(&world, &both).await;
    assert_eq!(again.created.len(), report.created.len(), "the preview told the truth");
}

const HALF_GOOD: &str = r#"
version: "1.0"
organizations:
  - name: Harbor
    applications:
      - name: Dock
        permissions:
          - { name: See, slug: "dock:see" }
          - { name: Move, slug: "dock:berths:move" }
        roles:
          - { name: Planner, permissions: ["dock:berths:move", "dock:see"] }
    users:
      - { email: not-an-address }
      - { email: kim@harbor.test, roles: [{ app: dock, role: planner }, { app: dock, role: captain }] }
"#;

async fn all_or_nothing_by_default(world: World) {
    let report = run(&world, HALF_GOOD, Options::default()).await;
    assert!(!report.applied);
    let paths: Vec<_> = report.errors.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "organizations[0].applications[0].permissions[0].slug",
            "organizations[0].applications[0].roles[0].permissions[1]",
            "organizations[0].users[0].email",
            "organizations[0].users[1].roles[1]",
        ],
        "all problems in one run"
    );
    assert!(world.audit().await.is_empty());
    assert_eq!(world.heard(), []);
}

async fn keep_going_commits_the_good_part(world: World) {
    let report = run(&world, HALF_GOOD, Options { keep_going: true, ..Options::default() }).await;
    assert!(report.applied);
    assert_eq!(report.errors.len(), 4);
    let kim = user(&world, "harbor", "kim@harbor.test").await;
    let harbor = organization(&world, "harbor").await;
    let mut repositories = world.store.repositories();
    assert_eq!(repositories.applications(harbor.id).roles_of(kim.id).await.unwrap().len(), 1);
    drop(repositories);
    let audit = world.audit().await;
    let import = audit.iter().find(|e| e.event_type == "admin.import").unwrap();
    assert_eq!(import.metadata["errors"], 4);
    assert_eq!(audit.iter().filter(|e| e.event_type == "permission.created").count(), 1);
}

async fn children_of_a_failed_parent_are_told(world: World) {
    let text = "version: \"1.0\"\norganizations:\n  - name: Admin\n    settings: { access_token_ttl: 60 }\n    \
                applications:\n      - name: Dock\n        clients: [{ client_name: Web, client_type: public }]\n        \
                roles: [{ name: Planner, permissions: [\"a:b:c\"] }]\n    users: [{ email: a@b.c, roles: [{ app: dock, role: planner }] }]\n  \
                - name: Harbor\n";
    let report = run(&world, text, Options { keep_going: true, ..Options::default() }).await;
    let told: Vec<_> = report.errors.iter().map(|e| e.kind).collect();
    assert_eq!(
        told,
        [
            ItemKind::Organization,
            ItemKind::Application,
            ItemKind::Client,
            ItemKind::Role,
            ItemKind::RolePermission,
            ItemKind::User,
            ItemKind::UserRole,
            ItemKind::Setting,
        ]
    );
    assert!(report.errors[0].error.contains("reserved"));
    organization(&world, "harbor").await;
}

/// ES256 keys are faster to generate than those of the default algorithm.
const ALGORITHM: &str = "id_token_signed_response_alg: ES256\n            ";

/// One client in one application, with `extra` as an additional line.
fn one_client(extra: &str) -> String {
    format!(
        "version: \"1.0\"\norganizations:\n  - name: Harbor\n    applications:\n      - name: Dock\n        clients:\n          \
         - client_name: Web\n            client_type: confidential\n            redirect_uris: [\"https://a.example/cb\"]\n            {ALGORITHM}{extra}\n"
    )
}

async fn refusals_name_their_place(world: World) {
    for (extra, path, problem) in [
        ("redirect_uris: []", "redirect_uris", "duplicate"),
        ("post_logout_redirect_uris: [\"http://a.example/\"]", "post_logout_redirect_uris", "https"),
        ("scope: \"öpenid\"", "scope", "scope"),
        ("login_methods: []", "login_methods", "at least one"),
        ("allowed_origins: [\"https://a.example/\"]", "allowed_origins", "write it as"),
        ("allowed_organizations: [harbor, nobody]", "allowed_organizations[1]", "was not found"),
        ("token_endpoint_auth_method: none", "token_endpoint_auth_method", "confidential"),
        ("secret: { value: short }", "secret.value", "16"),
        ("secret: { expires_at: 2020-01-01 }", "secret.expires_at", "future"),
        ("secret: { expires_at: soon }", "secret.expires_at", "RFC 3339"),
        ("secret: { expires_in: 5w }", "secret.expires_in", "6m"),
        ("client_id: \"a b\"", "client_id", "spaces"),
        ("grant_types: [refresh_token]", "grant_types", "authorization_code"),
    ] {
        let text = one_client(extra);
        if problem == "duplicate" {
            let refused = read(&text, Format::Yaml, &|_| None).unwrap_err();
            assert!(refused.0[0].problem.message.contains("duplicate"), "{refused:?}");
            continue;
        }
        let report = run(&world, &text, Options::default()).await;
        let expected = format!("organizations[0].applications[0].clients[0].{path}");
        assert_eq!(report.errors.len(), 1, "{extra}: {:?}", report.errors);
        assert_eq!(report.errors[0].path, expected, "{extra}");
        assert!(report.errors[0].error.contains(problem), "{extra}: {:?}", report.errors);
        assert!(!report.applied);
    }
}

async fn passwords_in_a_file_keep_the_rules_for_people(world: World) {
    let file = |password: &str| {
        format!(
            "version: \"1.0\"\nallow_passwords: true\norganizations:\n  - name: Quux Widgets\n    slug: quux\n    \
             branding: {{ company_name: Frobnitz }}\n    users:\n      - {{ email: zora@mail.example, family_name: Okonkwo, \
             password: {} }}\n",
            json!(password)
        )
    };
    for (password, problem) in [
        ("", "at least 8"),
        ("xK9$vQ2", "at least 8"),
        ("u\u{308}u\u{308}u\u{308}u\u{308}", "at least 8"),
        (&*"x7".repeat(65), "at most 128"),
        ("lantern\tQuay-41", "leave out tabs"),
        ("trustno1", "among the first"),
        ("Okonkwo-2026", "built from"),
        ("widgets-77", "built from"),
        ("frobnitz#12", "built from"),
        ("Summer2024!", "a longer one"),
        ("            ", "a longer one"),
    ] {
        let report = run(&world, &file(password), Options::default()).await;
        assert!(!report.applied, "{password:?}");
        assert_eq!(report.errors.len(), 1, "{password:?}: {:?}", report.errors);
        assert_eq!(report.errors[0].path, "organizations[0].users[0].password");
        assert!(report.errors[0].error.contains(problem), "{password:?}: {:?}", report.errors);
        assert!(password.is_empty() || !format!("{report:?}").contains(password), "it is in the report");
    }
    apply(&world, &file("cre\u{300}me\u{a0}lantern-41")).await;
    let hash = user(&world, "quux", "zora@mail.example").await.password_hash.unwrap();
    assert_eq!(hash.as_str(), "$argon2id$test$cr\u{e8}me lantern-41", "normalised");
    // The password check also considers names from the database, not only those in the file.
    let later =
        file("frobnitz#12").replace("    branding: { company_name: Frobnitz }\n", "").replace("zora@", "z2@");
    let report = run(&world, &later, Options::default()).await;
    assert!(report.errors[0].error.contains("built from"), "{:?}", report.errors);
    // Existing users keep their password; the one in the file is not even checked.
    let again = apply(&world, &file("trustno1")).await;
    assert_eq!(counts(&again), (0, 0, 0));
}

async fn overwrite_touches_only_what_the_file_names(world: World) {
    apply(&world, PRODUCT).await;
    apply(&world, PEOPLE).await;
    let before = organization(&world, "harbor").await;
    let text = "version: \"1.0\"\norganizations:\n  - name: Harbor Ltd\n    slug: harbor\n    branding: { company_name: null }\n    \
                users:\n      - { email: kim@harbor.test, family_name: Lee }\n    applications:\n      - name: Dock Planner\n        slug: dock-planner\n        \
                claim_definitions: [{ name: X, slug: terminal_code, claim_type: string, include_in_id_token: true }]\n        \
                roles: [{ name: Chief planner, slug: planner, description: Plans }]\n";
    let report = overwrite(&world, text).await;
    let changes: BTreeMap<_, _> = report.updated.iter().map(|e| (e.kind, e.changes.join(","))).collect();
    assert_eq!(changes[&ItemKind::Organization], "name,branding");
    assert_eq!(changes[&ItemKind::Role], "name,description");
    assert_eq!(changes[&ItemKind::ClaimDefinition], "include_in_id_token");
    assert_eq!(changes[&ItemKind::User], "family_name");
    let after = organization(&world, "harbor").await;
    assert_eq!(after.branding.company_name, None);
    assert_eq!(after.branding.primary_color, before.branding.primary_color);
    assert_eq!(after.default_login_methods, before.default_login_methods);
    assert_eq!(after.two_factor_policy, before.two_factor_policy);
    let kim = user(&world, "harbor", "kim@harbor.test").await;
    assert_eq!(kim.profile.given_name.as_deref(), Some("Kim"));
    assert!(kim.email_verified && kim.password_hash.is_some());
    let mut repositories = world.store.repositories();
    assert_eq!(repositories.applications(after.id).roles_of(kim.id).await.unwrap().len(), 1, "links stay");
}

/// Which of the two is meant, nobody can know.
async fn parts_that_are_named_twice_are_refused(world: World) {
    apply(&world, PRODUCT).await;
    let text = "version: \"1.0\"\norganizations:\n  - name: Harbor Logistics\n    slug: harbor\n    applications:\n      \
                - name: Dock Planner\n        slug: dock-planner\n        \
                modules: [{ name: One, slug: berths }, { name: Two, slug: berths }]\n        \
                permissions: [{ name: One, slug: \"dock:berths:read\" }, { name: Two, slug: \"dock:berths:read\" }]\n        \
                claim_definitions:\n          \
                - { name: X, slug: terminal_code, claim_type: string, description: One }\n          \
                - { name: X, slug: terminal_code, claim_type: string, description: Two }\n        \
                roles: [{ name: One, slug: planner }, { name: Two, slug: planner }]\n";
    let refused = read(text, Format::Yaml, &|_| None).unwrap_err();
    let paths: Vec<&str> = refused.0.iter().map(|located| located.problem.path.as_str()).collect();
    let parts = ["modules", "permissions", "claim_definitions", "roles"];
    assert_eq!(paths, parts.map(|part| format!("organizations[0].applications[0].{part}[1]")));
}

async fn overwrite_of_clients(world: World) {
    apply(&world, PRODUCT).await;
    let before = client(&world, "harbor", "dock-planner", "Planner Web").await;
    let file = |client: &str| {
        format!(
            "version: \"1.0\"\norganizations:\n  - name: Harbor Logistics\n    slug: harbor\n    applications:\n      \
             - name: Dock Planner\n        slug: dock-planner\n        clients: [{client}]\n"
        )
    };
    let nothing = file("{ client_name: Planner Web, client_type: public }");
    assert_eq!(counts(&overwrite(&world, &nothing).await), (0, 0, 0), "absent fields are left alone");
    let some =
        file("{ client_name: Planner Web, client_type: public, scope: openid, login_methods: [password] }");
    let report = overwrite(&world, &some).await;
    assert_eq!(report.updated[0].changes, ["scope", "login_methods"]);
    let after = client(&world, "harbor", "dock-planner", "Planner Web").await;
    assert_eq!(after.redirect_uris, before.redirect_uris);
    assert_eq!(after.grant_types, before.grant_types);
    let inherited = file("{ client_name: Planner Web, client_type: public, login_methods: null }");
    overwrite(&world, &inherited).await;
    assert_eq!(client(&world, "harbor", "dock-planner", "Planner Web").await.login_methods, None);
    let retyped = file("{ client_name: Planner Web, client_type: confidential }");
    let report = run(&world, &retyped, Options { mode: Mode::Overwrite, ..Options::default() }).await;
    assert!(report.errors[0].path.ends_with("clients[0].client_type"), "{:?}", report.errors);
}

async fn merge_leaves_entities_but_adds_links_and_values(world: World) {
    apply(&world, PRODUCT).await;
    apply(&world, PEOPLE).await;
    let text = PEOPLE
        .replace("\"Kim\"", "\"Tim\"")
        .replace("\"T4\"", "\"T5\"")
        .replace("lantern-Quay-41", "other-Quay-42");
    let report = apply(&world, &text).await;
    assert_eq!(report.created.iter().map(|e| e.kind).collect::<Vec<_>>(), [ItemKind::UserClaim]);
    let kim = user(&world, "harbor", "kim@harbor.test").await;
    assert_eq!(kim.profile.given_name.as_deref(), Some("Kim"));
    assert_eq!(kim.password_hash.unwrap().as_str(), "$argon2id$test$lantern-Quay-41");
    assert_eq!(claim(&world, "kim@harbor.test", "terminal_code").await, Some(json!("T5")));
}

async fn two_tenants_with_the_same_names_do_not_meet(world: World) {
    apply(&world, PRODUCT).await;
    let before = client(&world, "harbor", "dock-planner", "Planner Web").await;
    let other = PRODUCT
        .replace("slug: harbor", "slug: second")
        .replace("planner.harbor.example", "planner.second.example");
    let report = overwrite(&world, &other).await;
    assert_eq!(report.created.iter().filter(|e| e.kind == ItemKind::Application).count(), 1);
    assert_eq!(report.created.iter().filter(|e| e.kind == ItemKind::Client).count(), 2);
    assert_eq!(client(&world, "harbor", "dock-planner", "Planner Web").await, before);
    let second = client(&world, "second", "dock-planner", "Planner Web").await;
    assert_ne!(second.client_id, before.client_id);
    assert_ne!(second.application_id, before.application_id);
}

async fn stable_identifiers(world: World) {
    apply(&world, &one_client("client_id: dock-web")).await;
    let renamed = one_client("client_id: dock-web").replace("client_name: Web", "client_name: Website");
    let report = overwrite(&world, &renamed).await;
    assert_eq!(report.updated[0].changes, ["client_name"]);
    let other_id = renamed.replace("dock-web", "dock-site");
    let report = run(&world, &other_id, Options::default()).await;
    assert!(report.errors[0].error.contains("exists with client_id `dock-web`"), "{:?}", report.errors);
    let stolen = renamed.replace("name: Harbor", "name: Pirate");
    let report = run(&world, &stolen, Options::default()).await;
    assert!(report.errors[0].error.contains("already taken"), "{:?}", report.errors);
    let moved = renamed.replace("name: Dock", "name: Quay");
    let report = run(&world, &moved, Options::default()).await;
    assert!(report.errors[0].error.contains("another application"), "{:?}", report.errors);
}

async fn given_secrets(world: World) {
    let text = one_client("secret: { label: crane, value: \"${CRANE_SECRET}\" }");
    let report = apply(&world, &text).await;
    assert!(matches!(report.credentials[0].secret.as_ref().unwrap().value, SecretValue::Given));
    assert!(!report.to_json(true).to_string().contains("a-secret-of-the-crane"), "nothing new to tell");
    let web = client(&world, "harbor", "dock", "Web").await;
    let harbor = organization(&world, "harbor").await;
    let secrets = || async {
        let mut repositories = world.store.repositories();
        repositories.clients(harbor.id).secrets(web.id).await.unwrap()
    };
    assert_eq!(secrets().await[0].digest, TokenDigest::of("a-secret-of-the-crane"));
    assert_eq!(counts(&overwrite(&world, &text).await), (0, 0, 0), "the client knows this one");
    let other = one_client("secret: { value: \"another-secret-of-the-crane\" }");
    assert_eq!(counts(&apply(&world, &other).await), (0, 0, 0), "merge leaves clients alone");
    let report = overwrite(&world, &other).await;
    assert_eq!(report.updated[0].changes, ["secret"]);
    assert_eq!(secrets().await.len(), 2, "the earlier one keeps working");
}

async fn guests_and_algorithms(world: World) {
    let text = one_client(
        "id_token_signed_response_alg: EdDSA\n            userinfo_signed_response_alg: ES256\n            \
                           allowed_organizations: [guest, harbor]",
    )
    .replacen(ALGORITHM, "", 1)
        + "  - name: Guest\n    slug: guest\n";
    apply(&world, &text).await;
    let web = client(&world, "harbor", "dock", "Web").await;
    let guest = organization(&world, "guest").await;
    assert_eq!(web.allowed_organizations, [guest.id]);
    assert_eq!(web.id_token_signed_response_alg, SigningAlgorithm::EdDsa);
    assert_eq!(web.userinfo_signed_response_alg, Some(SigningAlgorithm::Es256));
    for tenant in [organization(&world, "harbor").await, guest] {
        let keys = world.directory.signing_keys(&tenant).await.unwrap();
        assert_eq!(
            keys.iter().filter(|k| k.algorithm == SigningAlgorithm::EdDsa).count(),
            2,
            "{}",
            tenant.slug
        );
    }
    let id = ClientId::parse(web.client_id.as_str()).unwrap();
    let cleared = text.replace("userinfo_signed_response_alg: ES256", "userinfo_signed_response_alg: null");
    overwrite(&world, &cleared).await;
    let web = client(&world, "harbor", "dock", "Web").await;
    assert_eq!((web.client_id, web.userinfo_signed_response_alg), (id, None));
}

async fn count_keys(world: &World, slug: &str, algorithm: SigningAlgorithm) -> usize {
    let keys = world.directory.signing_keys(&organization(world, slug).await).await.unwrap();
    keys.iter().filter(|k| k.algorithm == algorithm).count()
}

/// OpenID Connect Core §3.1.3.7, Dynamic Client Registration §2.
async fn a_client_that_says_nothing_is_signed_for_with_rs256(world: World) {
    let text = one_client("allowed_organizations: [guest]").replacen(ALGORITHM, "", 1)
        + "  - name: Guest\n    slug: guest\n";
    apply(&world, &text).await;
    let web = client(&world, "harbor", "dock", "Web").await;
    assert_eq!(web.id_token_signed_response_alg, SigningAlgorithm::Rs256);
    assert_eq!(web.userinfo_signed_response_alg, None);
    for slug in ["harbor", "guest"] {
        assert_eq!(count_keys(&world, slug, SigningAlgorithm::Rs256).await, 2, "{slug}: there at once");
    }
    overwrite(&world, &one_client("")).await;
    let web = client(&world, "harbor", "dock", "Web").await;
    assert_eq!(web.id_token_signed_response_alg, SigningAlgorithm::Es256, "by choice");
    overwrite(&world, &text).await;
    let web = client(&world, "harbor", "dock", "Web").await;
    assert_eq!(web.id_token_signed_response_alg, SigningAlgorithm::Es256, "saying nothing changes nothing");
}

async fn nothing_is_signed_for_a_machine(world: World) {
    let with = |grant: &str| one_client(&format!("grant_types: [{grant}]")).replacen(ALGORITHM, "", 1);
    apply(&world, &with("client_credentials")).await;
    assert_eq!(count_keys(&world, "harbor", SigningAlgorithm::Rs256).await, 0);
    overwrite(&world, &with("authorization_code")).await;
    assert_eq!(count_keys(&world, "harbor", SigningAlgorithm::Rs256).await, 2);
}

async fn standard_claims_in_id_tokens_are_switched_on_and_off(world: World) {
    let has_them = async || client(&world, "harbor", "dock", "Web").await.standard_claims_in_id_token;
    apply(&world, &one_client("")).await;
    assert!(!has_them().await, "nobody asked for it");
    let cases: [(&str, bool, &[&str]); 4] = [
        ("standard_claims_in_id_token: true", true, &["standard_claims_in_id_token"]),
        ("", true, &[]),
        ("standard_claims_in_id_token: true", true, &[]),
        ("standard_claims_in_id_token: false", false, &["standard_claims_in_id_token"]),
    ];
    for (line, expected, changes) in cases {
        let report = overwrite(&world, &one_client(line)).await;
        let changed: Vec<&str> = report.updated.iter().flat_map(|u| &u.changes).map(String::as_str).collect();
        assert_eq!(changed, changes, "{line}");
        assert_eq!(has_them().await, expected, "{line}");
    }
    for wrong in ["maybe", "[openid]", "null"] {
        let text = one_client(&format!("standard_claims_in_id_token: {wrong}"));
        let outcome = read(&text, Format::Yaml, &|_| None);
        let is_left_alone = outcome.is_ok_and(|document| {
            let client = &document.organizations[0].applications[0].clients[0];
            client.standard_claims_in_id_token.is_none()
        });
        assert_eq!(is_left_alone, wrong == "null", "{wrong}");
    }
}

async fn every_profile_field(world: World) {
    let text = r#"
version: "1.0"
organizations:
  - name: Harbor
    users:
      - email: ada@harbor.test
        given_name: Ada
        middle_name: Augusta
        family_name: Byron
        nickname: A
        preferred_username: ada
        profile: https://people.example.test/ada
        picture: https://people.example.test/ada.png
        website: https://ada.example.test/
        gender: female
        birthdate: 1985-12-10
        zoneinfo: Europe/London
        locale: en-GB
        phone_number: "+442071234567"
        phone_number_verified: true
        address: { street_address: 12 St James's Square, locality: London, region: Greater London,
                   postal_code: SW1Y 4JH, country: GB }
"#;
    apply(&world, text).await;
    let profile = user(&world, "harbor", "ada@harbor.test").await.profile;
    assert_eq!(profile.birthdate.as_deref(), Some("1985-12-10"));
    assert_eq!(profile.profile_url.as_deref(), Some("https://people.example.test/ada"));
    assert_eq!(profile.address.street.as_deref(), Some("12 St James's Square"));
    assert_eq!(profile.address.country.as_deref(), Some("GB"));
    assert!(profile.phone_number_verified);
    assert_eq!(counts(&overwrite(&world, text).await), (0, 0, 0));
    overwrite(&world, &text.replace("nickname: A", "nickname: null")).await;
    assert_eq!(user(&world, "harbor", "ada@harbor.test").await.profile.nickname, None);
    let bad = text.replace("1985-12-10", "10.12.1985").replace("country: GB", "country: GBR");
    let report = run(&world, &bad, Options { mode: Mode::Overwrite, ..Options::default() }).await;
    assert!(report.errors[0].path.starts_with("organizations[0].users[0]."), "{:?}", report.errors);
}

async fn settings_of_platform_and_organization(world: World) {
    let text = "version: \"1.0\"\nconfig: { access_token_ttl: 15m, rate_limit_token_max: 50 }\norganizations:\n  \
                - name: Harbor\n    settings: { access_token_ttl: 300 }\n";
    let report = apply(&world, text).await;
    assert_eq!(report.updated.len(), 3);
    let harbor = organization(&world, "harbor").await;
    let heard = world.heard();
    assert!(heard.contains(&Change::Settings(None)) && heard.contains(&Change::Settings(Some(harbor.id))));
    let settings = world.directory.settings(Some(&harbor)).await.unwrap();
    assert_eq!(settings.iter().find(|s| s.definition.key == "access_token_ttl").unwrap().value, json!(300));
    assert_eq!(counts(&apply(&world, text).await), (0, 0, 0));
    let bad = "version: \"1.0\"\nconfig: { weather: 1, access_token_ttl: never }\norganizations:\n  - name: Harbor\n    \
               settings: { rate_limit_token_max: 1 }\n";
    let report = run(&world, bad, Options::default()).await;
    let paths: Vec<_> = report.errors.iter().map(|e| e.path.as_str()).collect();
    assert_eq!(
        paths,
        ["config.access_token_ttl", "config.weather", "organizations[0].settings.rate_limit_token_max"]
    );
}

async fn an_inactive_person_and_back(world: World) {
    let text = "version: \"1.0\"\norganizations:\n  - name: Harbor\n    users: [{ email: eve@harbor.test, status: inactive }]\n";
    apply(&world, text).await;
    assert_eq!(user(&world, "harbor", "eve@harbor.test").await.status, UserStatus::Inactive);
    let report = overwrite(&world, &text.replace("inactive", "active")).await;
    assert_eq!(report.updated[0].changes, ["status"]);
    assert_eq!(user(&world, "harbor", "eve@harbor.test").await.status, UserStatus::Active);
    assert!(world.audit_names().await.contains(&"user.reactivated".to_owned()));
}

async fn references_to_what_was_there_before(world: World) {
    apply(&world, PRODUCT).await;
    // The file only adds a link: everything it refers to is in the database.
    let text = "version: \"1.0\"\norganizations:\n  - name: Harbor\n    slug: harbor\n    applications:\n      - name: Dock\n        slug: dock-planner\n        \
                roles: [{ name: Clerk, permissions: [\"dock:berths:read\"] }]\n";
    let report = apply(&world, text).await;
    assert_eq!(
        report.created.iter().map(|e| e.kind).collect::<Vec<_>>(),
        [ItemKind::Role, ItemKind::RolePermission]
    );
    let other = "version: \"1.0\"\norganizations:\n  - name: Second\n    users: [{ email: a@b.c, roles: [{ app: dock-planner, role: planner }] }]\n";
    let report = run(&world, other, Options::default()).await;
    assert_eq!(report.errors[0].error, "Application not found: dock-planner", "another tenant's");
}

async fn runs_at_once_make_everything_once(world: World) {
    let world = Arc::new(world);
    // The first round opens the connections; the later ones run concurrently.
    for round in 0..4 {
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let world = Arc::clone(&world);
                // Odd rounds find the organization and create a client; even rounds create everything.
                let names = (format!("name: Harbor {}", round / 2), format!("client_name: Web {round}"));
                let text =
                    one_client("").replace("name: Harbor", &names.0).replace("client_name: Web", &names.1);
                tokio::spawn(async move { apply(&world, &text).await.created.len() })
            })
            .collect();
        let mut created = 0;
        for task in tasks {
            created += task.await.unwrap();
        }
        assert_eq!(created, if round % 2 == 0 { 3 } else { 1 }, "round {round}");
    }
}
