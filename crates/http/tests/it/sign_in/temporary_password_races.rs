//! What else happens to a temporary password: other ways of signing in and of changing it, and forms at the same time.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::future::join_all;
use porta_core::mail::Mail;
use porta_core::one_time::TokenPurpose;
use porta_core::user::{PasswordHash, UserStatus};
use porta_directory::Actor;
use porta_testkit::{Answer, Browser, ISSUER_BASE, TestApp};

use super::magic_link::offer_links;
use super::support::*;
use super::temporary_password::{OWN, WaitingSignIn, is_temporary};

porta_testkit::on_both_stores!(
    what_changes_meanwhile_ends_the_step,
    a_mailed_link_leaves_the_password_temporary,
    a_mailed_reset_ends_it,
    a_change_on_the_account_page_ends_it,
    eight_at_once_set_one_password,
    an_administrator_is_never_overruled,
);

async fn hash_of_ana(app: &TestApp) -> PasswordHash {
    user(app, "acme", ANA.0).await.password_hash.unwrap()
}

/// Gives Ana this password for one sign-in.
async fn give(app: &TestApp, hash: &PasswordHash) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let acme = work.organization("acme").await.unwrap();
    let ana = work.user(&acme, ANA.0).await.unwrap();
    work.users().set_temporary_password(&acme, &ana, hash).await.unwrap();
    work.commit().await.unwrap();
}

/// Signs Ana in with a mailed code.
async fn by_mail(app: &TestApp, browser: &mut Browser) -> Answer {
    let page = open(browser, &web()).await;
    page.submit(browser, "magic-link", &[("_csrf", &page.csrf), ("email", ANA.0)]).await;
    let code = |mail| if let Mail::MagicLink { code, .. } = mail { code } else { None };
    let mailed = app.emails().await.into_iter().rev().find_map(|outgoing| code(outgoing.mail)).unwrap();
    page.submit(browser, "magic-link/code", &[("_csrf", &page.csrf), ("code", &mailed)]).await
}

/// Resets Ana's password by a mailed link.
async fn reset(app: &TestApp, password: &str) {
    let value = issue_link(app, &user(app, "acme", ANA.0).await, TokenPurpose::PasswordReset, None).await;
    let url = format!("/acme/auth/reset-password/{value}");
    let mut browser = app.browser();
    let csrf = browser.get(&url).await.field("_csrf");
    let fields = [("_csrf", csrf.as_str()), ("password", password), ("confirmPassword", password)];
    assert_eq!(browser.post(&url, &fields).await.location(), format!("{ISSUER_BASE}/acme/auth/done"));
}

/// What happens to the account while the page is open.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Meanwhile {
    AnotherTemporaryPassword,
    PermanentPassword,
    NoPassword,
    MailedReset,
    Suspension,
}

async fn what_changes_meanwhile_ends_the_step(app: TestApp) {
    use Meanwhile::{AnotherTemporaryPassword, MailedReset, NoPassword, PermanentPassword, Suspension};
    let given = hash_of_ana(&app).await;
    for what in [AnotherTemporaryPassword, PermanentPassword, NoPassword, MailedReset, Suspension] {
        give(&app, &given).await;
        let mut waiting = WaitingSignIn::start(&app).await;
        let mut work = app.directory.begin(Actor::System).await.unwrap();
        let acme = work.organization("acme").await.unwrap();
        let ana = work.user(&acme, ANA.0).await.unwrap();
        match what {
            AnotherTemporaryPassword => {
                work.users().set_temporary_password(&acme, &ana, &given).await.unwrap();
            }
            PermanentPassword => work.users().set_password(&acme, &ana, Some(&given)).await.unwrap(),
            NoPassword => work.users().set_password(&acme, &ana, None).await.unwrap(),
            Suspension => {
                work.users().set_status(&acme, &ana, UserStatus::Suspended, None).await.unwrap();
            }
            MailedReset => {}
        }
        work.commit().await.unwrap();
        if what == MailedReset {
            reset(&app, "quarry-Lighthouse-61").await;
        }
        let before = user(&app, "acme", ANA.0).await;
        let answer = waiting.choose(OWN).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{what:?}: {}", answer.body);
        assert!(set_cookie(&answer, "_session").is_none(), "{what:?}");
        assert_eq!(waiting.page().await.status, StatusCode::BAD_REQUEST, "{what:?}");
        assert_eq!(user(&app, "acme", ANA.0).await, before, "{what:?}");
        if what == Suspension {
            set_user_status(&app, ANA.0, UserStatus::Active).await;
        }
    }
    assert_eq!(audited(&app, "user.password.changed").await, 0);
}

