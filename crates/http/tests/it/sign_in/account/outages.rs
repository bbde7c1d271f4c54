//! Outages of a backing service: no wrong answer, and nothing half done.

use porta_kv::{KeyName, KvKey};
use porta_testkit::{TestApp, on_both_stores};

use super::super::failing::with_faults;
use super::*;

on_both_stores!(
    every_page_says_come_back,
    a_password_change_that_met_an_outage_is_whole_or_not_at_all,
    codes_that_could_not_be_shown_can_be_made_again,
);

const NEW: &str = "brisk-Walnut-Harbor-9";

async fn every_page_says_come_back(app: TestApp) {
    let (instance, faults) = with_faults(&app);
    let mut account = Account::of_ana(&instance).await;
    let csrf = account.csrf().await;
    for fault in [&faults.kv, &faults.store] {
        fault.fail();
        for path in ["", "/password", "/two-factor", "/sessions", "/applications", "/data"] {
            assert_eq!(account.get(path).await.status, 503, "{path}");
            let url = account.url(path);
            let posted = account.browser.post(&url, &[("_csrf", &csrf)]).await;
            assert!(posted.status == 503 || posted.status == 405, "{path}: {}", posted.status);
            assert!(posted.headers.get("set-cookie").is_none());
        }
        fault.recover();
        assert_eq!(account.get("").await.status, 200, "it comes back");
    }
    faults.limits.fail();
    let url = account.url("/data");
    let posted = account.browser.post(&url, &[("_csrf", &csrf)]).await;
    assert_eq!(posted.status, 503, "nothing is done that cannot be counted");
}

async fn a_password_change_that_met_an_outage_is_whole_or_not_at_all(app: TestApp) {
    let (instance, faults) = with_faults(&app);
    let mut changed = 0;
    for fault in [&faults.kv, &faults.store] {
        for operations in 0..12 {
            let before = user(&app, "acme", ANA.0).await.password_hash;
            let password = if changed == 0 { ANA.1 } else { NEW };
            let mut account = Account::open(&instance, "acme", (ANA.0, password)).await;
            let csrf = account.csrf().await;
            let (url, next) =
                (account.url("/password"), if changed == 0 { NEW } else { "hollow-Lantern-Quay-5" });
            let fields = [
                ("_csrf", csrf.as_str()),
                ("currentPassword", password),
                ("password", next),
                ("confirmPassword", next),
            ];
            fault.fail_after(operations);
            let answer = account.browser.post(&url, &fields).await;
            fault.recover();
            let after = user(&app, "acme", ANA.0).await.password_hash;
            if answer.status == 303 {
                assert!(before != after, "said to be done");
                changed += 1;
                break;
            }
            assert_eq!(answer.status, 503, "{}", answer.body);
            assert!(before == after, "after {operations} operations");
        }
    }
    assert_eq!(changed, 2, "a change takes fewer operations than that");
    assert_eq!(audited(&app, "user.password.changed").await, 2);
    assert_eq!(emails(&app, |mail| matches!(mail, Mail::PasswordChanged { .. })).await, 2);
}

async fn codes_that_could_not_be_shown_can_be_made_again(app: TestApp) {
    let organization = app.tenant("acme").await.organization.id;
    let ana = user(&app, "acme", ANA.0).await.id;
    let mut repositories = app.store.repositories();
    let (instance, faults) = with_faults(&app);
    let mut account = Account::of_ana(&instance).await;
    account.done("/two-factor", &[("action", "enable"), ("method", "email")]).await;
    let code = super::super::second_factor::mailed(&app).await;
    account.done("/two-factor/setup", &[("code", &code)]).await;
    account.done("/two-factor/codes", &[]).await;
    let csrf = account.csrf().await;
    let url = account.url("/two-factor");
    let mut succeeded = false;
    for operations in 0..12 {
        // An identical form would have to wait until the claim of the failed one expires.
        let n = operations.to_string();
        let fields = [("_csrf", csrf.as_str()), ("action", "regenerate"), ("n", &n)];
        faults.kv.fail_after(operations);
        let answer = account.browser.post(&url, &fields).await;
        faults.kv.recover();
        // The lock of a dead process would expire after ten seconds of real time in Redis: remove it here.
        app.kv.take(&KvKey::new(KeyName::AccountLock, organization).with(ana)).await.unwrap();
        succeeded = answer.status == 303;
        if succeeded {
            break;
        }
        assert_eq!(answer.status, 503, "{}", answer.body);
    }
    assert!(succeeded);
    let page = account.get("/two-factor/setup").await;
    assert_eq!(super::super::second_factor::recovery_codes(&page.body).len(), 10, "{}", page.body);
    assert_eq!(repositories.second_factors(organization).unused_recovery_codes(ana).await.unwrap(), 10);
}
