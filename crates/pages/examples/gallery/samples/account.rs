//! The account pages.

use super::*;

const fn nav() -> AccountNav<'static> {
    AccountNav {
        overview_url: "/acme/account",
        password_url: Some("/acme/account/password"),
        two_factor_url: "/acme/account/two-factor",
        sessions_url: "/acme/account/sessions",
        applications_url: "/acme/account/applications",
        data_url: "/acme/account/data",
        sign_out_url: "/acme/session/end",
    }
}

pub(super) fn pages(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = overview(pages, theme, data);
    all.extend(factors(pages, theme, data));
    all.extend(sessions_and_applications(pages, theme, data));
    all
}

fn overview(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = Vec::new();
    let nav = nav();
    let bare_nav = AccountNav { password_url: None, ..nav };
    let overview = OverviewPage {
        nav,
        csrf: data.token,
        name: Some(data.person),
        email: data.email,
        email_verified: true,
        verify_email_url: None,
        has_password: true,
        password_changed_at: Some(MORNING),
        second_factor: Some(FactorKind::Authenticator),
        recovery_codes_left: 8,
        flash: None,
    };
    all.push(("account-overview".to_owned(), pages.render(theme, &overview)));
    let bare = OverviewPage {
        nav: bare_nav,
        name: None,
        email_verified: false,
        verify_email_url: Some("/acme/account/verify-email"),
        password_changed_at: None,
        second_factor: None,
        ..overview
    };
    all.push(("account-overview--bare".to_owned(), pages.render(theme, &bare)));
    let email = OverviewPage { has_password: false, second_factor: Some(FactorKind::Email), ..bare };
    all.push(("account-overview--email".to_owned(), pages.render(theme, &email)));
    for flash in ACCOUNT_FLASHES {
        let page = OverviewPage { flash: Some(*flash), ..overview };
        all.push((format!("account-overview--{flash:?}"), pages.render(theme, &page)));
    }
    for (flash, has_password) in optional(PASSWORD_FAULTS).map(|flash| (flash, true)).chain([(None, false)]) {
        let page = ChangePasswordPage {
            nav,
            action_url: "/acme/account/password",
            csrf: data.token,
            email: data.email,
            has_password,
            rules: RULES,
            flash,
        };
        let name = format!("account-password--{has_password}-{flash:?}");
        all.push((name, pages.render(theme, &page)));
    }
    all
}

fn factors(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = Vec::new();
    let nav = nav();
    let (both, one) = ([FactorKind::Authenticator, FactorKind::Email], [FactorKind::Authenticator]);
    let factors = SecondFactorsPage {
        nav,
        action_url: "/acme/account/two-factor",
        csrf: data.token,
        held: Some(FactorKind::Authenticator),
        since: Some(MORNING),
        offered: &one,
        is_required: false,
        recovery_codes_left: 1,
        flash: None,
    };
    let off = SecondFactorsPage {
        held: None,
        since: None,
        offered: &both,
        flash: Some(AccountFlash::FactorDisabled),
        ..factors
    };
    let required =
        SecondFactorsPage { held: Some(FactorKind::Email), since: None, is_required: true, ..factors };
    for (name, page) in [("on", factors), ("off", off), ("required", required)] {
        all.push((format!("account-two-factor--{name}"), pages.render(theme, &page)));
    }
    all
}

fn sessions_and_applications(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = Vec::new();
    let nav = nav();
    let row = SessionRow {
        id: data.token,
        is_current: true,
        user_agent: Some(data.user_agent),
        address: Some(data.address),
        started_at: MORNING,
        last_seen_at: MORNING,
    };
    let bare_row = SessionRow { id: "s2", is_current: false, user_agent: None, address: None, ..row };
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1";
    let phone_row = SessionRow { id: "s3", user_agent: Some(phone), is_current: false, ..row };
    for (name, sessions) in [("all", &[row, bare_row, phone_row][..]), ("one", &[row][..])] {
        let page = SessionsPage {
            nav,
            action_url: "/acme/account/sessions",
            csrf: data.token,
            sessions,
            flash: (name == "one").then_some(AccountFlash::OtherSessionsEnded),
        };
        all.push((format!("account-sessions--{name}"), pages.render(theme, &page)));
    }
    let scopes = ["openid", "email", data.scope].map(str::to_owned);
    let rows = [
        ApplicationRow { id: data.token, name: data.client, scopes: &scopes, since: MORNING },
        ApplicationRow { id: "a2", name: "Berth Insights", scopes: &[], since: MORNING },
    ];
    for (name, applications) in [("some", &rows[..]), ("none", &[][..])] {
        let page = ApplicationsPage {
            nav,
            action_url: "/acme/account/applications",
            csrf: data.token,
            applications,
            flash: (name == "none").then_some(AccountFlash::ApplicationRevoked),
        };
        all.push((format!("account-applications--{name}"), pages.render(theme, &page)));
    }
    for (name, flash) in [("plain", None), ("csrf", Some(AccountFlash::CsrfInvalid))] {
        let page = DownloadDataPage { nav, action_url: "/acme/account/data", csrf: data.token, flash };
        all.push((format!("account-data--{name}"), pages.render(theme, &page)));
    }
    all
}
