//! Encryption keys are replaced while people sign in (decision 0039): what the old key sealed works with both keys, and
//! after resealing without the old one.

use std::time::Duration;

use porta_core::seal::Keyring;
use porta_core::second_factor::SEALING_PURPOSE;
use porta_directory::{Actor, KeyList, OlderKey, Report, ResealMode, SealingKeys};
use porta_testkit::app::ENCRYPTION_KEY;
use porta_testkit::{Browser, TestApp, jwt_payload};

use super::magic_link::{self, MagicLinkRequest, offer_links};
use super::second_factor::{
    self, SecondFactorSignIn, arrived, is_wrong, manual_key, policy, totp, with_authenticator, with_mail,
};
use super::support::*;

porta_testkit::on_both_stores!(
    an_authenticator_outlives_the_key_it_was_sealed_with,
    who_changes_their_authenticator_meanwhile_keeps_the_newer_one,
    an_authenticator_offered_under_the_old_key_is_kept_under_the_new_one,
    a_mailed_code_under_way_works_with_the_newer_key,
    a_recovery_code_works_as_long_as_its_key_is_there,
    the_code_of_a_link_under_way_works_with_the_newer_key,
    a_sign_in_that_was_begun_goes_on,
    a_process_without_the_old_key_says_so_until_all_was_sealed_anew,
    emails_that_wait_are_sent_after_the_key_is_gone,
);

const NEW: [u8; 32] = [8; 32];

/// The server restarted with these keys, newest first.
fn restarted(app: &TestApp, keys: &[[u8; 32]]) -> TestApp {
    app.sibling_with(|instance| instance.encryption_keys = keys.to_vec())
}

async fn reseal(app: &TestApp) -> Report {
    let keys = SealingKeys::new(&[NEW, ENCRYPTION_KEY], &[NEW, ENCRYPTION_KEY]);
    let report = app.directory.reseal(Actor::System, &keys, ResealMode::Reseal).await.unwrap();
    assert_eq!(report.unopened().count(), 0, "{report:?}");
    report
}

fn older(report: &Report, list: KeyList) -> &OlderKey {
    report.older.iter().find(|key| key.list == list).unwrap()
}

fn through(browser: &Browser, app: &TestApp) -> Browser {
    browser.clone().through(app.router.clone())
}

