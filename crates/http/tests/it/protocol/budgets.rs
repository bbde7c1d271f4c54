//! Limits for round trips per request, with warm caches. Fewer is fine; more is a regression.

use axum::http::StatusCode;
use porta_testkit::{Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    discovery_and_jwks_cost_nothing,
    client_credentials_cost_one_command,
    a_refused_client_costs_one_command,
    authorizing_with_a_live_session,
    prompt_none_without_a_session,
    a_password_sign_in,
    exchanging_a_code,
    refreshing,
    userinfo_costs_one_statement,
    introspection_costs_one_statement,
    revocation_stays_small,
    preflight_costs_nothing,
    a_whole_sign_in,
);

/// Number of SQL round trips and of kv commands.
type Cost = (u64, u64);

fn spent(app: &TestApp) -> Cost {
    (app.store.round_trips(), app.kv.commands())
}

/// Runs `what` and returns its result and its cost.
async fn cost<T>(app: &TestApp, what: impl Future<Output = T>) -> (T, Cost) {
    let before = spent(app);
    let result = what.await;
    let after = spent(app);
    (result, (after.0 - before.0, after.1 - before.1))
}

fn within(what: &str, actual: Cost, budget: Cost) {
    assert!(actual.0 <= budget.0 && actual.1 <= budget.1, "{what}: {actual:?} of {budget:?} (SQL, kv)");
}

