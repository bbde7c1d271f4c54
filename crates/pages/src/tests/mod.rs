//! Renders every page and mail with friendly and with hostile data, and checks pages against their own policy.

mod catalogue;
mod content;
mod documented;
mod form_action;
mod hostility;
mod languages;
mod mails;
mod overrides;
mod preview;
#[path = "../../examples/gallery/samples/mod.rs"]
mod samples;

use samples::{Data, FRIENDLY};

use super::*;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}\u{0}{{ 7*7 }}&amp;";

const HOSTILE_DATA: Data<'static> = Data {
    client: HOSTILE,
    organization: HOSTILE,
    person: HOSTILE,
    email: HOSTILE,
    message: HOSTILE,
    link: "https://a.example/\"><script>alert(1)</script>",
    url: "https://a.example/\"><script>alert(1)</script>",
    token: HOSTILE,
    code: HOSTILE,
    user_agent: HOSTILE,
    address: HOSTILE,
    scope: HOSTILE,
};

fn hostile_theme() -> Theme<'static> {
    Theme {
        organization: "../../etc/passwd",
        company_name: HOSTILE,
        logo_url: Some("https://cdn.example/\"><script>alert(1)</script>"),
        favicon_url: Some("javascript:alert(1)"),
        primary_color: "red;}</style><script>alert(1)</script>",
        custom_css: Some("</style><script>alert(1)</script>"),
        locale: "\"><script>",
    }
}

fn acme() -> Theme<'static> {
    Theme {
        organization: "acme",
        company_name: "Harbor Logistics",
        logo_url: Some("https://cdn.example/logo.svg"),
        favicon_url: Some("https://static.example/favicon.ico"),
        primary_color: "#0f766e",
        custom_css: Some(".card { border-radius: 0 }"),
        locale: "en-GB",
    }
}

fn every_page(theme: &Theme<'_>) -> Vec<(String, Page)> {
    samples::every_page(&Pages::new(), theme, &FRIENDLY)
}

/// The sample page with this name.
fn sample(name: &str) -> String {
    let page = every_page(&acme()).into_iter().find(|(found, _)| found == name);
    page.unwrap_or_else(|| panic!("no sample `{name}`")).1.html
}

/// Contents of the elements `<name>…</name>`.
fn elements<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let after = html.split(&open).skip(1);
    after.filter_map(|rest| rest.split_once('>')?.1.split_once(&close).map(|(text, _)| text)).collect()
}

/// Tags of a page, without text and without the contents of `style` and `script`.
fn tags(html: &str) -> Vec<String> {
    let mut rest = html.to_owned();
    for name in ["style", "script"] {
        for text in elements(html, name) {
            rest = rest.replace(text, "");
        }
    }
    rest.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(tag, _)| tag.to_owned()).collect()
}

/// Everything after the head and its style sheets.
fn body(html: &str) -> &str {
    html.split_once("</head>").unwrap().1
}

fn count(html: &str, needle: &str) -> usize {
    html.matches(needle).count()
}

/// Values of an attribute in all tags.
fn values<'h>(html: &'h str, attribute: &str) -> Vec<&'h str> {
    let open = format!(" {attribute}=\"");
    html.split(&open).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_page_is_complete_and_accessible() {
    for theme in [acme(), Theme::neutral(), hostile_theme()] {
        for (name, Page { html, .. }) in every_page(&theme) {
            assert!(html.starts_with("<!doctype html>"), "{name}");
            assert!(html.contains("<html lang=\"en\" dir=\"ltr\">"), "{name}");
            assert!(html.contains("name=\"robots\" content=\"noindex, nofollow\""), "{name}");
            assert!(
                html.contains("name=\"viewport\" content=\"width=device-width, initial-scale=1\""),
                "{name}"
            );
            let body = body(&html);
            for element in ["<h1>", "<main "] {
                assert_eq!(count(body, element), 1, "{name}: {element}");
            }
            assert_eq!(count(&html, "<title>"), 1, "{name}");
            assert!(count(body, " autofocus") <= 1, "{name}");
            assert!(
                !html.contains("none<") && !html.contains("\"none\""),
                "{name}: an absent value was printed"
            );
            assert_ids_are_told_apart(&name, body);
        }
    }
}

fn assert_ids_are_told_apart(name: &str, body: &str) {
    let ids = values(body, "id");
    for id in &ids {
        assert_eq!(ids.iter().filter(|other| other == &id).count(), 1, "{name}: #{id}");
    }
    for attribute in ["aria-describedby", "aria-labelledby", "for"] {
        for id in values(body, attribute).into_iter().flat_map(str::split_whitespace) {
            assert!(ids.contains(&id), "{name}: {attribute} {id}");
        }
    }
    for tag in tags(body) {
        let kind = tag.split_whitespace().next().unwrap_or_default();
        if kind == "form" {
            assert!(tag.contains("method=\"post\""), "{name}: <{tag}>");
        }
        if kind == "input" && !tag.contains("type=\"hidden\"") && !tag.contains("aria-hidden=\"true\"") {
            let id = values(&tag, "id").first().copied().unwrap_or_default();
            assert_eq!(count(body, &format!("<label for=\"{id}\"")), 1, "{name}: <{tag}>");
            assert!(tag.contains(" autocomplete="), "{name}: <{tag}>");
        }
    }
}

#[test]
fn no_page_needs_the_last_resort() {
    for theme in [acme(), Theme::neutral(), hostile_theme()] {
        for data in [FRIENDLY, HOSTILE_DATA] {
            for (name, Page { html, .. }) in samples::every_page(&Pages::new(), &theme, &data) {
                assert!(!html.contains("<title>Error</title>"), "{name}");
            }
        }
    }
}
