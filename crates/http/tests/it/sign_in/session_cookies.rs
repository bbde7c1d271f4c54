//! The session cookie (decision D6): its scope, who may set it, when it ends.

use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    section_5_1_attributes_of_every_cookie,
    section_5_1_cookies_are_secure_iff_the_issuer_is_https,
    of_many_begun_sign_ins_the_oldest_lose_their_cookies,
    each_sign_in_makes_a_new_value_and_ends_the_old_one,
    a_planted_value_is_never_adopted,
    an_attackers_session_planted_before_sign_in_ends,
    a_value_without_our_signature_is_no_session,
    a_session_cookie_elsewhere_means_nothing,
    the_first_of_two_cookies_counts,
);

async fn section_5_1_attributes_of_every_cookie(app: TestApp) {
    let mut browser = app.browser();
    let start = browser.get(&web().url()).await;
    let uid = start.location().rsplit('/').next().unwrap().to_owned();
    let paths = [
        ("_interaction", format!("/acme/interaction/{uid}")),
        ("_interaction_resume", format!("/acme/auth/{uid}")),
        ("_begun", format!("/acme/interaction/{uid}")),
    ];
    for (name, path) in &paths {
        assert_attributes(set_cookie(&start, name).unwrap(), path);
    }
    let names = start.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    assert!(names.into_iter().all(|name| name.starts_with("__Secure-_")), "{:?}", start.headers);
    assert_attributes(set_cookie(&start, "_pending").unwrap(), "/acme");
    let form = Form::at(&mut browser, start).await;
    let login = form.login(&mut browser, ANA.0, ANA.1).await;
    assert_attributes(set_cookie(&login, "_session").unwrap(), "/acme");
    let resumed = browser.get(&form.resume_url()).await;
    for (name, path) in &paths {
        let cookie = set_cookie(&resumed, name).unwrap();
        // The cookies that bind the sign-in stay as long as its forms may be repeated.
        let lifetime = if *name == "_begun" { "Max-Age=0" } else { "Max-Age=30" };
        assert!(cookie.contains(lifetime) && cookie.contains(&format!("Path={path}")), "{cookie}");
    }
    assert!(set_cookie(&resumed, "_pending").unwrap().contains("Max-Age=0"));
}

/// Browsers limit cookies per site: abandoned sign-ins must not evict the session cookie.
async fn of_many_begun_sign_ins_the_oldest_lose_their_cookies(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let mut begun = Vec::new();
    for _ in 0..120 {
        let form = open(&mut browser, &web().with("prompt", "login")).await;
        begun.push(form);
        assert!(browser.cookie_count() < 60, "{}", browser.cookie_count());
    }
    assert!(is_signed_in_still(&mut browser).await);
    // The newest 16 still work.
    for form in begun.iter().rev().take(16) {
        assert!(browser.get(&form.url).await.body.contains("name=\"password\""));
    }
    assert_eq!(browser.get(&begun[0].url).await.status, 400);
    let last = begun.pop().unwrap();
    assert!(is_signed_in(&last.login(&mut browser, ANA.0, ANA.1).await));
}

fn assert_attributes(cookie: &str, path: &str) {
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    for wanted in ["HttpOnly", "Secure", "SameSite=Lax", &format!("Path={path}")] {
        assert!(attributes.contains(&wanted), "{wanted}: {cookie}");
    }
    assert!(attributes.iter().any(|a| a.starts_with("Expires=")), "{cookie}");
    assert!(attributes.iter().any(|a| a.starts_with("Max-Age=") && *a != "Max-Age=0"), "{cookie}");
    assert!(!cookie.contains("Domain="), "{cookie}");
}

async fn section_5_1_cookies_are_secure_iff_the_issuer_is_https(app: TestApp) {
    let plain = app.sibling_with(|i| "http://id.test".clone_into(&mut i.issuer_base));
    let answer = plain.browser().get(&web().url()).await;
    let cookie = set_cookie(&answer, "_interaction").unwrap();
    assert!(!cookie.contains("Secure"), "{cookie}");
    assert!(answer.headers.values().all(|value| !value.as_bytes().starts_with(b"__Secure-")));
    assert!(answer.header("strict-transport-security").is_none());
    assert!(answer.location().starts_with("http://id.test/acme/interaction/"));
}

