//! Consent: not asked for an organization's own applications, asked for those of others.

use porta_core::client::ClientId;
use porta_testkit::{Answer, Authorize, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_3_5_a_first_party_application_is_asked_about_when_it_wants_that,
    section_3_5_a_third_party_application_is_asked_about_once,
    the_page_names_application_owner_person_and_scopes,
    a_refusal_tells_the_client_and_is_not_remembered,
    anything_but_approve_is_a_refusal,
    section_3_5_consent_is_remembered_across_sessions_of_the_same_person,
    consent_of_one_person_is_not_anothers,
    w06_an_added_scope_asks_once_and_keeps_what_was_granted,
    w06_fewer_scopes_ask_nothing_and_take_nothing_away,
    w06_prompt_consent_asks_again_exactly_once,
    section_3_3_prompt_none_tells_consent_required,
    the_client_needs_to_be_allowed_in_the_organization,
    hostile_names_are_escaped,
    offline_access_is_asked_for_and_named,
    a_native_application_of_the_organization_passes_after_the_password,
);

/// Signs Ana in by password; returns the browser and the answer, whatever it is.
async fn signed_in(app: &TestApp, request: &Authorize) -> (Browser, Answer) {
    let mut browser = app.browser();
    let login = browser.submit_login(request, ANA.0, ANA.1).await;
    let resumed = browser.get(login.location()).await;
    (browser, resumed)
}

/// Approves the consent page that an answer leads to.
async fn approve(browser: &mut Browser, asked: Answer) -> Answer {
    let form = Form::at(browser, asked).await;
    assert!(form.page.body.contains("Allow access?"), "{}", form.page.body);
    let decided = form.decide(browser, "approve").await;
    browser.follow(decided).await
}

async fn section_3_5_a_first_party_application_is_asked_about_when_it_wants_that(app: TestApp) {
    let (mut browser, back) = signed_in(&app, &web()).await;
    code(&back);
    let asked = browser.get(&web().with("prompt", "consent").url()).await;
    code(&approve(&mut browser, asked).await);
    code(&browser.get(&web().url()).await);
    let wide = web().with("scope", "openid profile email phone address");
    code(&browser.get(&wide.url()).await);
}

async fn section_3_5_a_third_party_application_is_asked_about_once(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    let back = approve(&mut browser, asked).await;
    let tokens = redeemed(&mut browser, &partner(), PARTNER, &code(&back)).await;
    assert!(is_live(&app, "acme", &tokens).await);
    for _ in 0..3 {
        code(&browser.get(&partner().url()).await);
    }
    assert_eq!(audited(&app, "user.consent.granted").await, 1);
}

async fn the_page_names_application_owner_person_and_scopes(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    let page = Form::at(&mut browser, asked).await.page.body;
    for words in [
        "<bdi class=\"name\">Partner Web</bdi>",
        "<bdi class=\"name\">Beta</bdi>",
        "<bdi class=\"name\">ana@acme.test</bdi>",
        "Know that it is you",
        "See your profile",
        "See your email address",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("<bdi class=\"company\">Acme</bdi>"), "branded as the person's own organization");
    assert!(!page.contains("See your phone number"));
}

async fn a_refusal_tells_the_client_and_is_not_remembered(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    let form = Form::at(&mut browser, asked).await;
    let decided = form.decide(&mut browser, "deny").await;
    let back = browser.follow(decided).await;
    assert!(back.location().starts_with("https://partner.test/cb?"));
    assert_eq!(back.query("error").as_deref(), Some("access_denied"));
    assert_eq!(back.query("state").as_deref(), Some("state-1"));
    assert_eq!(back.query("code"), None);
    let again = browser.get(&partner().url()).await;
    code(&approve(&mut browser, again).await);
}

async fn anything_but_approve_is_a_refusal(app: TestApp) {
    let (mut browser, _) = signed_in(&app, &partner()).await;
    for decision in ["", "APPROVE", "approve ", "yes", "1", "deny"] {
        let asked = browser.get(&partner().url()).await;
        let form = Form::at(&mut browser, asked).await;
        let decided = form.decide(&mut browser, decision).await;
        let back = browser.follow(decided).await;
        assert_eq!(back.query("error").as_deref(), Some("access_denied"), "{decision:?}");
    }
    let asked = browser.get(&partner().url()).await;
    let form = Form::at(&mut browser, asked).await;
    let decided = form.submit(&mut browser, "confirm", &[("_csrf", &form.csrf)]).await;
    assert_eq!(browser.follow(decided).await.query("error").as_deref(), Some("access_denied"));
}

async fn section_3_5_consent_is_remembered_across_sessions_of_the_same_person(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    code(&approve(&mut browser, asked).await);
    let (_, back) = signed_in(&app, &partner()).await;
    code(&back);
}

async fn consent_of_one_person_is_not_anothers(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    code(&approve(&mut browser, asked).await);
    let mut other = app.browser();
    let page = other.sign_in(&partner(), BOB.0, BOB.1).await;
    assert!(page.body.contains("Allow access?") && page.body.contains("bob@acme.test"));
    let same = browser.sign_in(&partner().with("prompt", "login"), BOB.0, BOB.1).await;
    assert!(same.body.contains("Allow access?"), "in the same browser either");
}

