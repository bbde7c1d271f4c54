//! Which browser origins may read protocol answers (oidc-and-login §2.5, W28).

use porta_core::client::Client;
use porta_protocol::redirect_uri::origin_of;

/// The client names the origin, or one of its redirect URIs lives there.
pub fn client_allows_origin(client: &Client, origin: &str) -> bool {
    client.allowed_origins.iter().any(|o| o == origin)
        || client.redirect_uris.iter().any(|uri| origin_of(uri).as_deref() == Some(origin))
}
