//! The language of a page: as requested, else the browser's, else the person's, else the organization's.

use axum::http::{Method, header};
use porta_testkit::{Answer, Authorize, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    a_request_asks_for_a_language_by_ui_locales,
    a_browser_asks_for_a_language_by_its_header,
    what_the_request_asks_for_comes_before_the_header,
    a_language_without_words_falls_back,
    a_language_refused_by_weight_is_not_shown,
    hostile_headers_are_passed_over,
    what_is_stored_of_ui_locales_is_bounded,
    every_page_of_an_interaction_keeps_to_ui_locales,
    a_person_reads_their_own_language_once_they_are_known,
    nobody_learns_the_language_of_an_account_by_its_address,
    a_second_factor_is_asked_for_in_the_language_of_the_person,
    signing_out_keeps_to_ui_locales_to_the_last_page,
    signing_out_is_asked_in_the_language_of_the_person,
    error_pages_are_in_the_language_of_the_reader,
    the_discovery_document_names_the_languages,
);

/// Each language, the label of the login button, and the title of the 404 page.
const LANGUAGES: [(&str, &str, &str); 8] = [
    ("en", "Sign in", "Page not found"),
    ("de", "Anmelden", "Seite nicht gefunden"),
    ("fr", "Se connecter", "Page introuvable"),
    ("es", "Iniciar sesión", "Página no encontrada"),
    ("nl", "Inloggen", "Pagina niet gevonden"),
    ("pt", "Entrar", "Página não encontrada"),
    ("ja", "サインイン", "ページが見つかりません"),
    ("ar", "تسجيل الدخول", "الصفحة غير موجودة"),
];

/// Asserts that the page declares its language to people, to machines and to caches.
fn assert_in(page: &Answer, language: &str) {
    let direction = if language == "ar" { "rtl" } else { "ltr" };
    let html = format!("<html lang=\"{language}\" dir=\"{direction}\">");
    assert!(page.body.contains(&html), "not in {language}: {}", page.body);
    assert_eq!(page.header("content-language"), Some(language));
    let vary: Vec<_> = page.headers.get_all("vary").iter().filter_map(|v| v.to_str().ok()).collect();
    assert!(vary.contains(&"Accept-Language"), "{vary:?}");
}

async fn login_page(app: &TestApp, request: &Authorize, header: &str) -> Answer {
    let mut browser = app.browser();
    if !header.is_empty() {
        browser = browser.with("accept-language", header);
    }
    open(&mut browser, request).await.page
}

/// Ana's stored language, and the organization's.
async fn speaking(app: &TestApp, organization: &str, ana: &str) {
    let yaml = format!(
        "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    default_locale: {organization}\n    \
         users:\n      - {{ email: ana@acme.test, locale: {ana} }}\n"
    );
    app.provision_overwriting(&yaml).await;
}

async fn a_request_asks_for_a_language_by_ui_locales(app: TestApp) {
    for (language, button, _) in LANGUAGES {
        let page = login_page(&app, &web().with("ui_locales", language), "").await;
        assert_in(&page, language);
        assert!(page.body.contains(button), "{language}: {}", page.body);
    }
    assert_in(&login_page(&app, &web().with("ui_locales", "xx nl-BE de"), "").await, "nl");
}

async fn a_browser_asks_for_a_language_by_its_header(app: TestApp) {
    for (language, button, _) in LANGUAGES {
        let page = login_page(&app, &web(), &format!("xx, {language}-XX;q=0.8, en;q=0.1")).await;
        assert_in(&page, language);
        assert!(page.body.contains(button), "{language}: {}", page.body);
    }
}

async fn what_the_request_asks_for_comes_before_the_header(app: TestApp) {
    assert_in(&login_page(&app, &web().with("ui_locales", "fr"), "de").await, "fr");
    assert_in(&login_page(&app, &web().with("ui_locales", "xx"), "de").await, "de");
    let mut browser = app.browser().with("accept-language", "de");
    let posted = web().with("ui_locales", "fr");
    let start = browser.cross_site_post("/acme/auth", &posted.pairs()).await;
    assert_in(&browser.follow(start).await, "fr");
}

