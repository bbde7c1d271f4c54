//! Every page and every mail in every language.

use super::*;
use crate::messages::{Catalogue, SOURCES};

/// Whether a placeholder was not filled: `{{name}}`, which no sample contains.
fn has_open_place(text: &str) -> bool {
    text.split("{{").skip(1).any(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
}

/// A catalogue key shown instead of its text.
fn raw_key<'k>(text: &str, keys: &'k [String]) -> Option<&'k String> {
    keys.iter().find(|key| text.contains(key.as_str()))
}

fn keys() -> Vec<String> {
    let english: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(SOURCES[0].1).unwrap();
    english.into_keys().collect()
}

#[test]
fn there_are_eight_languages() {
    assert_eq!(languages().collect::<Vec<_>>(), ["en", "de", "fr", "es", "nl", "pt", "ja", "ar"]);
}

#[test]
fn every_page_renders_in_every_language() {
    let (keys, pages) = (keys(), Pages::new());
    for language in languages() {
        let direction = if language == "ar" { "rtl" } else { "ltr" };
        for data in [FRIENDLY, HOSTILE_DATA] {
            for (name, Page { html, .. }) in samples::every_page(&pages, &acme().in_locale(language), &data) {
                if name == "root" {
                    continue;
                }
                let open = format!("<html lang=\"{language}\" dir=\"{direction}\">");
                assert!(html.contains(&open), "{language} {name}");
                let body = body(&html);
                assert!(!has_open_place(body), "{language} {name}: {body}");
                assert_eq!(raw_key(body, &keys), None, "{language} {name}");
                assert!(!body.contains("<script>alert") && !body.contains("<img src=x"), "{language} {name}");
                assert!(
                    elements(body, "h1").iter().all(|title| !title.trim().is_empty()),
                    "{language} {name}"
                );
            }
        }
    }
}

#[test]
fn every_mail_renders_in_every_language() {
    let (keys, pages) = (keys(), Pages::new());
    for language in languages() {
        for data in [FRIENDLY, HOSTILE_DATA] {
            for (name, mail) in samples::every_mail(&pages, &acme().in_locale(language), &data).unwrap() {
                assert!(mail.subject.contains("Harbor Logistics"), "{language} {name}: {}", mail.subject);
                assert!(mail.html.contains(&format!("<html lang=\"{language}\"")), "{language} {name}");
                for part in [&mail.subject, &mail.html, &mail.text] {
                    assert!(!has_open_place(part), "{language} {name}: {part}");
                    assert_eq!(raw_key(part, &keys), None, "{language} {name}");
                }
                assert!(
                    !mail.html.contains("<script") && !mail.html.contains("<img src=x"),
                    "{language} {name}"
                );
            }
        }
    }
}

#[test]
fn no_page_falls_back_to_english() {
    let catalogue = Catalogue::embedded();
    for language in languages().filter(|language| *language != "en") {
        let messages = catalogue.messages(language);
        for key in ["login.title", "errors.generic", "mail.otp_code", "two_factor.verify_title"] {
            assert_ne!(messages.get(key, None), catalogue.messages("en").get(key, None), "{language} {key}");
        }
    }
}

#[test]
fn codes_and_addresses_keep_their_direction_in_arabic() {
    let pages = Pages::new();
    let theme = acme().in_locale("ar");
    for (name, mail) in samples::every_mail(&pages, &theme, &FRIENDLY).unwrap() {
        for line in mail.html.lines().filter(|line| line.contains(&format!(">{}<", FRIENDLY.code))) {
            assert!(line.contains("dir=\"ltr\""), "{name}: {line}");
        }
    }
    for (name, Page { html, .. }) in samples::every_page(&pages, &theme, &FRIENDLY) {
        for tag in tags(&html).iter().filter(|tag| tag.starts_with("input id=\"code\"")) {
            assert!(tag.contains("dir=\"ltr\""), "{name}: <{tag}>");
        }
    }
}