async fn w06_an_added_scope_asks_once_and_keeps_what_was_granted(app: TestApp) {
    let narrow = partner().with("scope", "openid profile");
    let (mut browser, asked) = signed_in(&app, &narrow).await;
    let first = code(&approve(&mut browser, asked).await);
    let first = redeemed(&mut browser, &narrow, PARTNER, &first).await;
    let asked = browser.get(&partner().url()).await;
    let back = approve(&mut browser, asked).await;
    let second = redeemed(&mut browser, &partner(), PARTNER, &code(&back)).await;
    assert_eq!(second["scope"], "openid profile email");
    code(&browser.get(&partner().url()).await);
    code(&browser.get(&narrow.url()).await);
    assert!(is_live(&app, "acme", &first).await, "what was given before still stands");
}

async fn w06_fewer_scopes_ask_nothing_and_take_nothing_away(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    code(&approve(&mut browser, asked).await);
    let narrow = partner().with("scope", "openid");
    let back = browser.get(&narrow.url()).await;
    let tokens = redeemed(&mut browser, &narrow, PARTNER, &code(&back)).await;
    assert_eq!(tokens["scope"], "openid", "no more than was asked for");
    code(&browser.get(&partner().url()).await);
}

async fn w06_prompt_consent_asks_again_exactly_once(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    code(&approve(&mut browser, asked).await);
    let asked = browser.get(&partner().with("prompt", "consent").url()).await;
    code(&approve(&mut browser, asked).await);
    code(&browser.get(&partner().url()).await);
    // Login and consent page in one flow, each once.
    let request = partner().with("prompt", "login consent");
    let login = browser.submit_login(&request, ANA.0, ANA.1).await;
    let asked = browser.get(login.location()).await;
    code(&approve(&mut browser, asked).await);
}

async fn section_3_3_prompt_none_tells_consent_required(app: TestApp) {
    let (mut browser, asked) = signed_in(&app, &partner()).await;
    let silent = partner().with("prompt", "none");
    let refused = browser.get(&silent.url()).await;
    assert_eq!(refused.query("error").as_deref(), Some("consent_required"));
    code(&approve(&mut browser, asked).await);
    code(&browser.get(&silent.url()).await);
    let wider = silent.with("scope", "openid profile email offline_access phone");
    let refused = browser.get(&wider.url()).await;
    assert!(refused.query("error").is_some(), "more than was granted is not given silently");
}

async fn the_client_needs_to_be_allowed_in_the_organization(app: TestApp) {
    let page = app.browser().get(&Authorize::new("beta", "web", "https://web.test/cb").url()).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("Application not recognised"), "{}", page.body);
}

async fn hostile_names_are_escaped(app: TestApp) {
    app.provision(
        r#"
version: "1.0"
allow_passwords: true
organizations:
  - name: "Evil <script>alert(1)</script> & Co"
    slug: evil
    default_login_methods: [password]
    applications:
      - name: App
        slug: app
        clients:
          - client_name: "\"><img src=x onerror=alert(1)>{{7*7}}"
            client_id: hostile
            id_token_signed_response_alg: ES256
            client_type: public
            application_type: spa
            grant_types: [authorization_code]
            redirect_uris: ["https://hostile.test/cb"]
            scope: openid
            allowed_organizations: [acme]
"#,
    )
    .await;
    // An older version accepted any character.
    let evil = app.tenant("evil").await.organization.id;
    let mut all = app.store.repositories();
    let mut clients = all.clients(evil);
    let hostile = clients.by_client_id(&ClientId::parse("hostile").unwrap()).await.unwrap().unwrap();
    let client_name = format!("{}\u{202e}", hostile.client_name);
    assert!(clients.update(&porta_core::client::Client { client_name, ..hostile }).await.unwrap());
    let request = Authorize::new("acme", "hostile", "https://hostile.test/cb").with("scope", "openid");
    let mut browser = app.browser();
    let form = open(&mut browser, &request).await;
    let consent = browser.sign_in(&request, ANA.0, ANA.1).await;
    for page in [&form.page.body, &consent.body] {
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;{{7*7}}<"), "{page}");
        assert!(!page.contains("<img src=x") && !page.contains("<script") && !page.contains('\u{202e}'));
    }
    assert!(consent.body.contains("Evil &lt;script&gt;alert(1)&lt;/script&gt; &amp; Co"), "{}", consent.body);
}

async fn offline_access_is_asked_for_and_named(app: TestApp) {
    let request = partner().with("scope", "openid offline_access").with("prompt", "consent");
    let (mut browser, asked) = signed_in(&app, &request).await;
    let form = Form::at(&mut browser, asked).await;
    assert!(form.page.body.contains("Keep this access while you are away"), "{}", form.page.body);
    let decided = form.decide(&mut browser, "approve").await;
    let back = browser.follow(decided).await;
    let tokens = redeemed(&mut browser, &request, PARTNER, &code(&back)).await;
    assert_eq!(tokens["scope"], "openid offline_access");
    assert!(tokens["refresh_token"].is_string());
    // Without prompt=consent the scope is dropped (OpenID Connect Core §11).
    let quiet = partner().with("scope", "openid offline_access");
    let back = browser.get(&quiet.url()).await;
    let tokens = redeemed(&mut browser, &quiet, PARTNER, &code(&back)).await;
    assert_eq!(tokens["scope"], "openid");
}

async fn a_native_application_of_the_organization_passes_after_the_password(app: TestApp) {
    let request = Authorize::new("acme", "cli", "http://127.0.0.1:43117/cb");
    let (_, back) = signed_in(&app, &request).await;
    assert!(back.location().starts_with("http://127.0.0.1:43117/cb?"), "{}", back.location());
    assert!(back.query("code").is_some());
}
