//! Passwords are normalised (RFC 8265 §4.2, decision 0040), and older hashes stay valid.

use std::time::Duration;

use porta_core::settings::{MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::user::{PasswordHash, UserStatus};
use porta_testkit::{TestApp, on_both_stores};

use super::recovery::{asked, choose, is_changed};
use super::support::*;

on_both_stores!(
    a_password_is_the_same_typed_composed_and_decomposed,
    what_only_looks_alike_is_another_password,
    refused_characters_and_lengths_use_no_link_up,
    a_hash_of_before_is_still_good_and_is_replaced,
    a_hash_of_before_is_not_replaced_by_a_wrong_password,
    a_hash_from_elsewhere_of_a_text_that_nobody_may_choose_stays,
    an_imported_hash_of_another_cost_is_replaced_by_the_normalised_one,
    the_time_of_an_answer_depends_on_the_text_alone,
    a_locked_account_answers_as_slowly_to_the_right_password,
);

/// The same text with composed and with decomposed characters.
const COMPOSED: &str = "cr\u{e8}me-br\u{fb}l\u{e9}e-41";
const DECOMPOSED: &str = "cre\u{300}me-bru\u{302}le\u{301}e-41";
/// Argon2id hashes of the bytes of [`DECOMPOSED`], made elsewhere: at the cost of the tests and at another.
const OF_DECOMPOSED: &str =
    "$argon2id$v=19$m=64,t=1,p=1$aW1wb3J0ZWQtc2FsdC0xNg$k5bn5U7wMdQtu4FGEN5kS0ZVEE4hYph75Y51v/WtNU4";
const DEAR_OF_DECOMPOSED: &str =
    "$argon2id$v=19$m=128,t=2,p=1$aW1wb3J0ZWQtc2FsdC0xNg$zek8JyDpwjH4xz+BW1WLkDMZo+Fgl3u1PeL2N/9JhuE";
/// A hash of `lantern`, a tab, `Quay-41`, at another cost.
const TABULATED: &str = "lantern\tQuay-41";
const OF_TABULATED: &str =
    "$argon2id$v=19$m=128,t=1,p=1$aW1wb3J0ZWQtc2FsdC0xNg$L6gC5leeZm3fSHF47sfxRPw4uh73lLLcZIE8vIRxq7U";

async fn give(app: &TestApp, person: Person, hash: &str) {
    let user = user(app, "acme", person.0).await;
    let hash = PasswordHash::trusted(hash.to_owned());
    let mut all = app.store.repositories();
    all.users(user.organization_id).set_password(user.id, Some(&hash), false, app.now()).await.unwrap();
}

async fn hash_of(app: &TestApp, person: Person) -> String {
    user(app, "acme", person.0).await.password_hash.unwrap().as_str().to_owned()
}

async fn enters(app: &TestApp, password: &str) -> bool {
    is_signed_in(&guess(app, ANA.0, password).await)
}

async fn a_password_is_the_same_typed_composed_and_decomposed(app: TestApp) {
    for chosen in [DECOMPOSED, COMPOSED] {
        let (mut browser, link) = asked(&app).await;
        assert!(is_changed(&choose(&mut browser, &link, chosen).await));
        assert!(enters(&app, COMPOSED).await && enters(&app, DECOMPOSED).await);
        assert!(!enters(&app, "creme-brulee-41").await, "an accent is no ornament");
    }
    // Typed on two keyboards: the second produces other space characters.
    let (mut browser, link) = asked(&app).await;
    let csrf = browser.get(&link).await.field("_csrf");
    let (first, second) = ("violet cre\u{300}me tractor", "violet\u{a0}cr\u{e8}me\u{3000}tractor");
    let form = [("_csrf", csrf.as_str()), ("password", first), ("confirmPassword", second)];
    let answer = browser.post(&link, &form).await;
    assert!(is_changed(&browser.follow_flash(answer).await));
    assert!(enters(&app, "violet cr\u{e8}me tractor").await && enters(&app, second).await);
    assert!(!enters(&app, "violet cr\u{e8}me  tractor").await, "each space counts");
    assert!(!enters(&app, "violetcr\u{e8}metractor").await);
}

/// Normalisation is NFC, not NFKC.
async fn what_only_looks_alike_is_another_password(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 100).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 100).await;
    let (mut browser, link) = asked(&app).await;
    assert!(is_changed(&choose(&mut browser, &link, "of\u{fb01}ce-\u{ff21}nt-x\u{b2}-quartz").await));
    for folded in [
        "office-Ant-x2-quartz",
        "office-\u{ff21}nt-x\u{b2}-quartz",
        "of\u{fb01}ce-Ant-x\u{b2}-quartz",
        "of\u{fb01}ce-\u{ff21}nt-x2-quartz",
        "OF\u{fb01}CE-\u{ff21}NT-X\u{b2}-QUARTZ",
        "of\u{fb01}ce-\u{ff21}nt-x\u{b2}-quartz\u{200b}",
    ] {
        assert!(!enters(&app, folded).await, "{folded:?}");
    }
    assert!(enters(&app, "of\u{fb01}ce-\u{ff21}nt-x\u{b2}-quartz").await);
}

