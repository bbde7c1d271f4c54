//! All spellings of an address mean one mailbox, also for accounts stored by an older version; codes may be typed with
//! the digits of any script (decision 0043).

use std::time::Duration;

use porta_core::mail::Mail;
use porta_core::settings::{MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::user::{Email, User, UserStatus};
use porta_testkit::{TestApp, on_both_stores};

use super::second_factor::{
    SecondFactorSignIn, arrived, is_wrong, mailed, totp, with_authenticator, with_mail,
};
use super::support::*;

on_both_stores!(
    somebody_signs_in_however_they_type_their_address,
    who_was_stored_before_signs_in_and_may_type_otherwise,
    two_people_of_one_mailbox_sign_in_as_ever,
    another_spelling_is_no_other_account_to_guess_at,
    wrong_passwords_in_any_spelling_lock_the_account,
    a_browser_is_known_however_the_address_is_typed,
    an_email_comes_however_the_address_is_typed,
    mailed_codes_are_typed_in_digits_of_any_script,
    codes_of_authenticators_are_typed_in_digits_of_any_script,
);

const JOSE: Person = ("Jos\u{e9}@B\u{fc}cher.example", "lantern-Quay-44");
/// Spellings of the same mailbox.
const SPELLINGS: &[&str] = &[
    "Jos\u{e9}@B\u{fc}cher.example",
    "jose\u{301}@bu\u{308}cher.example",
    "JOS\u{c9}@xn--bcher-kva.example",
    " jose\u{301}@XN--BCHER-KVA.example ",
];

async fn with_jose(app: &TestApp) {
    app.provision(&format!(
        "version: \"1.0\"\nallow_passwords: true\norganizations:\n  - name: Acme\n    slug: acme\n    \
         users: [{{ email: \"{}\", password: {} }}]\n",
        JOSE.0, JOSE.1
    ))
    .await;
}

/// Stores an address as an older version did, which compared lower-case text.
async fn stored_before(app: &TestApp, person: Person, address: &str) {
    let person = user(app, "acme", person.0).await;
    let email = Email::trusted(address.to_owned(), address.to_lowercase());
    let mut all = app.store.repositories();
    assert!(all.users(person.organization_id).update(&User { email, ..person }).await.unwrap());
}

async fn enters(app: &TestApp, address: &str, password: &str) -> bool {
    is_signed_in(&guess(app, address, password).await)
}

async fn somebody_signs_in_however_they_type_their_address(app: TestApp) {
    with_jose(&app).await;
    for typed in SPELLINGS {
        assert!(enters(&app, typed, JOSE.1).await, "{typed}");
    }
    for other in [
        "jose@b\u{fc}cher.example",
        "jos\u{e9}@bucher.example",
        "jos\u{e9}@b\u{fc}cher",
        "\u{ff4a}os\u{e9}@b\u{fc}cher.example",
    ] {
        assert!(!enters(&app, other, JOSE.1).await, "{other}");
    }
}

async fn who_was_stored_before_signs_in_and_may_type_otherwise(app: TestApp) {
    stored_before(&app, BOB, "Bob@M\u{fc}ll.example").await;
    for typed in [
        "bob@m\u{fc}ll.example",
        "Bob@M\u{fc}ll.example",
        "BOB@xn--mll-hoa.example",
        "bob@mu\u{308}ll.example",
    ] {
        assert!(enters(&app, typed, BOB.1).await, "{typed}");
    }
    stored_before(&app, ANA, "ana\u{301}@acme.test").await;
    for typed in ["ana\u{301}@acme.test", "an\u{e1}@acme.test", "AN\u{c1}@ACME.test"] {
        assert!(enters(&app, typed, ANA.1).await, "{typed}");
    }
    assert!(
        !enters(&app, ANA.0, ANA.1).await && !enters(&app, BOB.0, BOB.1).await,
        "their addresses of before"
    );
}

/// Such accounts are neither merged nor locked out.
async fn two_people_of_one_mailbox_sign_in_as_ever(app: TestApp) {
    let (unicode, ascii) = ("eva@b\u{fc}cher.example", "eva@xn--bcher-kva.example");
    stored_before(&app, ANA, unicode).await;
    stored_before(&app, BOB, ascii).await;
    assert!(enters(&app, unicode, ANA.1).await && enters(&app, ascii, BOB.1).await);
    assert!(!enters(&app, unicode, BOB.1).await && !enters(&app, ascii, ANA.1).await);
}

async fn another_spelling_is_no_other_account_to_guess_at(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 1000).await;
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 3).await;
    with_jose(&app).await;
    for typed in &SPELLINGS[..3] {
        assert!(is_refusal(&guess(&app, typed, WRONG).await), "{typed}");
    }
    for typed in SPELLINGS {
        assert_eq!(guess(&app, typed, JOSE.1).await.status, 429, "{typed}");
    }
    assert!(enters(&app, BOB.0, BOB.1).await);
}

