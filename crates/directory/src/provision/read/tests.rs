use rstest::rstest;

use super::*;

fn environment(name: &str) -> Option<String> {
    match name {
        "CRANE_SECRET" => Some("a-secret-of-the-crane".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    }
}

fn problems(text: &str, format: Format) -> Vec<String> {
    read(text, format, &environment).unwrap_err().0.iter().map(ToString::to_string).collect()
}

#[rstest]
#[case("${CRANE_SECRET}", Ok("a-secret-of-the-crane"))]
#[case("<${CRANE_SECRET}>", Ok("<a-secret-of-the-crane>"))]
#[case("${CRANE_SECRET}${CRANE_SECRET}", Ok("a-secret-of-the-cranea-secret-of-the-crane"))]
#[case("pa$$word ${not a name} $", Ok("pa$$word ${not a name} $"))]
#[case("ends ${OPEN", Ok("ends ${OPEN"))]
#[case("a ${", Ok("a ${"))]
#[case("${MISSING}", Err("environment variable MISSING is not set"))]
#[case("${EMPTY}", Err("environment variable EMPTY is not set"))]
fn secrets_come_from_the_environment(#[case] text: &str, #[case] expected: Result<&str, &str>) {
    let filled = interpolate(text, &environment).map(|s| s.expose_secret().to_owned());
    assert_eq!(filled, expected.map(str::to_owned).map_err(str::to_owned));
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
            "organizations[0].applications[0].clients[0].grant_types[0]: unknown variant `implicit`"
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
            "organizations[0].applications[0].clients[0].secret: use expires_at or expires_in, not both",
            "organizations[0].applications[0].clients[0].secret.value: environment variable NADA is not set",
            "organizations[0].users[0].password: passwords in a file need `allow_passwords: true`",
            "organizations[0].users[0].password: environment variable NOPE is not set",
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
