//! Every page, rendered with friendly and with hostile data, and held against its own policy.

mod content;
mod hostility;

use super::*;

const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}\u{0}{{ 7*7 }}&amp;";

fn hostile_look() -> Look<'static> {
    Look {
        company_name: HOSTILE,
        logo_url: Some("https://cdn.example/\"><script>alert(1)</script>"),
        favicon_url: Some("javascript:alert(1)"),
        primary_color: "red;}</style><script>alert(1)</script>",
        custom_css: Some("</style><script>alert(1)</script>"),
        locale: "\"><script>",
    }
}

fn acme() -> Look<'static> {
    Look {
        company_name: "Harbor Logistics",
        logo_url: Some("https://cdn.example/logo.svg"),
        favicon_url: Some("https://static.example/favicon.ico"),
        primary_color: "#0f766e",
        custom_css: Some(".card { border-radius: 0 }"),
        locale: "en-GB",
    }
}

fn login(client_name: &'static str, email: &'static str, flash: Option<Flash>) -> LoginPage<'static> {
    LoginPage {
        action_url: "/acme/interaction/i1/login",
        cancel_url: "/acme/interaction/i1/abort",
        csrf: "csrf-token",
        client_name,
        email,
        flash,
        show_password: true,
    }
}

const FLASHES: &[Flash] = &[
    Flash::InvalidCredentials,
    Flash::EmailMissing,
    Flash::PasswordMissing,
    Flash::AccountInactive,
    Flash::AccountLocked,
    Flash::AccountSuspended,
    Flash::RateLimited { retry_after: 150 },
    Flash::MethodDisabled,
    Flash::CsrfInvalid,
    Flash::SignInAgain,
];

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

fn all_scopes() -> Vec<String> {
    owned(&["openid", "profile", "email", "phone", "address", "offline_access", "dock:berths:read"])
}

/// Every page with every optional part once present and once absent.
fn every_page(look: &Look<'_>) -> Vec<(String, Page)> {
    let pages = Pages::new();
    let mut all = vec![
        ("login".to_owned(), pages.login(look, &login("Dock Planner", "", None))),
        ("login-email".to_owned(), pages.login(look, &login("Dock Planner", "ana@example.com", None))),
        (
            "login-disabled".to_owned(),
            pages.login(look, &LoginPage { show_password: false, ..login("Dock Planner", "", None) }),
        ),
        ("logout-success".to_owned(), pages.logout_success(look, &LogoutSuccessPage {})),
        ("root".to_owned(), pages.root()),
    ];
    for flash in FLASHES {
        let name = format!("login-{}", flash.key());
        all.push((name, pages.login(look, &login("Dock Planner", "ana@example.com", Some(*flash)))));
    }
    let scopes = all_scopes();
    for (name, client_organization, scopes) in
        [("consent", Some("Quay Systems"), scopes.as_slice()), ("consent-bare", None, &[])]
    {
        let page = ConsentPage {
            action_url: "/acme/interaction/i1/confirm",
            csrf: "csrf-token",
            client_name: "Berth Insights",
            client_organization,
            user_email: "ana@example.com",
            scopes,
        };
        all.push((name.to_owned(), pages.consent(look, &page)));
    }
    for (name, client_name, return_url) in [
        ("logout", Some("Dock Planner"), Some("https://app.example/bye?a=1&b=2")),
        ("logout-bare", None, None),
    ] {
        let page = LogoutPage {
            action_url: "/acme/session/end/confirm",
            xsrf: "xsrf-token",
            client_name,
            return_url,
        };
        all.push((name.to_owned(), pages.logout(look, &page)));
    }
    for text in ErrorText::ALL {
        all.push((format!("error-{text:?}"), pages.error(look, &ErrorPage::new(*text))));
    }
    let full = ErrorPage {
        text: ErrorText::RateLimited,
        code: Some("temporarily_unavailable"),
        retry_after: Some(150),
        request_id: Some("0197f6b2-7a31-7c11-9d0e-5b1f5f1c2a3d"),
        retry_url: Some("/acme/auth?client_id=x&scope=openid"),
    };
    all.push(("error-full".to_owned(), pages.error(look, &full)));
    let fields = [("code".to_owned(), "porta_ac_x".to_owned()), ("state".to_owned(), "a&b".to_owned())];
    let form = FormPostPage { target: "https://app.example/cb", fields: &fields };
    all.push(("form-post".to_owned(), pages.form_post(look, &form)));
    all
}

