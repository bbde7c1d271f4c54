//! Sample data for every page and mail, with its optional parts once present and once absent. The tests use the same
//! code with hostile data.

mod account;
mod mails;

use std::fmt::Write as _;

pub(crate) use mails::every_mail;
use porta_core::Timestamp;
use porta_pages::*;

/// External values by type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Data<'a> {
    pub(crate) client: &'a str,
    pub(crate) organization: &'a str,
    pub(crate) person: &'a str,
    pub(crate) email: &'a str,
    pub(crate) message: &'a str,
    /// A URL supplied by a client or tenant.
    pub(crate) link: &'a str,
    /// A URL of Porta itself.
    pub(crate) url: &'a str,
    pub(crate) token: &'a str,
    pub(crate) code: &'a str,
    pub(crate) user_agent: &'a str,
    pub(crate) address: &'a str,
    pub(crate) scope: &'a str,
}

pub(crate) const FRIENDLY: Data<'static> = Data {
    client: "Dock Planner",
    organization: "Harbor Logistics",
    person: "Ana Novak",
    email: "ana@example.com",
    message: "Hello Ana,\nhere is your place on the new board. See you on Monday!",
    link: "https://app.example/bye?a=1&b=2",
    url: "https://id.example/acme/do?x=1&y=2",
    token: "csrf-token",
    code: "482913",
    user_agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0",
    address: "203.0.113.7",
    scope: "dock:berths:read",
};

const QUARTER: u64 = 900;
const HOUR: u64 = 3_600;
const WEEK: u64 = 604_800;
const RULES: PasswordRules = PasswordRules { min: 8, max: 128 };
/// 14 March 2026, 09:05 UTC.
const MORNING: Timestamp = Timestamp::from_seconds(1_773_479_100);

pub(crate) const FLASHES: &[Flash] = &[
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

pub(crate) const CODE_FLASHES: &[CodeFlash] = &[
    CodeFlash::Missing,
    CodeFlash::Invalid,
    CodeFlash::Expired,
    CodeFlash::Exhausted,
    CodeFlash::Blocked,
    CodeFlash::RateLimited { retry_after: 60 },
    CodeFlash::CsrfInvalid,
    CodeFlash::Resent,
    CodeFlash::LinkResent,
    CodeFlash::MailTrouble,
];

pub(crate) const PASSWORD_FAULTS: &[PasswordFault] = &[
    PasswordFault::Missing,
    PasswordFault::TooShort { min: 8 },
    PasswordFault::TooLong { max: 128 },
    PasswordFault::ControlCharacter,
    PasswordFault::Common,
    PasswordFault::ContainsPersonal,
    PasswordFault::Guessable,
    PasswordFault::Mismatch,
    PasswordFault::WrongCurrent,
    PasswordFault::Unchanged,
    PasswordFault::RateLimited { retry_after: 20 },
    PasswordFault::CsrfInvalid,
];

pub(crate) const ACCOUNT_FLASHES: &[AccountFlash] = &[
    AccountFlash::PasswordChanged,
    AccountFlash::FactorEnabled,
    AccountFlash::FactorDisabled,
    AccountFlash::RecoveryCodesReplaced,
    AccountFlash::SessionEnded,
    AccountFlash::OtherSessionsEnded,
    AccountFlash::ApplicationRevoked,
    AccountFlash::VerificationSent,
    AccountFlash::FactorRequired,
    AccountFlash::RateLimited { retry_after: 600 },
    AccountFlash::CsrfInvalid,
];

/// Pages by name; the suffix after `--` distinguishes variants of one template.
pub(crate) type Named<T> = Vec<(String, T)>;

pub(crate) fn login_page<'a>(data: &Data<'a>) -> LoginPage<'a> {
    LoginPage {
        action_url: "/acme/interaction/i1/login",
        cancel_url: "/acme/interaction/i1/abort",
        csrf: data.token,
        client_name: data.client,
        email: data.email,
        flash: None,
        show_password: true,
        magic_link_url: Some("/acme/interaction/i1/magic-link"),
        forgot_password_url: Some("/acme/auth/forgot-password"),
    }
}

pub(crate) fn every_page(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = sign_in_pages(pages, theme, data);
    all.extend(two_factor_pages(pages, theme, data));
    all.extend(recovery_pages(pages, theme, data));
    all.extend(account::pages(pages, theme, data));
    all.extend(other_pages(pages, theme, data));
    all
}