async fn wrong_passwords_in_any_spelling_lock_the_account(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 3).await;
    stored_before(&app, BOB, "bob@m\u{fc}ll.example").await;
    for typed in ["bob@m\u{fc}ll.example", "bob@xn--mll-hoa.example", "bob@mu\u{308}ll.example"] {
        assert_eq!(user(&app, "acme", typed).await.status, UserStatus::Active, "{typed}");
        assert!(is_refusal(&guess(&app, typed, WRONG).await), "{typed}");
    }
    let bob = user(&app, "acme", "bob@xn--mll-hoa.example").await;
    assert_eq!((bob.status, bob.failed_login_count), (UserStatus::Locked, 3));
    assert!(!enters(&app, "bob@m\u{fc}ll.example", BOB.1).await);
}

async fn a_browser_is_known_however_the_address_is_typed(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 1).await;
    stored_before(&app, BOB, "bob@m\u{fc}ll.example").await;
    let here = "192.0.2.1";
    let mut known = app.browser().with("x-forwarded-for", here);
    known.sign_in(&web(), "bob@m\u{fc}ll.example", BOB.1).await;
    guess_from(&app, here, "bob@xn--mll-hoa.example", WRONG).await;
    for typed in ["bob@xn--mll-hoa.example", "bob@m\u{fc}ll.example"] {
        assert_eq!(guess_from(&app, here, typed, BOB.1).await.status, 429, "{typed}: a stranger waits");
        let again = known.submit_login(&web().with("prompt", "login"), typed, BOB.1).await;
        assert!(is_signed_in(&again), "{typed}: {}", again.status);
    }
}

async fn an_email_comes_however_the_address_is_typed(app: TestApp) {
    with_jose(&app).await;
    stored_before(&app, BOB, "Bob@M\u{fc}ll.example").await;
    for (typed, shown) in [
        (SPELLINGS[1], JOSE.0),
        (SPELLINGS[3], JOSE.0),
        ("bob@xn--mll-hoa.example", "Bob@M\u{fc}ll.example"),
        ("BOB@m\u{fc}ll.example", "Bob@M\u{fc}ll.example"),
    ] {
        app.advance(Duration::from_mins(30));
        let mut browser = app.browser();
        let csrf = browser.get("/acme/auth/forgot-password").await.field("_csrf");
        let asked = browser.post("/acme/auth/forgot-password", &[("_csrf", &csrf), ("email", typed)]).await;
        let asked = browser.follow_flash(asked).await;
        assert_eq!(asked.status, 200, "{typed}: {}", asked.body);
        let emails = app.emails().await;
        let newest = emails.last().expect("an email");
        assert!(matches!(newest.mail, Mail::PasswordReset { .. }), "{typed}");
        assert_eq!(newest.recipient.address.shown(), shown, "{typed}: to the address they gave");
    }
}

fn in_script(code: &str, zero: char) -> String {
    let digit = |c: char| c.to_digit(10).and_then(|d| char::from_u32(u32::from(zero) + d)).unwrap_or(c);
    code.chars().map(digit).collect()
}

async fn mailed_codes_are_typed_in_digits_of_any_script(app: TestApp) {
    with_mail(&app).await;
    for zero in ['\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'] {
        let mut journey = SecondFactorSignIn::start(&app).await;
        journey.page().await;
        let code = mailed(&app).await;
        // As copied from Arabic text: with directional marks around the number.
        let typed = format!("\u{2067}{}\u{2069}", in_script(&code, zero));
        let done = journey.verify("otp", &typed).await;
        assert_eq!(done.status, 303, "{typed}: {}", done.body);
        assert!(arrived(&journey.browser.follow(done).await), "{typed}");
    }
}

async fn codes_of_authenticators_are_typed_in_digits_of_any_script(app: TestApp) {
    let (key, _) = with_authenticator(&app).await;
    for zero in ['\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'] {
        let mut journey = SecondFactorSignIn::start(&app).await;
        let code = totp(&key, &app);
        assert!(is_wrong(&journey.verify("totp", "²²²²²²").await), "superscripts");
        let typed = in_script(&code, zero);
        let done = journey.verify("totp", &typed).await;
        assert_eq!(done.status, 303, "{typed}: {}", done.body);
        assert!(arrived(&journey.browser.follow(done).await), "{typed}");
        app.advance(Duration::from_secs(30));
    }
}
