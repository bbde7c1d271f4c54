//! Texts and form fields of each page.

use super::*;

fn login(email: &str, flash: Option<Flash>) -> String {
    let page = LoginPage { email, flash, ..samples::login_page(&FRIENDLY) };
    Pages::new().render(&acme(), &page).html
}

#[test]
fn login_has_its_stable_fields() {
    let html = login("", None);
    assert_eq!(count(&html, "<input type=\"hidden\" name=\"_csrf\" value=\"csrf-token\">"), 2);
    assert!(html.contains("action=\"/acme/interaction/i1/login\""));
    assert!(html.contains("action=\"/acme/interaction/i1/abort\""));
    assert!(html.contains("<input id=\"email\" name=\"email\""));
    assert!(html.contains("<input id=\"password\" name=\"password\" type=\"password\""));
    assert!(html.contains("autocomplete=\"username\"") && html.contains("autocomplete=\"current-password\""));
    assert!(html.contains("<bdi class=\"name\">Dock Planner</bdi>"));
    assert!(
        html.contains("id=\"magic-link-btn\" type=\"submit\" formaction=\"/acme/interaction/i1/magic-link\"")
    );
    assert!(!html.contains("role=\"alert\"") && !body(&html).contains("aria-invalid"));
}

/// Tag of the field with this id.
fn field(html: &str, id: &str) -> String {
    let start = html.find(&format!("<input id=\"{id}\"")).unwrap();
    html[start..].split('>').next().unwrap().to_owned()
}

#[test]
fn an_error_is_tied_to_its_field_and_the_right_field_is_focused() {
    for (email, flash, invalid, focus) in [
        ("", None, "", "email"),
        ("ana@example.com", None, "", "password"),
        ("ana@example.com", Some(Flash::InvalidCredentials), "email password", "password"),
        ("", Some(Flash::EmailMissing), "email", "email"),
        ("not-an-address", Some(Flash::EmailMissing), "email", "email"),
        ("ana@example.com", Some(Flash::PasswordMissing), "password", "password"),
        ("ana@example.com", Some(Flash::AccountLocked), "", "password"),
        ("ana@example.com", Some(Flash::SignInAgain), "", "password"),
    ] {
        let html = login(email, flash);
        for id in ["email", "password"] {
            let tag = field(&html, id);
            let is_invalid = tag.contains("aria-invalid=\"true\" aria-describedby=\"flash\"");
            assert_eq!(is_invalid, invalid.contains(id), "{flash:?}: {tag}");
            assert_eq!(tag.contains(" autofocus"), id == focus, "{flash:?}: {tag}");
        }
        assert!(field(&html, "email").contains(&format!("value=\"{email}\"")));
    }
}

#[test]
fn a_message_has_its_class_and_is_announced() {
    for flash in samples::FLASHES {
        let html = login("ana@example.com", Some(*flash));
        let (class, role) = match flash {
            Flash::SignInAgain => ("flash-info", "status"),
            _ => ("flash-error alert-error", "alert"),
        };
        assert!(
            html.contains(&format!("<p class=\"alert {class}\" id=\"flash\" role=\"{role}\">")),
            "{flash:?}"
        );
    }
}

#[test]
fn a_page_offers_only_the_ways_that_are_open() {
    let html = sample("login--password");
    assert!(html.contains("id=\"password\"") && !html.contains("magic-link-btn"));
    let html = sample("login--link");
    assert!(html.contains("action=\"/acme/interaction/i1/magic-link\"") && !html.contains("id=\"password\""));
    let html = sample("login--none");
    assert_eq!(count(&html, "<form"), 1);
    assert!(html.contains("/abort") && html.contains("role=\"alert\"") && !html.contains("id=\"email\""));
}

#[test]
fn the_code_page_posts_what_the_reference_posts() {
    for (name, kind) in [("email", "otp"), ("authenticator", "totp"), ("recovery", "recovery")] {
        let html = sample(&format!("two-factor-verify--{name}-None"));
        assert!(html.contains(
            "<form id=\"verify-form\" method=\"post\" action=\"/acme/interaction/i1/two-factor\">"
        ));
        assert!(html.contains(&format!("id=\"codeType\" name=\"codeType\" value=\"{kind}\"")), "{name}");
        assert_eq!(html.contains("two-factor/resend"), name == "email", "{name}");
        assert_eq!(html.contains("id=\"use-recovery-btn\""), name != "recovery", "{name}");
    }
}

