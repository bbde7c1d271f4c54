//! Every form of every page, sent eight times at once to two instances and once more afterwards: it has the effects and
//! the answer of one (decision 0044).
//!
//! Left out are the download of one's data, which changes nothing, and signing out everywhere else, which means the
//! sessions begun since.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use porta_core::Timestamp;
use porta_core::mail::Mail;
use porta_core::one_time::TokenPurpose;
use porta_core::outbox::OutboxKind;
use porta_directory::{Actor, NewInvitation};
use porta_testkit::{Answer, Browser, TestApp, on_both_stores};

use super::magic_link::offer_links;
use super::repeated_forms::{rounds, seen};
use super::second_factor::{manual_key, policy, recovery_codes, totp};
use super::support::*;

on_both_stores!(
    each_form_of_a_sign_in_is_carried_out_once,
    each_form_of_a_second_factor_is_carried_out_once,
    each_form_behind_a_mailed_link_is_carried_out_once,
    each_form_of_the_account_is_carried_out_once,
);

const PASSWORD: &str = "lantern-Quay-45";
const NEW: &str = "sextant-Marmalade-88";

async fn each_form_of_a_sign_in_is_carried_out_once(app: TestApp) {
    offer_links(&app).await;
    let instances = Instances::of(app).await;
    for form in SIGN_IN_FORMS {
        let fill = async |somebody: &Somebody| sign_in_form(&instances.first, *form, somebody).await;
        instances.assert_carried_out_once(&format!("{form:?}"), fill).await;
    }
}

async fn each_form_of_a_second_factor_is_carried_out_once(app: TestApp) {
    let instances = Instances::of(app).await;
    for (forms, wanted) in [(CHALLENGE_FORMS, "optional"), (ENROLMENT_FORMS, "required_any")] {
        policy(&instances.first, wanted).await;
        for form in forms {
            let fill =
                async |somebody: &Somebody| second_factor_form(&instances.first, *form, somebody).await;
            instances.assert_carried_out_once(&format!("{form:?}"), fill).await;
        }
    }
}

async fn each_form_behind_a_mailed_link_is_carried_out_once(app: TestApp) {
    let instances = Instances::of(app).await;
    for form in LINK_FORMS {
        let fill = async |somebody: &Somebody| link_form(&instances.first, *form, somebody).await;
        instances.assert_carried_out_once(&format!("{form:?}"), fill).await;
    }
}

async fn each_form_of_the_account_is_carried_out_once(app: TestApp) {
    let instances = Instances::of(app).await;
    for form in ACCOUNT_FORMS {
        let fill = async |somebody: &Somebody| account_form(&instances.first, *form, somebody).await;
        instances.assert_carried_out_once(&format!("{form:?}"), fill).await;
    }
}

/// Two instances on the same stores.
struct Instances {
    first: TestApp,
    second: TestApp,
}

impl Instances {
    async fn of(app: TestApp) -> Self {
        let second = app.another_process().await;
        Self { first: app, second }
    }

    /// Fills the form in for one person who sends it once, and for others who send it many times.
    async fn assert_carried_out_once(&self, name: &str, fill: impl AsyncFn(&Somebody) -> FilledForm) {
        let app = &self.first;
        let somebody = Somebody::provisioned(app).await;
        let form = fill(&somebody).await;
        let since = begin(app).await;
        let answer = form.send(&mut form.browser.clone()).await;
        assert_eq!(answer.status, 303, "{name}: {}", answer.body);
        let once = effects(app, since, &somebody).await;
        for round in 0..rounds(1) {
            let somebody = Somebody::provisioned(app).await;
            let form = fill(&somebody).await;
            let since = begin(app).await;
            let there = || form.browser.clone().through(self.second.router.clone());
            let mut browsers: Vec<Browser> = (0..4).flat_map(|_| [form.browser.clone(), there()]).collect();
            let mut answers = join_all(browsers.iter_mut().map(|browser| form.send(browser))).await;
            answers.push(form.send(&mut form.browser.clone()).await);
            assert_eq!(answers[0].status, 303, "{name}, round {round}: {}", answers[0].body);
            for answer in &answers {
                assert_eq!(seen(answer), seen(&answers[0]), "{name}, round {round}");
            }
            assert_eq!(effects(app, since, &somebody).await, once, "{name}, round {round}");
            if round == 0 && !form.is_sign_out() {
                form.assert_for_its_browser_only(app, &answers[0], name).await;
            }
        }
    }
}

