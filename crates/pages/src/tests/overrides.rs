//! Operator templates: which one is used, and that a broken one never breaks a page.

use std::fs;
use std::path::Path;

use super::*;

fn put(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// The sign-out page of `acme`, with one file in the template directory.
fn signed_out_with(file: &str, text: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), file, text);
    signed_out(directory.path(), "acme")
}

fn signed_out(directory: &Path, organization: &str) -> String {
    let theme = Theme { organization, ..acme() };
    Pages::with_overrides(directory).unwrap().render(&theme, &LogoutSuccessPage {}).html
}

fn built_in() -> String {
    Pages::new().render(&acme(), &LogoutSuccessPage {}).html
}

#[test]
fn an_organizations_template_counts_before_the_default_one_and_that_before_the_built_in() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "default/logout-success.html", "default {{ company_name }}");
    put(directory.path(), "acme/logout-success.html", "own {{ company_name }}");
    assert_eq!(signed_out(directory.path(), "acme"), "own Harbor Logistics");
    assert_eq!(signed_out(directory.path(), "other"), "default Harbor Logistics");
    assert_eq!(signed_out(directory.path(), ""), "default Harbor Logistics");
}

#[test]
fn a_template_may_fill_the_blocks_of_the_built_in_layout() {
    let own = "{% extends \"layout.html\" %}{% block main %}<h1>{{ t(\"logout.title\") }}</h1>{% endblock %}";
    let html = signed_out_with("acme/logout-success.html", own);
    assert!(html.contains("<h1>Sign out?</h1>") && html.contains("<!doctype html>"));
}

/// Before the document type, a byte order mark could put browsers into another rendering mode.
#[test]
fn a_byte_order_mark_before_a_template_is_no_part_of_the_page() {
    assert_eq!(signed_out_with("acme/logout-success.html", "\u{feff}own"), "own");
    let own = "\u{feff}{% extends \"layout.html\" %}{% block main %}own{% endblock %}";
    assert!(signed_out_with("acme/logout-success.html", own).starts_with("<!doctype html>"));
}

#[test]
fn a_template_that_fails_is_replaced_by_the_built_in_one() {
    for bad in [
        "{{ nothing }}",
        "{{ page.nothing.more }}",
        "{{ t(\"logout.nothing\") }}",
        "{{ company_name|safe }}",
        "{% include \"/etc/passwd\" %}",
        "{% include \"../default/logout-success.html\" %}",
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        "{% extends \"override/acme/logout-success.html\" %}",
    ] {
        assert_eq!(signed_out_with("acme/logout-success.html", bad), built_in(), "{bad}");
    }
}

#[test]
fn templates_that_cannot_be_used_are_named_all_at_once() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "acme/logout-success.html", "line one\n{% if %}");
    put(directory.path(), "default/emails/otp-code.txt", "{{ mail.code");
    put(directory.path(), "default/login.html", &"x".repeat(300 * 1024));
    put(directory.path(), "default/consent.html", "fine");
    fs::write(directory.path().join("default/error.html"), b"\xff\xfe").unwrap();
    let TemplateProblems(mut problems) = Pages::with_overrides(directory.path()).unwrap_err();
    problems.sort();
    let starts = [
        "acme/logout-success.html does not compile: ",
        "default/emails/otp-code.txt does not compile: ",
        "default/error.html cannot be read: ",
        "default/login.html cannot be read: larger than 256 KiB",
    ];
    assert_eq!(problems.len(), starts.len(), "{problems:?}");
    for (problem, start) in problems.iter().zip(starts) {
        assert!(problem.starts_with(start), "{problem}");
    }
    assert!(problems[0].contains(":2"), "the line: {}", problems[0]);
}

#[test]
fn a_broken_template_of_an_organization_does_not_hide_in_the_default_one() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "default/logout-success.html", "default");
    put(directory.path(), "acme/logout-success.html", "{{ nothing }}");
    assert_eq!(signed_out(directory.path(), "acme"), built_in());
    assert_eq!(signed_out(directory.path(), "other"), "default");
}

#[test]
fn files_under_other_names_are_passed_over() {
    for file in [
        "Acme/logout-success.html",
        "acme/logout-success.txt",
        "acme/logout-success.html.bak",
        "acme/.logout-success.html",
        "acme/layout.html",
        "acme/deeper/logout-success.html",
        ".acme/logout-success.html",
        "logout-success.html",
        "acme/emails/logout-success.html",
    ] {
        assert_eq!(signed_out_with(file, "own"), built_in(), "{file}");
    }
    assert!(Pages::with_overrides(Path::new("/nothing/here")).is_err());
}

#[test]
fn what_belongs_to_the_protocol_stays_ours() {
    let directory = tempfile::tempdir().unwrap();
    for file in ["default/form-post.html", "default/root.html", "default/layout.html", "default/flash.html"] {
        put(directory.path(), file, "own");
    }
    let pages = Pages::with_overrides(directory.path()).unwrap();
    let page = FormPostPage { target: "https://app.example/cb", fields: &[] };
    assert_eq!(pages.render(&acme(), &page), Pages::new().render(&acme(), &page));
    assert_eq!(pages.root("en"), Pages::new().root("en"));
}

#[test]
fn data_stays_data_in_a_template_that_tries_to_run_it() {
    let theme = Theme { company_name: HOSTILE, organization: "acme", ..hostile_theme() };
    for own in [
        "{{ company_name }}",
        "{% autoescape false %}{{ company_name }}{% endautoescape %}",
        "{{ [company_name, '!']|join }}",
        "{{ company_name ~ '' }}",
        "{{ rich('login.subtitle', clientName=company_name) }}",
        "{{ scope(company_name) }}",
    ] {
        let directory = tempfile::tempdir().unwrap();
        put(directory.path(), "acme/logout-success.html", own);
        let pages = Pages::with_overrides(directory.path()).unwrap();
        let html = pages.render(&theme, &LogoutSuccessPage {}).html;
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{own}: {html}");
    }
}

#[test]
fn mails_can_be_replaced_part_by_part() {
    let directory = tempfile::tempdir().unwrap();
    put(directory.path(), "acme/emails/otp-code.txt", "{{ mail.code }} & {{ duration(mail.expires_in) }}");
    put(directory.path(), "acme/emails/welcome.html", "{{ nothing }}");
    let pages = Pages::with_overrides(directory.path()).unwrap();
    let mail = OtpCodeMail { name: None, code: "4<2", expires_in: 600 };
    let own = pages.render_mail(&acme(), &mail).unwrap();
    assert_eq!(own.text, "4<2 & 10 minutes");
    assert_eq!(own.html, Pages::new().render_mail(&acme(), &mail).unwrap().html);
    let mail = WelcomeMail { name: None, organization: "Acme", url: None };
    assert_eq!(pages.render_mail(&acme(), &mail).unwrap(), Pages::new().render_mail(&acme(), &mail).unwrap());
}
