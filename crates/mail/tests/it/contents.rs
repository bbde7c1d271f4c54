//! The texts of all messages, from the outbox to the capture: in the recipient's language, with the organization's
//! branding.

use std::sync::Arc;
use std::time::Duration;

use porta_core::mail::{Mail, MailBody, OutgoingEmail, SecondFactorChange};
use porta_core::organization::Branding;
use porta_core::{Clock as _, SeededEntropy};
use porta_mail::CaptureTransport;
use porta_store::contract::fixture::{HOUR, NOW};

use crate::support::{World, keyring, magic_link, password_changed, security_event};

/// Each language with its subjects for [`every_mail`], in that order.
const SUBJECTS: [(&str, &str, &str); 8] = [
    ("en", "Your sign-in link for Acme Ltd", "Your code for Acme Ltd"),
    ("de", "Ihr Anmeldelink für Acme Ltd", "Ihr Code für Acme Ltd"),
    ("fr", "Votre lien de connexion à Acme Ltd", "Votre code pour Acme Ltd"),
    ("es", "Su enlace de acceso a Acme Ltd", "Su código para Acme Ltd"),
    ("nl", "Uw inloglink voor Acme Ltd", "Uw code voor Acme Ltd"),
    ("pt", "O seu link de acesso a Acme Ltd", "O seu código para Acme Ltd"),
    ("ja", "Acme Ltdのサインイン用リンク", "Acme Ltdのコード"),
    ("ar", "رابط تسجيل الدخول إلى Acme Ltd", "رمزك لـ Acme Ltd"),
];
const CODE: &str = "417023";
const URL: &str = "https://id.example.com/acme/auth/one-time/secret-token";

fn every_mail() -> Vec<Mail> {
    let (url, expires_at) = (URL.to_owned(), NOW + HOUR);
    let mut all = vec![
        magic_link(expires_at),
        Mail::EmailCode { code: CODE.to_owned(), expires_at },
        Mail::PasswordReset { url: url.clone(), expires_at },
        Mail::Invitation {
            url: url.clone(),
            expires_at,
            inviter: Some("Bo O'Neil & Co".to_owned()),
            message: Some("Welcome aboard!\nSee you <soon>".to_owned()),
        },
        password_changed(),
        Mail::EmailVerification { url, expires_at },
        Mail::Welcome,
        Mail::Test,
    ];
    all.extend(SecondFactorChange::ALL.iter().map(|change| {
        let event = security_event();
        Mail::SecondFactorChanged { change: *change, event }
    }));
    all
}

/// Sends messages through a worker, and returns them as received.
async fn arrived(w: &World, emails: Vec<OutgoingEmail>) -> Vec<MailBody> {
    let capture = Arc::new(CaptureTransport::new(1_000));
    let count = emails.len();
    for (event, outgoing) in emails.into_iter().enumerate() {
        let entropy = SeededEntropy::new(1_000 + w.counts().await.delivered);
        let event = format!("{}:{event}", w.counts().await.delivered);
        let item = outgoing.into_item(&event, &keyring(1), w.clock.now(), &entropy);
        assert!(w.store.repositories().outbox().enqueue(&item).await.unwrap());
        // One at a time, so that they arrive in order.
        assert_eq!(w.worker(capture.clone()).attempt_due().await.unwrap(), 1);
    }
    let mut bodies: Vec<MailBody> = capture.messages().into_iter().map(|message| message.body).collect();
    bodies.reverse();
    assert_eq!(bodies.len(), count);
    bodies
}

fn in_locale(w: &World, locale: Option<&str>, mail: Mail) -> OutgoingEmail {
    let mut outgoing = w.outgoing(mail);
    outgoing.recipient.locale = locale.map(str::to_owned);
    outgoing
}

async fn one(w: &World, outgoing: OutgoingEmail) -> MailBody {
    arrived(w, vec![outgoing]).await.remove(0)
}

#[tokio::test]
async fn every_email_is_written_in_every_language() {
    for (language, link, code) in SUBJECTS {
        let w = World::sqlite().await;
        let emails = every_mail().into_iter().map(|mail| in_locale(&w, Some(language), mail)).collect();
        let bodies = arrived(&w, emails).await;
        assert_eq!((bodies[0].subject.as_str(), bodies[1].subject.as_str()), (link, code));
        let direction = if language == "ar" { "rtl" } else { "ltr" };
        for MailBody { subject, html, text } in &bodies {
            assert!(html.contains(&format!("<html lang=\"{language}\" dir=\"{direction}\">")), "{html}");
            assert!(subject.contains("Acme Ltd"), "{subject}");
            for part in [subject, html, text] {
                let mut after = part.split("mail.").skip(1);
                assert!(
                    !after.any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase())),
                    "a key: {part}"
                );
                assert!(!part.contains("{{") && !part.contains("}}"), "{part}");
                assert!(language == "en" || !part.contains("If you did not"), "{language}: {part}");
            }
            assert!(!subject.contains(CODE) && !subject.contains("Ana") && !subject.contains("O'Neil"));
            assert!(!text.contains("&#") && !text.contains("&amp;") && !text.contains("&lt;"), "{text}");
        }
        let invitation = &bodies[3];
        assert!(invitation.text.contains("Bo O'Neil & Co") && invitation.text.contains("<soon>"));
        assert!(invitation.html.contains("&lt;soon&gt;") && !invitation.html.contains("<soon>"));
        assert!(bodies[1].text.contains(CODE) && bodies[2].text.contains(URL));
    }
}

