//! From a typed context to HTML.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State, UndefinedBehavior, escape_formatter};
use serde::Serialize;

use crate::context::Fault;
use crate::csp::{Policy, hash_source};
use crate::text::{escape, is_plain_link, shown};
use crate::words::{Catalogue, Words, fill};
use crate::{ConsentPage, ErrorPage, Flash, FormPostPage, LoginPage, LogoutPage, LogoutSuccessPage, Look};

const BASE_CSS: &str = include_str!("../templates/base.css");
/// A field named `submit` would hide the form's own method, hence the prototype's.
const SUBMIT_SCRIPT: &str = "HTMLFormElement.prototype.submit.call(document.forms[0])";

const TEMPLATES: &[(&str, &str)] = &[
    ("layout.html", include_str!("../templates/layout.html")),
    ("login.html", include_str!("../templates/login.html")),
    ("consent.html", include_str!("../templates/consent.html")),
    ("logout.html", include_str!("../templates/logout.html")),
    ("logout_success.html", include_str!("../templates/logout_success.html")),
    ("error.html", include_str!("../templates/error.html")),
    ("form_post.html", include_str!("../templates/form_post.html")),
    ("root.html", include_str!("../templates/root.html")),
];

/// Sent when a template fails, which the tests rule out: signing out and error pages must always work.
const LAST_RESORT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Error</title></head>\
<body><main><h1>Something went wrong</h1><p>Please go back and try again.</p></main></body></html>";

/// A page and the policy that fits exactly this page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub html: String,
    /// Value of the `Content-Security-Policy` header.
    pub csp: String,
}

/// All pages, compiled. Build once and share.
#[derive(Debug)]
pub struct Pages {
    environment: Environment<'static>,
    catalogue: Arc<Catalogue>,
    base_style: String,
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Serialize)]
struct Frame<'a, C> {
    lang: &'a str,
    dir: &'static str,
    title: String,
    company_name: &'a str,
    logo: Option<&'a str>,
    favicon: Option<&'a str>,
    monogram: String,
    styles: Vec<Value>,
    page: C,
}

impl Pages {
    #[expect(clippy::expect_used, reason = "the templates are embedded and every test compiles them")]
    pub fn new() -> Self {
        let catalogue = Arc::new(Catalogue::embedded());
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_formatter(|out, state, value| match value.as_str() {
            Some(text) if !value.is_safe() => out.write_str(&escape(&shown(text))).map_err(Error::from),
            _ => escape_formatter(out, state, value),
        });
        let words = Arc::clone(&catalogue);
        environment.add_function("t", move |state: &State<'_, '_>, key: &str, arguments: Kwargs| {
            plain(words.words(&language(state)), key, &arguments)
        });
        let words = Arc::clone(&catalogue);
        environment.add_function("rich", move |state: &State<'_, '_>, key: &str, arguments: Kwargs| {
            rich(words.words(&language(state)), key, &arguments)
        });
        for (name, source) in TEMPLATES {
            environment.add_template(name, source).expect("embedded templates compile");
        }
        Self { environment, catalogue, base_style: hash_source(BASE_CSS) }
    }