/// What a form has done.
#[derive(Debug, PartialEq, Eq)]
struct Effects {
    /// Number of audit rows of each type.
    rows: BTreeMap<String, usize>,
    emails: Vec<&'static str>,
    /// Wrong passwords in a row.
    failures: i64,
}

/// Clears the outbox, and returns the time from which on effects are counted.
async fn begin(app: &TestApp) -> Timestamp {
    app.emails().await;
    let now = app.now();
    let mut all = app.store.repositories();
    let mut outbox = all.outbox();
    for claim in outbox.claim(&[OutboxKind::Mail], now, now, 100).await.unwrap() {
        assert!(outbox.deliver(claim.id, now).await.unwrap());
    }
    app.advance(Duration::from_secs(1));
    app.now()
}

async fn effects(app: &TestApp, since: Timestamp, somebody: &Somebody) -> Effects {
    let mut emails: Vec<_> =
        app.emails().await.iter().map(|outgoing| outgoing.mail.template().as_str()).collect();
    emails.sort_unstable();
    let mut rows = BTreeMap::new();
    for row in audit(app, 100).await.into_iter().filter(|row| row.created_at >= since) {
        *rows.entry(row.event_type).or_insert(0) += 1;
    }
    Effects { rows, emails, failures: user(app, "acme", &somebody.email).await.failed_login_count }
}

/// A person whom no other form uses, in a network of their own.
struct Somebody {
    email: String,
    address: String,
}

impl Somebody {
    async fn provisioned(app: &TestApp) -> Self {
        static PEOPLE: AtomicUsize = AtomicUsize::new(0);
        let number = PEOPLE.fetch_add(1, Ordering::Relaxed);
        let email = format!("person-{number}@acme.test");
        app.provision(&format!(
            "version: \"1.0\"\nallow_passwords: true\norganizations:\n  - name: Acme\n    slug: acme\n    \
             users: [{{ email: {email}, password: {PASSWORD} }}]\n"
        ))
        .await;
        Self { email, address: format!("198.18.{}.{}", number / 256 % 256, number % 256) }
    }

    fn browser(&self, app: &TestApp) -> Browser {
        app.browser().with("x-forwarded-for", &self.address)
    }

    /// Reads the newest email of a kind.
    async fn mailed<T>(&self, app: &TestApp, wanted: impl Fn(Mail) -> Option<T>) -> T {
        let emails = app.emails().await.into_iter().rev();
        let mut theirs = emails.filter(|outgoing| outgoing.recipient.address.shown() == self.email);
        theirs.find_map(|outgoing| wanted(outgoing.mail)).expect("an email")
    }

    async fn mailed_code(&self, app: &TestApp) -> String {
        let code = |mail| if let Mail::EmailCode { code, .. } = mail { Some(code) } else { None };
        self.mailed(app, code).await
    }

    /// Signs in up to the second factor; returns the browser and the login page.
    async fn to_the_second_factor(&self, app: &TestApp) -> (Browser, Form) {
        let mut browser = self.browser(app);
        let page = open(&mut browser, &web()).await;
        let answer = page.login(&mut browser, &self.email, PASSWORD).await;
        assert_eq!(answer.location(), format!("{}/two-factor", page.url), "{}", answer.body);
        (browser, page)
    }
}