fn sign_in_pages(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let login = login_page(data);
    let mut all = vec![
        ("login".to_owned(), pages.render(theme, &LoginPage { email: "", ..login })),
        ("login--typed".to_owned(), pages.render(theme, &login)),
    ];
    let password_only = LoginPage { magic_link_url: None, forgot_password_url: None, ..login };
    let link_only = LoginPage { show_password: false, forgot_password_url: None, ..login };
    let none = LoginPage { show_password: false, ..password_only };
    for (name, page) in [("password", password_only), ("link", link_only), ("none", none)] {
        all.push((format!("login--{name}"), pages.render(theme, &page)));
    }
    for flash in FLASHES {
        let page = LoginPage { flash: Some(*flash), ..login };
        all.push((format!("login--{flash:?}"), pages.render(theme, &page)));
    }
    for flash in optional(CODE_FLASHES) {
        let page = MagicLinkSentPage {
            code_url: "/acme/interaction/i1/magic-link/code",
            resend_url: "/acme/interaction/i1/magic-link",
            login_url: "/acme/interaction/i1",
            csrf: data.token,
            email: data.email,
            expires_in: QUARTER,
            flash,
        };
        all.push((format!("magic-link-sent--{flash:?}"), pages.render(theme, &page)));
    }
    let here = Landing::SameBrowser { action_url: "/acme/auth/magic-link/x", csrf: data.token };
    let origin = SignInOrigin { at: MORNING, address: Some(data.address), user_agent: Some(data.user_agent) };
    let bare = SignInOrigin { address: None, user_agent: None, ..origin };
    let other = |origin| Landing::OtherDevice { code: data.code, origin };
    for (name, landing) in [
        ("here", here),
        ("other", other(Some(origin))),
        ("other-bare", other(Some(bare))),
        ("other-unknown", other(None)),
    ] {
        let page = MagicLinkLandingPage { client_name: data.client, masked_email: data.email, landing };
        all.push((format!("magic-link-landing--{name}"), pages.render(theme, &page)));
    }
    let names = ["openid", "profile", "email", "phone", "address", "offline_access", data.scope];
    let scopes = names.map(str::to_owned);
    for (name, client_organization, scopes, is_confirmation) in [
        ("full", Some(data.organization), scopes.as_slice(), false),
        ("bare", None, &[], false),
        ("confirm", None, scopes.as_slice(), true),
    ] {
        let page = ConsentPage {
            action_url: "/acme/interaction/i1/confirm",
            csrf: data.token,
            client_name: data.client,
            client_organization,
            user_email: data.email,
            scopes,
            is_confirmation,
        };
        all.push((format!("consent--{name}"), pages.render(theme, &page)));
    }
    all
}

fn two_factor_pages(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = Vec::new();
    let resend_url = "/acme/interaction/i1/two-factor/resend";
    let email = TwoFactorChallenge::Email { masked_email: data.email, resend_url, expires_in: 600 };
    for (name, challenge) in [
        ("email", email),
        ("authenticator", TwoFactorChallenge::Authenticator),
        ("recovery", TwoFactorChallenge::Recovery),
    ] {
        let is_recovery = name == "recovery";
        for flash in optional(CODE_FLASHES) {
            let page = TwoFactorPage {
                action_url: "/acme/interaction/i1/two-factor",
                cancel_url: "/acme/interaction/i1/abort",
                csrf: data.token,
                challenge,
                recovery_url: (!is_recovery).then_some("/acme/interaction/i1/two-factor?code=recovery"),
                usual_url: is_recovery.then_some("/acme/interaction/i1/two-factor"),
                flash,
            };
            all.push((format!("two-factor-verify--{name}-{flash:?}"), pages.render(theme, &page)));
        }
    }
    let svg = drawing();
    for (name, step) in [
        ("choose", SetupView::Choose { allowed: &[FactorKind::Authenticator, FactorKind::Email] }),
        (
            "authenticator",
            SetupView::Authenticator {
                qr: TrustedSvg::from_generated(&svg),
                key: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
            },
        ),
        ("email", SetupView::Email { masked_email: data.email, resend_url, expires_in: 600 }),
    ] {
        for flash in [None, Some(CodeFlash::Invalid)] {
            let page = TwoFactorSetupPage {
                action_url: "/acme/interaction/i1/two-factor/setup",
                csrf: data.token,
                step,
                is_required: flash.is_none(),
                choose_url: flash.is_none().then_some("/acme/interaction/i1/two-factor/setup"),
                cancel_url: "/acme/interaction/i1/abort",
                flash,
            };
            all.push((format!("two-factor-setup--{name}-{flash:?}"), pages.render(theme, &page)));
        }
    }
    let codes: Vec<String> = (0..10).map(|n| format!("K7M{n}-Q2WX")).collect();
    let page = RecoveryCodesPage {
        codes: &codes,
        done_url: "/acme/interaction/i1/two-factor/saved",
        csrf: data.token,
        email: data.email,
    };
    all.push(("recovery-codes".to_owned(), pages.render(theme, &page)));
    all
}

