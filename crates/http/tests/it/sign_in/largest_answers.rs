//! Header sizes of the largest answers. Proxies buffer the headers and answer 502 if they do not fit; the files in
//! `ops/` configure [`ROOM`].

use porta_testkit::{Answer, Authorize, ISSUER_BASE, TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    a_sign_out_with_the_longest_address_and_state_fits,
    an_answer_to_the_longest_request_fits,
    a_page_of_a_client_with_many_addresses_fits,
);

/// `proxy_buffer_size` of nginx, `responsefieldsize` of Apache.
const ROOM: usize = 16 << 10;
/// Reserve for a longer issuer and slug, for the server's own headers and for those of a proxy.
const OTHERS: usize = 768;
/// The longest address that may be registered.
const LONGEST: usize = 2_048;
/// Short enough to leave room for the longest state in a request.
const SHORTER: usize = 1_000;

const KIM: Person = ("kim@limits.test", "lantern-Quay-44");

fn head(answer: &Answer) -> usize {
    let lines = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    "HTTP/1.1 303 See Other\r\n\r\n".len() + lines.sum::<usize>()
}

#[track_caller]
fn assert_fits(answer: &Answer) {
    let bytes = head(answer);
    assert!(bytes + OTHERS <= ROOM, "{bytes}");
}

fn long(start: &str, length: usize) -> String {
    format!("{start}{}", "a".repeat(length - start.len()))
}

/// A host name of the maximum length (RFC 1035 §3.1), different for each number.
fn host(number: usize) -> String {
    let label = "a".repeat(63);
    let first = format!("{number:060}");
    [&first, &label, &label, &label].map(String::as_str).join(".")
}

/// Provisions an organization whose client has as many and as long addresses as allowed.
async fn provision(app: &TestApp) {
    let (bye, callback) = (long("https://limits.test/", LONGEST), long("https://limits.test/", LONGEST));
    let shorter = long("https://limits.test/", SHORTER);
    let mut redirects = vec![shorter, callback];
    redirects.extend((0..8).map(|number| format!("https://{}/cb", host(number))));
    let mut byes = vec![bye];
    byes.extend((10..19).map(|number| format!("https://{}/bye", host(number))));
    let origins: Vec<String> = (20..40).map(|number| format!("https://{}", host(number))).collect();
    let list = |uris: &[String]| serde_json::to_string(uris).unwrap();
    app.provision(&format!(
        r#"
version: "1.0"
allow_passwords: true
organizations:
  - name: Limits
    slug: limits
    applications:
      - name: Wide
        clients:
          - client_name: Wide
            client_id: wide
            client_type: public
            scope: openid profile email
            redirect_uris: {}
            post_logout_redirect_uris: {}
            allowed_origins: {}
    users:
      - {{ email: {}, password: {} }}
"#,
        list(&redirects),
        list(&byes),
        list(&origins),
        KIM.0,
        KIM.1
    ))
    .await;
}

fn request(redirect_uri: &str) -> Authorize {
    Authorize::new("limits", "wide", redirect_uri).with("state", &"~".repeat(1_024))
}

/// A `~` in the state takes three bytes once percent-encoded.
fn sign_out(state: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("client_id", "wide")
        .append_pair("post_logout_redirect_uri", &long("https://limits.test/", LONGEST))
        .append_pair("state", state)
        .finish();
    format!("/limits/session/end?{query}")
}

async fn a_sign_out_with_the_longest_address_and_state_fits(app: TestApp) {
    provision(&app).await;
    let longest = sign_out(&"~".repeat(4_096));
    let mut browser = app.browser();
    let refused = browser.get(&sign_out(&"~".repeat(4_097))).await;
    assert_eq!(refused.status, 400, "more than that is no answer at all");
    let done = browser.get(&longest).await;
    assert_eq!(done.location().len(), LONGEST + "?state=".len() + 3 * 4_096);
    assert_fits(&done);

    browser.sign_in(&request(&long("https://limits.test/", SHORTER)), KIM.0, KIM.1).await;
    let page = browser.get(&longest).await;
    assert_fits(&page);
    let xsrf = page.field("xsrf");
    let out = browser.post("/limits/session/end/confirm", &[("xsrf", &xsrf), ("logout", "yes")]).await;
    assert_eq!(out.location(), done.location());
    assert!(out.headers.contains_key("set-cookie"), "with the cookie that goes");
    assert_fits(&out);
}

async fn an_answer_to_the_longest_request_fits(app: TestApp) {
    provision(&app).await;
    // The longest address leaves no room for a state: the client gets the error at that address.
    let refused = app.browser().get(&request(&long("https://limits.test/", LONGEST)).url()).await;
    assert_eq!(refused.query("error").as_deref(), Some("invalid_request"), "{}", refused.location());
    assert_fits(&refused);

    let mut browser = app.browser();
    let longest = request(&long("https://limits.test/", SHORTER));
    let too_long = longest.clone().with("nonce", &"n".repeat(1_024));
    let refused = browser.get(&too_long.url()).await;
    assert_eq!(refused.query("error").as_deref(), Some("invalid_request"), "{}", refused.location());
    let begun = browser.get(&longest.url()).await;
    assert_fits(&begun);
    let form = Form::at(&mut browser, begun).await;
    assert_fits(&form.page);
    let mut answer = form.login(&mut browser, KIM.0, KIM.1).await;
    assert_fits(&answer);
    while answer.location().starts_with(ISSUER_BASE) {
        let next = answer.location().to_owned();
        answer = browser.get(&next).await;
        assert_fits(&answer);
    }
    assert_eq!(answer.query("state"), Some("~".repeat(1_024)));
}

async fn a_page_of_a_client_with_many_addresses_fits(app: TestApp) {
    provision(&app).await;
    for uri in [long("https://limits.test/", SHORTER), format!("https://{}/cb", host(7))] {
        let form = open(&mut app.browser(), &Authorize::new("limits", "wide", &uri)).await;
        assert_fits(&form.page);
        let policy = form.page.header("content-security-policy").unwrap();
        let targets = policy.split("; ").find(|part| part.starts_with("form-action ")).unwrap();
        assert!(targets.split(' ').count() > 10, "there are many: {targets}");
        let own = url::Url::parse(&uri).unwrap().origin().ascii_serialization();
        assert_eq!(targets.split(' ').nth(2), Some(own.as_str()));
    }
}
