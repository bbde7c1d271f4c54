//! Which applications have access.

use porta_testkit::{TestApp, on_both_stores};

use super::*;

on_both_stores!(
    access_is_listed_and_withdrawn_with_its_tokens,
    a_withdrawn_consent_is_asked_for_again,
    grants_of_other_people_are_out_of_reach,
);

fn ids(page: &Answer) -> Vec<String> {
    let parts = page.body.split("name=\"application\" value=\"").skip(1);
    parts.map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

async fn access_is_listed_and_withdrawn_with_its_tokens(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    assert!(ids(&account.get("/applications").await).is_empty());
    let web_back = account.browser.get(&web().url()).await;
    let kept = redeemed(&mut account.browser, &web(), WEB, &code(&web_back)).await;
    app.advance(Duration::from_secs(1));
    let back = account.browser.get(&billing().url()).await;
    let gone = redeemed(&mut account.browser, &billing(), BILLING, &code(&back)).await;
    let listed = ids(&account.get("/applications").await);
    assert_eq!(listed.len(), 2);
    let page = account.done("/applications", &[("application", &listed[0])]).await;
    assert!(page.body.contains("no longer has access"), "{}", page.body);
    assert_eq!(ids(&page), listed[1..]);
    assert!(!is_live(&app, "acme", &gone).await && is_live(&app, "acme", &kept).await);
    assert_eq!(audited(&app, "user.consent.withdrawn").await, 1);
    let same = account.done("/applications", &[("application", &listed[0])]).await;
    assert!(same.body.contains("no longer has access"), "the answer of before");
    assert_eq!(audited(&app, "user.consent.withdrawn").await, 1);
    let again = account.done("/applications", &[("application", &listed[0]), ("n", "2")]).await;
    assert!(!again.body.contains("no longer has access"));
    assert_eq!(audited(&app, "user.consent.withdrawn").await, 1);
}

async fn a_withdrawn_consent_is_asked_for_again(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let start = account.browser.get(&partner().url()).await;
    let form = Form::at(&mut account.browser, start).await;
    let decided = form.decide(&mut account.browser, "approve").await;
    let back = account.browser.follow(decided).await;
    let unredeemed = code(&back);
    let listed = ids(&account.get("/applications").await);
    account.done("/applications", &[("application", &listed[0])]).await;
    let late = redeem(&mut account.browser, &partner(), PARTNER, &unredeemed).await;
    assert_eq!(late.status, 400, "a code of before is worth nothing");
    assert!(asks_to_sign_in(&account.browser.get(&partner().url()).await), "the consent page");
}

async fn grants_of_other_people_are_out_of_reach(app: TestApp) {
    let mut bob = Account::open(&app, "acme", BOB).await;
    let back = bob.browser.get(&web().url()).await;
    let tokens = redeemed(&mut bob.browser, &web(), WEB, &code(&back)).await;
    let mut beta = Account::open(&app, "beta", ANA_OF_BETA).await;
    code(&beta.browser.get(&super::super::support::beta().url()).await);
    let foreign =
        [ids(&bob.get("/applications").await).remove(0), ids(&beta.get("/applications").await).remove(0)];
    let mut account = Account::of_ana(&app).await;
    for id in foreign.iter().map(String::as_str).chain(["", "web", "00000000-0000-0000-0000-000000000000"]) {
        let page = account.done("/applications", &[("application", id)]).await;
        assert!(!page.body.contains("no longer has access"), "{id}");
    }
    assert!(is_live(&app, "acme", &tokens).await);
    assert_eq!(ids(&beta.get("/applications").await).len(), 1);
}