fn recovery_pages(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = Vec::new();
    let limited = EmailFlash::RateLimited { retry_after: 900 };
    for flash in [None, Some(EmailFlash::EmailMissing), Some(limited), Some(EmailFlash::CsrfInvalid)] {
        let page = ForgotPasswordPage {
            action_url: "/acme/auth/forgot-password",
            csrf: data.token,
            email: data.email,
            login_url: flash.map(|_| "/acme/interaction/i1"),
            flash,
        };
        all.push((format!("forgot-password--{flash:?}"), pages.render(theme, &page)));
    }
    for login_url in [None, Some("/acme/interaction/i1")] {
        let page = ForgotPasswordSentPage {
            email: data.email,
            expires_in: HOUR,
            again_url: "/acme/auth/forgot-password",
            login_url,
        };
        let name = format!("forgot-password-sent--{}", login_url.is_some());
        all.push((name, pages.render(theme, &page)));
    }
    for flash in optional(PASSWORD_FAULTS) {
        let page = ResetPasswordPage {
            action_url: "/acme/auth/reset-password/x",
            csrf: data.token,
            email: data.email,
            rules: RULES,
            flash,
        };
        all.push((format!("reset-password--{flash:?}"), pages.render(theme, &page)));
        let page = TemporaryPasswordPage {
            action_url: "/acme/interaction/i1/new-password",
            cancel_url: "/acme/interaction/i1/abort",
            csrf: data.token,
            email: data.email,
            rules: RULES,
            flash,
        };
        all.push((format!("temporary-password--{flash:?}"), pages.render(theme, &page)));
    }
    for (name, link) in [("full", Some(data.link)), ("bare", None)] {
        let page = ResetSuccessPage { login_url: link };
        all.push((format!("reset-success--{name}"), pages.render(theme, &page)));
        let page = InviteSuccessPage { organization: data.organization, email: data.email, login_url: link };
        all.push((format!("invite-success--{name}"), pages.render(theme, &page)));
        let page = InviteExpiredPage { organization: data.organization, inviter: link.map(|_| data.person) };
        all.push((format!("invite-expired--{name}"), pages.render(theme, &page)));
        let page = EmailVerifiedPage { email: data.email, login_url: link };
        all.push((format!("email-verified--{name}"), pages.render(theme, &page)));
        let page = InvitationPage {
            action_url: "/acme/auth/accept-invite/x",
            csrf: data.token,
            organization: data.organization,
            inviter: link.map(|_| data.person),
            email: data.email,
            message: link.map(|_| data.message),
            rules: link.map(|_| RULES),
            flash: None,
        };
        all.push((format!("accept-invite--{name}"), pages.render(theme, &page)));
        let page = InvitationPage { rules: Some(RULES), flash: Some(PasswordFault::Mismatch), ..page };
        all.push((format!("accept-invite--{name}-mismatch"), pages.render(theme, &page)));
    }
    let page = EmailVerificationPage {
        action_url: "/acme/auth/verify-email/x",
        csrf: data.token,
        email: data.email,
        flash: None,
    };
    all.push(("verify-email".to_owned(), pages.render(theme, &page)));
    let page = EmailVerificationPage { flash: Some(EmailFlash::CsrfInvalid), ..page };
    all.push(("verify-email--csrf".to_owned(), pages.render(theme, &page)));
    all
}

fn other_pages(pages: &Pages, theme: &Theme<'_>, data: &Data<'_>) -> Named<Page> {
    let mut all = vec![
        ("logout-success".to_owned(), pages.render(theme, &LogoutSuccessPage {})),
        ("root".to_owned(), pages.root(theme.locale)),
    ];
    for (name, client_name, return_url) in
        [("full", Some(data.client), Some(data.link)), ("bare", None, None)]
    {
        let page =
            LogoutPage { action_url: "/acme/session/end/confirm", xsrf: data.token, client_name, return_url };
        all.push((format!("logout--{name}"), pages.render(theme, &page)));
    }
    for text in ErrorText::ALL {
        all.push((format!("error--{text:?}"), pages.render(theme, &ErrorPage::new(*text))));
    }
    let full = ErrorPage {
        text: ErrorText::RateLimited,
        code: Some(data.scope),
        retry_after: Some(150),
        request_id: Some(data.token),
        retry_url: Some(data.link),
    };
    all.push(("error--full".to_owned(), pages.render(theme, &full)));
    let fields = [("code".to_owned(), data.code.to_owned()), ("state".to_owned(), data.message.to_owned())];
    let page = FormPostPage { target: data.link, fields: &fields };
    all.push(("form-post".to_owned(), pages.render(theme, &page)));
    all
}

/// Nothing, then each of `values`.
fn optional<T: Copy>(values: &[T]) -> impl Iterator<Item = Option<T>> {
    std::iter::once(None).chain(values.iter().copied().map(Some))
}

/// A placeholder for a QR code: as many squares, without content.
fn drawing() -> String {
    let mut path = String::new();
    for y in 0..33_u32 {
        for x in 0..33_u32 {
            if (x * 7 + y * 13 + x * y) % 5 < 2 {
                let _ = write!(path, "M{x} {y}h1v1h-1z");
            }
        }
    }
    format!(
        "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-2 -2 37 37\" \
         shape-rendering=\"crispEdges\"><path d=\"{path}\"/></svg>"
    )
}
