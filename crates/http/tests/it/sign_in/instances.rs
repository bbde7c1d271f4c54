//! Several instances behind a load balancer without affinity: any request may reach any instance.

use porta_core::settings::MAX_FAILED_LOGINS;
use porta_core::user::UserStatus;
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    every_request_of_one_flow_on_the_other_instance,
    a_session_of_one_instance_is_one_of_the_other,
    a_sign_out_on_one_instance_counts_on_the_other_at_once,
    failures_count_together,
    a_suspension_on_one_instance_is_effective_on_the_other,
    two_instances_draw_different_secrets,
);

/// A browser whose every request goes to the next instance.
struct RoundRobinBrowser {
    browser: Browser,
    routers: [axum::Router; 2],
    turn: usize,
}

impl RoundRobinBrowser {
    fn new(app: &TestApp, sibling: &TestApp) -> Self {
        Self { browser: app.browser(), routers: [app.router.clone(), sibling.router.clone()], turn: 0 }
    }

    fn next(&mut self) -> &mut Browser {
        let router = self.routers[self.turn % 2].clone();
        self.turn += 1;
        self.browser = self.browser.clone().through(router);
        &mut self.browser
    }

    async fn follow(&mut self, mut answer: Answer) -> Answer {
        while answer.status.is_redirection() && answer.location().starts_with("https://id.test") {
            let location = answer.location().to_owned();
            answer = self.next().get(&location).await;
        }
        answer
    }
}

async fn every_request_of_one_flow_on_the_other_instance(app: TestApp) {
    let sibling = app.sibling();
    for offset in 0..2 {
        let mut balanced = RoundRobinBrowser::new(&app, &sibling);
        balanced.turn = offset;
        let start = balanced.next().get(&partner().url()).await;
        let url = start.location().to_owned();
        let page = balanced.follow(start).await;
        let fields = [("_csrf", page.field("_csrf")), ("email", ANA.0.into()), ("password", ANA.1.into())];
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(n, v): &(&str, String)| (*n, v.as_str())).collect();
        let login = balanced.next().post(&format!("{url}/login"), &fields).await;
        let resumed = balanced.next().get(login.location()).await;
        let back = if resumed.location().contains("/interaction/") {
            let url = resumed.location().to_owned();
            let page = balanced.follow(resumed).await;
            let csrf = page.field("_csrf");
            let fields = [("_csrf", csrf.as_str()), ("decision", "approve")];
            let decided = balanced.next().post(&format!("{url}/confirm"), &fields).await;
            balanced.follow(decided).await
        } else {
            resumed
        };
        let code = code(&back);
        let tokens = redeem(balanced.next(), &partner(), PARTNER, &code).await;
        assert_eq!(tokens.status, 200, "{}", tokens.body);
        assert!(
            is_live(&sibling, "acme", &tokens.json()).await && is_live(&app, "acme", &tokens.json()).await
        );
        let replay = redeem(balanced.next(), &partner(), PARTNER, &code).await;
        assert_eq!(replay.status, 400);
        let page = balanced.next().get("/acme/session/end").await;
        let xsrf = page.field("xsrf");
        let fields = [("xsrf", xsrf.as_str()), ("logout", "yes")];
        let out = balanced.next().post("/acme/session/end/confirm", &fields).await;
        assert_eq!(balanced.follow(out).await.status, 200);
    }
}

async fn a_session_of_one_instance_is_one_of_the_other(app: TestApp) {
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let sibling = app.sibling();
    let mut browser = browser.through(sibling.router.clone());
    code(&browser.get(&billing().url()).await);
    assert!(is_live(&sibling, "acme", &tokens).await);
}

async fn a_sign_out_on_one_instance_counts_on_the_other_at_once(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = app.browser();
    let tokens = tokens(&mut browser, &web(), ANA, WEB).await;
    let mut there = browser.clone().through(sibling.router.clone());
    code(&there.get(&web().url()).await);
    let mut copy = browser.clone();
    let xsrf = browser.get("/acme/session/end").await.field("xsrf");
    browser.post("/acme/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    for router in [app.router.clone(), sibling.router.clone()] {
        copy = copy.through(router);
        let silent = copy.get(&web().with("prompt", "none").url()).await;
        assert_eq!(silent.query("error").as_deref(), Some("login_required"));
    }
    assert!(!is_live(&sibling, "acme", &tokens).await);
}

async fn failures_count_together(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 4).await;
    let sibling = app.sibling();
    for _ in 0..2 {
        guess(&app, ANA.0, WRONG).await;
        guess(&sibling, ANA.0, WRONG).await;
    }
    assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
    assert!(is_refusal(&guess(&sibling, ANA.0, ANA.1).await));
}

async fn a_suspension_on_one_instance_is_effective_on_the_other(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = sibling.browser();
    browser.sign_in(&web(), ANA.0, ANA.1).await;
    set_organization_status(&app, "acme", porta_core::organization::OrganizationStatus::Suspended).await;
    assert_eq!(browser.get(&web().url()).await.status, 403);
    set_client_status(&app, "partner", porta_core::client::ClientStatus::Inactive).await;
    assert_eq!(sibling.browser().get(&beta().url()).await.status, 400);
}

async fn two_instances_draw_different_secrets(app: TestApp) {
    let (one, two) = (app.sibling(), app.sibling());
    let mut seen = std::collections::HashSet::new();
    for instance in [&app, &one, &two] {
        for _ in 0..3 {
            let mut browser = instance.browser();
            let form = open(&mut browser, &web()).await;
            assert!(seen.insert(form.uid().to_owned()) && seen.insert(form.csrf.clone()));
            assert!(seen.insert(browser.cookie("_interaction").unwrap().to_owned()));
        }
    }
}
