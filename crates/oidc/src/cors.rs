//! Which browser origins may read protocol answers (CORS; `docs/security.md`, W28).

use porta_core::OrganizationId;
use porta_core::client::Client;
use porta_protocol::redirect_uri::origin_of;
use porta_session::BackendError;
use porta_session::clients::Clients;

/// Longest `Origin` accepted: a host name has at most 253 characters (RFC 1035 §3.1), the scheme eight, the port six.
const LONGEST_ORIGIN: usize = 300;

/// Whether a browser could have sent this as an origin with a host (RFC 6454 §6.2). No round trip.
fn is_an_origin(text: &str) -> bool {
    text.len() <= LONGEST_ORIGIN && origin_of(text).as_deref() == Some(text)
}

/// Whether the client registered the origin, or a redirect URI that has it.
pub fn client_allows_origin(client: &Client, origin: &str) -> bool {
    is_an_origin(origin) && is_registered_by(client, origin)
}

fn is_registered_by(client: &Client, origin: &str) -> bool {
    client.allowed_origins.iter().any(|o| o == origin)
        || client.redirect_uris.iter().any(|uri| origin_of(uri).as_deref() == Some(origin))
}

/// Whether any active client of the organization registered this origin; answers preflight requests, which anybody may
/// send. The registered origins are cached, so a stranger's request costs neither memory nor a query.
pub async fn origin_is_registered(
    clients: &Clients,
    organization: OrganizationId,
    origin: &str,
) -> Result<bool, BackendError> {
    if !is_an_origin(origin) {
        return Ok(false);
    }
    Ok(clients.registered_origins(organization).await?.contains(origin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_browser_sends_is_looked_for() {
        let label = "a".repeat(63);
        let longest = format!("https://{}.example:65535", [&*label; 3].join("."));
        for origin in [
            "https://app.example",
            "http://localhost:3000",
            "http://[::1]:3000",
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            longest.as_str(),
        ] {
            assert!(is_an_origin(origin), "{origin}");
        }
        let long = format!("https://{}.example", vec!["a"; 200].join("."));
        let refused = [
            "",
            "*",
            "null",
            "https://",
            "https://App.example",
            "https://app.example/",
            "https://app.example/cb",
            "https://app.example:443",
            "com.example.app://",
            "app://localhost",
            "capacitor://",
            "capacitor://localhost/",
            "capacitor://localhost:1",
            "Capacitor://localhost",
            "capacitor://LOCALHOST",
            "https://app.example https://app.example",
            "https://u@app.example",
            long.as_str(),
        ];
        for origin in refused {
            assert!(!is_an_origin(origin), "{origin}");
        }
    }
}
