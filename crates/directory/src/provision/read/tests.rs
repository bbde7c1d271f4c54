use rstest::rstest;

use super::super::document as d;
use super::*;

fn environment(name: &str) -> Option<String> {
    match name {
        "CRANE_SECRET" => Some("a-secret-of-the-crane".to_owned()),
        _ => None,
    }
}

fn problems(text: &str, format: Format) -> Vec<String> {
    let refused = read(text, format, &environment).unwrap_err().0;
    refused.iter().map(|located| located.problem.to_string()).collect()
}

/// With the places.
fn told(text: &str, format: Format) -> Vec<String> {
    read(text, format, &environment).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case("version: \"1.0\"\norganizations: []\n", Format::Yaml)]
#[case("# a comment\nversion: \"1.0\"\norganizations: []\n", Format::Yaml)]
#[case("{\"version\":\"1.0\",\"organizations\":[]}", Format::Json)]
fn a_byte_order_mark_before_the_text_is_no_part_of_it(#[case] text: &str, #[case] format: Format) {
    assert!(read(&format!("\u{feff}{text}"), format, &environment).is_ok());
    assert!(read(&format!("\u{feff}\u{feff}{text}"), Format::Json, &environment).is_err(), "once");
}

#[test]
fn an_unknown_field_is_named_with_its_path() {
    let text = "version: \"1.0\"\norganizations:\n  - name: Harbor\n    applications:\n      - name: Dock\n        \
                clients:\n          - client_name: Web\n            client_type: public\n            redirect_uri: x\n";
    let found = problems(text, Format::Yaml);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].starts_with("organizations[0].applications[0].clients[0].redirect_uri: unknown field"),
        "{found:?}"
    );
}

#[test]
fn an_unknown_word_is_named_with_its_path() {
    let text = r#"{"version":"1.0","organizations":[{"name":"H","applications":[{"name":"D","clients":
        [{"client_name":"W","client_type":"public","grant_types":["implicit"]}]}]}]}"#;
    let found = problems(text, Format::Json);
    assert!(
        found[0].starts_with(
            "organizations[0].applications[0].clients[0].grant_types[0]: unknown word: use `authorization_code`, "
        ),
        "{found:?}"
    );
}

#[rstest]
#[case("organizations: []", "missing field `version`")]
#[case("version: \"2.0\"\norganizations: []", "version: this program reads version \"1.0\"")]
#[case("version: \"1.0\"", "missing field `organizations`")]
#[case("version: \"1.0\"\norganizations: {}", "organizations: invalid type")]
#[case("version: \"1.0\"\norganizations:\n - slug: x", "organizations[0]: missing field `name`")]
#[case("version: \"1.0\"\nversion: \"1.0\"\norganizations: []", "duplicate")]
#[case("- just a list", "invalid type")]
#[case("", "")]
#[case("version: [", "")]
fn shapes_that_are_refused(#[case] text: &str, #[case] beginning: &str) {
    let found = problems(text, Format::Yaml);
    assert!(found[0].contains(beginning), "{found:?}");
}

#[test]
fn passwords_need_the_switch_and_missing_variables_are_all_told() {
    let text = "version: \"1.0\"\norganizations:\n  - name: Harbor\n    users:\n      - {email: a@b.c, password: \"${NOPE}\"}\n    \
                applications:\n      - name: Dock\n        clients:\n          - client_name: Web\n            client_type: confidential\n            \
                secret: {value: \"${NADA}\", expires_at: 2030-01-01, expires_in: 6m}\n";
    assert_eq!(
        problems(text, Format::Yaml),
        [
            "organizations[0].users[0].password: passwords in a file need `allow_passwords: true`",
            "organizations[0].users[0].password: environment variable NOPE is not set",
            "organizations[0].applications[0].clients[0].secret: use expires_at or expires_in, not both",
            "organizations[0].applications[0].clients[0].secret.value: environment variable NADA is not set",
        ]
    );
}

#[test]
fn formats_follow_the_extension() {
    assert_eq!(Format::of_extension(Some("yml")), Some(Format::Yaml));
    assert_eq!(Format::of_extension(None), Some(Format::Yaml));
    assert_eq!(Format::of_extension(Some("json")), Some(Format::Json));
    assert_eq!(Format::of_extension(Some("toml")), None);
}

#[test]
fn debug_of_a_document_hides_secrets() {
    let text = "version: \"1.0\"\nallow_passwords: true\norganizations:\n  - {name: H, users: [{email: a@b.c, password: lantern-Quay-41}]}\n";
    let document = read(text, Format::Yaml, &environment).unwrap();
    assert!(!format!("{document:?}").contains("lantern"));
}

