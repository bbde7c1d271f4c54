//! Rotation of signing keys at run time (decision D4).

use std::collections::HashSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use porta_core::signing_key::{KNOWN_AFTER, SigningAlgorithm};
use porta_directory::{Actor, Rotation, Urgency};
use porta_jose::TokenKind;
use porta_testkit::{Browser, TestApp};

use super::support::*;

porta_testkit::on_both_stores!(
    the_next_key_is_published_before_it_signs,
    every_instance_follows_a_rotation,
    old_tokens_verify_after_a_rotation,
    a_retired_key_leaves_when_its_last_token_is_over,
    a_revoked_key_leaves_at_once,
    a_revoked_signing_key_is_replaced,
    one_algorithms_rotation_is_not_anothers,
    one_organizations_rotation_is_not_anothers,
    an_old_hint_outlives_its_key,
    a_hint_of_a_revoked_key_does_not,
    two_instances_make_one_pair,
);

async fn kids(app: &TestApp, org: &str) -> HashSet<String> {
    let document = app.browser().get(&format!("/{org}/jwks")).await.json();
    document["keys"].as_array().unwrap().iter().map(|k| k["kid"].as_str().unwrap().to_owned()).collect()
}

async fn rotate(app: &TestApp, org: &str, algorithm: SigningAlgorithm) -> Rotation {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let organization = work.organization(org).await.unwrap();
    let rotation = work.signing_keys().rotate(&organization, algorithm, Urgency::Planned).await.unwrap();
    work.commit().await.unwrap();
    rotation
}

async fn revoke(app: &TestApp, kid: &str) {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let organization = work.organization("acme").await.unwrap();
    work.signing_keys().revoke(&organization, kid).await.unwrap();
    work.commit().await.unwrap();
}

