//! Outages of backing services: no wrong answers, and recovery without a restart.

use porta_core::settings::RATE_LIMIT_LOGIN_MAX;
use porta_testkit::{Answer, TestApp, on_both_stores};

use super::failing::{FaultInjectors, with_faults};
use super::support::*;

on_both_stores!(
    section_6_4_redis_gone_every_step_says_come_back,
    section_6_4_the_database_gone_every_step_says_come_back,
    section_6_4_a_sign_in_goes_on_after_either_came_back,
    an_outage_in_the_middle_of_a_sign_in_is_never_a_wrong_password,
    an_outage_in_the_middle_of_a_refusal_is_never_a_session,
    attempts_that_an_outage_stopped_keep_nobody_waiting,
    section_6_5_limits_fail_closed,
    a_failure_that_could_not_be_counted_is_not_confirmed,
    clients_cannot_be_sprayed_while_the_counters_are_away,
    a_tenant_nobody_asked_for_yet_is_not_called_unknown,
    an_outage_is_not_remembered,
    a_confirmation_that_failed_ended_nothing_by_halves,
    section_6_4_public_documents_stay_readable,
    a_use_of_a_secret_outlives_a_write_that_failed,
);

fn assert_come_back(answer: &Answer) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert!(answer.body.contains("We will be right back"), "{}", answer.body);
    assert!(!answer.body.contains("do not match") && !answer.body.contains("the test took"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert!(answer.headers.get("set-cookie").is_none());
}

/// An instance with filled caches, its fault injectors, and a browser in which Ana is signed in.
async fn running(app: &TestApp) -> (TestApp, FaultInjectors, porta_testkit::Browser) {
    let (instance, faults) = with_faults(app);
    let mut browser = instance.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    browser.get(&billing().url()).await;
    (instance, faults, browser)
}

async fn section_6_4_redis_gone_every_step_says_come_back(app: TestApp) {
    let (instance, faults, mut session) = running(&app).await;
    let mut browser = instance.browser();
    let form = open(&mut browser, &web()).await;
    let mut ready = instance.browser();
    let done = open(&mut ready, &web()).await;
    done.login(&mut ready, ANA.0, ANA.1).await;
    let xsrf = session.get("/acme/session/end").await.field("xsrf");
    faults.kv.fail();
    assert_eq!(
        instance.browser().get(&web().url()).await.status,
        303,
        "nothing is stored, so nothing is needed"
    );
    assert_come_back(&browser.get(&form.url).await);
    assert_come_back(&form.login(&mut browser, ANA.0, ANA.1).await);
    assert_come_back(&form.login(&mut browser, ANA.0, WRONG).await);
    assert_come_back(&form.abort(&mut browser).await);
    assert_come_back(&ready.get(&done.resume_url()).await);
    assert_come_back(&session.get(&web().url()).await);
    assert_come_back(&session.get(&web().with("prompt", "none").url()).await);
    assert_come_back(&session.get("/acme/session/end").await);
    let confirm = [("xsrf", xsrf.as_str()), ("logout", "yes")];
    assert_come_back(&session.post("/acme/session/end/confirm", &confirm).await);
    assert_eq!(session.get("/acme/session/end/success").await.status, 200);
}

async fn section_6_4_the_database_gone_every_step_says_come_back(app: TestApp) {
    let (instance, faults, mut session) = running(&app).await;
    let mut browser = instance.browser();
    let form = open(&mut browser, &web()).await;
    let mut ready = instance.browser();
    let done = open(&mut ready, &web()).await;
    done.login(&mut ready, ANA.0, ANA.1).await;
    let xsrf = session.get("/acme/session/end").await.field("xsrf");
    faults.store.fail();
    assert_come_back(&form.login(&mut browser, ANA.0, ANA.1).await);
    assert_come_back(&form.login(&mut browser, ANA.0, WRONG).await);
    assert_come_back(&form.login(&mut browser, NOBODY, WRONG).await);
    assert_come_back(&ready.get(&done.resume_url()).await);
    assert_come_back(&session.get(&web().url()).await);
    assert_come_back(&session.get(&web().with("prompt", "none").url()).await);
    let confirm = [("xsrf", xsrf.as_str()), ("logout", "yes")];
    assert_come_back(&session.post("/acme/session/end/confirm", &confirm).await);
}

async fn section_6_4_a_sign_in_goes_on_after_either_came_back(app: TestApp) {
    let (instance, faults, mut session) = running(&app).await;
    for fault in [&faults.kv, &faults.store] {
        let mut browser = instance.browser();
        let form = open(&mut browser, &web()).await;
        fault.fail();
        assert_come_back(&form.login(&mut browser, ANA.0, ANA.1).await);
        assert_come_back(&session.get(&web().url()).await);
        fault.recover();
        let login = form.login(&mut browser, ANA.0, ANA.1).await;
        code(&browser.follow(login).await);
        code(&session.get(&web().url()).await);
    }
    assert_eq!(audited(&app, "user.login.password.failed").await, 0);
}

async fn an_outage_in_the_middle_of_a_sign_in_is_never_a_wrong_password(app: TestApp) {
    let (instance, faults, _) = running(&app).await;
    for fault in [&faults.kv, &faults.store] {
        let mut succeeded = false;
        for operations in 0..12 {
            let mut browser = instance.browser();
            let form = open(&mut browser, &web()).await;
            fault.fail_after(operations);
            let answer = form.login(&mut browser, ANA.0, ANA.1).await;
            // A failure after the session was stored does not withhold its cookie.
            succeeded = !fault.has_failed() || is_signed_in(&answer);
            fault.recover();
            if succeeded {
                assert!(is_signed_in(&answer));
                break;
            }
            assert_come_back(&answer);
        }
        assert!(succeeded, "the sign-in takes fewer operations than that");
    }
    assert_eq!(user(&app, "acme", ANA.0).await.failed_login_count, 0);
}

async fn an_outage_in_the_middle_of_a_refusal_is_never_a_session(app: TestApp) {
    let (instance, faults, _) = running(&app).await;
    for fault in [&faults.kv, &faults.store] {
        for operations in 0..6 {
            let mut browser = instance.browser();
            let form = open(&mut browser, &web()).await;
            fault.fail_after(operations);
            let answer = form.login(&mut browser, NOBODY, WRONG).await;
            let met = fault.has_failed();
            fault.recover();
            if met {
                assert_come_back(&answer);
            } else {
                assert!(is_refusal(&answer) || answer.status == 429);
            }
        }
    }
}

/// The outage comes before the person is read, or after the password was judged.
async fn attempts_that_an_outage_stopped_keep_nobody_waiting(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 2).await;
    let (instance, faults, _) = running(&app).await;
    for operations in 0..2 {
        for _ in 0..4 {
            let mut browser = instance.browser();
            let form = open(&mut browser, &web()).await;
            faults.store.fail_after(operations);
            assert_come_back(&form.login(&mut browser, ANA.0, ANA.1).await);
            faults.store.recover();
        }
        assert!(is_signed_in(&guess(&instance, ANA.0, ANA.1).await), "{operations}");
    }
}