/// A form as a browser is about to send it.
struct FilledForm {
    browser: Browser,
    url: String,
    fields: Vec<(&'static str, String)>,
}

impl FilledForm {
    fn new(browser: Browser, url: String, csrf: String, fields: &[(&'static str, &str)]) -> Self {
        let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Self { browser, url, fields: std::iter::once(("_csrf", csrf)).chain(fields).collect() }
    }

    /// A form of an interaction.
    fn of(browser: Browser, page: &Form, action: &str, fields: &[(&'static str, &str)]) -> Self {
        Self::new(browser, format!("{}/{action}", page.url), page.csrf.clone(), fields)
    }

    async fn send(&self, browser: &mut Browser) -> Answer {
        let fields: Vec<(&str, &str)> = self.fields.iter().map(|(n, v)| (*n, v.as_str())).collect();
        browser.post(&self.url, &fields).await
    }

    /// Whoever has no session is signed out, so everybody gets the same answer.
    fn is_sign_out(&self) -> bool {
        self.url.ends_with("/session/end/confirm")
    }

    async fn assert_for_its_browser_only(&self, app: &TestApp, answer: &Answer, name: &str) {
        let abroad = Self {
            browser: self.browser.clone(),
            url: self.url.replacen("/acme/", "/beta/", 1),
            fields: self.fields.clone(),
        };
        let elsewhere = [self.send(&mut app.browser()).await, abroad.send(&mut abroad.browser.clone()).await];
        for other in elsewhere {
            assert_ne!(seen(&other), seen(answer), "{name}");
            assert!(!is_signed_in(&other), "{name}");
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignInForm {
    Login,
    WrongLogin,
    NewPassword,
    GuessableNewPassword,
    RequestLink,
    LinkCode,
    Link,
    Approve,
    Deny,
    Cancel,
    SignOut,
}

const SIGN_IN_FORMS: &[SignInForm] = &[
    SignInForm::Login,
    SignInForm::WrongLogin,
    SignInForm::NewPassword,
    SignInForm::GuessableNewPassword,
    SignInForm::RequestLink,
    SignInForm::LinkCode,
    SignInForm::Link,
    SignInForm::Approve,
    SignInForm::Deny,
    SignInForm::Cancel,
    SignInForm::SignOut,
];

async fn sign_in_form(app: &TestApp, form: SignInForm, somebody: &Somebody) -> FilledForm {
    let mut browser = somebody.browser(app);
    let email = somebody.email.as_str();
    match form {
        SignInForm::Login | SignInForm::WrongLogin => {
            let page = open(&mut browser, &web()).await;
            let password = if form == SignInForm::Login { PASSWORD } else { WRONG };
            FilledForm::of(browser, &page, "login", &[("email", email), ("password", password)])
        }
        SignInForm::NewPassword | SignInForm::GuessableNewPassword => {
            make_temporary(app, email).await;
            let page = open(&mut browser, &web()).await;
            page.login(&mut browser, email, PASSWORD).await;
            let chosen = if form == SignInForm::NewPassword { NEW } else { "password123" };
            let fields = [("password", chosen), ("confirmPassword", chosen)];
            FilledForm::of(browser, &page, "new-password", &fields)
        }
        SignInForm::RequestLink => {
            let page = open(&mut browser, &web()).await;
            FilledForm::of(browser, &page, "magic-link", &[("email", email), ("password", "")])
        }
        SignInForm::LinkCode | SignInForm::Link => {
            let page = open(&mut browser, &web()).await;
            page.submit(&mut browser, "magic-link", &[("_csrf", &page.csrf), ("email", email)]).await;
            let link = |mail| match mail {
                Mail::MagicLink { url, code: Some(code), .. } => Some((url, code)),
                _ => None,
            };
            let (url, code) = somebody.mailed(app, link).await;
            if form == SignInForm::LinkCode {
                FilledForm::of(browser, &page, "magic-link/code", &[("code", &code)])
            } else {
                FilledForm::new(browser, url, page.csrf, &[])
            }
        }
        SignInForm::Approve | SignInForm::Deny => {
            let login = browser.submit_login(&partner(), email, PASSWORD).await;
            let asked = browser.get(login.location()).await;
            let page = Form::at(&mut browser, asked).await;
            let decision = if form == SignInForm::Approve { "approve" } else { "deny" };
            FilledForm::of(browser, &page, "confirm", &[("decision", decision)])
        }
        SignInForm::Cancel => {
            let page = open(&mut browser, &web()).await;
            FilledForm::of(browser, &page, "abort", &[])
        }
        SignInForm::SignOut => {
            browser.sign_in(&web(), email, PASSWORD).await;
            let xsrf = browser.get("/acme/session/end").await.field("xsrf");
            let fields = vec![("xsrf", xsrf), ("logout", "yes".to_owned())];
            FilledForm { browser, url: "/acme/session/end/confirm".to_owned(), fields }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SecondFactorForm {
    Code,
    WrongCode,
    RecoveryCode,
    MailedCode,
    Resend,
    ChooseAuthenticator,
    ChooseMail,
    Confirm,
    WrongConfirmation,
    SaveCodes,
}

/// For people with a second factor.
const CHALLENGE_FORMS: &[SecondFactorForm] = &[
    SecondFactorForm::Code,
    SecondFactorForm::WrongCode,
    SecondFactorForm::RecoveryCode,
    SecondFactorForm::MailedCode,
    SecondFactorForm::Resend,
];

/// For people who must get one.
const ENROLMENT_FORMS: &[SecondFactorForm] = &[
    SecondFactorForm::ChooseAuthenticator,
    SecondFactorForm::ChooseMail,
    SecondFactorForm::Confirm,
    SecondFactorForm::WrongConfirmation,
    SecondFactorForm::SaveCodes,
];

async fn second_factor_form(app: &TestApp, form: SecondFactorForm, somebody: &Somebody) -> FilledForm {
    match form {
        SecondFactorForm::Code | SecondFactorForm::WrongCode | SecondFactorForm::RecoveryCode => {
            let (key, codes) = Account::of(app, somebody).await.set_up_authenticator(app).await;
            let (browser, page) = somebody.to_the_second_factor(app).await;
            let right = totp(&key, app);
            let (kind, code) = if form == SecondFactorForm::RecoveryCode {
                ("recovery", codes[0].as_str())
            } else if form == SecondFactorForm::WrongCode {
                ("totp", other_than(&right))
            } else {
                ("totp", right.as_str())
            };
            FilledForm::of(browser, &page, "two-factor", &[("code", code), ("codeType", kind)])
        }
        SecondFactorForm::MailedCode => {
            Account::of(app, somebody).await.set_up_mail(app, somebody).await;
            let (browser, page) = somebody.to_the_second_factor(app).await;
            let code = somebody.mailed_code(app).await;
            FilledForm::of(browser, &page, "two-factor", &[("code", &code), ("codeType", "otp")])
        }
        SecondFactorForm::Resend => {
            Account::of(app, somebody).await.set_up_mail(app, somebody).await;
            let (browser, page) = somebody.to_the_second_factor(app).await;
            FilledForm::of(browser, &page, "two-factor/resend", &[])
        }
        SecondFactorForm::ChooseAuthenticator | SecondFactorForm::ChooseMail => {
            let (browser, page) = somebody.to_the_second_factor(app).await;
            let method = if form == SecondFactorForm::ChooseMail { "email" } else { "totp" };
            FilledForm::of(browser, &page, "two-factor/setup", &[("setupMethod", method)])
        }
        SecondFactorForm::Confirm | SecondFactorForm::WrongConfirmation | SecondFactorForm::SaveCodes => {
            let (mut browser, page) = somebody.to_the_second_factor(app).await;
            let choice =
                FilledForm::of(browser.clone(), &page, "two-factor/setup", &[("setupMethod", "totp")]);
            choice.send(&mut browser).await;
            let key = manual_key(&browser.get(&format!("{}/two-factor", page.url)).await.body);
            let right = totp(&key, app);
            let code =
                if form == SecondFactorForm::WrongConfirmation { other_than(&right) } else { right.as_str() };
            let confirmation = FilledForm::of(browser, &page, "two-factor/setup", &[("code", code)]);
            if form != SecondFactorForm::SaveCodes {
                return confirmation;
            }
            let mut browser = confirmation.browser.clone();
            confirmation.send(&mut browser).await;
            FilledForm::of(browser, &page, "two-factor/codes", &[])
        }
    }
}

fn other_than(code: &str) -> &'static str {
    if code == "000000" { "111111" } else { "000000" }
}

#[derive(Debug, Clone, Copy)]
enum LinkForm {
    ForgottenPassword,
    NewPassword,
    Invitation,
    Verification,
}

const LINK_FORMS: &[LinkForm] =
    &[LinkForm::ForgottenPassword, LinkForm::NewPassword, LinkForm::Invitation, LinkForm::Verification];

async fn link_form(app: &TestApp, form: LinkForm, somebody: &Somebody) -> FilledForm {
    let mut browser = somebody.browser(app);
    let email = somebody.email.as_str();
    let address = [("email", email)];
    let password = [("password", NEW), ("confirmPassword", NEW)];
    let nothing: [(&str, &str); 0] = [];
    let (url, fields) = match form {
        LinkForm::ForgottenPassword => ("/acme/auth/forgot-password".to_owned(), &address[..]),
        LinkForm::NewPassword => {
            (link(app, email, TokenPurpose::PasswordReset, "reset-password").await, &password[..])
        }
        LinkForm::Invitation => {
            let invited = format!("invited-{email}");
            let mut work = app.directory.begin(Actor::System).await.unwrap();
            let acme = work.organization("acme").await.unwrap();
            let new = NewInvitation { email: invited.clone(), ..NewInvitation::default() };
            work.users().invitations().send(&acme, "https://id.test/acme", new).await.unwrap();
            work.commit().await.unwrap();
            (link(app, &invited, TokenPurpose::Invitation, "accept-invite").await, &password[..])
        }
        LinkForm::Verification => {
            (link(app, email, TokenPurpose::EmailVerification, "verify-email").await, &nothing[..])
        }
    };
    let csrf = browser.get(&url).await.field("_csrf");
    FilledForm::new(browser, url, csrf, fields)
}

async fn link(app: &TestApp, email: &str, purpose: TokenPurpose, page: &str) -> String {
    let to = user(app, "acme", email).await;
    format!("/acme/auth/{page}/{}", issue_link(app, &to, purpose, None).await)
}

/// The account pages of somebody, in one browser.
struct Account {
    browser: Browser,
}

const AUTHENTICATOR: &[(&str, &str)] = &[("action", "enable"), ("method", "authenticator")];
const MAIL: &[(&str, &str)] = &[("action", "enable"), ("method", "email")];

impl Account {
    async fn of(app: &TestApp, somebody: &Somebody) -> Self {
        let mut browser = somebody.browser(app);
        let start = browser.get("/acme/account").await;
        let page = Form::at(&mut browser, start).await;
        let answer = page.login(&mut browser, &somebody.email, PASSWORD).await;
        let overview = browser.follow(answer).await;
        assert_eq!(overview.status, 200, "{}", overview.body);
        Self { browser }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.browser.get(&format!("/acme/account{path}")).await
    }

    /// Fills in a form; all of a session have the same CSRF value.
    async fn filled(mut self, path: &str, fields: &[(&'static str, &str)]) -> FilledForm {
        let csrf = self.get("/data").await.field("_csrf");
        FilledForm::new(self.browser, format!("/acme/account{path}"), csrf, fields)
    }

    /// Sends a form and follows to the result.
    async fn post(&mut self, path: &str, fields: &[(&'static str, &str)]) -> Answer {
        let form = Self { browser: self.browser.clone() }.filled(path, fields).await;
        let answer = form.send(&mut self.browser).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        self.browser.follow(answer).await
    }

    /// Begins to set up an authenticator; returns its key.
    async fn begin_authenticator(&mut self) -> String {
        manual_key(&self.post("/two-factor", AUTHENTICATOR).await.body)
    }

    /// Sets up an authenticator up to its recovery codes; returns its key and them.
    async fn confirm_authenticator(&mut self, app: &TestApp) -> (String, Vec<String>) {
        let key = self.begin_authenticator().await;
        let page = self.post("/two-factor/setup", &[("code", &totp(&key, app))]).await;
        let codes = recovery_codes(&page.body);
        assert_eq!(codes.len(), 10, "{}", page.body);
        (key, codes)
    }

    async fn set_up_authenticator(&mut self, app: &TestApp) -> (String, Vec<String>) {
        let authenticator = self.confirm_authenticator(app).await;
        self.post("/two-factor/codes", &[]).await;
        // A code counts once.
        app.advance(Duration::from_secs(30));
        authenticator
    }

    async fn set_up_mail(&mut self, app: &TestApp, somebody: &Somebody) {
        self.post("/two-factor", MAIL).await;
        let code = somebody.mailed_code(app).await;
        self.post("/two-factor/setup", &[("code", &code)]).await;
        self.post("/two-factor/codes", &[]).await;
        // Mails with equal timestamps have no defined order.
        app.advance(Duration::from_secs(1));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AccountForm {
    ConfirmAddress,
    Password,
    WrongPassword,
    ChooseAuthenticator,
    ChooseMail,
    SwitchOff,
    NewCodes,
    Confirm,
    WrongConfirmation,
    Resend,
    Cancel,
    SaveCodes,
    EndSession,
    Withdraw,
}

const ACCOUNT_FORMS: &[AccountForm] = &[
    AccountForm::ConfirmAddress,
    AccountForm::Password,
    AccountForm::WrongPassword,
    AccountForm::ChooseAuthenticator,
    AccountForm::ChooseMail,
    AccountForm::SwitchOff,
    AccountForm::NewCodes,
    AccountForm::Confirm,
    AccountForm::WrongConfirmation,
    AccountForm::Resend,
    AccountForm::Cancel,
    AccountForm::SaveCodes,
    AccountForm::EndSession,
    AccountForm::Withdraw,
];

async fn account_form(app: &TestApp, form: AccountForm, somebody: &Somebody) -> FilledForm {
    let mut account = Account::of(app, somebody).await;
    match form {
        AccountForm::ConfirmAddress => account.filled("/verify-email", &[]).await,
        AccountForm::Password | AccountForm::WrongPassword => {
            let current = if form == AccountForm::Password { PASSWORD } else { WRONG };
            let fields = [("currentPassword", current), ("password", NEW), ("confirmPassword", NEW)];
            account.filled("/password", &fields).await
        }
        AccountForm::ChooseAuthenticator => account.filled("/two-factor", AUTHENTICATOR).await,
        AccountForm::ChooseMail => account.filled("/two-factor", MAIL).await,
        AccountForm::SwitchOff => {
            account.set_up_authenticator(app).await;
            let fields = [("action", "disable"), ("method", "authenticator")];
            account.filled("/two-factor", &fields).await
        }
        AccountForm::NewCodes => {
            account.set_up_authenticator(app).await;
            account.filled("/two-factor", &[("action", "regenerate")]).await
        }
        AccountForm::Confirm | AccountForm::WrongConfirmation => {
            let right = totp(&account.begin_authenticator().await, app);
            let code = if form == AccountForm::Confirm { right.as_str() } else { other_than(&right) };
            account.filled("/two-factor/setup", &[("code", code)]).await
        }
        AccountForm::Resend => {
            account.post("/two-factor", MAIL).await;
            account.filled("/two-factor/resend", &[]).await
        }
        AccountForm::Cancel => {
            account.begin_authenticator().await;
            account.filled("/two-factor/cancel", &[]).await
        }
        AccountForm::SaveCodes => {
            account.confirm_authenticator(app).await;
            account.filled("/two-factor/codes", &[]).await
        }
        AccountForm::EndSession => {
            app.advance(Duration::from_secs(1));
            Account::of(app, somebody).await;
            // The newest comes first.
            let newest = account.get("/sessions").await.field("session");
            account.filled("/sessions", &[("session", &newest)]).await
        }
        AccountForm::Withdraw => {
            code(&account.browser.get(&web().url()).await);
            let grant = account.get("/applications").await.field("application");
            account.filled("/applications", &[("application", &grant)]).await
        }
    }
}