async fn signs_in(app: &TestApp, key: &str) {
    app.advance(Duration::from_secs(30));
    let mut journey = SecondFactorSignIn::start(app).await;
    let done = journey.verify("totp", &totp(key, app)).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

/// Which key Ana's authenticator secret is sealed with.
async fn sealed_with(app: &TestApp) -> String {
    let ana = user(app, "acme", ANA.0).await;
    let mut all = app.store.repositories();
    let stored = all.second_factors(ana.organization_id).totp(ana.id).await.unwrap().unwrap();
    stored.secret.key_id
}

fn id_of(key: [u8; 32]) -> String {
    Keyring::new(&[key], SEALING_PURPOSE).current_id().to_owned()
}

async fn an_authenticator_outlives_the_key_it_was_sealed_with(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    signs_in(&app, &key).await;
    let prepared = restarted(&app, &[ENCRYPTION_KEY, NEW]);
    signs_in(&prepared, &key).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    signs_in(&both, &key).await;
    assert_eq!(sealed_with(&app).await, id_of(ENCRYPTION_KEY), "signing in seals nothing anew");
    let report = reseal(&both).await;
    assert_eq!(report.kinds.iter().map(|kind| kind.current).sum::<u64>(), 0);
    assert!(older(&report, KeyList::Signing).is_removable());
    assert_eq!(sealed_with(&app).await, id_of(NEW));
    signs_in(&both, &key).await;
    let only = restarted(&app, &[NEW]);
    signs_in(&only, &key).await;
}

async fn who_changes_their_authenticator_meanwhile_keeps_the_newer_one(app: TestApp) {
    with_authenticator(&app).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    let ana = user(&app, "acme", ANA.0).await;
    let mut all = app.store.repositories();
    let identity = porta_core::second_factor::TotpCredential::seal_identity(ana.organization_id, ana.id);
    let old_id = id_of(ENCRYPTION_KEY);
    let kind = porta_store::SealedKind::Authenticator;
    let read = all.sealed().under_other_keys(kind, &id_of(NEW), uuid::Uuid::nil(), 10).await.unwrap();
    assert_eq!(
        (read.len(), read[0].identity.as_str(), read[0].sealed.key_id.as_str()),
        (1, identity.as_str(), old_id.as_str())
    );
    // The authenticator was replaced between reading and resealing.
    assert!(all.second_factors(ana.organization_id).disable(ana.id, app.now()).await.unwrap());
    let (newer, _) = with_authenticator(&both).await;
    let late = Keyring::new(&[NEW], SEALING_PURPOSE).seal(
        b"20 bytes of the past",
        &identity,
        &porta_core::OsEntropy,
    );
    assert!(!all.sealed().replace(kind, &read[0], &late).await.unwrap());
    reseal(&both).await;
    signs_in(&restarted(&app, &[NEW]), &newer).await;
}

async fn an_authenticator_offered_under_the_old_key_is_kept_under_the_new_one(app: TestApp) {
    policy(&app, "required_totp").await;
    let mut journey = SecondFactorSignIn::start(&app).await;
    let key = manual_key(&journey.page().await.body);
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    journey.browser = through(&journey.browser, &both);
    assert_eq!(manual_key(&journey.page().await.body), key, "the same is offered");
    journey.confirm(&totp(&key, &both)).await;
    let (_, done) = journey.keep_codes().await;
    assert!(arrived(&done));
    assert_eq!(sealed_with(&app).await, id_of(NEW));
    assert_eq!(reseal(&both).await.kinds[2].resealed, 0);
    signs_in(&restarted(&app, &[NEW]), &key).await;
}

async fn a_mailed_code_under_way_works_with_the_newer_key(app: TestApp) {
    with_mail(&app).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    let mut journey = SecondFactorSignIn::start(&app).await;
    journey.page().await;
    let code = second_factor::mailed(&both).await;
    journey.browser = through(&journey.browser, &both);
    assert!(is_wrong(&journey.verify("otp", if code == "000000" { "000001" } else { "000000" }).await));
    let done = journey.verify("otp", &code).await;
    assert!(arrived(&journey.browser.follow(done).await));
    // A code made with the new key works with the new key alone. Reseal first, so that such a process can start:
    reseal(&both).await;
    let only = restarted(&app, &[NEW]);
    let mut journey = SecondFactorSignIn::start(&only).await;
    journey.page().await;
    let code = second_factor::mailed(&only).await;
    let done = journey.verify("otp", &code).await;
    assert!(arrived(&journey.browser.follow(done).await));
}

async fn a_recovery_code_works_as_long_as_its_key_is_there(app: TestApp) {
    let (_, codes) = with_authenticator(&app).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    let mut journey = SecondFactorSignIn::start(&both).await;
    let done = journey.verify("recovery", &codes[0]).await;
    assert!(arrived(&journey.browser.follow(done).await));
    let mut journey = SecondFactorSignIn::start(&both).await;
    assert!(is_wrong(&journey.verify("recovery", &codes[0]).await), "once, whatever the keys");
    let report = reseal(&both).await;
    let key = older(&report, KeyList::TwoFactor);
    assert_eq!((key.authenticators, key.recovery_codes, key.codes_without_key_id), (0, 9, 0));
    assert!(!key.is_removable() && older(&report, KeyList::Signing).is_removable());
    let done = journey.verify("recovery", &codes[1]).await;
    assert!(arrived(&journey.browser.follow(done).await), "the old key is still there");
    // Without the old key such a code is invalid; the authenticator still works.
    let only = restarted(&app, &[NEW]);
    let mut journey = SecondFactorSignIn::start(&only).await;
    assert!(is_wrong(&journey.verify("recovery", &codes[2]).await));
    let keys = SealingKeys::new(&[NEW], &[NEW]);
    let report = only.directory.reseal(Actor::System, &keys, ResealMode::DryRun).await.unwrap();
    assert_eq!((report.older.len(), report.lost_codes), (0, 8));
}

async fn the_code_of_a_link_under_way_works_with_the_newer_key(app: TestApp) {
    offer_links(&app).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    let mut wish = MagicLinkRequest::of(&app, ANA.0).await;
    let (link, code) = magic_link::mailed(&both, ANA.0).await.unwrap();
    assert!(both.browser().get(&link).await.status.is_success());
    wish.browser = through(&wish.browser, &both);
    let wrong = wish.type_code("AAAA-AAAA").await;
    assert!(!is_signed_in(&wrong));
    let done = wish.type_code(&code).await;
    assert!(wish.arrives(done).await);
    // The landing page of a process with the newer key shows a code of that key, which is valid too.
    let mut wish = MagicLinkRequest::of(&both, BOB.0).await;
    let (_, code) = magic_link::mailed(&both, BOB.0).await.unwrap();
    let prepared = restarted(&app, &[ENCRYPTION_KEY, NEW]);
    wish.browser = through(&wish.browser, &prepared);
    let done = wish.type_code(&code).await;
    assert!(wish.arrives(done).await, "a process that knows the new key and does not use it yet");
}

async fn a_sign_in_that_was_begun_goes_on(app: TestApp) {
    let mut browser = app.browser();
    let form = open(&mut browser, &web()).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    let mut there = through(&browser, &both);
    let answer = form.login(&mut there, ANA.0, ANA.1).await;
    let back = there.follow(answer).await;
    let answer = redeemed(&mut there, &web(), WEB, &code(&back)).await;
    let before = jwt_payload(answer["id_token"].as_str().unwrap());
    assert_eq!(before["iss"], "https://id.test/acme");
    // A sign-in begun with the new key needs no other key.
    let mut browser = both.browser();
    let form = open(&mut browser, &web()).await;
    reseal(&both).await;
    let only = restarted(&app, &[NEW]);
    let mut there = through(&browser, &only);
    let answer = form.login(&mut there, ANA.0, ANA.1).await;
    let back = there.follow(answer).await;
    redeemed(&mut there, &web(), WEB, &code(&back)).await;
}

async fn a_process_without_the_old_key_says_so_until_all_was_sealed_anew(app: TestApp) {
    // The organization's keys are made on first use.
    open(&mut app.browser(), &web()).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    assert_eq!(both.shared.signing_keys.can_decrypt().await.unwrap(), Some(true));
    let only = restarted(&app, &[NEW]);
    assert_eq!(only.shared.signing_keys.can_decrypt().await.unwrap(), Some(false), "what /ready asks");
    reseal(&both).await;
    assert_eq!(only.shared.signing_keys.can_decrypt().await.unwrap(), Some(true));
    assert_eq!(
        app.shared.signing_keys.can_decrypt().await.unwrap(),
        Some(false),
        "one with the old key alone is told as well"
    );
}

async fn emails_that_wait_are_sent_after_the_key_is_gone(app: TestApp) {
    offer_links(&app).await;
    MagicLinkRequest::of(&app, ANA.0).await;
    let both = restarted(&app, &[NEW, ENCRYPTION_KEY]);
    reseal(&both).await;
    let only = restarted(&app, &[NEW]);
    assert!(magic_link::mailed(&only, ANA.0).await.is_some());
}