async fn section_6_5_limits_fail_closed(app: TestApp) {
    let (instance, faults, _) = running(&app).await;
    let mut browser = instance.browser();
    let form = open(&mut browser, &web()).await;
    let before = instance.hasher.evaluations();
    faults.limits.fail();
    for _ in 0..3 {
        assert_come_back(&form.login(&mut browser, ANA.0, ANA.1).await);
        assert_come_back(&form.login(&mut browser, ANA.0, WRONG).await);
    }
    assert_eq!(instance.hasher.evaluations(), before, "nothing is judged that cannot be counted");
    faults.limits.recover();
    assert!(is_signed_in(&form.login(&mut browser, ANA.0, ANA.1).await));
}

async fn a_failure_that_could_not_be_counted_is_not_confirmed(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1).await;
    let (instance, faults, _) = running(&app).await;
    let mut browser = instance.browser();
    let form = open(&mut browser, &web()).await;
    faults.limits.fail();
    assert_come_back(&form.login(&mut browser, ANA.0, WRONG).await);
    // The attempt is counted before it is judged; only the refund afterwards fails.
    faults.limits.fail_after(1);
    assert!(is_refusal(&form.login(&mut browser, ANA.0, WRONG).await));
    assert!(faults.limits.has_failed());
    faults.limits.recover();
    assert_eq!(user(&app, "acme", ANA.0).await.failed_login_count, 1, "the account counted it");
    assert_eq!(form.anew(2).login(&mut browser, ANA.0, WRONG).await.status, 429, "and so did the limit");
}