async fn refused_characters_and_lengths_use_no_link_up(app: TestApp) {
    let before = hash_of(&app, ANA).await;
    let (mut browser, link) = asked(&app).await;
    let (long, endless) = ("xK9$vQ2m".repeat(17), "e\u{301}".repeat(700));
    for (chosen, said) in [
        ("lantern\tQuay-41", "cannot be shown"),
        ("lantern-Quay-41\u{7f}", "cannot be shown"),
        ("lantern\u{85}Quay-41", "cannot be shown"),
        ("\u{1b}[31mlantern-Quay", "cannot be shown"),
        ("lantern-Quay\r\n41", "cannot be shown"),
        // Fourteen characters as typed, seven after normalisation.
        ("e\u{301}o\u{308}u\u{302}a\u{300}i\u{308}c\u{327}n\u{303}", "at least 8"),
        ("\u{3000}\u{a0} ", "at least 8"),
        ("\u{3000}\u{a0}\u{2003}         ", "quickly guessed"),
        (&long, "128"),
        (&endless, "128"),
    ] {
        let answer = choose(&mut browser, &link, chosen).await;
        assert_eq!(answer.status, 200, "{chosen:?}");
        assert!(
            answer.body.contains("role=\"alert\"") && answer.body.contains(said),
            "{chosen:?}: {}",
            answer.body
        );
    }
    assert_eq!(hash_of(&app, ANA).await, before);
    // A confirmation that differs by more than its normal form is a mistake.
    let csrf = browser.get(&link).await.field("_csrf");
    for again in ["creme-brulee-41", "cr\u{e8}me-br\u{fb}l\u{e9}e-41 ", "", "cr\u{e8}me\tbr\u{fb}l\u{e9}e-41"]
    {
        let form = [("_csrf", csrf.as_str()), ("password", COMPOSED), ("confirmPassword", again)];
        let answer = browser.post(&link, &form).await;
        let page = browser.follow_flash(answer).await;
        assert!(page.body.contains("role=\"alert\"") && !is_changed(&page), "{again:?}");
    }
    let longest = format!("lantern-Quay-41 violet tr{}", "e\u{301}".repeat(103));
    assert!(is_changed(&choose(&mut browser, &link, &longest).await), "128 characters as it is hashed");
}

async fn a_hash_of_before_is_still_good_and_is_replaced(app: TestApp) {
    give(&app, ANA, OF_DECOMPOSED).await;
    assert!(!enters(&app, COMPOSED).await, "not the bytes it was made of");
    assert!(enters(&app, DECOMPOSED).await);
    let replaced = hash_of(&app, ANA).await;
    assert_ne!(replaced, OF_DECOMPOSED);
    assert!(enters(&app, COMPOSED).await, "from now on it is one password");
    assert!(enters(&app, DECOMPOSED).await);
    assert_eq!(hash_of(&app, ANA).await, replaced, "once is enough");
    let cost = |hash: &str| hash.rsplit_once('$').unwrap().0.rsplit_once('$').unwrap().0.to_owned();
    assert_eq!(cost(&replaced), cost(OF_DECOMPOSED), "and not because of its cost");
}

