//! Content-Security-Policies and hostile data.

use super::*;

#[test]
fn the_policy_allows_exactly_what_the_page_carries() {
    for theme in [acme(), Theme::neutral(), hostile_theme()] {
        for (name, Page { html, csp, .. }) in every_page(&theme) {
            let hashes = |texts: Vec<&str>| texts.into_iter().map(csp::hash_source).collect::<Vec<_>>();
            let styles = hashes(elements(&html, "style"));
            assert!(csp.contains(&format!("style-src {};", styles.join(" "))), "{name}: {csp}");
            let scripts = hashes(elements(&html, "script"));
            assert_eq!(csp.contains("script-src"), !scripts.is_empty(), "{name}");
            for hash in &scripts {
                assert!(csp.contains(&format!("script-src {hash};")), "{name}: {csp}");
            }
            assert!(!csp.contains("form-action 'none'") || !html.contains("<form"), "{name}: {csp}");
            assert!(csp.starts_with("default-src 'none'; "), "{name}: {csp}");
            assert!(csp.ends_with("; base-uri 'none'; frame-ancestors 'none'"), "{name}: {csp}");
            assert!(!csp.contains("unsafe") && !csp.contains('*') && csp.is_ascii(), "{name}: {csp}");
            assert!(!csp.contains(['\r', '\n', '<', '"']), "{name}: {csp}");
        }
    }
}

#[test]
fn only_the_form_post_page_has_a_script_and_nothing_has_inline_attributes() {
    for theme in [acme(), hostile_theme()] {
        for (name, Page { html, .. }) in every_page(&theme) {
            assert_eq!(count(&html, "<script"), usize::from(name == "form-post"), "{name}");
            for tag in tags(&html) {
                let lower = tag.to_ascii_lowercase();
                assert!(!lower.contains(" style=") && !lower.contains("javascript:"), "{name}: <{tag}>");
                let attributes = lower.split_whitespace().skip(1);
                // Hostile values are inside quotes, where `onerror` is plain text.
                let handlers = attributes.filter(|a| a.starts_with("on") && a.contains("=\"")).count();
                assert_eq!(handlers, 0, "{name}: <{tag}>");
            }
        }
    }
}

#[test]
fn hostile_values_stay_text_in_every_field() {
    for (name, Page { html, .. }) in samples::every_page(&Pages::new(), &hostile_theme(), &HOSTILE_DATA) {
        assert!(!html.contains("<img src=x") && !html.contains("<script>alert"), "{name}: {html}");
        assert!(!html.contains('\0'), "{name}");
        // Quotes and brackets of hostile text are escaped, so every tag is one of the template.
        assert!(!html.contains("\"'>") && !html.contains("}}\">"), "{name}");
        assert!(!html.contains("49&amp;"), "{name}: data was run as a template");
        // The form post contains the exact values; nobody reads them.
        assert!(name == "form-post" || !html.contains('\u{202e}'), "{name}");
        assert!(name == "root" || html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{name}");
    }
}

#[test]
fn a_refused_theme_falls_back_quietly() {
    let page = Pages::new().render(&hostile_theme(), &LogoutSuccessPage {});
    assert_eq!(elements(&page.html, "style").len(), 2, "the tenant's own sheet is left out");
    assert!(page.html.contains("<link rel=\"icon\" href=\"data:,\">"));
    assert_eq!(palette_of(&page), palette_of(&Pages::new().root("en")));
}

fn palette_of(page: &Page) -> &str {
    elements(&page.html, "style")[1]
}
