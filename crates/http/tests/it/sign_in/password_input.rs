//! Accepted input: any case, any length, and nothing that breaks a page or a query.

use std::fmt::Write as _;

use axum::body::Body;
use axum::http::{Method, header};
use porta_signin::HashCost;
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_6_2_the_address_is_trimmed_and_its_case_does_not_matter,
    addresses_ignore_case_in_every_alphabet,
    addresses_that_only_look_alike_are_different,
    a_password_is_taken_to_the_letter,
    over_long_fields_are_refused_and_nothing_breaks,
    binary_and_malformed_bodies_are_refused_on_a_page,
    a_repeated_field_is_refused,
    what_was_typed_comes_back_escaped,
    d9_a_hash_of_other_parameters_is_replaced_at_sign_in,
    d9_a_wrong_password_replaces_no_hash,
);

async fn section_6_2_the_address_is_trimmed_and_its_case_does_not_matter(app: TestApp) {
    for email in ["ANA@ACME.TEST", "Ana@Acme.Test", "  ana@acme.test  ", "\tana@acme.test\r\n"] {
        assert!(is_signed_in(&guess(&app, email, ANA.1).await), "{email:?}");
    }
}

async fn addresses_ignore_case_in_every_alphabet(app: TestApp) {
    people(&app, &["ÜNAL@acme.test", "Ωmega@acme.test", "иван@acme.test"]).await;
    for email in ["ünal@acme.test", "ÜNAL@ACME.test", "ωmega@acme.test", "ИВАН@acme.test"] {
        assert!(is_signed_in(&guess(&app, email, "lantern-Quay-50").await), "{email}");
    }
}

async fn addresses_that_only_look_alike_are_different(app: TestApp) {
    // Cyrillic а, a dotless i, a full-width @, a zero width space, a combining accent.
    for email in [
        "\u{430}na@acme.test",
        "ana＠acme.test",
        "ana\u{200b}@acme.test",
        "a\u{301}na@acme.test",
        "ana@acme.test.",
    ] {
        assert!(is_refusal(&guess(&app, email, ANA.1).await), "{email:?}");
    }
}

async fn a_password_is_taken_to_the_letter(app: TestApp) {
    for password in
        ["Lantern-Quay-41", "lantern-Quay-41 ", " lantern-Quay-41", "lantern-Quay-4", "lantern-Quay-411"]
    {
        assert!(is_refusal(&guess(&app, ANA.0, password).await), "{password:?}");
        // One guess per address would lock the account: unlock it first.
        assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
    }
}

async fn over_long_fields_are_refused_and_nothing_breaks(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let long = "x".repeat(50_000);
    assert!(is_refusal(&form.login(&mut browser, ANA.0, &long).await));
    let long_address = format!("{}@acme.test", "x".repeat(40_000));
    let answer = form.login(&mut browser, &long_address, WRONG).await;
    assert!(is_refusal(&answer));
    assert!(answer.body.len() < 20_000, "the page repeats at most 320 characters");
    let huge = "x".repeat(60 * 1024);
    let answer = form.login(&mut browser, ANA.0, &huge).await;
    assert_eq!(answer.status, 413);
    assert!(answer.body.contains("This request cannot be completed"));
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await), "the form still works");
}

