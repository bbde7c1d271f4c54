//! Everything stored about a person.

use super::*;
use porta_testkit::{TestApp, on_both_stores};

on_both_stores!(the_file_holds_what_is_stored_and_no_secret, nobody_elses_data_is_in_it);

async fn the_file_holds_what_is_stored_and_no_secret(app: TestApp) {
    let mut account = Account::of_ana(&app).await;
    let back = account.browser.get(&web().url()).await;
    let tokens = redeemed(&mut account.browser, &web(), WEB, &code(&back)).await;
    let file = account.post("/data", &[]).await;
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"acme-account.json\""));
    assert_eq!(file.header("cache-control"), Some("no-store"));
    let data = file.json();
    assert_eq!(data["profile"]["email"], ANA.0);
    assert_eq!(data["profile"]["hasPassword"], true);
    assert_eq!(data["profile"]["passwordChangeRequired"], false);
    assert_eq!(data["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(data["applications"][0]["scopes"][0], "openid");
    assert!(data["roles"].is_array() && data["claims"].is_array());
    let log = data["auditLog"].as_array().unwrap();
    assert!(log.iter().any(|row| row["event"] == "user.data.exported"), "{log:?}");
    assert!(log.iter().any(|row| row["event"] == "user.login.password"));
    let ana = user(&app, "acme", ANA.0).await;
    let secrets = [
        ana.password_hash.as_ref().unwrap().as_str(),
        tokens["access_token"].as_str().unwrap(),
        account.browser.cookie("_session").unwrap(),
        "argon2",
        "digest",
        "porta_",
    ];
    for secret in secrets {
        assert!(!file.body.contains(secret), "{secret}");
    }
    assert_eq!(audited(&app, "user.data.exported").await, 1);
}

async fn nobody_elses_data_is_in_it(app: TestApp) {
    let mut bob = Account::open(&app, "acme", BOB).await;
    bob.post("/data", &[]).await;
    Account::open(&app, "beta", ANA_OF_BETA).await;
    let mut account = Account::of_ana(&app).await;
    let file = account.post("/data", &[]).await;
    assert!(!file.body.contains(BOB.0) && !file.body.contains("beta"), "{}", file.body);
    let ana = user(&app, "acme", ANA.0).await.id.to_string();
    for row in file.json()["auditLog"].as_array().unwrap() {
        let is_about = |field: &str| row[field].as_str() == Some(&ana);
        assert!(is_about("subject") || is_about("actor"), "{row}");
    }
}
