//! Previews: shown in a frame, where they can do nothing.

use super::*;

const CONSOLE: &str = "'self' https://console.example";

fn is_mail(what: Preview) -> bool {
    what.as_str().ends_with("_mail")
}

#[test]
fn everything_can_be_shown_in_every_language() {
    let pages = Pages::new();
    for what in Preview::ALL {
        for language in languages() {
            let theme = acme().in_locale(language);
            let page = pages.preview(&theme, *what, CONSOLE).unwrap();
            assert_eq!(page.language, language, "{what}");
            assert!(page.html.contains("Harbor Logistics"), "{what}");
            assert!(page.html.contains(&format!("lang=\"{language}\"")), "{what} {language}");
        }
    }
}

#[test]
fn a_preview_is_for_the_frames_of_some_and_runs_nothing() {
    let pages = Pages::new();
    for what in Preview::ALL {
        let page = pages.preview(&acme(), *what, CONSOLE).unwrap();
        let directives: Vec<&str> = page.csp.split("; ").collect();
        let of = |name: &str| directives.iter().filter(|text| text.split(' ').next() == Some(name)).count();
        assert_eq!(of("frame-ancestors"), 1, "{what}: {}", page.csp);
        assert!(
            directives.contains(&"frame-ancestors 'self' https://console.example"),
            "{what}: {}",
            page.csp
        );
        assert!(directives.contains(&"sandbox") && directives.contains(&"default-src 'none'"), "{what}");
        assert_eq!(page.csp.contains("'unsafe-inline'"), is_mail(*what), "{what}: {}", page.csp);
        assert!(page.csp.contains("https://cdn.example"), "{what}: {}", page.csp);
    }
}

#[test]
fn the_ways_to_sign_in_are_shown() {
    let pages = Pages::new();
    for (what, has_password, has_link) in [
        (Preview::Login, true, true),
        (Preview::LoginPassword, true, false),
        (Preview::LoginMagicLink, false, true),
    ] {
        let html = pages.preview(&acme(), what, CONSOLE).unwrap().html;
        assert_eq!(html.contains("type=\"password\""), has_password, "{what}");
        assert_eq!(html.contains("id=\"magic-link-btn\""), has_link, "{what}");
    }
}

#[test]
fn a_hostile_branding_does_nothing() {
    let pages = Pages::new();
    for what in Preview::ALL {
        let page = pages.preview(&hostile_theme(), *what, CONSOLE).unwrap();
        assert!(!page.html.contains("<script>alert"), "{what}");
        assert!(!page.csp.contains("alert"), "{what}: {}", page.csp);
    }
}