async fn each_sign_in_makes_a_new_value_and_ends_the_old_one(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let first = browser.cookie("_session").unwrap().to_owned();
    browser.sign_in(&web().with("prompt", "login"), ANA.0, ANA.1).await;
    let second = browser.cookie("_session").unwrap().to_owned();
    assert_ne!(first, second);
    let mut old = app.browser();
    old.plant("_session", &first, "/acme");
    let answer = old.get(&web().url()).await;
    assert!(old.follow(answer).await.body.contains("name=\"password\""));
    code(&browser.get(&web().url()).await);
}

async fn a_planted_value_is_never_adopted(app: TestApp) {
    let mut browser = app.browser();
    let planted = format!("porta_se_{}", "A".repeat(43));
    browser.plant("_session", &planted, "/acme");
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    assert!(!browser.cookie("_session").unwrap().contains(&planted));
}

async fn an_attackers_session_planted_before_sign_in_ends(app: TestApp) {
    let mut attacker = app.browser();
    attacker.sign_in(&web(), BOB.0, BOB.1).await;
    let theirs = attacker.cookie("_session").unwrap().to_owned();
    let mut victim = app.browser();
    victim.plant("_session", &theirs, "/acme");
    victim.sign_in(&web().with("prompt", "login"), ANA.0, ANA.1).await;
    assert_ne!(victim.cookie("_session").unwrap(), theirs);
    let answer = attacker.get(&web().url()).await;
    assert!(
        attacker.follow(answer).await.body.contains("name=\"password\""),
        "not Ana's, and not theirs any more"
    );
}

async fn a_value_without_our_signature_is_no_session(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let signed = browser.cookie("_session").unwrap().to_owned();
    let at = signed.find("porta_se_").unwrap();
    let (signature, value) = signed.split_at(at);
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = [
        value.to_owned(),
        format!("{other}{}", &signed[1..]),
        format!("{signature}porta_se_{}", "A".repeat(43)),
        format!("{signature}{value}A"),
        format!("{value}{signature}"),
        signature.to_owned(),
        String::new(),
        "%00".to_owned(),
    ];
    for cookie in forged {
        let mut stranger = app.browser();
        stranger.plant("_session", &cookie, "/acme");
        let answer = stranger.get(&web().url()).await;
        assert_eq!(answer.query("code"), None, "{cookie}");
        assert_eq!(stranger.follow(answer).await.status, 200);
    }
    code(&browser.get(&web().url()).await);
}

async fn a_session_cookie_elsewhere_means_nothing(app: TestApp) {
    let mut browser = app.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    let signed = browser.cookie("_session").unwrap().to_owned();
    let form = open(&mut app.browser(), &web()).await;
    let mut thief = app.browser();
    thief.plant("_interaction", &signed, "/");
    thief.plant("_interaction_resume", &signed, "/");
    assert_eq!(thief.get(&form.url).await.status, 400);
    assert_eq!(thief.get(&form.resume_url()).await.status, 400);
    let mut bearer = app.browser().with("authorization", &format!("Bearer {signed}"));
    assert_eq!(bearer.get("/acme/me").await.status, 401);
}

/// RFC 6265 §5.4: the cookie with the more specific path comes first; one planted for a parent path must not win.
async fn the_first_of_two_cookies_counts(app: TestApp) {
    let mut attacker = app.browser();
    attacker.sign_in(&web(), BOB.0, BOB.1).await;
    let theirs = attacker.cookie("_session").unwrap().to_owned();
    let mut victim = app.browser();
    let tokens = tokens(&mut victim, &web(), ANA, WEB).await;
    victim.plant("_session", &theirs, "/");
    let back = victim.get(&web().url()).await;
    let again = redeemed(&mut victim, &web(), WEB, &code(&back)).await;
    let subject =
        |t: &serde_json::Value| porta_testkit::jwt_payload(t["id_token"].as_str().unwrap())["sub"].clone();
    assert_eq!(subject(&again), subject(&tokens));
}