async fn a_hash_of_before_is_not_replaced_by_a_wrong_password(app: TestApp) {
    give(&app, ANA, OF_DECOMPOSED).await;
    for wrong in ["cre\u{300}me-bru\u{302}le\u{301}e-42", COMPOSED, "\u{a0}", "x\ty"] {
        assert!(!enters(&app, wrong).await, "{wrong:?}");
    }
    assert_eq!(hash_of(&app, ANA).await, OF_DECOMPOSED);
}

async fn a_hash_from_elsewhere_of_a_text_that_nobody_may_choose_stays(app: TestApp) {
    give(&app, ANA, OF_TABULATED).await;
    for _ in 0..2 {
        assert!(enters(&app, TABULATED).await);
        assert_eq!(hash_of(&app, ANA).await, OF_TABULATED, "there is nothing to replace it with");
    }
    assert!(!enters(&app, "lantern Quay-41").await);
}

async fn an_imported_hash_of_another_cost_is_replaced_by_the_normalised_one(app: TestApp) {
    give(&app, ANA, DEAR_OF_DECOMPOSED).await;
    assert!(!enters(&app, COMPOSED).await);
    assert!(enters(&app, DECOMPOSED).await);
    assert!(hash_of(&app, ANA).await.starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    assert!(enters(&app, COMPOSED).await);
}

/// Work that judging this password takes.
async fn cost(app: &TestApp, number: usize, email: &str, password: &str) -> u64 {
    let before = app.hasher.work();
    let answer = guess_from(app, &format!("198.51.100.{number}"), email, password).await;
    assert!(is_refusal(&answer), "{password:?}: {}", answer.status);
    app.hasher.work() - before
}

/// A text with two forms is hashed twice for every account; any other text once.
async fn the_time_of_an_answer_depends_on_the_text_alone(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 100).await;
    app.provision(
        "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    users:\n      - email: link@acme.test\n",
    )
    .await;
    give(&app, ANA, OF_DECOMPOSED).await;
    give(&app, INACTIVE, "$2b$10$abcdefghijklmnopqrstuv").await;
    let mut number = 0;
    let once = cost(&app, 100, NOBODY, WRONG).await;
    for (typed, times) in [
        (WRONG, 1),
        ("cr\u{e8}me-br\u{fb}l\u{e9}e-7", 1),
        ("\u{fb01}ligree-7", 1),
        ("cre\u{300}me-bru\u{302}le\u{301}e-7", 2),
        ("violet\u{a0}tractor", 2),
        ("tab\tulator", 1),
        (&"e\u{301}".repeat(2000), 1),
    ] {
        // Old hash, current hash, unreadable hash, no password, no account.
        for email in [ANA.0, BOB.0, INACTIVE.0, "link@acme.test", NOBODY, "nobody2@acme.test"] {
            number += 1;
            assert_eq!(cost(&app, number, email, typed).await, times * once, "{email}: {typed:.20?}");
        }
    }
}

/// Otherwise the timing would confirm a guess that the answer hides.
async fn a_locked_account_answers_as_slowly_to_the_right_password(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    let (mut browser, link) = asked(&app).await;
    assert!(is_changed(&choose(&mut browser, &link, COMPOSED).await));
    give(&app, BOB, OF_DECOMPOSED).await;
    let mut number = 0;
    for person in [ANA, BOB] {
        for _ in 0..2 {
            number += 1;
            cost(&app, number, person.0, WRONG).await;
        }
        assert_eq!(user(&app, "acme", person.0).await.status, UserStatus::Locked);
        let wrong = cost(&app, number + 10, person.0, "cre\u{300}me-bru\u{302}le\u{301}e-42").await;
        let right = cost(&app, number + 20, person.0, DECOMPOSED).await;
        assert_eq!(right, wrong, "{}", person.0);
    }
    app.advance(Duration::from_hours(1));
    assert!(enters(&app, DECOMPOSED).await && enters(&app, COMPOSED).await);
}