#[test]
fn a_secret_of_the_wrong_type_is_not_quoted() {
    let text =
        "version: \"1.0\"\norganizations:\n  - {name: H, users: [{email: a@b.c, password: 90210902}]}\n";
    let found = problems(text, Format::Yaml);
    assert!(found[0].starts_with("organizations[0].users[0].password: a secret is a text"), "{found:?}");
    assert!(!found[0].contains("90210902"));
}

/// One run finds everything, in the order of the file.
#[test]
fn every_problem_has_its_line_and_column() {
    let text = "version: \"1.0\"
config: {access_token_ttl: [1]}
organizations:
  - nam: Harbor
    slug: 7
    users:
      - {email: a@b.c, email_verified: maybe, email: d@e.f}
    applications:
      - name: Dock
        roles: {name: Planner}
        clients:
          - {client_name: Web, client_type: private}
";
    assert_eq!(
        told(text, Format::Yaml),
        [
            "2:28: config.access_token_ttl: invalid type: found a list, expected one value",
            "4:5: organizations[0].nam: unknown field; did you mean `name`?",
            "4:5: organizations[0]: missing field `name`",
            "5:11: organizations[0].slug: invalid type: found a number, expected a text: put it in quotes",
            "7:40: organizations[0].users[0].email_verified: invalid type: found a text, expected true or false",
            "7:47: organizations[0].users[0]: duplicate field `email`",
            "10:16: organizations[0].applications[0].roles: invalid type: found a mapping, expected a list",
            "12:45: organizations[0].applications[0].clients[0].client_type: unknown word: use `confidential` or `public`",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn what_has_the_same_name_is_told_with_the_first_one() {
    let text = r#"{"version": "1.0", "organizations": [
  {"name": "Harbor"},
  {"name": "Other", "slug": "harbor",
   "users": [{"email": "kim@x.test"}, {"email": "KIM@x.test"}],
   "applications": [
     {"name": "Dock", "roles": [{"name": "Planner"}, {"name": "X", "slug": "planner"}],
      "clients": [{"client_name": "W", "client_type": "public", "client_id": "w"}]},
     {"name": "Dock",
      "clients": [{"client_name": "V", "client_type": "public", "client_id": "w"}]}]}]}"#;
    let found = problems(text, Format::Json);
    let expected = [
        "organizations[1]: duplicate slug `harbor`: organizations[0] has it",
        "organizations[1].users[1]: duplicate email `kim@x.test`: organizations[1].users[0] has it",
        "organizations[1].applications[0].roles[1]: duplicate slug `planner`: organizations[1].applications[0].roles[0] has it",
        "organizations[1].applications[1]: duplicate slug `dock`: organizations[1].applications[0] has it",
        "organizations[1].applications[1].clients[0]: duplicate client_id `w`: organizations[1].applications[0].clients[0] has it",
    ];
    assert_eq!(found, expected);
    assert!(told(text, Format::Json)[0].starts_with("3:"), "{:?}", told(text, Format::Json));
}

#[test]
fn anchors_and_merge_keys_fill_in_what_a_mapping_has_not() {
    let text = r#"
version: "1.0"
organizations:
  - &base
    name: Harbor
    default_locale: de
    applications:
      - name: Dock
        clients:
          - &web {client_name: Web, client_type: public, scope: openid}
          - {<<: *web, client_name: App}
          - <<: [{client_name: Third, require_pkce: true}, *web]
  - <<: *base
    name: Quay
    applications: []
"#;
    let document = read(text, Format::Yaml, &environment).unwrap();
    let [harbor, quay] = &document.organizations[..] else { panic!("two") };
    assert_eq!((quay.name.as_str(), quay.applications.len()), ("Quay", 0));
    assert_eq!(quay.default_locale.value().as_deref(), Some("de"));
    let clients = &harbor.applications[0].clients;
    let names: Vec<&str> = clients.iter().map(|client| client.client_name.as_str()).collect();
    assert_eq!(names, ["Web", "App", "Third"]);
    assert!(clients.iter().all(|client| client.scope.as_deref() == Some("openid")));
    assert_eq!(clients[2].require_pkce, Some(true));
}

#[rstest]
#[case::merged_scalar(
    "version: \"1.0\"\norganizations:\n  - {<<: 1, name: H}\n",
    "3:10: organizations[0]: `<<` takes a mapping"
)]
#[case::unknown_anchor("version: \"1.0\"\norganizations: *nobody\n", "2:16: unknown anchor")]
#[case::itself(
    "version: \"1.0\"\norganizations: &a [*a]\n",
    "2:16: values are nested too deeply, or an alias stands in"
)]
#[case::each_other(
    "version: \"1.0\"\norganizations:\n  - &a {name: A, users: [&b {email: *a}]}\n",
    "values are nested too deeply, or an alias stands in"
)]
#[case::documents(
    "version: \"1.0\"\norganizations: []\n---\nversion: \"1.0\"\n",
    "the file has more than one document"
)]
#[case::tag("version: !secret x\norganizations: []\n", "1:")]
#[case::many_names(
    "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
     d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
    "aliases repeat too many values"
)]
fn references_that_lead_nowhere_are_refused(#[case] text: &str, #[case] words: &str) {
    let found = told(text, Format::Yaml);
    assert!(found[0].contains(words), "{found:?}");
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let refused = SourceFile::parse(b"version: \"1.0\"\nname: \xff\n", Format::Yaml).err().unwrap();
    assert_eq!(refused.0[0].to_string(), "2:7: the file is not UTF-8");
    let large = vec![b' '; MAXIMUM_BYTES + 1];
    let refused = SourceFile::parse(&large, Format::Yaml).err().unwrap();
    assert_eq!(refused.0[0].to_string(), "the file is larger than 10 MiB");
}

