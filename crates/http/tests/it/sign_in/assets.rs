//! Uploaded pictures on pages, in mails and at their own address.

use porta_core::branding::AssetKind;
use porta_directory::Actor;
use porta_testkit::{Answer, ISSUER_BASE, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    an_uploaded_picture_is_served_for_ever_and_can_do_nothing,
    pages_and_mails_show_it_unless_another_is_named,
    another_picture_has_another_address,
    only_the_organizations_own_pictures_are_there,
    a_change_is_seen_by_other_instances,
    every_change_is_audited_and_the_same_picture_is_none,
);

const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9\"></path></svg>";
const OTHER: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M1 1h9\"></path></svg>";

async fn put(app: &TestApp, org: &str, kind: AssetKind, file: &[u8]) -> bool {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization(org).await.unwrap();
    let (_, is_new) = work.branding().put(&owner, kind, file, None).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
    is_new
}

async fn remove(app: &TestApp, kind: AssetKind) -> bool {
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    let was_there = work.branding().remove(&owner, kind).await.unwrap();
    work.commit().await.unwrap();
    app.wait_for_notices().await;
    was_there
}

async fn page(app: &TestApp) -> Answer {
    app.browser().get("/acme/session/end/success").await
}

/// Returns the address of the picture in this attribute of the page.
fn address(page: &Answer, attribute: &str) -> Option<String> {
    let start = format!("{attribute}=\"{ISSUER_BASE}/");
    let rest = page.body.split(&start).nth(1)?;
    Some(format!("/{}", rest.split('"').next()?))
}

async fn an_uploaded_picture_is_served_for_ever_and_can_do_nothing(app: TestApp) {
    assert_eq!(address(&page(&app).await, "src"), None);
    assert!(put(&app, "acme", AssetKind::Logo, DRAWING.as_bytes()).await);
    let shown = page(&app).await;
    let logo = address(&shown, "src").unwrap();
    assert!(logo.starts_with("/acme/assets/logo/"), "{logo}");
    let picture = app.browser().get(&logo).await;
    assert_eq!((picture.status.as_u16(), picture.body.as_str()), (200, DRAWING));
    for (header, value) in [
        ("content-type", "image/svg+xml"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(picture.header(header), Some(value), "{header}");
        assert_eq!(picture.headers.get_all(header).iter().count(), 1);
    }
    assert!(picture.headers.get("set-cookie").is_none());
    assert!(remove(&app, AssetKind::Logo).await);
    assert!(!remove(&app, AssetKind::Logo).await);
    assert_eq!(app.browser().get(&logo).await.status, 404);
    assert_eq!(address(&page(&app).await, "src"), None);
}

async fn pages_and_mails_show_it_unless_another_is_named(app: TestApp) {
    put(&app, "acme", AssetKind::Logo, DRAWING.as_bytes()).await;
    put(&app, "acme", AssetKind::Favicon, OTHER.as_bytes()).await;
    let shown = page(&app).await;
    let logo = address(&shown, "src").unwrap();
    assert!(address(&shown, "href").unwrap().starts_with("/acme/assets/favicon/"), "{}", shown.body);
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains("img-src 'self'"), "{policy}");
    let yaml = "version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, two_factor_policy: required_email }\n";
    app.provision_overwriting(yaml).await;
    app.browser().submit_login(&web(), ANA.0, ANA.1).await;
    let message = app.mail().await.remove(0);
    assert!(message.body.html.contains(&format!("src=\"{ISSUER_BASE}{logo}\"")), "{}", message.body.html);
    let yaml = "version: \"1.0\"\norganizations:\n  - { name: Acme, slug: acme, branding: { logo_url: \"https://cdn.test/l.png\" } }\n";
    app.provision_overwriting(yaml).await;
    let named = page(&app).await;
    assert!(named.body.contains("src=\"https://cdn.test/l.png\"") && !named.body.contains(&logo));
    assert_eq!(app.browser().get(&logo).await.status, 200, "it is still there");
}

async fn another_picture_has_another_address(app: TestApp) {
    put(&app, "acme", AssetKind::Logo, DRAWING.as_bytes()).await;
    let first = address(&page(&app).await, "src").unwrap();
    put(&app, "acme", AssetKind::Logo, OTHER.as_bytes()).await;
    let second = address(&page(&app).await, "src").unwrap();
    assert_ne!(first, second);
    assert_eq!(app.browser().get(&first).await.status, 404, "an address never shows another picture");
    assert_eq!(app.browser().get(&second).await.body, OTHER);
}

async fn only_the_organizations_own_pictures_are_there(app: TestApp) {
    put(&app, "acme", AssetKind::Logo, DRAWING.as_bytes()).await;
    put(&app, "beta", AssetKind::Logo, OTHER.as_bytes()).await;
    let logo = address(&page(&app).await, "src").unwrap();
    let id = logo.rsplit('/').next().unwrap();
    for path in [
        format!("/beta/assets/logo/{id}"),
        format!("/acme/assets/favicon/{id}"),
        format!("/acme/assets/Logo/{id}"),
        format!("/acme/assets/../logo/{id}"),
        format!("/nowhere/assets/logo/{id}"),
        "/acme/assets/logo/00000000-0000-0000-0000-000000000000".to_owned(),
        "/acme/assets/logo/x".to_owned(),
        "/acme/assets/logo".to_owned(),
        "/acme/assets/logo/%2e%2e%2f".to_owned(),
        format!("/acme/assets/logo/{id}/x"),
    ] {
        let answer = app.browser().get(&path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("cache-control").is_none_or(|value| !value.contains("immutable")), "{path}");
    }
    assert_eq!(app.browser().post(&logo, &[]).await.status, 405);
}

async fn a_change_is_seen_by_other_instances(app: TestApp) {
    let other = app.sibling();
    assert_eq!(address(&page(&other).await, "src"), None);
    put(&app, "acme", AssetKind::Logo, DRAWING.as_bytes()).await;
    other.wait_for_notices().await;
    let logo = address(&page(&other).await, "src").unwrap();
    assert_eq!(other.browser().get(&logo).await.body, DRAWING);
}

async fn every_change_is_audited_and_the_same_picture_is_none(app: TestApp) {
    assert!(put(&app, "acme", AssetKind::Logo, DRAWING.as_bytes()).await);
    let logo = address(&page(&app).await, "src").unwrap();
    assert!(!put(&app, "acme", AssetKind::Logo, DRAWING.as_bytes()).await);
    assert_eq!(address(&page(&app).await, "src").unwrap(), logo);
    let events = audit(&app, 1_000).await;
    let event = events.iter().find(|e| e.event_type == "org.branding.asset.uploaded").unwrap();
    assert_eq!(event.metadata["assetType"], "logo");
    assert_eq!(event.metadata["contentType"], "image/svg+xml");
    assert_eq!(event.metadata["size"], DRAWING.len());
    let mut work = app.directory.begin(Actor::System).await.unwrap();
    let owner = work.organization("acme").await.unwrap();
    let script = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let refused = work.branding().put(&owner, AssetKind::Logo, script.as_bytes(), None).await.unwrap_err();
    assert!(refused.to_string().contains("logo: the element `script`"), "{refused}");
    drop(work);
    remove(&app, AssetKind::Logo).await;
    assert_eq!(audited(&app, "org.branding.asset.uploaded").await, 1);
    assert_eq!(audited(&app, "org.branding.asset.deleted").await, 1);
}
