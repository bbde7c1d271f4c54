//! Mails: complete, consistent with their subject, and harmless with hostile data.

use super::*;
use crate::text::escape;

fn every_mail(data: &Data<'_>) -> Vec<(String, MailBody)> {
    samples::every_mail(&Pages::new(), &acme(), data).unwrap()
}

#[test]
fn every_mail_has_a_subject_and_the_same_in_both_parts() {
    for (name, MailBody { subject, html, text }) in every_mail(&FRIENDLY) {
        assert!(subject.contains("Harbor Logistics") && subject.lines().count() == 1, "{name}: {subject}");
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\" dir=\"ltr\">"), "{name}");
        assert!(html.contains(&format!("<title>{}</title>", escape(&subject))), "{name}");
        for part in [&html, &text] {
            assert!(!part.contains("{{") && !part.contains(">none"), "{name}: {part}");
        }
        assert!(!text.contains("\n\n\n") && !text.starts_with('\n') && !text.contains('<'), "{name}: {text}");
        assert!(!text.contains("&#") && !text.contains("&amp;"), "{name}: {text}");
        assert_eq!(html.contains(&escape(FRIENDLY.url)), text.contains(FRIENDLY.url), "{name}");
        assert_eq!(html.contains(FRIENDLY.code), text.contains(FRIENDLY.code), "{name}");
    }
}

#[test]
fn a_link_or_a_code_is_in_every_mail_that_promises_one() {
    for (name, mail) in every_mail(&FRIENDLY) {
        let kind = name.split("--").next().unwrap();
        if ["magic-link", "password-reset", "invitation", "verify-email"].contains(&kind) {
            assert!(mail.text.contains(FRIENDLY.url), "{name}");
        }
        assert_eq!(
            mail.text.contains(FRIENDLY.code),
            kind == "otp-code" || name == "magic-link--full",
            "{name}"
        );
    }
}

#[test]
fn no_code_and_no_persons_words_stand_in_a_subject() {
    let data =
        Data { code: "731946", person: "Persona", message: "Persona", organization: "Persona", ..FRIENDLY };
    for (name, mail) in every_mail(&data) {
        assert!(
            !mail.subject.contains("731946") && !mail.subject.contains("Persona"),
            "{name}: {}",
            mail.subject
        );
        assert!(!format!("{mail:?}").contains("731946"), "{name}");
    }
}

#[test]
fn a_company_name_cannot_break_a_header() {
    let long = "x".repeat(400);
    for company_name in ["a\r\nBcc: b@evil.example", "a\u{2028}b", "a\u{0}\u{202e}b", &long] {
        let theme = Theme { company_name, ..acme() };
        let mail = OtpCodeMail { name: None, code: "1", expires_in: 60 };
        let subject = Pages::new().render_mail(&theme, &mail).unwrap().subject;
        assert!(!subject.contains(char::is_control) && subject.chars().count() <= 120, "{subject}");
        assert!(!subject.contains(['\u{2028}', '\u{202e}']), "{subject}");
    }
}

#[test]
fn hostile_text_is_neither_markup_nor_a_link() {
    let theme = hostile_theme();
    for (name, mail) in samples::every_mail(&Pages::new(), &theme, &HOSTILE_DATA).unwrap() {
        for part in [&mail.html, &mail.text, &mail.subject] {
            assert!(!part.contains(['\0', '\u{202e}']) && !part.contains("49&amp;"), "{name}");
        }
        assert!(!mail.html.contains("<script") && !mail.html.contains("<img src=x"), "{name}: {}", mail.html);
    }
    let lure = "see https://evil.example/x or www.evil.example";
    let data =
        Data { person: lure, organization: lure, client: lure, message: lure, address: lure, ..FRIENDLY };
    for (name, mail) in every_mail(&data) {
        for part in [&mail.html, &mail.text] {
            assert!(!part.contains("https://evil") && !part.contains("www.evil"), "{name}: {part}");
        }
        let ours = escape(FRIENDLY.url);
        assert!(values(&mail.html, "href").iter().all(|href| *href == ours), "{name}");
    }
}

#[test]
fn nothing_is_loaded_but_the_logo_and_nothing_runs() {
    for (name, mail) in every_mail(&FRIENDLY) {
        assert_eq!(values(&mail.html, "src"), ["https://cdn.example/logo.svg"], "{name}");
        assert!(
            !mail.html.contains("<form") && !mail.html.contains("<script") && !mail.html.contains("url("),
            "{name}"
        );
    }
    for logo_url in
        ["http://cdn.example/a.png", "/acme/assets/logo", "data:image/png;base64,AA", "javascript:x"]
    {
        let theme = Theme { logo_url: Some(logo_url), ..acme() };
        let mail = WelcomeMail { name: None, organization: "Acme", url: None };
        assert!(!Pages::new().render_mail(&theme, &mail).unwrap().html.contains("<img"), "{logo_url}");
    }
}

#[test]
fn a_change_of_the_account_says_when_and_from_where() {
    let mails = every_mail(&FRIENDLY);
    let text = |name: &str| &mails.iter().find(|(found, _)| found == name).unwrap().1.text;
    let full = text("password-changed--full");
    assert!(
        full.contains("14 March 2026 at 09:05 UTC")
            && full.contains("Firefox on Windows, address 203.0.113.7")
    );
    assert!(!text("password-changed--bare").contains("When:"));
    for change in FactorChange::ALL {
        assert!(text(&format!("second-factor-changed--{change:?}--full")).contains("When:"), "{change:?}");
    }
}