fn kid(jwt: &str) -> String {
    let bytes = URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn id_token(browser: &mut Browser) -> String {
    tokens(browser, &web(), WEB).await.id().to_owned()
}

async fn verifies(app: &TestApp, jwt: &str) -> bool {
    keys(app, "acme").await.verify(jwt, TokenKind::IdTokenHint).is_ok()
}

async fn the_next_key_is_published_before_it_signs(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    for _ in 0..3 {
        let published = kids(&app, "acme").await;
        let before = kid(&id_token(&mut browser).await);
        let rotation = rotate(&app, "acme", SigningAlgorithm::Es256).await;
        assert_eq!(rotation.retired.as_deref(), Some(before.as_str()));
        assert!(published.contains(&rotation.active), "verifiers knew it already");
        assert!(!published.contains(&rotation.next), "and this one is new");
        soon(async || kid(&id_token(&mut browser).await) == rotation.active).await;
        assert!(kids(&app, "acme").await.is_superset(&[before, rotation.active, rotation.next].into()));
        app.advance(KNOWN_AFTER);
    }
}

async fn every_instance_follows_a_rotation(app: TestApp) {
    let sibling = app.sibling();
    let mut here = ana_signed_in(&app).await;
    let mut there = here.clone().through(sibling.router.clone());
    id_token(&mut there).await;
    let rotation = rotate(&app, "acme", SigningAlgorithm::Es256).await;
    soon(async || kids(&sibling, "acme").await.contains(&rotation.next)).await;
    assert_eq!(kid(&id_token(&mut there).await), rotation.active);
    let signed_there = id_token(&mut there).await;
    soon(async || kids(&app, "acme").await.contains(&rotation.next)).await;
    assert!(verifies(&app, &signed_there).await);
    assert_eq!(kid(&id_token(&mut here).await), rotation.active);
}

async fn old_tokens_verify_after_a_rotation(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let old = id_token(&mut browser).await;
    for _ in 0..3 {
        rotate(&app, "acme", SigningAlgorithm::Es256).await;
        app.wait_for_notices().await;
        assert!(verifies(&app, &old).await);
        app.advance(KNOWN_AFTER);
    }
    let new = id_token(&mut browser).await;
    assert!(verifies(&app, &new).await);
}

/// Retired keys are removed automatically, after the longest token lifetime. Cached keys follow within a minute.
async fn a_retired_key_leaves_when_its_last_token_is_over(app: TestApp) {
    set_setting(&app, "id_token_ttl", 7200).await;
    let mut browser = ana_signed_in(&app).await;
    let old = id_token(&mut browser).await;
    let rotation = rotate(&app, "acme", SigningAlgorithm::Es256).await;
    assert_eq!(rotation.retired_until, app.now() + Duration::from_hours(2));
    app.advance(Duration::from_secs(7199));
    app.shared.caches.clear();
    assert!(verifies(&app, &old).await);
    app.advance(Duration::from_secs(1));
    app.shared.caches.clear();
    assert!(!kids(&app, "acme").await.contains(&kid(&old)));
    assert!(!verifies(&app, &old).await);
}

async fn a_revoked_key_leaves_at_once(app: TestApp) {
    let sibling = app.sibling();
    let mut browser = ana_signed_in(&app).await;
    let old = id_token(&mut browser).await;
    rotate(&app, "acme", SigningAlgorithm::Es256).await;
    app.wait_for_notices().await;
    let leaked = kid(&old);
    for instance in [&app, &sibling] {
        assert!(kids(instance, "acme").await.contains(&leaked), "retired, still published");
    }
    revoke(&app, &leaked).await;
    for instance in [&app, &sibling] {
        soon(async || !kids(instance, "acme").await.contains(&leaked)).await;
        assert!(!verifies(instance, &old).await);
    }
}

async fn a_revoked_signing_key_is_replaced(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let old = id_token(&mut browser).await;
    let published = kids(&app, "acme").await;
    revoke(&app, &kid(&old)).await;
    soon(async || !kids(&app, "acme").await.contains(&kid(&old))).await;
    let new = id_token(&mut browser).await;
    assert!(published.contains(&kid(&new)), "the next key was known already");
    assert!(verifies(&app, &new).await && !verifies(&app, &old).await);
    assert_eq!(kids(&app, "acme").await.len(), published.len(), "and another waits");
}

async fn one_algorithms_rotation_is_not_anothers(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let before = kid(&id_token(&mut browser).await);
    rotate(&app, "acme", SigningAlgorithm::Rs256).await;
    app.wait_for_notices().await;
    assert_eq!(kid(&id_token(&mut browser).await), before);
}

async fn one_organizations_rotation_is_not_anothers(app: TestApp) {
    let before = kids(&app, "acme").await;
    rotate(&app, "beta", SigningAlgorithm::Es256).await;
    app.wait_for_notices().await;
    assert_eq!(kids(&app, "acme").await, before);
}

/// OpenID Connect Core §3.1.2.1: a hint is accepted at any age.
async fn an_old_hint_outlives_its_key(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let old = id_token(&mut browser).await;
    rotate(&app, "acme", SigningAlgorithm::Es256).await;
    app.advance(Duration::from_hours(2));
    app.shared.caches.clear();
    assert!(!kids(&app, "acme").await.contains(&kid(&old)));
    let request = web().with("id_token_hint", &old).with("prompt", "none");
    assert!(browser.get(&request.url()).await.query("code").is_some());
}

async fn a_hint_of_a_revoked_key_does_not(app: TestApp) {
    let mut browser = ana_signed_in(&app).await;
    let old = id_token(&mut browser).await;
    revoke(&app, &kid(&old)).await;
    app.wait_for_notices().await;
    let answer = browser.get(&web().with("id_token_hint", &old).url()).await;
    assert_refused_to(&answer, WEB_URI, "invalid_request");
}

/// Two instances that start at once agree on one signing key.
async fn two_instances_make_one_pair(app: TestApp) {
    let sibling = app.sibling();
    let organization = app.tenant("acme").await.organization.id;
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let (owner, mut client) = work.client("web").await.unwrap();
    drop(work);
    client.id_token_signed_response_alg = SigningAlgorithm::EdDsa;
    app.store.repositories().clients(owner.id).update(&client).await.unwrap();
    app.shared.caches.clear();
    let mut here = ana_signed_in(&app).await;
    let mut there = here.clone().through(sibling.router.clone());
    let (one, other) = tokio::join!(id_token(&mut here), id_token(&mut there));
    assert_eq!(kid(&one), kid(&other));
    let stored = app.store.repositories().signing_keys(organization).all().await.unwrap();
    assert_eq!(stored.iter().filter(|k| k.algorithm == SigningAlgorithm::EdDsa).count(), 2);
    soon(async || verifies(&app, &one).await && verifies(&sibling, &other).await).await;
}
