//! A request to mail a link to an address. The outbox worker finds out later whether the address has an account, so the
//! request takes the same time and leaves the same traces for every address (no user enumeration, decision 0026).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::audit::AuditEventKind;
use crate::mail::{EmailSummary, Mail, MailTemplate, SecurityEvent};
use crate::one_time::{ORIGIN, TokenPurpose};
use crate::outbox::{ItemError, OutboxClaim, OutboxItem, OutboxKind, OutboxPayload};
use crate::seal::Keyring;
use crate::{Entropy, OrganizationId, OutboxId, Timestamp, TokenDigest, string_enum};

string_enum! {
    /// Links that anybody may request with nothing but an address.
    pub enum LinkKind { MagicLink = "magic_link", PasswordReset = "password_reset" }
}

impl LinkKind {
    pub const fn purpose(self) -> TokenPurpose {
        match self {
            Self::MagicLink => TokenPurpose::MagicLink,
            Self::PasswordReset => TokenPurpose::PasswordReset,
        }
    }

    const fn template(self) -> MailTemplate {
        match self {
            Self::MagicLink => MailTemplate::MagicLink,
            Self::PasswordReset => MailTemplate::PasswordReset,
        }
    }

    /// Recorded when the link is created.
    pub const fn sent_event(self) -> AuditEventKind {
        match self {
            Self::MagicLink => AuditEventKind::UserMagicLinkSent,
            Self::PasswordReset => AuditEventKind::UserPasswordResetRequested,
        }
    }

    /// Recorded when too many links are requested.
    pub const fn limited_event(self) -> AuditEventKind {
        match self {
            Self::MagicLink => AuditEventKind::RateLimitMagicLink,
            Self::PasswordReset => AuditEventKind::RateLimitPasswordReset,
        }
    }
}

/// Everything decided at the time of the request. Link and code are bearer values, so `Debug` shows neither.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct LinkRequest {
    #[serde(rename = "wish")]
    pub kind: LinkKind,
    /// As typed.
    pub address: String,
    /// Digest of the bearer value in the link.
    pub digest: TokenDigest,
    pub url: String,
    /// Short code, typed where the sign-in began.
    pub code: Option<String>,
    /// Uid of the interaction that requested the link.
    pub interaction: Option<String>,
    /// The application the sign-in is for.
    pub application: Option<String>,
    /// Data for the landing page, stored with the link.
    pub details: Option<Value>,
    /// Language of the page that requested the link.
    pub locale: String,
    /// Over the rate limit: mail a new link only if the person has no live one.
    #[serde(default, rename = "unless_one_lives")]
    pub only_if_none_live: bool,
    pub expires_at: Timestamp,
    /// IP address of the requester, for the audit row and for the page that shows the code.
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

impl fmt::Debug for LinkRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkRequest({})", self.kind)
    }
}

