//! Writes the pages to a directory, for looking at them in a browser:
//! `cargo run -p porta-pages --example gallery -- DIRECTORY`. Each policy stands beside its page as `.csp`.

use std::path::Path;

use porta_pages::{
    ConsentPage, ErrorPage, ErrorText, Flash, FormPostPage, LoginPage, LogoutPage, LogoutSuccessPage, Look,
    Page, Pages,
};

fn main() -> std::io::Result<()> {
    let directory = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let directory = Path::new(&directory);
    std::fs::create_dir_all(directory)?;
    let write = |name: &str, page: &Page| {
        std::fs::write(directory.join(format!("{name}.html")), &page.html)?;
        std::fs::write(directory.join(format!("{name}.csp")), &page.csp)
    };
    let pages = Pages::new();
    let look = Look {
        company_name: "Harbor Logistics",
        custom_css: Some(".company { letter-spacing: .01em }"),
        ..Look::neutral()
    };
    let login = LoginPage {
        action_url: "/login",
        cancel_url: "/abort",
        csrf: "token",
        client_name: "Dock Planner",
        email: "",
        flash: None,
        show_password: true,
        magic_link_url: None,
        forgot_password_url: None,
    };
    write("login", &pages.login(&look, &login))?;
    let email = "ana@example.com";
    for (name, flash) in [
        ("login-invalid", Flash::InvalidCredentials),
        ("login-limited", Flash::RateLimited { retry_after: 150 }),
        ("login-again", Flash::SignInAgain),
    ] {
        write(name, &pages.login(&look, &LoginPage { email, flash: Some(flash), ..login }))?;
    }
    for (name, primary_color) in [("yellow", "#ffd400"), ("black", "#000000"), ("white", "#ffffff")] {
        let look = Look { primary_color, ..look.clone() };
        let flash = Some(Flash::InvalidCredentials);
        write(&format!("login-{name}"), &pages.login(&look, &LoginPage { email, flash, ..login }))?;
    }
    let scopes = ["openid", "profile", "email", "offline_access", "dock:berths:read"].map(str::to_owned);
    let consent = ConsentPage {
        action_url: "/confirm",
        csrf: "token",
        client_name: "Berth Insights",
        client_organization: Some("Quay Systems"),
        user_email: email,
        scopes: &scopes,
    };
    write("consent", &pages.consent(&look, &consent))?;
    let logout = LogoutPage {
        action_url: "/confirm",
        xsrf: "token",
        client_name: Some("Dock Planner"),
        return_url: Some("https://app.example/"),
    };
    write("logout", &pages.logout(&look, &logout))?;
    write("logout-success", &pages.logout_success(&look, &LogoutSuccessPage {}))?;
    for text in ErrorText::ALL {
        let error = ErrorPage {
            code: Some("temporarily_unavailable"),
            retry_after: Some(150),
            request_id: Some("0197f6b2-7a31-7c11-9d0e-5b1f5f1c2a3d"),
            retry_url: Some("/again"),
            ..ErrorPage::new(*text)
        };
        write(&format!("error-{text:?}"), &pages.error(&look, &error))?;
    }
    let fields = [("code".to_owned(), "porta_ac_example".to_owned()), ("state".to_owned(), "a&b".to_owned())];
    let form = FormPostPage { target: "http://localhost:8099/callback", fields: &fields };
    write("form-post", &pages.form_post(&look, &form))?;
    write("root", &pages.root())
}
