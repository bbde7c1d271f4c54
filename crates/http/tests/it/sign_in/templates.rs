//! Operator templates that replace single pages and parts of mails (docs/branding.md).

use std::sync::Arc;

use porta_pages::Pages;
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(a_replaced_page_is_shown_and_all_others_stay, a_replaced_part_of_a_mail_is_sent);

/// Another instance with these files in its template directory.
fn with_templates(app: &TestApp, files: &[(&str, &str)]) -> TestApp {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let pages = Pages::with_overrides(directory.path()).unwrap();
    app.sibling_with(|instance| instance.pages = Arc::new(pages))
}

async fn a_replaced_page_is_shown_and_all_others_stay(app: TestApp) {
    let own = "<p>{{ lang }} {{ t(\"login.submit\") }}</p><input name=\"_csrf\" value=\"{{ page.csrf }}\">";
    let other = with_templates(&app, &[("acme/login.html", own), ("acme/logout.html", "{{ nothing.here }}")]);
    let mut browser = other.browser().with("accept-language", "de");
    let form = open(&mut browser, &partner()).await;
    assert!(form.page.body.starts_with("<p>de Anmelden</p>"), "{}", form.page.body);
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    let consent = Form::at(&mut browser, resumed).await;
    assert!(consent.page.body.contains("<html lang=\"de\""), "the built-in one");
    let page = browser.get("/acme/session/end").await;
    assert!(page.body.contains("id=\"op.logoutForm\""), "one that fails is replaced: {}", page.body);
    let page = open(&mut other.browser(), &beta()).await.page;
    assert!(page.body.contains("<!doctype html>"), "another organization keeps the built-in one");
}

async fn a_replaced_part_of_a_mail_is_sent(app: TestApp) {
    let yaml = "version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, two_factor_policy: required_email }\n";
    app.provision_overwriting(yaml).await;
    let other = with_templates(&app, &[("default/emails/otp-code.txt", "own {{ mail.code }}")]);
    other.browser().submit_login(&web(), ANA.0, ANA.1).await;
    let message = other.mail().await.remove(0);
    assert!(message.body.text.starts_with("own "), "{}", message.body.text);
    assert!(message.body.html.contains("<!doctype html>"));
}
