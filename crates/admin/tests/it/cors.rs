//! Scripts of other origins (Fetch standard, CORS protocol).

use axum::http::{Method, StatusCode, header};
use porta_testkit::{ADMIN_ORIGIN, TestApp};

use crate::support::*;

porta_testkit::on_both_stores!(scripts_of_configured_origins_only_may_read_answers);

async fn scripts_of_configured_origins_only_may_read_answers(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let long = format!("https://{}.test", "x".repeat(300));
    for (origin, is_admitted) in [
        (ADMIN_ORIGIN, true),
        ("https://other.test", false),
        ("null", false),
        ("https://console.test.other.test", false),
        (&long, false),
    ] {
        let of = [(header::ORIGIN, origin)];
        let allowed = is_admitted.then_some(origin);
        let preflight = root.send_with(Method::OPTIONS, "/organizations/acme/users", None, &of).await;
        assert_eq!(
            (preflight.status, preflight.header("access-control-allow-origin")),
            (StatusCode::NO_CONTENT, allowed),
            "{origin}"
        );
        let headers = preflight.header("access-control-allow-headers").unwrap_or_default();
        for needed in ["Authorization", "If-Match", "If-None-Match", "X-Porta-SDK-Version", "X-Confirm-Purge"]
        {
            assert_eq!(headers.contains(needed), is_admitted, "{needed}");
        }
        for path in ["/organizations/acme/users", "/metadata", "/none"] {
            let answer = root.send_with(Method::GET, path, None, &of).await;
            assert_eq!(answer.header("access-control-allow-origin"), allowed, "{origin} {path}");
            let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
            for needed in [
                "ETag",
                "Retry-After",
                "X-Request-Id",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "Content-Disposition",
            ] {
                assert_eq!(exposed.contains(needed), is_admitted, "{needed}");
            }
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
    let plain = root.get("/organizations/acme/users").await;
    assert_eq!(plain.header("access-control-allow-origin"), None);
    assert_eq!(plain.header("cache-control"), Some("no-store"));
    assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
}
