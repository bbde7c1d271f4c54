//! Where the forms of a sign-in may end.

use porta_oidc::InteractionPurpose;

use crate::context::RequestContext;
use crate::state::Shared;

/// The address of this sign-in, and the others the client registered: what its own page redirects to belongs to the same
/// chain for some browsers.
pub(super) async fn ends_at(
    state: &Shared,
    tenant: &RequestContext,
    purpose: &InteractionPurpose,
) -> Vec<String> {
    let Some(request) = purpose.authorization() else { return Vec::new() };
    let mut addresses = vec![request.redirect_uri.clone()];
    // A client that is not there now gets no answer either.
    if let Ok(Some(client)) = state.engine.client(tenant.organization.id, &request.client_id).await {
        let client = &client.client;
        let registered = [&client.allowed_origins, &client.redirect_uris, &client.post_logout_redirect_uris];
        addresses.extend(registered.into_iter().flatten().cloned());
    }
    addresses
}
