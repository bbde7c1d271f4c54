use porta_core::mail::MailBody;
use porta_core::user::Email;
use porta_core::{OutboxId, SeededEntropy, Timestamp};

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);

fn message(from_name: &str, to: &str, subject: &str) -> Message {
    Message {
        id: OutboxId::new(NOW, &SeededEntropy::new(1)),
        from_name: from_name.to_owned(),
        to: Email::parse(to).unwrap(),
        body: MailBody {
            subject: subject.to_owned(),
            html: "<p>Grüße</p>".to_owned(),
            text: "Grüße\n.\nBcc: eve@example.net\n".to_owned(),
        },
        date: NOW,
    }
}

fn composed(message: &Message) -> (Envelope, String) {
    let sender = Sender::parse("Porta <no-reply@mail.example.com>").unwrap();
    let (envelope, bytes) = compose(message, &sender).unwrap();
    (envelope, String::from_utf8(bytes).unwrap())
}

/// Header lines, unfolded.
fn headers(mime: &str) -> Vec<String> {
    let (header, _) = mime.split_once("\r\n\r\n").unwrap();
    header.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
}

fn header(mime: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    let found: Vec<_> = headers(mime).into_iter().filter(|h| h.starts_with(&prefix)).collect();
    assert_eq!(found.len(), 1, "{name} once: {mime}");
    found[0][prefix.len()..].to_owned()
}

#[test]
fn a_message_has_the_headers_of_one_that_a_machine_sent() {
    let message = message("Acme", "ana@example.org", "Hello");
    let (envelope, mime) = composed(&message);
    assert_eq!(header(&mime, "From"), "Acme <no-reply@mail.example.com>");
    assert_eq!(header(&mime, "To"), "ana@example.org");
    assert_eq!(header(&mime, "Subject"), "Hello");
    assert_eq!(header(&mime, "Date"), "Sun, 15 Jun 2025 15:06:40 +0000");
    assert_eq!(header(&mime, "Message-ID"), format!("<{}@mail.example.com>", message.id));
    assert_eq!(header(&mime, "Auto-Submitted"), "auto-generated");
    assert!(header(&mime, "Content-Type").starts_with("multipart/alternative"));
    let (plain, html) = (mime.find("text/plain").unwrap(), mime.find("text/html").unwrap());
    assert!(plain < html, "the preferred form comes last (RFC 2046 §5.1.4)");
    assert_eq!(envelope.from().unwrap().to_string(), "no-reply@mail.example.com");
    assert_eq!(envelope.to().iter().map(ToString::to_string).collect::<Vec<_>>(), ["ana@example.org"]);
}

#[test]
fn nothing_starts_a_header_of_its_own() {
    let plain = headers(&composed(&message("Acme", "ana@example.org", "Hello")).1);
    let names = |headers: &[String]| -> Vec<String> {
        headers.iter().map(|h| h.split(':').next().unwrap_or_default().to_owned()).collect()
    };
    for nasty in [
        "Acme\r\nBcc: eve@example.net",
        "Acme\nBcc: eve@example.net\n\nbody",
        "Acme\rBcc: eve@example.net",
        "Acme\u{85}Bcc: eve@example.net",
        "Acme\u{2028}Bcc: eve@example.net",
        "Acme\u{0}\u{b}\u{c}Bcc: eve@example.net",
        "=?utf-8?q?Acme=0D=0ABcc:_eve@example.net?=",
        "Grüße\r\nBcc: eve@example.net",
        "Acme\" <eve@example.net>, \"",
        "Acme <eve@example.net>",
    ] {
        let (envelope, mime) = composed(&message(nasty, "ana@example.org", nasty));
        assert_eq!(names(&headers(&mime)), names(&plain), "{nasty:?}\n{mime}");
        assert_eq!(envelope.to().len(), 1);
        assert!(header(&mime, "From").ends_with("<no-reply@mail.example.com>"), "{mime}");
        let from: lettre::message::Mailboxes = header(&mime, "From").parse().unwrap();
        assert_eq!(from.iter().count(), 1, "one sender: {nasty:?}");
        assert!(!mime.contains('\u{0}'));
        assert!(mime.split("\r\n").all(|line| !line.contains(['\r', '\n'])), "every line ends as it must");
    }
}

#[test]
fn what_is_not_ascii_is_encoded_and_comes_back() {
    let (_, mime) = composed(&message("Bäckerei Müller 東京", "ana@example.org", "Grüße 👋 aus Köln"));
    assert!(mime.is_ascii(), "{mime}");
    assert!(header(&mime, "Subject").starts_with("=?utf-8?"));
    assert!(header(&mime, "From").starts_with("=?utf-8?"));
    assert!(header(&mime, "From").ends_with(" <no-reply@mail.example.com>"));
}

#[test]
fn long_names_are_cut_and_lines_stay_short() {
    for letter in ["x", "ü", "東", "👋"] {
        let long = letter.repeat(5000);
        let (_, mime) = composed(&message(&long, "ana@example.org", &long));
        assert!(mime.split("\r\n").all(|line| line.len() <= 998), "RFC 5322 §2.1.1");
        assert!(header(&mime, "From").ends_with("<no-reply@mail.example.com>"));
        assert!(header(&mime, "Subject").len() < 4000);
    }
}

#[test]
fn a_name_that_shows_nothing_is_replaced_by_the_senders() {
    for empty in ["", "  ", "\r\n", "\u{202e}"] {
        let (_, mime) = composed(&message(empty, "ana@example.org", "Hello"));
        assert_eq!(header(&mime, "From"), "Porta <no-reply@mail.example.com>", "{empty:?}");
    }
    let (_, mime) = composed(&message("Acme\u{202e}moc.live", "ana@example.org", "Hello"));
    assert_eq!(header(&mime, "From"), "Acmemoc.live <no-reply@mail.example.com>");
}

#[test]
fn domains_beyond_ascii_are_sent_as_dns_has_them() {
    let (envelope, mime) = composed(&message("Acme", "ana@bücher.example", "Hello"));
    assert_eq!(envelope.to()[0].to_string(), "ana@xn--bcher-kva.example");
    assert_eq!(header(&mime, "To"), "ana@xn--bcher-kva.example");
    let sender = Sender::parse("post@bücher.example").unwrap();
    assert_eq!(sender.domain(), "xn--bcher-kva.example");
    // A non-ASCII local part is left alone: it needs a relay with SMTPUTF8.
    let (envelope, _) = composed(&message("Acme", "änne@bücher.example", "Hello"));
    assert_eq!(envelope.to()[0].to_string(), "änne@xn--bcher-kva.example");
}

#[test]
fn addresses_that_would_say_more_than_one_thing_are_refused() {
    let sender = Sender::parse("no-reply@example.com").unwrap();
    for bad in ["a,b@example.org", "a>b@example.org", "<a@example.org", "a;b@example.org", "a..b@example.org"]
    {
        let message =
            Message { to: Email::trusted(bad.to_owned(), bad.to_owned()), ..message("Acme", "x@y.z", "s") };
        assert!(matches!(compose(&message, &sender), Err(ComposeError::Recipient)), "{bad}");
    }
    for bad in
        ["", "porta", "Porta <no-reply>", "a@b\r\nBcc: c@d", "a@example.com, b@example.com", "@example.com"]
    {
        assert!(Sender::parse(bad).is_err(), "{bad:?}");
    }
}
