//! Equal work (oidc-and-login §6.13; W18): what an attempt costs tells nothing about the account.

use porta_core::settings::MAX_FAILED_LOGINS;
use porta_core::user::UserStatus;
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    w18_every_wrong_attempt_costs_the_same_statements_commands_and_one_hash,
    section_4_a_sign_in_stays_within_its_budget,
    a_full_queue_says_come_back_and_judges_nothing,
);

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Cost {
    statements: u64,
    commands: u64,
    hashes: u64,
}

fn spent(app: &TestApp) -> Cost {
    Cost {
        statements: app.store.round_trips(),
        commands: app.kv.commands(),
        hashes: app.hasher.evaluations(),
    }
}

async fn cost_of(app: &TestApp, email: &str, password: &str) -> Cost {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let before = spent(app);
    form.login(&mut browser, email, password).await;
    let after = spent(app);
    Cost {
        statements: after.statements - before.statements,
        commands: after.commands - before.commands,
        hashes: after.hashes - before.hashes,
    }
}

async fn w18_every_wrong_attempt_costs_the_same_statements_commands_and_one_hash(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 3).await;
    set_user_status(&app, BOB.0, UserStatus::Suspended).await;
    app.provision(
        "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    users:\n      - email: link@acme.test\n",
    )
    .await;
    app.settle().await;
    // What hashes cost here is read once an hour, by whoever comes first.
    cost_of(&app, NOBODY, WRONG).await;
    let wrong = cost_of(&app, ANA.0, WRONG).await;
    assert_eq!(wrong.hashes, 1);
    let cases = [
        ("unknown", NOBODY, WRONG),
        ("no address", "x", WRONG),
        ("no password set", "link@acme.test", WRONG),
        ("inactive", INACTIVE.0, WRONG),
        ("suspended", BOB.0, WRONG),
        ("wrong again", ANA.0, WRONG),
        ("the one that locks", ANA.0, WRONG),
        ("locked", ANA.0, WRONG),
        ("locked, with the right password", ANA.0, ANA.1),
    ];
    for (name, email, password) in cases {
        assert_eq!(cost_of(&app, email, password).await, wrong, "{name}");
    }
}

/// Architecture §4: two statements, four commands, one hash.
async fn section_4_a_sign_in_stays_within_its_budget(app: TestApp) {
    cost_of(&app, ANA.0, ANA.1).await;
    let cost = cost_of(&app, ANA.0, ANA.1).await;
    assert_eq!(cost.hashes, 1);
    assert!(cost.statements <= 2 && cost.commands <= 4, "{cost:?}");
}

async fn a_full_queue_says_come_back_and_judges_nothing(app: TestApp) {
    let busy = app.sibling_with(|i| i.hash_queue = 0);
    let mut browser = busy.browser();
    let form = open(&mut browser, &web()).await;
    for password in [ANA.1, WRONG] {
        let answer = form.login(&mut browser, ANA.0, password).await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("retry-after"), Some("1"));
        assert!(!answer.body.contains("do not match"), "{}", answer.body);
    }
    assert_eq!(audited(&app, "user.login.password.failed").await, 0, "nothing counts against the person");
    assert!(is_signed_in(&guess(&app, ANA.0, ANA.1).await));
}
