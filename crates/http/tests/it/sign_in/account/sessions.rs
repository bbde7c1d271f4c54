//! The list of sessions.

use porta_testkit::{TestApp, on_both_stores};

use super::*;

on_both_stores!(
    the_list_shows_each_session_and_marks_this_one,
    one_session_ends_with_its_tokens,
    all_others_end_and_this_one_stays,
    ones_own_session_is_ended_by_signing_out,
    sessions_of_other_people_are_out_of_reach,
);

/// Session ids on the page, from its buttons.
fn ids(page: &Answer) -> Vec<String> {
    let parts = page.body.split("name=\"session\" value=\"").skip(1);
    let mut ids: Vec<String> = parts.map(|part| part.split('"').next().unwrap().to_owned()).collect();
    ids.retain(|id| id != "others");
    ids
}

async fn the_list_shows_each_session_and_marks_this_one(app: TestApp) {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let mut phone = app.browser().with("user-agent", firefox).with("x-forwarded-for", "192.0.2.77");
    phone.sign_in(&web(), ANA.0, ANA.1).await;
    Account::open(&app, "acme", BOB).await;
    let mut account = Account::of_ana(&app).await;
    let page = account.get("/sessions").await;
    assert_eq!(ids(&page).len(), 2, "hers, and nobody else's");
    assert!(page.body.contains("Firefox") && page.body.contains("192.0.2.77"), "{}", page.body);
    assert_eq!(page.body.matches("this one").count(), 1);
}

async fn one_session_ends_with_its_tokens(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let other = Account { browser, org: "acme" };
    let mut account = Account::of_ana(&app).await;
    let listed = ids(&account.get("/sessions").await);
    assert_eq!(listed.len(), 2, "the newest first: this one");
    let page = account.done("/sessions", &[("session", &listed[1])]).await;
    assert!(page.body.contains("That session is ended"), "{}", page.body);
    assert_eq!(ids(&page), listed[..1]);
    assert!(asks_to_sign_in(&other.clone().get("").await));
    assert!(!is_live(&app, "acme", &tokens).await);
    assert_eq!(audited(&app, "session.revoked").await, 1);
    let same = account.done("/sessions", &[("session", &listed[1])]).await;
    assert!(same.body.contains("That session is ended"), "the answer of before");
    assert_eq!(audited(&app, "session.revoked").await, 1);
    let again = account.done("/sessions", &[("session", &listed[1]), ("n", "2")]).await;
    assert!(!again.body.contains("That session is ended"), "it had ended");
    assert_eq!(audited(&app, "session.revoked").await, 1);
}

async fn all_others_end_and_this_one_stays(app: TestApp) {
    let others = [Account::of_ana(&app).await, Account::of_ana(&app).await];
    let bob = Account::open(&app, "acme", BOB).await;
    let mut account = Account::of_ana(&app).await;
    let back = account.browser.get(&web().url()).await;
    let here = redeemed(&mut account.browser, &web(), WEB, &code(&back)).await;
    let page = account.done("/sessions", &[("session", "others")]).await;
    assert!(page.body.contains("signed out everywhere else"), "{}", page.body);
    assert_eq!(ids(&page).len(), 1);
    for other in others {
        assert!(asks_to_sign_in(&other.clone().get("").await));
    }
    assert!(is_live(&app, "acme", &here).await, "what was authorized here stays");
    assert_eq!(bob.clone().get("").await.status, 200);
}

async fn ones_own_session_is_ended_by_signing_out(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let own = ids(&account.get("/sessions").await).remove(0);
    let answer = account.post("/sessions", &[("session", &own)]).await;
    assert_eq!(answer.location(), format!("{ISSUER_BASE}/acme/session/end"));
    assert_eq!(account.get("").await.status, 200, "the page asks first");
}

async fn sessions_of_other_people_are_out_of_reach(app: TestApp) {
    let mut bob = Account::open(&app, "acme", BOB).await;
    let mut beta = Account::open(&app, "beta", ANA_OF_BETA).await;
    let foreign = [ids(&bob.get("/sessions").await).remove(0), ids(&beta.get("/sessions").await).remove(0)];
    let mut account = Account::of_ana(&app).await;
    let long = "x".repeat(5000);
    let named = foreign.iter().map(String::as_str);
    for id in named.chain(["", "nobody", "00000000-0000-0000-0000-000000000000", "' OR 1=1 --", &long]) {
        let page = account.done("/sessions", &[("session", id)]).await;
        assert!(!page.body.contains("That session is ended"), "{id}");
    }
    assert_eq!(bob.get("").await.status, 200);
    assert_eq!(beta.get("").await.status, 200);
    assert_eq!(audited(&app, "session.revoked").await, 0);
}