    pub fn login(&self, look: &Look<'_>, page: &LoginPage<'_>) -> Page {
        #[derive(Serialize)]
        struct View<'a> {
            action_url: &'a str,
            cancel_url: &'a str,
            csrf: &'a str,
            client_name: &'a str,
            email: &'a str,
            show_password: bool,
            flash: Option<FlashView>,
            email_invalid: bool,
            password_invalid: bool,
            focus: &'static str,
        }
        #[derive(Serialize)]
        struct FlashView {
            class: &'static str,
            text: String,
        }
        let words = self.catalogue.words(look.locale);
        let fault = page.flash.map_or(Fault::Neither, Flash::fault);
        let flash =
            page.flash.map(|flash| FlashView { class: flash.class(), text: flash_text(words, flash) });
        let view = View {
            action_url: page.action_url,
            cancel_url: page.cancel_url,
            csrf: page.csrf,
            client_name: page.client_name,
            email: page.email,
            show_password: page.show_password,
            flash,
            email_invalid: matches!(fault, Fault::Email | Fault::Both),
            password_invalid: matches!(fault, Fault::Password | Fault::Both),
            focus: if page.email.is_empty() || fault == Fault::Email { "email" } else { "password" },
        };
        self.render("login.html", look, "login.title", view, true, None)
    }

    pub fn consent(&self, look: &Look<'_>, page: &ConsentPage<'_>) -> Page {
        #[derive(Serialize)]
        struct View<'a> {
            action_url: &'a str,
            csrf: &'a str,
            client_name: &'a str,
            client_organization: Option<&'a str>,
            user_email: &'a str,
            scopes: Vec<ScopeView<'a>>,
        }
        #[derive(Serialize)]
        struct ScopeView<'a> {
            name: &'a str,
            key: &'static str,
        }
        let scopes = page.scopes.iter().map(|name| ScopeView { name, key: scope_key(name) }).collect();
        let view = View {
            action_url: page.action_url,
            csrf: page.csrf,
            client_name: page.client_name,
            client_organization: page.client_organization,
            user_email: page.user_email,
            scopes,
        };
        self.render("consent.html", look, "consent.title", view, true, None)
    }

    pub fn logout(&self, look: &Look<'_>, page: &LogoutPage<'_>) -> Page {
        #[derive(Serialize)]
        struct View<'a> {
            action_url: &'a str,
            xsrf: &'a str,
            client_name: Option<&'a str>,
            return_url: Option<&'a str>,
        }
        let view = View {
            action_url: page.action_url,
            xsrf: page.xsrf,
            client_name: page.client_name,
            return_url: page.return_url.filter(|url| is_plain_link(url)),
        };
        self.render("logout.html", look, "logout.title", view, true, None)
    }

    pub fn logout_success(&self, look: &Look<'_>, _page: &LogoutSuccessPage) -> Page {
        self.render("logout_success.html", look, "logout.success_title", (), false, None)
    }

    pub fn error(&self, look: &Look<'_>, page: &ErrorPage<'_>) -> Page {
        #[derive(Serialize)]
        struct View<'a> {
            title_key: &'static str,
            message_key: &'static str,
            retry: Option<String>,
            code: Option<&'a str>,
            request_id: Option<&'a str>,
            retry_url: Option<&'a str>,
        }
        let (title_key, message_key) = page.text.keys();
        let words = self.catalogue.words(look.locale);
        let view = View {
            title_key,
            message_key,
            retry: page.retry_after.map(|seconds| retry_text(words, seconds)),
            code: page.code,
            request_id: page.request_id,
            retry_url: page.retry_url.filter(|url| is_plain_link(url)),
        };
        self.render("error.html", look, title_key, view, false, None)
    }

    pub fn form_post(&self, look: &Look<'_>, page: &FormPostPage<'_>) -> Page {
        #[derive(Serialize)]
        struct View<'a> {
            target: &'a str,
            fields: Vec<(Value, Value)>,
            script: Value,
        }
        let exact = |text: &str| Value::from_safe_string(escape(text));
        let view = View {
            // A script in the address would be stopped by the policy as well; the page then has nowhere to go.
            target: if is_plain_link(page.target) { page.target } else { "" },
            fields: page.fields.iter().map(|(name, value)| (exact(name), exact(value))).collect(),
            script: Value::from_safe_string(SUBMIT_SCRIPT.to_owned()),
        };
        self.render("form_post.html", look, "form_post.title", view, true, Some(SUBMIT_SCRIPT))
    }

    /// The neutral page at `/`, which names nobody (oidc-and-login §10.3).
    pub fn root(&self) -> Page {
        self.render("root.html", &Look::neutral(), "", (), false, None)
    }

    fn render(
        &self,
        template: &str,
        look: &Look<'_>,
        title_key: &str,
        page: impl Serialize,
        has_form: bool,
        script: Option<&str>,
    ) -> Page {
        let words = self.catalogue.words(look.locale);
        let palette = look.palette().css();
        let own: Vec<&str> = std::iter::once(palette.as_str()).chain(look.css()).collect();
        let styles = std::iter::once(BASE_CSS).chain(own.iter().copied());
        let frame = Frame {
            lang: words.language,
            dir: words.direction(),
            title: page_title(words.get(title_key).unwrap_or_default(), look.company_name),
            company_name: look.company_name,
            logo: look.logo(),
            favicon: look.favicon(),
            monogram: look.monogram(),
            // Safe: the first two are ours, the third passed the sanitizer, which refuses `<`.
            styles: styles.map(|css| Value::from_safe_string(css.to_owned())).collect(),
            page,
        };
        let mut hashes = vec![self.base_style.clone()];
        hashes.extend(own.iter().map(|css| hash_source(css)));
        let policy = Policy {
            styles: hashes,
            script: script.map(hash_source),
            images: frame.logo.into_iter().chain(frame.favicon).collect(),
            has_form,
        };
        let html = self.environment.get_template(template).and_then(|t| t.render(Value::from(Serde(&frame))));
        let html = html.unwrap_or_else(|error| {
            tracing::error!(template, error = %error, "page could not be rendered");
            LAST_RESORT.to_owned()
        });
        Page { html, csp: policy.header() }
    }
}