#[tokio::test]
async fn a_recipient_without_a_usable_locale_reads_the_language_of_the_organization() {
    let mut w = World::sqlite().await;
    w.organization.default_locale = "de-AT".to_owned();
    assert!(w.store.repositories().organizations().update(&w.organization).await.unwrap());
    let long = "fr".repeat(50_000);
    for locale in
        [None, Some(""), Some("xx"), Some("../de"), Some("en\r\nBcc: x"), Some("\u{0}"), Some(&*long)]
    {
        let body = one(&w, in_locale(&w, locale, Mail::Welcome)).await;
        assert!(body.html.contains("<html lang=\"de\" "), "{locale:?}");
    }
    assert!(one(&w, in_locale(&w, Some("PT_br"), Mail::Welcome)).await.html.contains("<html lang=\"pt\" "));
}

#[tokio::test]
async fn a_lifetime_counts_from_when_the_email_is_written_and_is_never_negative() {
    let w = World::sqlite().await;
    let code = |expires_at| Mail::EmailCode { code: CODE.to_owned(), expires_at };
    w.clock.advance(Duration::from_mins(50));
    let body = one(&w, w.outgoing(code(NOW + HOUR))).await;
    assert!(body.text.contains("10 minutes"), "{}", body.text);
    let pages = porta_pages::Pages::new();
    let late = w.outgoing(code(NOW));
    let body = pages.outgoing(&w.organization, "https://id.example.com/acme", &late, NOW + HOUR).unwrap();
    assert!(!body.text.contains('-') || !body.text.contains("-1"), "{}", body.text);
}

#[tokio::test]
async fn names_of_organizations_and_persons_are_words_and_nothing_else() {
    let mut w = World::sqlite().await;
    let lure = "Acme</title><script>alert(1)</script>\r\nBcc: x https://evil.example {{ mail }}";
    w.organization.branding.company_name = Some(lure.to_owned());
    assert!(w.store.repositories().organizations().update(&w.organization).await.unwrap());
    let hostile = |mut outgoing: OutgoingEmail| {
        outgoing.recipient.full_name = Some("<img src=x> www.evil.example {{ lang }}".to_owned());
        outgoing
    };
    let mut emails: Vec<OutgoingEmail> =
        every_mail().into_iter().map(|mail| hostile(w.outgoing(mail))).collect();
    emails.push(hostile(w.outgoing(Mail::Invitation {
        url: URL.to_owned(),
        expires_at: NOW + HOUR,
        inviter: Some("https://evil.example".to_owned()),
        message: Some("<a href=https://evil.example>go</a>".to_owned()),
    })));
    for MailBody { subject, html, text } in arrived(&w, emails).await {
        assert!(!subject.contains(char::is_control) && subject.chars().count() <= 120, "{subject}");
        assert!(!html.contains("<script") && !html.contains("<img src=x") && !html.contains("<a href=https"));
        for part in [&html, &text] {
            assert!(!part.contains("www.evil.example"), "{part}");
        }
        let links: Vec<&str> =
            html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(links.iter().all(|link| link.starts_with("https://id.example.com/")), "{links:?}");
    }
}

#[tokio::test]
async fn an_email_has_the_theme_of_its_organization() {
    let mut w = World::sqlite().await;
    w.organization.branding = Branding {
        logo_url: Some("https://cdn.example/logo.png".to_owned()),
        primary_color: Some("#aa3300".to_owned()),
        company_name: Some("Painted & Sons".to_owned()),
        ..Branding::default()
    };
    assert!(w.store.repositories().organizations().update(&w.organization).await.unwrap());
    let emails = every_mail().into_iter().map(|mail| w.outgoing(mail)).collect();
    for MailBody { subject, html, .. } in arrived(&w, emails).await {
        assert!(subject.contains("Painted & Sons"), "{subject}");
        assert!(html.contains("src=\"https://cdn.example/logo.png\""), "{html}");
        assert!(html.contains("Painted &amp; Sons"), "{html}");
        assert_eq!(html.contains("bgcolor"), html.contains("bgcolor=\"#aa3300\""), "buttons: {html}");
    }
}

#[tokio::test]
async fn whoever_is_told_of_a_change_finds_the_way_to_undo_it() {
    let w = World::sqlite().await;
    let changed = Mail::SecondFactorChanged { change: SecondFactorChange::Disabled, event: security_event() };
    let emails = vec![w.outgoing(password_changed()), w.outgoing(changed), w.outgoing(Mail::Welcome)];
    let bodies = arrived(&w, emails).await;
    for told in &bodies[..2] {
        assert!(told.text.contains("192.0.2.7") && told.text.contains("Firefox"), "{}", told.text);
    }
    assert!(bodies[0].text.contains("https://id.example.com/acme/auth/forgot-password"));
    assert!(bodies[1].text.contains("https://id.example.com/acme/account"));
    assert!(bodies[2].text.contains("https://id.example.com/acme/account"));
}