async fn a_language_without_words_falls_back(app: TestApp) {
    assert_in(&login_page(&app, &web(), "").await, "en");
    speaking(&app, "pt-BR", "nl").await;
    for (ui_locales, header) in [("xx", "zz"), ("", "*"), ("../../etc", "zz;q=1, yy")] {
        assert_in(&login_page(&app, &web().with("ui_locales", ui_locales), header).await, "pt");
    }
}

async fn a_language_refused_by_weight_is_not_shown(app: TestApp) {
    assert_in(&login_page(&app, &web(), "de;q=0, fr;q=0.1").await, "fr");
    speaking(&app, "de", "de").await;
    assert_in(&login_page(&app, &web(), "de;q=0").await, "en");
}

async fn hostile_headers_are_passed_over(app: TestApp) {
    for header in [
        "de;q=2, de;q=-1, de;q=x, fr",
        ";;;,,,=,;q=1,fr",
        "<script>alert(1)</script>, fr",
        "fr-../../../etc/passwd",
        "'; DROP TABLE users; --, fr;q=0.3",
    ] {
        assert_in(&login_page(&app, &web(), header).await, "fr");
    }
    assert_in(&login_page(&app, &web(), &"x,".repeat(30_000)).await, "en");
    let mut browser = app.browser();
    let lines = vec![(header::ACCEPT_LANGUAGE, "nl"); 200];
    let start = browser.send(Method::GET, &web().url(), &lines, axum::body::Body::empty()).await;
    let page = browser.send(Method::GET, start.location(), &lines, axum::body::Body::empty()).await;
    assert_in(&page, "nl");
}

async fn what_is_stored_of_ui_locales_is_bounded(app: TestApp) {
    let mut many = "xx ".repeat(16);
    many.push_str("de");
    assert_in(&login_page(&app, &web().with("ui_locales", &many), "").await, "en");
    let long = format!("{} de", "x".repeat(5_000));
    assert_in(&login_page(&app, &web().with("ui_locales", &long), "").await, "de");
    let mut browser = app.browser();
    let page = browser.get(&web().again("ui_locales", "de").again("ui_locales", "fr").url()).await;
    assert_eq!(page.query("error").as_deref(), Some("invalid_request"), "a repeated one is refused");
}

async fn every_page_of_an_interaction_keeps_to_ui_locales(app: TestApp) {
    speaking(&app, "en", "nl").await;
    let mut browser = app.browser().with("accept-language", "de");
    let form = open(&mut browser, &partner().with("ui_locales", "fr")).await;
    assert_in(&form.login(&mut browser, NOBODY, WRONG).await, "fr");
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    let consent = Form::at(&mut browser, resumed).await;
    assert_in(&consent.page, "fr");
    assert!(consent.page.body.contains("Autoriser"));
    assert_in(&consent.submit(&mut browser, "confirm", &[]).await, "fr");
    let posted = web().with("response_mode", "form_post").with("ui_locales", "ja");
    assert_in(&browser.get(&posted.url()).await, "ja");
    let posted = posted.with("prompt", "login");
    let form = open(&mut browser, &posted).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_in(&browser.get(login.location()).await, "ja");
    assert_in(&browser.get("/acme/auth?client_id=nobody&ui_locales=es").await, "es");
}

async fn a_person_reads_their_own_language_once_they_are_known(app: TestApp) {
    speaking(&app, "de", "nl-BE").await;
    let mut browser = app.browser();
    let form = open(&mut browser, &partner()).await;
    assert_in(&form.page, "de");
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    assert_in(&Form::at(&mut browser, resumed).await.page, "nl");
    let mut browser = app.browser().with("accept-language", "fr");
    let login = browser.submit_login(&partner(), ANA.0, ANA.1).await;
    assert_in(&browser.follow(login).await, "fr");
}

async fn nobody_learns_the_language_of_an_account_by_its_address(app: TestApp) {
    speaking(&app, "de", "nl").await;
    let mut browser = app.browser();
    let form = open(&mut browser, &web().with("login_hint", ANA.0)).await;
    assert_in(&form.page, "de");
    assert_in(&form.login(&mut browser, ANA.0, WRONG).await, "de");
}