/// A link proves the mailbox, not the password.
async fn a_mailed_link_leaves_the_password_temporary(app: TestApp) {
    offer_links(&app).await;
    make_temporary(&app, ANA.0).await;
    let mut elsewhere = app.browser();
    let answer = by_mail(&app, &mut elsewhere).await;
    assert!(is_signed_in(&answer), "{} {}", answer.status, answer.body);
    assert!(is_temporary(&app).await);
    let mut waiting = WaitingSignIn::start(&app).await;
    assert!(is_signed_in_still(&mut elsewhere).await);
    assert!(is_signed_in(&waiting.choose(OWN).await));
    assert!(!is_signed_in_still(&mut elsewhere).await, "as after every change of the password");
    assert!(is_signed_in_still(&mut waiting.browser).await);
}

async fn a_mailed_reset_ends_it(app: TestApp) {
    make_temporary(&app, ANA.0).await;
    reset(&app, OWN).await;
    assert!(!is_temporary(&app).await);
    assert!(is_signed_in(&guess(&app, ANA.0, OWN).await));
}

async fn a_change_on_the_account_page_ends_it(app: TestApp) {
    offer_links(&app).await;
    make_temporary(&app, ANA.0).await;
    let mut browser = app.browser();
    by_mail(&app, &mut browser).await;
    let csrf = browser.get("/acme/account/password").await.field("_csrf");
    let fields =
        [("_csrf", csrf.as_str()), ("currentPassword", ANA.1), ("password", OWN), ("confirmPassword", OWN)];
    let changed = browser.post("/acme/account/password", &fields).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.body);
    assert!(!is_temporary(&app).await);
    assert!(is_signed_in(&guess(&app, ANA.0, OWN).await));
}

async fn eight_at_once_set_one_password(app: TestApp) {
    let given = hash_of_ana(&app).await;
    for round in 1..=4 {
        give(&app, &given).await;
        let waiting = WaitingSignIn::start(&app).await;
        let forms = (0..8).map(|n| {
            let (mut one, password) = (waiting.clone(), format!("sextant-Marmalade-{round}{n}"));
            async move { (one.choose(&password).await, password) }
        });
        let mut set: Vec<_> = join_all(forms).await;
        set.retain(|(answer, _)| is_signed_in(answer));
        assert_eq!(set.len(), 1, "round {round}");
        assert_eq!(audited(&app, "user.password.changed").await, round);
        assert!(is_signed_in(&guess(&app, ANA.0, &set[0].1).await), "round {round}");
    }
}

/// Whichever comes first, the administrator's password is the one that counts, and no session is left.
async fn an_administrator_is_never_overruled(app: TestApp) {
    let given = hash_of_ana(&app).await;
    for round in 0..20 {
        give(&app, &given).await;
        let mut waiting = WaitingSignIn::start(&app).await;
        let (answer, ()) = tokio::join!(waiting.choose(OWN), async {
            tokio::time::sleep(Duration::from_millis(round % 8)).await;
            give(&app, &given).await;
        });
        let is_over = answer.status == StatusCode::BAD_REQUEST;
        assert!(is_over || is_signed_in(&answer), "round {round}: {} {}", answer.status, answer.body);
        let ana = user(&app, "acme", ANA.0).await;
        assert!(ana.password_change_required, "round {round}");
        assert_eq!(ana.password_hash.as_ref(), Some(&given), "round {round}");
        assert!(!is_signed_in_still(&mut waiting.browser).await, "round {round}");
    }
}
