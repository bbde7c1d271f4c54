use super::*;
use crate::SeededEntropy;
use crate::seal::SealError;

const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);

fn ring(first: u8) -> Keyring {
    Keyring::new(&[[first; 32]], crate::outbox::SEALING_PURPOSE)
}

fn outgoing() -> OutgoingEmail {
    let entropy = SeededEntropy::new(1);
    OutgoingEmail {
        organization_id: OrganizationId::new(NOW, &entropy),
        recipient: Recipient {
            user_id: Some(UserId::new(NOW, &entropy)),
            address: Email::parse("ana@example.com").unwrap(),
            full_name: None,
            locale: Some("de".to_owned()),
        },
        mail: Mail::MagicLink {
            url: "https://id.example.com/acme/magic/secret-token".to_owned(),
            application: None,
            code: Some("417 023".to_owned()),
            expires_at: NOW,
        },
    }
}

fn event() -> SecurityEvent {
    SecurityEvent { at: NOW, address: Some("192.0.2.1".to_owned()), user_agent: None }
}

fn claim_of(item: &OutboxItem) -> OutboxClaim {
    OutboxClaim {
        kind: item.kind,
        id: item.id,
        organization_id: item.organization_id,
        payload: item.payload.clone(),
        attempt: 1,
        created_at: item.created_at,
        queued_at: item.created_at,
    }
}

#[test]
fn an_email_comes_back_from_the_outbox() {
    let item = outgoing().into_item("token-1", &ring(1), NOW, &SeededEntropy::new(2));
    assert_eq!(item.idempotency_key, "mail:magic_link:token-1");
    let claim = claim_of(&item);
    assert_eq!(OutgoingEmail::open(&claim, &ring(1)), Ok(outgoing()));
    let summary = EmailSummary::of(&claim).unwrap();
    assert_eq!((summary.template, summary.user_id), (MailTemplate::MagicLink, outgoing().recipient.user_id));
}

#[test]
fn neither_address_nor_link_is_readable_at_rest_or_in_a_log() {
    let item = outgoing().into_item("token-1", &ring(1), NOW, &SeededEntropy::new(2));
    let stored = serde_json::to_string(&item.payload).unwrap();
    for text in [stored, format!("{item:?}"), format!("{:?}", outgoing())] {
        for secret in ["ana@example.com", "secret-token", "417 023"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn an_email_opens_only_in_its_own_row_and_organization() {
    let entropy = SeededEntropy::new(3);
    let claim = claim_of(&outgoing().into_item("token-1", &ring(1), NOW, &entropy));
    let elsewhere = OutboxClaim { id: OutboxId::new(NOW, &entropy), ..claim.clone() };
    let foreign = OutboxClaim { organization_id: Some(OrganizationId::new(NOW, &entropy)), ..claim.clone() };
    for moved in [elsewhere, foreign] {
        assert_eq!(OutgoingEmail::open(&moved, &ring(1)), Err(ItemError::Seal(SealError::Refused)));
    }
    assert!(matches!(OutgoingEmail::open(&claim, &ring(2)), Err(ItemError::Seal(SealError::UnknownKey(_)))));
    let ownerless = OutboxClaim { organization_id: None, ..claim.clone() };
    assert_eq!(OutgoingEmail::open(&ownerless, &ring(1)), Err(ItemError::Form));
    let finished = OutboxPayload { sealed: None, ..claim.payload.clone() };
    assert_eq!(
        OutgoingEmail::open(&OutboxClaim { payload: finished, ..claim }, &ring(1)),
        Err(ItemError::Form)
    );
}

#[test]
fn the_stored_name_of_every_message_is_its_template() {
    let url = || "https://id.example.com/x".to_owned();
    let all = [
        Mail::MagicLink { url: url(), application: None, code: None, expires_at: NOW },
        Mail::PasswordReset { url: url(), expires_at: NOW },
        Mail::Invitation { url: url(), expires_at: NOW, inviter: None, message: None },
        Mail::EmailCode { code: "1".to_owned(), expires_at: NOW },
        Mail::PasswordChanged { event: event() },
        Mail::PasswordKnown { event: event() },
        Mail::EmailVerification { url: url(), expires_at: NOW },
        Mail::Welcome,
        Mail::SecondFactorChanged { change: SecondFactorChange::Disabled, event: event() },
        Mail::Test,
    ];
    assert_eq!(all.len(), MailTemplate::ALL.len());
    for mail in all {
        let stored = serde_json::to_value(&mail).unwrap();
        assert_eq!(stored["template"], mail.template().as_str());
        assert_eq!(serde_json::from_value::<Mail>(stored).unwrap(), mail);
    }
}

#[test]
fn the_event_of_an_accepted_mail_names_its_template() {
    for template in MailTemplate::ALL {
        assert_eq!(template.sent_event().as_str(), format!("email.send.{template}"));
    }
}

#[test]
fn a_greeting_uses_the_name_or_the_local_part() {
    let mut recipient = outgoing().recipient;
    assert_eq!(recipient.name(), "ana");
    recipient.full_name = Some("Ana Li".to_owned());
    assert_eq!(recipient.name(), "Ana Li");
}