/// A file of something else may be secret.
#[rstest]
#[case("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n-----END PRIVATE KEY-----\n")]
#[case("root:$6$saltsalt$MIIEvQIBADANBgkqhkiG:19000:0:99999:7:::\n")]
#[case("password: MIIEvQIBADANBgkqhkiG\n")]
#[case("version: MIIEvQIBADANBgkqhkiG\norganizations: [MIIEvQIBADANBgkqhkiG, {MIIEvQIBADANBgkqhkiG/: 1}]\n")]
#[case("[MIIEvQIBADANBgkqhkiG")]
#[case("{\"MIIEvQIBADANBgkqhkiG=\": 1}")]
fn a_wrong_file_is_not_quoted(#[case] text: &str) {
    for format in [Format::Yaml, Format::Json] {
        let found = told(text, format);
        assert!(found.iter().all(|line| !line.contains("MIIEvQ")), "{found:?}");
    }
}

/// The fields of a type: serde names all when it meets an unknown one.
fn fields<T: serde::de::DeserializeOwned>() -> Vec<String> {
    let error = serde_json::from_str::<T>(r#"{"?": 1}"#).err().unwrap().to_string();
    let (_, list) = error.split_once("expected ").unwrap();
    let mut names: Vec<String> = list.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    names.sort();
    names
}

/// The description of files and the types that they are read into are the same.
#[test]
fn the_schema_names_every_field_that_is_read() {
    let schema = json_schema();
    let definitions = schema["$defs"].as_object().unwrap();
    let properties = |name: &str| -> Vec<String> {
        let shape = if name == "document" { &schema } else { &definitions[name] };
        let mut names: Vec<String> = shape["properties"].as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(properties("document"), fields::<d::Document>());
    assert_eq!(properties("organization"), fields::<d::OrganizationItem>());
    assert_eq!(properties("branding"), fields::<d::BrandingItem>());
    assert_eq!(properties("application"), fields::<d::ApplicationItem>());
    assert_eq!(properties("module"), fields::<d::ModuleItem>());
    assert_eq!(properties("permission"), fields::<d::PermissionItem>());
    assert_eq!(properties("role"), fields::<d::RoleItem>());
    assert_eq!(properties("claim_definition"), fields::<d::ClaimItem>());
    assert_eq!(properties("client"), fields::<d::ClientItem>());
    assert_eq!(properties("secret"), fields::<d::SecretItem>());
    assert_eq!(properties("user"), fields::<d::UserItem>());
    assert_eq!(properties("address"), fields::<d::AddressItem>());
    assert_eq!(properties("role_of_user"), fields::<d::RoleReference>());
    assert_eq!(properties("claim_of_user"), fields::<d::ClaimValueItem>());
    assert_eq!(definitions.len(), 13);
}

/// The committed schema is the one of the code.
#[test]
fn the_published_schema_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/provisioning.schema.json");
    let expected = format!("{:#}\n", json_schema());
    if std::fs::read_to_string(path).unwrap_or_default() == expected {
        return;
    }
    let is_written = std::env::var_os("PORTA_WRITE_REFERENCE").is_some();
    assert!(
        is_written,
        "docs/reference/provisioning.schema.json is old: run the test again with PORTA_WRITE_REFERENCE=1"
    );
    std::fs::write(path, expected).unwrap();
}

#[test]
fn the_example_can_be_read() {
    let text = include_str!("../../../../../examples/harbor.yaml");
    let known = |name: &str| (name == "KIM_PASSWORD").then(|| "tall-Lantern-boats-42".to_owned());
    let document = read(text, Format::Yaml, &known).unwrap();
    let clients = &document.organizations[0].applications[0].clients;
    assert_eq!((clients.len(), clients[1].client_id.as_deref()), (3, Some("planner-staging")));
}
