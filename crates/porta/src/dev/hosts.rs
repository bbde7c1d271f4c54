//! Host check of `porta dev` against DNS rebinding. Its passwords are public, and any website can make a browser on
//! this machine send requests here under a name of that site that resolves to this machine; the site could then read
//! the responses. The Host header carries that name, so requests with an unknown one are refused.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};

/// Loopback names (RFC 6761 §6.3), besides those below `.localhost`.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Accepted host names, on any port.
pub(super) struct Hosts {
    /// Configured names: those of `ISSUER_BASE_URL` and `HOST`.
    own: Vec<String>,
}

impl Hosts {
    /// `issuer_base`: the public address, whose name the operator chose. `listening`: the address of the listener.
    pub(super) fn new(issuer_base: &str, listening: &str) -> Self {
        let public = issuer_base.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
        let listening = if listening.contains(':') { format!("[{listening}]") } else { listening.to_owned() };
        Self { own: public.into_iter().chain([listening]).collect() }
    }

    fn has(&self, authority: &Authority) -> bool {
        let host = authority.host().to_ascii_lowercase();
        let is_plain = !authority.as_str().contains('@');
        let is_local = LOOPBACK.contains(&host.as_str()) || host.ends_with(".localhost");
        is_plain && (is_local || self.own.contains(&host))
    }

    /// Requires exactly one `Host` header with an accepted name, and an accepted authority in the request target, if it
    /// has one (RFC 9112 §3.2).
    fn admit(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (named.next(), named.next()) else { return false };
        let host = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
        host.is_some_and(|host| self.has(&host)) && uri.authority().is_none_or(|there| self.has(there))
    }

    /// Checks the host before any route of the router.
    pub(super) fn guard(self, router: Router) -> Router {
        router.layer(from_fn_with_state(Arc::new(self), only_ours))
    }
}

async fn only_ours(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    if hosts.admit(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    // 421, RFC 9110 §15.5.20. The response repeats nothing of the request.
    let why = "porta dev answers only to localhost, 127.0.0.1, [::1] and names below .localhost, so that no page of \
               another site can ask it in your browser (DNS rebinding). To use another name, set ISSUER_BASE_URL to it.\n";
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (StatusCode::MISDIRECTED_REQUEST, plain, why).into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn admits(hosts: &Hosts, target: &str, names: &[&[u8]]) -> bool {
        let mut headers = HeaderMap::new();
        for name in names {
            headers.append(header::HOST, HeaderValue::from_bytes(name).unwrap());
        }
        hosts.admit(&target.parse().unwrap(), &headers)
    }

    #[test]
    fn only_names_of_this_machine_are_answered() {
        let hosts = Hosts::new("http://localhost:3000", "127.0.0.1");
        for name in [
            "localhost",
            "LocalHost:3000",
            "127.0.0.1",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:65535",
            "acme.localhost",
            "a.b.localhost:3001",
        ] {
            assert!(admits(&hosts, "/", &[name.as_bytes()]), "{name}");
        }
        for name in [
            "",
            "evil.example",
            "evil.example:3000",
            "localhost.evil.example",
            "notlocalhost",
            "localhost.",
            "127.0.0.1.evil.example",
            "127.0.0.2",
            "0.0.0.0",
            "10.0.0.1",
            "[::]",
            "[::2]",
            "::1",
            "localhost@evil.example",
            "evil.example@localhost",
            "localhost, evil.example",
            "localhost evil.example",
            "localhost/",
            "http://localhost",
        ] {
            assert!(!admits(&hosts, "/", &[name.as_bytes()]), "{name}");
        }
        assert!(!admits(&hosts, "/", &[b"localh\xf6st"]));
        assert!(!admits(&hosts, "/", &[]), "none");
        assert!(!admits(&hosts, "/", &[b"localhost", b"localhost"]), "two");
        assert!(admits(&hosts, "http://localhost:3000/", &[b"localhost:3000"]));
        assert!(!admits(&hosts, "http://evil.example/", &[b"localhost:3000"]));
        assert!(!admits(&hosts, "http://localhost/", &[b"evil.example"]));
    }

    #[test]
    fn a_name_that_was_chosen_is_answered_too() {
        let hosts = Hosts::new("https://Porta.Tunnel.example:8443/x", "::1");
        for (name, is_answered) in [
            ("porta.tunnel.example", true),
            ("PORTA.tunnel.example:443", true),
            ("localhost:3000", true),
            ("tunnel.example", false),
            ("x.porta.tunnel.example", false),
        ] {
            assert_eq!(admits(&hosts, "/", &[name.as_bytes()]), is_answered, "{name}");
        }
        assert!(admits(&Hosts::new("http://localhost:3000", "127.0.0.7"), "/", &[b"127.0.0.7:3000"]));
    }
}