/// During the outage each process counts failed client authentication itself, by client and by network.
async fn clients_cannot_be_sprayed_while_the_counters_are_away(app: TestApp) {
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    work.settings().set(None, "rate_limit_token_address_max", &6.into()).await.unwrap();
    work.commit().await.unwrap();
    let (instance, faults, _) = running(&app).await;
    faults.limits.fail();
    let mut browser = instance.browser();
    let form = [("grant_type", "client_credentials")];
    for n in 0..6 {
        let client = format!("client-{n}");
        let answer = browser.token("acme", (&client, Some("wrong-secret-0123456789")), &form).await;
        assert_eq!(answer.status, 401, "{n}");
    }
    assert_eq!(browser.token("acme", WEB, &form).await.status, 429);
    let mut elsewhere = instance.browser().with("x-forwarded-for", "192.0.2.9");
    assert_eq!(elsewhere.token("acme", WEB, &form).await.status, 200);
}

async fn a_tenant_nobody_asked_for_yet_is_not_called_unknown(app: TestApp) {
    let (instance, faults) = with_faults(&app);
    faults.store.fail();
    let page = instance.browser().with("accept", "text/html").get(&web().url()).await;
    assert_come_back(&page);
    let api = instance.browser().get("/acme/.well-known/openid-configuration").await;
    assert_eq!(api.status, 503);
    assert_eq!(api.json()["error"], "temporarily_unavailable");
    assert_eq!(api.header("retry-after"), Some("1"));
    faults.store.recover();
    assert_eq!(instance.browser().get(&web().url()).await.status, 303);
}

async fn an_outage_is_not_remembered(app: TestApp) {
    let (instance, faults) = with_faults(&app);
    instance.browser().get("/acme/jwks").await;
    faults.store.fail();
    // The client is not cached: the outage must not be reported as an unknown client.
    let answer = instance.browser().get(&web().url()).await;
    assert_come_back(&answer);
    faults.store.recover();
    assert_eq!(instance.browser().get(&web().url()).await.status, 303);
}

async fn a_confirmation_that_failed_ended_nothing_by_halves(app: TestApp) {
    let (instance, faults) = with_faults(&app);
    for (fault, operations) in [(&faults.kv, 0), (&faults.store, 0)] {
        let mut browser = instance.browser();
        let held = tokens(&mut browser, &web(), ANA, WEB).await;
        let xsrf = browser.get("/acme/session/end").await.field("xsrf");
        fault.fail_after(operations);
        let confirm = [("xsrf", xsrf.as_str()), ("logout", "yes")];
        assert_come_back(&browser.post("/acme/session/end/confirm", &confirm).await);
        fault.recover();
        assert!(is_live(&app, "acme", &held).await, "not signed out, and says so");
        let again = browser.get("/acme/session/end").await.field("xsrf");
        let done = browser.post("/acme/session/end/confirm", &[("xsrf", &again), ("logout", "yes")]).await;
        assert_eq!(done.status, 303);
        assert!(!is_live(&app, "acme", &held).await);
    }
}

async fn section_6_4_public_documents_stay_readable(app: TestApp) {
    let (instance, faults, _) = running(&app).await;
    faults.store.fail();
    faults.kv.fail();
    instance.shared.caches.clear();
    for path in ["/acme/.well-known/openid-configuration", "/acme/jwks"] {
        assert_eq!(instance.browser().get(path).await.status, 200, "{path}");
    }
    assert_eq!(instance.browser().get("/").await.status, 200);
}

/// Number of secrets with a recorded last use, over two owners' clients.
async fn used_secrets(app: &TestApp) -> usize {
    let mut work = app.directory.begin(porta_directory::Actor::System).await.unwrap();
    let clients = [work.client("web").await.unwrap(), work.client("partner").await.unwrap()];
    drop(work);
    let mut used = 0;
    for (owner, client) in clients {
        let secrets = app.store.repositories().clients(owner.id).secrets(client.id).await.unwrap();
        used += secrets.iter().filter(|secret| secret.last_used_at.is_some()).count();
    }
    used
}

async fn a_use_of_a_secret_outlives_a_write_that_failed(app: TestApp) {
    let (instance, faults) = with_faults(&app);
    for (organization, client) in [("acme", WEB), ("beta", PARTNER)] {
        instance.browser().token(organization, client, &[("grant_type", "client_credentials")]).await;
    }
    assert_eq!(used_secrets(&app).await, 0);
    faults.store.fail_once();
    assert!(instance.provider.secret_use.flush().await.is_err());
    assert_eq!(used_secrets(&app).await, 1, "the other owner's is written");
    instance.provider.secret_use.flush().await.unwrap();
    assert_eq!(used_secrets(&app).await, 2, "and the next time the first one's");
}