/// Returns a browser with a session, with every cache filled.
async fn warm(app: &TestApp) -> Browser {
    let mut browser = ana_signed_in(app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    userinfo(app, "acme", &tokens.access).await;
    introspect(app, &tokens.access).await;
    refresh(&mut browser, WEB, tokens.refresh()).await;
    browser
}

async fn discovery_and_jwks_cost_nothing(app: TestApp) {
    let mut browser = warm(&app).await;
    for path in [
        "/acme/.well-known/openid-configuration",
        "/acme/jwks",
        "/.well-known/oauth-authorization-server/acme",
    ] {
        let (answer, cost) = cost(&app, browser.get(path)).await;
        assert_eq!((answer.status, cost), (StatusCode::OK, (0, 0)), "{path}");
    }
}

async fn client_credentials_cost_one_command(app: TestApp) {
    let mut browser = warm(&app).await;
    let form = [("grant_type", "client_credentials")];
    let (answer, cost) = cost(&app, browser.token("acme", WEB, &form)).await;
    assert_eq!(answer.status, StatusCode::OK);
    within("client credentials", cost, (0, 1));
}

async fn a_refused_client_costs_one_command(app: TestApp) {
    let mut browser = warm(&app).await;
    let form = [("grant_type", "client_credentials")];
    for client in [("web", Some("wrong-secret-0123456789")), ("nobody", Some("wrong-secret-0123456789"))] {
        browser.token("acme", client, &form).await;
        let (answer, cost) = cost(&app, browser.token("acme", client, &form)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        within("a refused client", cost, (0, 1));
    }
}

async fn authorizing_with_a_live_session(app: TestApp) {
    let mut browser = warm(&app).await;
    let (answer, spent) = cost(&app, browser.get(&web().url())).await;
    assert!(answer.query("code").is_some());
    within("authorize", spent, (1, 3));
}

async fn prompt_none_without_a_session(app: TestApp) {
    warm(&app).await;
    let mut browser = app.browser();
    let url = web().with("prompt", "none").url();
    let (answer, cost) = cost(&app, browser.get(&url)).await;
    assert_eq!(answer.query("error").as_deref(), Some("login_required"));
    assert_eq!(cost, (0, 0));
}

async fn a_password_sign_in(app: TestApp) {
    warm(&app).await;
    let mut browser = app.browser();
    let start = browser.get(&web().url()).await;
    let page_url = start.location().to_owned();
    let csrf = browser.follow(start).await.field("_csrf");
    let form = [("_csrf", csrf.as_str()), ("email", ANA.0), ("password", ANA.1)];
    let (answer, cost) = cost(&app, browser.post(&format!("{page_url}/login"), &form)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    within("password sign-in", cost, (2, 4));
}

async fn exchanging_a_code(app: TestApp) {
    let mut browser = warm(&app).await;
    let code = code(&mut browser, &web()).await;
    let (answer, cost) = cost(&app, browser.redeem("acme", WEB, WEB_URI, &code)).await;
    assert_eq!(answer.status, StatusCode::OK);
    within("code exchange", cost, (2, 1));
}

async fn refreshing(app: TestApp) {
    let mut browser = warm(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let (answer, first) = cost(&app, refresh(&mut browser, WEB, tokens.refresh())).await;
    assert_eq!(answer.status, StatusCode::OK);
    within("refresh", first, (2, 0));
    let (answer, retry) = cost(&app, refresh(&mut browser, WEB, tokens.refresh())).await;
    assert_eq!(answer.status, StatusCode::OK);
    within("an honest retry", retry, (2, 0));
}

async fn userinfo_costs_one_statement(app: TestApp) {
    let mut browser = warm(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    let (answer, spent) = cost(&app, userinfo(&app, "acme", &tokens.access)).await;
    assert_eq!(answer.status, StatusCode::OK);
    within("userinfo", spent, (1, 0));
    let (answer, spent) = cost(&app, userinfo(&app, "acme", "x")).await;
    assert_eq!((answer.status, spent), (StatusCode::UNAUTHORIZED, (0, 0)), "what is no token asks nobody");
}

async fn introspection_costs_one_statement(app: TestApp) {
    let mut browser = warm(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for token in [&tokens.access, tokens.refresh()] {
        let (seen, cost) = cost(&app, introspect(&app, token)).await;
        assert_eq!(seen["active"], true);
        within("introspection", cost, (1, 0));
    }
    let machine = browser.token("acme", WEB, &[("grant_type", "client_credentials")]).await;
    let (active, spent) = cost(&app, is_active(&app, &Tokens::of(&machine).access)).await;
    assert!(active);
    within("introspection of a client's own token", spent, (0, 1));
    let (_, spent) = cost(&app, introspect(&app, "x")).await;
    assert_eq!(spent, (0, 0));
}

async fn revocation_stays_small(app: TestApp) {
    let mut browser = warm(&app).await;
    let tokens = tokens(&mut browser, &web(), WEB).await;
    for token in [&tokens.access, tokens.refresh()] {
        let form = [("token", token)];
        let (answer, cost) = cost(&app, browser.authenticated("/acme/token/revocation", WEB, &form)).await;
        assert_eq!(answer.status, StatusCode::OK);
        within("revocation", cost, (2, 0));
    }
}

async fn preflight_costs_nothing(app: TestApp) {
    let mut browser = warm(&app).await;
    let ask = async |browser: &mut Browser| {
        let headers = [(axum::http::header::ORIGIN, "https://spa.test")];
        browser.send(axum::http::Method::OPTIONS, "/acme/token", &headers, axum::body::Body::empty()).await
    };
    ask(&mut browser).await;
    let (answer, cost) = cost(&app, ask(&mut browser)).await;
    assert_eq!((answer.status, cost), (StatusCode::NO_CONTENT, (0, 0)));
}

/// From the authorization endpoint to UserInfo: at most 8 SQL statements and 16 kv commands.
async fn a_whole_sign_in(app: TestApp) {
    warm(&app).await;
    let mut browser = app.browser();
    let flow = async {
        let answer = browser.sign_in(&web(), ANA.0, ANA.1).await;
        let code = answer.query("code").unwrap();
        let tokens = Tokens::of(&browser.redeem("acme", WEB, WEB_URI, &code).await);
        userinfo(&app, "acme", &tokens.access).await
    };
    let (answer, cost) = cost(&app, flow).await;
    assert_eq!(answer.status, StatusCode::OK);
    within("a whole sign-in", cost, (8, 16));
}