/// Texts of the elements `<name>…</name>`.
fn elements<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let after = html.split(&open).skip(1);
    after.filter_map(|rest| rest.split_once('>')?.1.split_once(&close).map(|(text, _)| text)).collect()
}

/// The tags of a page, without text and without the content of `style` and `script`.
fn tags(html: &str) -> Vec<String> {
    let mut rest = html.to_owned();
    for name in ["style", "script"] {
        for text in elements(html, name) {
            rest = rest.replace(text, "");
        }
    }
    rest.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(tag, _)| tag.to_owned()).collect()
}

/// What comes after the head and its style sheets.
fn body(html: &str) -> &str {
    html.split_once("</head>").unwrap().1
}

fn count(html: &str, needle: &str) -> usize {
    html.matches(needle).count()
}

#[test]
fn every_page_is_complete_and_accessible() {
    for look in [acme(), Look::neutral(), hostile_look()] {
        for (name, Page { html, .. }) in every_page(&look) {
            assert!(html.starts_with("<!doctype html>"), "{name}");
            assert!(html.contains("<html lang=\"en\" dir=\"ltr\">"), "{name}");
            assert!(html.contains("name=\"robots\" content=\"noindex, nofollow\""), "{name}");
            assert!(
                html.contains("name=\"viewport\" content=\"width=device-width, initial-scale=1\""),
                "{name}"
            );
            for element in ["<h1>", "<main ", "<title>"] {
                assert_eq!(count(&html, element), 1, "{name}: {element}");
            }
            assert!(count(&html, " autofocus") <= 1, "{name}");
            assert!(
                !html.contains("none<") && !html.contains("\"none\""),
                "{name}: an absent value was printed"
            );
            for id in html.split("aria-describedby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert_eq!(count(&html, &format!("id=\"{id}\"")), 1, "{name}: #{id}");
            }
            for id in html.split("<label for=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                assert_eq!(count(&html, &format!("<input id=\"{id}\"")), 1, "{name}: #{id}");
            }
            for form in html.split("<form").skip(1).filter_map(|rest| rest.split('>').next()) {
                assert!(form.contains("method=\"post\""), "{name}: {form}");
            }
        }
    }
}

#[test]
fn the_catalogue_and_its_uses_agree() {
    let templates = [
        include_str!("../../templates/layout.html"),
        include_str!("../../templates/login.html"),
        include_str!("../../templates/consent.html"),
        include_str!("../../templates/logout.html"),
        include_str!("../../templates/logout_success.html"),
        include_str!("../../templates/error.html"),
        include_str!("../../templates/form_post.html"),
        include_str!("../../templates/root.html"),
    ];
    let code = [include_str!("../context.rs"), include_str!("../render.rs")];
    let sources = templates.iter().chain(&code);
    let mut used = std::collections::BTreeSet::new();
    for word in sources.flat_map(|source| source.split('"')) {
        let namespace = word.split('.').next().unwrap_or_default();
        let is_key = ["common", "login", "consent", "logout", "form_post", "root", "errors"]
            .contains(&namespace)
            && word.contains('.')
            && word.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'.' | b'_'));
        if is_key && word.rsplit('.').next() != Some("html") {
            used.insert(word);
        }
    }
    let catalogue: std::collections::BTreeMap<String, String> =
        serde_json::from_str(include_str!("../../locales/en.json")).unwrap();
    let defined: std::collections::BTreeSet<&str> = catalogue.keys().map(String::as_str).collect();
    assert_eq!(used, defined);
}

#[test]
fn every_place_in_a_text_is_filled() {
    for (name, page) in every_page(&acme()) {
        assert!(!body(&page.html).contains("{{") && !body(&page.html).contains("}}"), "{name}");
    }
}