#[test]
fn setting_up_shows_the_secret_as_a_picture_and_in_fours() {
    let html = sample("two-factor-setup--authenticator-None");
    assert!(html.contains("JBSW Y3DP EHPK 3PXP") && html.contains("<svg xmlns") && !html.contains("<?xml"));
    assert!(html.contains("name=\"setupMethod\" value=\"totp\""));
    assert!(!sample("two-factor-setup--email-None").contains("<svg"));
}

#[test]
fn recovery_codes_are_on_the_page_and_in_its_file() {
    let own = sample("recovery-codes");
    assert_eq!(count(&own, "K7M3-Q2WX"), 2, "{own}");
    assert!(own.contains("download=\"recovery-codes.txt\""));
}

#[test]
fn new_passwords_are_asked_for_twice_under_the_names_of_the_reference() {
    for name in ["reset-password--None", "accept-invite--full", "temporary-password--None"] {
        let html = sample(name);
        for id in ["password", "confirmPassword"] {
            let tag = field(&html, id);
            assert!(
                tag.contains("type=\"password\"") && tag.contains("autocomplete=\"new-password\""),
                "{tag}"
            );
        }
        assert!(html.contains("At least 8 characters"), "{name}");
    }
    assert!(!sample("accept-invite--bare").contains("type=\"password\""));
}

#[test]
fn consent_names_every_scope_and_offers_both_decisions() {
    let html = sample("consent--full");
    assert_eq!(count(&html, "<li>"), 7);
    assert!(html.contains("Use the permission <bdi class=\"name\">dock:berths:read</bdi>"));
    assert!(html.contains("type=\"submit\" name=\"decision\" value=\"approve\""));
    assert!(html.contains("type=\"submit\" name=\"decision\" value=\"deny\""));
    for name in ["Dock Planner", "Harbor Logistics", "ana@example.com"] {
        assert!(html.contains(&format!("<bdi class=\"name\">{name}</bdi>")), "{name}");
    }
}

/// RFC 8252 §8.6: the page says who asks and for whom, and lets the person refuse; it does not ask for consent.
#[test]
fn a_confirmation_names_the_application_and_lists_nothing() {
    let html = sample("consent--confirm");
    assert_eq!(count(&html, "<li>"), 0);
    assert!(html.contains("type=\"submit\" name=\"decision\" value=\"approve\">Continue<"));
    assert!(html.contains("type=\"submit\" name=\"decision\" value=\"deny\">Cancel<"));
    for name in ["Dock Planner", "ana@example.com"] {
        assert!(html.contains(&format!("<bdi class=\"name\">{name}</bdi>")), "{name}");
    }
}

#[test]
fn logout_posts_what_the_engine_expects() {
    let html = sample("logout--full");
    assert!(
        html.contains("<form id=\"op.logoutForm\" method=\"post\" action=\"/acme/session/end/confirm\">")
    );
    assert!(html.contains("<input type=\"hidden\" name=\"xsrf\" value=\"csrf-token\">"));
    assert!(html.contains("<input type=\"hidden\" name=\"logout\" value=\"yes\">"));
    assert!(html.contains("href=\"https://app.example/bye?a=1&amp;b=2\""));
}

/// The wrong parameter is named in every language, so that developers of the application can find the problem.
#[test]
fn a_refused_logout_names_the_value_that_is_wrong() {
    let parameters = ["post_logout_redirect_uri", "id_token_hint", "client_id"];
    for language in languages() {
        for (text, named) in [
            (ErrorText::LogoutAddress, [true, false, false]),
            (ErrorText::LogoutHint, [false, true, false]),
            (ErrorText::LogoutHintOfAnotherClient, [false, true, true]),
            (ErrorText::InvalidRequest, [false, false, false]),
        ] {
            let html = Pages::new().render(&acme().in_locale(language), &ErrorPage::new(text)).html;
            assert_eq!(parameters.map(|name| body(&html).contains(name)), named, "{language} {text:?}");
        }
    }
}

