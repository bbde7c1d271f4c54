//! Addresses to which the forms of a sign-in may redirect (CSP `form-action`).

use porta_session::InteractionPurpose;

use crate::context::RequestContext;
use crate::state::StateInner;

/// The redirect URI of this request and the client's other registered addresses: if the client's page redirects on,
/// some browsers apply the policy to that redirect too. Empty without an authorization request.
pub(super) async fn form_action_urls(
    state: &StateInner,
    tenant: &RequestContext,
    purpose: &InteractionPurpose,
) -> Vec<String> {
    let Some(request) = purpose.authorization() else { return Vec::new() };
    let mut addresses = vec![request.redirect_uri.clone()];
    // A client that cannot be loaded now gets no response either.
    if let Ok(Some(client)) = state.shared.clients.find(tenant.organization.id, &request.client_id).await {
        let client = &client.client;
        let registered = [&client.allowed_origins, &client.redirect_uris, &client.post_logout_redirect_uris];
        addresses.extend(registered.into_iter().flatten().cloned());
    }
    addresses
}