impl LinkRequest {
    pub fn into_item(
        self,
        organization_id: OrganizationId,
        keyring: &Keyring,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> OutboxItem {
        let id = OutboxId::new(now, entropy);
        let about = EmailSummary { template: self.kind.template(), user_id: None };
        OutboxItem {
            id,
            organization_id: Some(organization_id),
            kind: OutboxKind::LinkRequest,
            payload: OutboxPayload::sealed(&about, &self, (id, organization_id), keyring, entropy),
            idempotency_key: format!("link:{id}"),
            created_at: now,
        }
    }

    /// Opens an item that [`LinkRequest::into_item`] made.
    pub fn open(claim: &OutboxClaim, keyring: &Keyring) -> Result<(OrganizationId, Self), ItemError> {
        claim.open(keyring)
    }

    /// Details stored with the link. A magic link also stores when and from where the sign-in began, so that a person
    /// who opens it on another device can tell their own sign-in from somebody else's.
    pub fn details_with_origin(&self, asked_at: Timestamp) -> Option<Value> {
        let mut details = self.details.clone();
        if self.kind == LinkKind::MagicLink {
            let origin = SecurityEvent {
                at: asked_at,
                address: self.ip_address.clone(),
                user_agent: self.user_agent.clone(),
            };
            let kept = details.get_or_insert_with(|| Value::Object(serde_json::Map::new()));
            if let (Some(kept), Ok(origin)) = (kept.as_object_mut(), serde_json::to_value(origin)) {
                kept.insert(ORIGIN.to_owned(), origin);
            }
        }
        details
    }

    /// The mail to send if the address has an account.
    pub fn mail(&self) -> Mail {
        let (url, expires_at) = (self.url.clone(), self.expires_at);
        match self.kind {
            LinkKind::MagicLink => {
                let (application, code) = (self.application.clone(), self.code.clone());
                Mail::MagicLink { url, application, code, expires_at }
            }
            LinkKind::PasswordReset => Mail::PasswordReset { url, expires_at },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeededEntropy;
    use crate::seal::SealError;

    const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);

    fn request(kind: LinkKind) -> LinkRequest {
        LinkRequest {
            kind,
            address: "ana@example.com".to_owned(),
            digest: TokenDigest::of("value"),
            url: "https://id.example.com/acme/secret-link".to_owned(),
            code: Some("ABCD-EFGH".to_owned()),
            interaction: Some("uid".to_owned()),
            application: None,
            details: None,
            locale: "de".to_owned(),
            only_if_none_live: false,
            expires_at: NOW,
            ip_address: Some("192.0.2.1".to_owned()),
            user_agent: None,
        }
    }

    #[test]
    fn it_comes_back_from_the_outbox_and_nothing_of_it_is_readable_there() {
        let organization = OrganizationId::new(NOW, &SeededEntropy::new(1));
        let ring = Keyring::new(&[[1; 32]], crate::outbox::SEALING_PURPOSE);
        for &kind in LinkKind::ALL {
            let item = request(kind).into_item(organization, &ring, NOW, &SeededEntropy::new(2));
            let stored = serde_json::to_string(&item.payload).unwrap();
            for text in [stored, format!("{item:?}"), format!("{:?}", request(kind))] {
                for secret in ["ana@example.com", "secret-link", "ABCD-EFGH", "192.0.2.1"] {
                    assert!(!text.contains(secret), "{text}");
                }
            }
            let claim = OutboxClaim {
                id: item.id,
                organization_id: item.organization_id,
                kind: item.kind,
                payload: item.payload,
                attempt: 1,
                created_at: NOW,
                queued_at: NOW,
            };
            assert_eq!(LinkRequest::open(&claim, &ring), Ok((organization, request(kind))));
            let elsewhere = OutboxClaim { id: OutboxId::new(NOW, &SeededEntropy::new(3)), ..claim.clone() };
            assert_eq!(LinkRequest::open(&elsewhere, &ring), Err(ItemError::Seal(SealError::Refused)));
            assert!(crate::mail::OutgoingEmail::open(&claim, &ring).is_err(), "a request is no email");
            assert_eq!(request(kind).mail().template().as_str(), kind.as_str());
            assert_eq!(kind.limited_event().as_str(), format!("rate_limit.{kind}"));
        }
    }

    #[test]
    fn a_sign_in_says_where_it_began_and_a_new_password_does_not() {
        let origin = SecurityEvent { at: NOW, address: Some("192.0.2.1".to_owned()), user_agent: None };
        let kept = request(LinkKind::MagicLink).details_with_origin(NOW);
        assert_eq!(crate::one_time::origin_in(kept.as_ref()), Some(origin.clone()));
        let with_client = LinkRequest {
            details: Some(serde_json::json!({ "client_id": "web" })),
            ..request(LinkKind::MagicLink)
        };
        let kept = with_client.details_with_origin(NOW);
        assert_eq!(crate::one_time::origin_in(kept.as_ref()), Some(origin));
        assert_eq!(kept.unwrap()["client_id"], "web");
        assert_eq!(request(LinkKind::PasswordReset).details_with_origin(NOW), None);
        // Stored by an earlier version.
        for before in [None, Some(serde_json::json!({ "client_id": "web" }))] {
            assert_eq!(crate::one_time::origin_in(before.as_ref()), None);
        }
    }
}
