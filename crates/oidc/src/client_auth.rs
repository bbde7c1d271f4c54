//! Client authentication (RFC 6749 §2.3, OpenID Connect Core §9).

use std::sync::Arc;

use porta_core::TokenDigest;
use porta_protocol::PresentedCredentials;
use porta_session::{BackendError, Limited, OperationContext, ProtocolClient, SharedServices};

use crate::secret_use::SecretUse;
use crate::throttle::{Throttle, ThrottledEndpoint};

/// Why a client was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ClientAuthError {
    /// Unknown client, wrong secret, wrong method: one answer for all (RFC 6749 §5.2).
    #[error("client authentication failed for {client_id}")]
    Rejected { client_id: String },
    #[error("no client credentials")]
    Missing,
    #[error("too many failed attempts")]
    Limited(Limited),
    #[error(transparent)]
    Backend(#[from] BackendError),
}

pub(crate) struct ClientAuthentication {
    shared: Arc<SharedServices>,
    throttle: Throttle,
    secret_use: Arc<SecretUse>,
}

impl ClientAuthentication {
    pub(crate) fn new(shared: Arc<SharedServices>, secret_use: Arc<SecretUse>) -> Self {
        let throttle = Throttle::new(Arc::clone(&shared.backend));
        Self { shared, throttle, secret_use }
    }

    /// Identifies and, if it is confidential, authenticates a client.
    pub(crate) async fn authenticate(
        &self,
        context: OperationContext<'_>,
        presented: &PresentedCredentials,
        endpoint: ThrottledEndpoint,
    ) -> Result<Arc<ProtocolClient>, ClientAuthError> {
        let Some(client_id) = presented.client_id() else { return Err(ClientAuthError::Missing) };
        let client_id = client_id.as_str();
        let digest = presented.secret().map(porta_protocol::client_auth::PresentedSecret::digest);
        self.throttle.check(context, endpoint, client_id).map_err(ClientAuthError::Limited)?;
        let client = self.shared.clients.find(context.tenant.organization.id, client_id).await?;
        let accepted = client.filter(|c| match (c.client.is_confidential(), &digest) {
            (true, Some(digest)) => self.secret_matches(c, digest),
            (false, None) => true,
            (true, None) | (false, Some(_)) => false,
        });
        if let Some(client) = accepted {
            return Ok(client);
        }
        self.throttle.count_failure(context, endpoint, client_id).await.map_err(ClientAuthError::Limited)?;
        Err(ClientAuthError::Rejected { client_id: client_id.to_owned() })
    }

    /// Compares with **every** usable secret in constant time (`docs/security.md`, W10).
    fn secret_matches(&self, client: &ProtocolClient, presented: &TokenDigest) -> bool {
        let now = self.shared.now();
        let mut matched = None;
        for candidate in client.secrets.iter().filter(|s| s.is_usable(now)) {
            if candidate.digest.same_as(presented) {
                matched = Some(candidate.id);
            }
        }
        if let Some(id) = matched {
            self.secret_use.record(client.client.organization_id, id, now);
        }
        matched.is_some()
    }
}
