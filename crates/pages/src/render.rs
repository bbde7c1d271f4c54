//! Renders pages: a typed context becomes HTML.

use std::path::Path;

use minijinja::Value;
use serde::Serialize;

use crate::Theme;
use crate::context::{FormTargets, PageContext};
use crate::csp::{Policy, form_target, hash_source};
use crate::engine::{Engine, TemplateProblems};
use crate::messages::FALLBACK;

const BASE_CSS: &str = include_str!("../templates/base.css");

/// Maximum number of `form-action` targets besides the server's own origin.
const MAX_TARGETS: usize = 16;
/// Maximum total size of these targets in bytes. Real host names have at most 253 bytes, but longer ones can be
/// registered. With the other response headers this fits the limits configured for proxies (`docs/deploy.md`).
const MAX_TARGET_BYTES: usize = 6 * 1024;

/// Sent if a template fails, which tests rule out: signing out and error pages must always work.
const LAST_RESORT: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Error</title></head>\
<body><main><h1>Something went wrong</h1><p>Please go back and try again.</p></main></body></html>";

/// A page and the policy computed for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub html: String,
    /// Value of the `Content-Security-Policy` header.
    pub csp: String,
    /// Value of the `Content-Language` header.
    pub language: &'static str,
}

impl Page {
    /// Restricts the page's forms to the server and these addresses. Browsers apply `form-action` also to the redirects
    /// after a form. Addresses beyond the header's size limits are left out, first come first served.
    #[must_use]
    pub fn with_form_action<'a>(mut self, addresses: impl IntoIterator<Item = &'a str>) -> Self {
        let mut targets = vec!["'self'".to_owned()];
        let mut bytes = 0;
        for target in addresses.into_iter().filter_map(form_target) {
            let fits = targets.len() <= MAX_TARGETS && bytes + target.len() <= MAX_TARGET_BYTES;
            if fits && !targets.contains(&target) {
                bytes += target.len();
                targets.push(target);
            }
        }
        self.csp.push_str("; form-action ");
        self.csp.push_str(&targets.join(" "));
        self
    }
}

/// All pages and mails, compiled. Build once and share.
#[derive(Debug)]
pub struct Pages {
    pub(crate) engine: Engine,
    base_style: String,
}

impl Default for Pages {
    fn default() -> Self {
        Self::new()
    }
}

#[derive(Serialize)]
struct PageFrame<'a, C> {
    lang: &'a str,
    dir: &'static str,
    title: String,
    company_name: &'a str,
    logo: Option<&'a str>,
    favicon: Option<&'a str>,
    monogram: String,
    styles: Vec<Value>,
    script: Option<Value>,
    page: &'a C,
}

#[derive(Serialize)]
struct RootPage {}

impl PageContext for RootPage {
    const NAME: &'static str = "root";
    const FORM_TARGETS: FormTargets = FormTargets::None;
    /// Empty: the page does not identify the product.
    fn title(&self) -> &'static str {
        ""
    }
}

impl Pages {
    pub fn new() -> Self {
        Self { engine: Engine::new(), base_style: hash_source(BASE_CSS) }
    }

    /// Like [`Pages::new`], with an operator's templates for single pages and mails (`docs/branding.md`). They are read
    /// only once, here. If one fails to render, the error is logged and the built-in template is used.
    ///
    /// # Errors
    /// When the directory or a template cannot be read, or a template does not compile.
    pub fn with_overrides(directory: &Path) -> Result<Self, TemplateProblems> {
        let mut pages = Self::new();
        pages.engine.load(directory)?;
        Ok(pages)
    }

    /// The neutral page at `/`, which identifies neither product nor tenant.
    pub fn root(&self, locale: &str) -> Page {
        self.render(&Theme::neutral().in_locale(locale), &RootPage {})
    }

    pub fn render<C: PageContext>(&self, theme: &Theme<'_>, page: &C) -> Page {
        let messages = self.engine.messages(theme.locale);
        let palette = theme.palette().css();
        let own: Vec<&str> = std::iter::once(palette.as_str()).chain(theme.css()).collect();
        let styles = std::iter::once(BASE_CSS).chain(own.iter().copied());
        let frame = PageFrame {
            lang: messages.language,
            dir: messages.direction(),
            title: page_title(messages.get(page.title(), None).unwrap_or_default(), theme.company_name),
            company_name: theme.company_name,
            logo: theme.logo(),
            favicon: theme.favicon(),
            monogram: theme.monogram(),
            // Safe: the first two are built in, and the sanitizer that the third passed refuses `<`.
            styles: styles.map(|css| Value::from_safe_string(css.to_owned())).collect(),
            script: C::SCRIPT.map(|script| Value::from_safe_string(script.to_owned())),
            page,
        };
        let mut hashes = vec![self.base_style.clone()];
        hashes.extend(own.iter().map(|css| hash_source(css)));
        let policy = Policy {
            styles: hashes,
            script: C::SCRIPT.map(hash_source),
            images: frame.logo.into_iter().chain(frame.favicon).collect(),
            forms: C::FORM_TARGETS,
        };
        let template = format!("{}.html", C::NAME);
        let rendered = self.engine.render(&template, theme.organization, &frame);
        let (html, language) = rendered.map_or_else(
            |error| {
                tracing::error!(template, error = %error, "page could not be rendered");
                (LAST_RESORT.to_owned(), FALLBACK)
            },
            |html| (html, messages.language),
        );
        Page { html, csp: policy.header(), language }
    }
}

fn page_title(title: &str, company: &str) -> String {
    match company {
        "" => title.to_owned(),
        company => format!("{title} — {company}"),
    }
}
