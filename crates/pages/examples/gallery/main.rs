//! Writes every page and mail to a directory, to view them in a browser:
//! `cargo run -p porta-pages --example gallery -- DIRECTORY [LANGUAGE…]`. A page's CSP is in the `.csp` file beside it.

#[expect(clippy::wildcard_imports, reason = "nearly every public type is shown")]
mod samples;

use std::path::Path;

use porta_pages::{Flash, LoginPage, Page, Pages, Theme};
use samples::{Data, FRIENDLY};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().unwrap_or_else(|| ".".to_owned());
    let mut languages: Vec<String> = arguments.collect();
    if languages.is_empty() {
        languages.push("en".to_owned());
    }
    let pages = Pages::new();
    for language in &languages {
        let theme = Theme {
            company_name: "Harbor Logistics",
            custom_css: Some(".company { letter-spacing: .01em }"),
            locale: language,
            ..Theme::neutral()
        };
        write_all(&Path::new(&directory).join(language), &pages, &theme, &FRIENDLY)?;
    }
    Ok(())
}

fn write_all(directory: &Path, pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)?;
    let write = |name: &str, page: &Page| {
        std::fs::write(directory.join(format!("{name}.html")), &page.html)?;
        std::fs::write(directory.join(format!("{name}.csp")), &page.csp)
    };
    for (name, page) in samples::every_page(pages, theme, data) {
        write(&name.replace([' ', '(', ')', '{', '}', ':'], ""), &page)?;
    }
    let flash = Some(Flash::InvalidCredentials);
    for (name, primary_color) in [("yellow", "#ffd400"), ("black", "#000000"), ("white", "#ffffff")] {
        let theme = Theme { primary_color, ..theme.clone() };
        let page = LoginPage { flash, ..samples::login_page(data) };
        write(&format!("login--{name}"), &pages.render(&theme, &page))?;
    }
    for (name, mail) in samples::every_mail(pages, theme, data)? {
        std::fs::write(directory.join(format!("mail-{name}.html")), &mail.html)?;
        let text = format!("{}\n\n{}", mail.subject, mail.text);
        std::fs::write(directory.join(format!("mail-{name}.txt")), text)?;
    }
    Ok(())
}