async fn binary_and_malformed_bodies_are_refused_on_a_page(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let start = format!("_csrf={}&email=ana%40acme.test&password=", form.csrf);
    let bodies: [&[u8]; 7] = [b"%00", b"%ff%fe", b"\xff\xfe\x80", b"%ED%A0%80", b"%", b"%4", b"a\0b"];
    for bytes in bodies {
        let body = [start.as_bytes(), bytes].concat();
        let answer = raw(&mut browser, &form.url, "application/x-www-form-urlencoded", body).await;
        assert_eq!(answer.status, 400, "{}", bytes.escape_ascii());
        assert!(answer.body.contains("This request cannot be completed"));
    }
    let whole = format!("{start}{}", ANA.1).into_bytes();
    for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
        let answer = raw(&mut browser, &form.url, content_type, whole.clone()).await;
        assert_eq!(answer.status, 400, "{content_type}");
    }
    let many = format!("{start}{}{}", ANA.1, "&a=1".repeat(200)).into_bytes();
    let answer = raw(&mut browser, &form.url, "application/x-www-form-urlencoded", many).await;
    assert_eq!(answer.status, 400);
    assert_eq!(audited(&app, "user.login.password").await, 0);
    assert_eq!(audited(&app, "user.login.password.failed").await, 0);
    let answer =
        raw(&mut browser, &form.url, "Application/X-WWW-Form-URLencoded; charset=utf-8", whole).await;
    assert!(is_signed_in(&answer));
}

async fn a_repeated_field_is_refused(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let good = [("_csrf", form.csrf.as_str()), ("email", ANA.0), ("password", ANA.1)];
    for (name, value) in [("_csrf", "x"), ("email", BOB.0), ("password", WRONG), ("password", ANA.1)] {
        for first in [true, false] {
            let mut fields = good.to_vec();
            fields.insert(if first { 0 } else { fields.len() }, (name, value));
            let answer = form.submit(&mut browser, "login", &fields).await;
            assert_eq!(answer.status, 400, "{name} twice");
        }
    }
    assert_eq!(audited(&app, "user.login.password").await, 0);
}

async fn what_was_typed_comes_back_escaped(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web().with("login_hint", "\"><script>alert(1)</script>")).await;
    assert!(!form.page.body.contains("<script"), "{}", form.page.body);
    for email in
        ["\"><script>alert(1)</script>", "' onfocus='alert(1)", "{{7*7}}@acme.test", "</style><script>"]
    {
        let answer = form.login(&mut browser, email, WRONG).await;
        assert!(is_refusal(&answer), "{email}");
        assert!(!answer.body.contains("<script") && !answer.body.contains("' onfocus"), "{email}");
        assert!(!answer.body.contains("49@acme"));
    }
}

async fn d9_a_hash_of_other_parameters_is_replaced_at_sign_in(app: TestApp) {
    let before = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    let stronger = app.sibling_with(|i| i.cost = HashCost { memory_kib: 128, iterations: 2, parallelism: 1 });
    assert!(is_signed_in(&guess(&stronger, ANA.0, ANA.1).await));
    let after = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    assert_ne!(after, before);
    assert!(after.as_str().starts_with("$argon2id$v=19$m=128,t=2,p=1$"));
    assert!(is_signed_in(&guess(&stronger, ANA.0, ANA.1).await));
    assert_eq!(user(&app, "acme", ANA.0).await.password_hash.unwrap(), after, "once is enough");
}

async fn d9_a_wrong_password_replaces_no_hash(app: TestApp) {
    let before = user(&app, "acme", ANA.0).await.password_hash.unwrap();
    let stronger = app.sibling_with(|i| i.cost = HashCost { memory_kib: 128, iterations: 2, parallelism: 1 });
    assert!(is_refusal(&guess(&stronger, ANA.0, WRONG).await));
    assert_eq!(user(&app, "acme", ANA.0).await.password_hash.unwrap(), before);
}

async fn people(app: &TestApp, emails: &[&str]) {
    let mut yaml = String::from(
        "version: \"1.0\"\nallow_passwords: true\norganizations:\n  - name: Acme\n    slug: acme\n    users:\n",
    );
    for email in emails {
        writeln!(yaml, "      - {{ email: \"{email}\", password: lantern-Quay-50 }}").unwrap();
    }
    app.provision(&yaml).await;
}

async fn raw(browser: &mut Browser, url: &str, content_type: &str, body: Vec<u8>) -> Answer {
    let headers = [(header::CONTENT_TYPE, content_type)];
    browser.send(Method::POST, &format!("{url}/login"), &headers, Body::from(body)).await
}
