use super::*;

/// Renders every page for looking at; set `PAGES_OUT` to a directory.
#[test]
fn write_pages_for_looking() {
    let Ok(out) = std::env::var("PAGES_OUT") else { return };
    let pages = Pages::new();
    let look = Look { company_name: "Harbor Logistics", ..Look::neutral() };
    let login = LoginPage {
        action_url: "/acme/x",
        cancel_url: "/acme/abort",
        csrf: "tok",
        client_name: "Dock Planner",
        email: "",
        flash: None,
        show_password: true,
    };
    std::fs::write(format!("{out}/login.html"), pages.login(&look, &login).html).unwrap();
}
