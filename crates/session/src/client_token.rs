//! Access tokens of the client credentials grant, in the short-lived store.

use porta_core::{ClientKey, OrganizationId, Timestamp, TokenDigest};
use porta_kv::{KeyName, KvKey};
use serde::{Deserialize, Serialize};

/// A client's own access token in the short-lived store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientTokenRecord {
    pub client: ClientKey,
    pub client_id: String,
    pub scope: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

impl ClientTokenRecord {
    pub fn storage_key(organization: OrganizationId, digest: &TokenDigest) -> KvKey {
        KvKey::new(KeyName::ClientToken, organization).with(digest.hex())
    }
}