async fn a_second_factor_is_asked_for_in_the_language_of_the_person(app: TestApp) {
    speaking(&app, "de", "ar").await;
    let yaml =
        "version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, two_factor_policy: required_any }\n";
    app.provision_overwriting(yaml).await;
    for (header, language) in [("", "ar"), ("xx", "ar"), ("ja", "ja")] {
        let mut browser = app.browser();
        if !header.is_empty() {
            browser = browser.with("accept-language", header);
        }
        let login = browser.submit_login(&web(), ANA.0, ANA.1).await;
        assert_in(&browser.follow(login).await, language);
    }
    let mut browser = app.browser();
    let form = open(&mut browser, &web().with("ui_locales", "es")).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_in(&browser.follow(login).await, "es");
    let choice = [("_csrf", form.csrf.as_str()), ("setupMethod", "totp")];
    let chosen = form.submit(&mut browser, "two-factor/setup", &choice).await;
    assert_in(&browser.follow(chosen).await, "es");
    let wrong =
        form.submit(&mut browser, "two-factor/setup", &[("_csrf", &form.csrf), ("code", "000000")]).await;
    assert_in(&wrong, "es");
}

async fn signing_out_keeps_to_ui_locales_to_the_last_page(app: TestApp) {
    let mut browser = app.browser().with("accept-language", "de");
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let handle = browser.cross_site_post("/acme/session/end", &[("ui_locales", "pt")]).await;
    let page = browser.get(handle.location()).await;
    assert_in(&page, "pt");
    let form = [("xsrf", page.field("xsrf")), ("logout", "yes".to_owned())];
    let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let done = browser.post("/acme/session/end/confirm", &form).await;
    assert_eq!(done.location(), "https://id.test/acme/session/end/success?ui_locales=pt");
    assert_in(&browser.follow(done).await, "pt");
    assert_in(&browser.get("/acme/session/end/success").await, "de");
    assert_in(&browser.get("/acme/session/end/success?%ff&&&").await, "de");
    let strange = browser.get("/acme/session/end?ui_locales=%0d%0aSet-Cookie:x%3dy+fr%26a%3db").await;
    assert!(
        strange.location().starts_with("https://id.test/acme/session/end/success?ui_locales=Set-Cookie%3Ax")
    );
    assert!(strange.headers.get("set-cookie").is_none());
}

async fn signing_out_is_asked_in_the_language_of_the_person(app: TestApp) {
    speaking(&app, "de", "ja").await;
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    assert_in(&browser.get("/acme/session/end").await, "ja");
    assert_in(&browser.clone().with("accept-language", "fr").get("/acme/session/end").await, "fr");
    assert_in(&browser.get("/acme/session/end?ui_locales=nl").await, "nl");
    let refused = browser.get("/acme/session/end?ui_locales=nl&id_token_hint=x").await;
    assert_in(&refused, "nl");
}

async fn error_pages_are_in_the_language_of_the_reader(app: TestApp) {
    for (language, _, title) in LANGUAGES {
        let mut browser = app.browser().with("accept", "text/html").with("accept-language", language);
        let page = browser.get("/nowhere/auth").await;
        assert_eq!(page.status, 404);
        assert_in(&page, language);
        assert!(page.body.contains(title), "{language}: {}", page.body);
        assert_in(&browser.get("/acme/auth?client_id=nobody").await, language);
        assert_in(&browser.get(&format!("/acme/interaction/{}", "x".repeat(40))).await, language);
        assert_in(&browser.get(&format!("/acme/auth/{}", "x".repeat(40))).await, language);
        assert_in(&browser.post("/acme/session/end/confirm", &[]).await, language);
        let refused = browser.get("/acme/session/end?id_token_hint=x").await;
        assert_in(&refused, language);
        assert!(refused.body.contains("id_token_hint"), "{language}: {}", refused.body);
        assert_in(&browser.get("/").await, language);
    }
    assert_in(&app.browser().with("accept", "text/html").get("/nowhere/auth").await, "en");
}

async fn the_discovery_document_names_the_languages(app: TestApp) {
    let document = app.browser().get("/acme/.well-known/openid-configuration").await.json();
    let languages: Vec<&str> = LANGUAGES.iter().map(|(language, ..)| *language).collect();
    assert_eq!(document["ui_locales_supported"], serde_json::json!(languages));
}