fn page_title(title: &str, company: &str) -> String {
    match (title, company) {
        (title, "") => title.to_owned(),
        ("", company) => company.to_owned(),
        (title, company) => format!("{title} — {company}"),
    }
}

fn language(state: &State<'_, '_>) -> String {
    state.lookup("lang").and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn unknown_key(key: &str) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("the catalogue has no `{key}`"))
}

fn arguments_of(arguments: &Kwargs) -> Result<BTreeMap<String, String>, Error> {
    arguments.args().map(|name| Ok((name.to_owned(), arguments.get::<String>(name)?))).collect()
}

/// Words as plain text; the template escapes them.
fn plain(words: Words<'_>, key: &str, arguments: &Kwargs) -> Result<String, Error> {
    let pattern = words.get(key).ok_or_else(|| unknown_key(key))?;
    let arguments = arguments_of(arguments)?;
    Ok(fill(pattern, str::to_owned, |name| arguments.get(name).cloned()))
}

/// Words as markup: arguments are escaped, isolated from the direction of the text around them, and emphasised.
fn rich(words: Words<'_>, key: &str, arguments: &Kwargs) -> Result<Value, Error> {
    let pattern = words.get(key).ok_or_else(|| unknown_key(key))?;
    let arguments = arguments_of(arguments)?;
    let markup = fill(pattern, escape, |name| {
        arguments.get(name).map(|text| format!("<bdi class=\"name\">{}</bdi>", escape(&shown(text))))
    });
    Ok(Value::from_safe_string(markup))
}

fn flash_text(words: Words<'_>, flash: Flash) -> String {
    let text = words.get(flash.key()).unwrap_or_default();
    match flash {
        Flash::RateLimited { retry_after } => format!("{text} {}", retry_text(words, retry_after)),
        _ => text.to_owned(),
    }
}

/// Rounded up, so that following the advice works.
fn retry_text(words: Words<'_>, seconds: u64) -> String {
    let (key, minutes) = match seconds {
        0..=30 => ("errors.retry_moment", 0),
        31..=60 => ("errors.retry_minute", 1),
        more => ("errors.retry_minutes", more.div_ceil(60)),
    };
    let pattern = words.get(key).unwrap_or_default();
    fill(pattern, str::to_owned, |name| (name == "minutes").then(|| minutes.to_string()))
}

fn scope_key(scope: &str) -> &'static str {
    match scope {
        "openid" => "consent.scope_openid",
        "profile" => "consent.scope_profile",
        "email" => "consent.scope_email",
        "phone" => "consent.scope_phone",
        "address" => "consent.scope_address",
        "offline_access" => "consent.scope_offline_access",
        _ => "consent.scope_other",
    }
}
