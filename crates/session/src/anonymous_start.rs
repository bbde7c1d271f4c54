//! The sealed form of an anonymous interaction, which travels with the browser instead of being stored (decision D21).

use porta_core::{OrganizationId, Timestamp, TokenDigest};
use porta_kv::KvKey;
use serde::{Deserialize, Serialize};

use crate::error::BackendError;
use crate::interaction::{BoundInteraction, Interaction, Stage};
use crate::purpose::InteractionPurpose;
use crate::sealed_state::{SealedState, Sealer, fits_in_cookie};

/// The sealed part of an anonymous interaction; the other fields are empty or known from its address.
#[derive(Serialize, Deserialize)]
struct AnonymousInteraction {
    #[serde(flatten)]
    purpose: InteractionPurpose,
    stage: Stage,
    csrf: String,
    expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<TokenDigest>,
}

pub(crate) fn seal_interaction(
    sealer: &Sealer,
    bound: &BoundInteraction,
    until: Timestamp,
) -> Result<SealedState, BackendError> {
    let Interaction { purpose, stage, csrf, expires_at, refused, .. } = bound.interaction.clone();
    let anonymous = AnonymousInteraction { purpose, stage, csrf, expires_at, refused };
    let text = sealer.seal(&anonymous, bound.key.as_str(), until)?;
    if !fits_in_cookie(&text) {
        // Cannot happen: requests and addresses are bounded on input.
        return Err(BackendError::Unreadable("an interaction is too long to travel".to_owned()));
    }
    Ok(SealedState { text, until })
}

/// Opens the sealed interaction that a browser sent. `None`: sealed for another key, or expired.
pub(crate) fn unseal_interaction(
    sealer: &Sealer,
    organization: OrganizationId,
    uid: &str,
    key: KvKey,
    sealed_state: Option<&str>,
) -> Option<BoundInteraction> {
    let (anonymous, until) = sealer.unseal(sealed_state?, key.as_str())?;
    let AnonymousInteraction { purpose, stage, csrf, expires_at, refused } = anonymous;
    let interaction = Interaction {
        uid: uid.to_owned(),
        organization,
        purpose,
        stage,
        csrf,
        consent: None,
        login: None,
        pending: None,
        link: None,
        refused,
        consented: false,
        expires_at,
    };
    Some(BoundInteraction { interaction, key, sealed_until: Some(until) })
}