#[test]
fn links_that_would_run_are_left_out() {
    let pages = Pages::new();
    let theme = acme();
    for bad in ["javascript:alert(1)", "data:text/html,x", "//evil.example"] {
        let logout = LogoutPage { action_url: "/x", xsrf: "x", client_name: None, return_url: Some(bad) };
        assert!(!pages.render(&theme, &logout).html.contains("<a "), "{bad}");
        let error = ErrorPage { retry_url: Some(bad), ..ErrorPage::new(ErrorText::Generic) };
        assert!(!pages.render(&theme, &error).html.contains("<a "), "{bad}");
        let form = FormPostPage { target: bad, fields: &[] };
        assert!(pages.render(&theme, &form).html.contains("action=\"\""), "{bad}");
    }
}

#[test]
fn waiting_times_are_said_in_words_and_never_too_short() {
    let pages = Pages::new();
    for (seconds, messages) in [
        (0, "in a few moments"),
        (30, "in a few moments"),
        (31, "in about a minute"),
        (60, "in about a minute"),
        (61, "in about 2 minutes"),
        (900, "in about 15 minutes"),
        (u64::MAX, "minutes"),
    ] {
        let error = ErrorPage { retry_after: Some(seconds), ..ErrorPage::new(ErrorText::RateLimited) };
        assert!(pages.render(&acme(), &error).html.contains(messages), "{seconds}");
        let flash = Some(Flash::RateLimited { retry_after: seconds });
        assert!(login("", flash).contains(messages), "{seconds}");
    }
}

#[test]
fn a_form_post_carries_its_fields_exactly() {
    let state = "a\"b'c<d>&e\r\nf\u{202e}g";
    let fields = [("code".to_owned(), "x".to_owned()), ("submit".to_owned(), state.to_owned())];
    let html =
        Pages::new().render(&acme(), &FormPostPage { target: "com.example.app:/cb", fields: &fields }).html;
    let value = "a&quot;b&#39;c&lt;d&gt;&amp;e&#13;&#10;f\u{202e}g";
    assert!(html.contains(&format!("<input type=\"hidden\" name=\"submit\" value=\"{value}\">")), "{html}");
    assert!(html.contains("action=\"com.example.app:/cb\""));
    assert!(html.contains("<button class=\"btn-primary\" type=\"submit\">Continue</button>"));
}

#[test]
fn the_root_page_names_nobody() {
    let page = Pages::new().root("en");
    assert!(page.html.contains("<title></title>"));
    assert!(!page.html.to_lowercase().contains("porta"));
}

#[test]
fn a_tenants_theme_is_on_its_pages() {
    let page = Pages::new().render(&acme(), &samples::login_page(&FRIENDLY));
    assert!(page.html.contains("<title>Sign in — Harbor Logistics</title>"));
    assert!(page.html.contains("src=\"https://cdn.example/logo.svg\" alt=\"Harbor Logistics logo\""));
    assert!(page.html.contains("href=\"https://static.example/favicon.ico\""));
    assert!(page.html.contains("--primary:#0f766e"));
    assert_eq!(elements(&page.html, "style").last(), Some(&".card { border-radius: 0 }"));
    assert!(
        page.csp.contains("img-src 'self' data: https://cdn.example https://static.example;"),
        "{}",
        page.csp
    );
}

#[test]
fn the_theme_comes_from_the_organization() {
    use porta_core::organization::{Branding, Organization, OrganizationStatus, TwoFactorPolicy};
    use porta_core::{OrganizationId, SeededEntropy, Slug, Timestamp, Version};
    let now = Timestamp::from_seconds(1);
    let mut organization = Organization {
        id: OrganizationId::new(now, &SeededEntropy::new(1)),
        name: "Acme".to_owned(),
        slug: Slug::parse("acme").unwrap(),
        status: OrganizationStatus::Active,
        is_super_admin: false,
        branding: Branding::default(),
        default_locale: "nl".to_owned(),
        two_factor_policy: TwoFactorPolicy::Optional,
        default_login_methods: Vec::new(),
        created_at: now,
        updated_at: now,
        version: Version::FIRST,
    };
    let theme = Theme::of(&organization);
    assert_eq!((theme.company_name, theme.primary_color, theme.locale), ("Acme", "#3B82F6", "nl"));
    assert_eq!(theme.in_locale("fr").locale, "fr");
    organization.branding.company_name = Some("Acme Corp".to_owned());
    assert_eq!(Theme::of(&organization).company_name, "Acme Corp");
}
