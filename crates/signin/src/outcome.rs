//! How a step of a sign-in ends.

use std::time::Duration;

use porta_core::TokenDigest;
use porta_core::user::UserStatus;

use crate::browser::NewSessionCookies;
use crate::flood::Pause;

/// Result of a first factor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignInOutcome {
    /// The browser gets its cookies and is redirected to the resume URL.
    SignedIn(NewSessionCookies),
    /// The first factor was right; the browser is redirected to the second-factor page.
    SecondFactor,
    /// Everything was right, but the password is temporary; the browser is redirected to the page for a new one.
    NewPassword,
    /// Wrong password, or the account was locked or its credentials changed in the meantime.
    /// [`PasswordSignIn::verify`](crate::PasswordSignIn::verify) returns it as [`Self::WrongPassword`].
    Refused,
    /// Unknown account, wrong password or locked account, all answered alike. The digest identifies the refused form;
    /// the interaction stores it.
    WrongPassword(TokenDigest),
    /// The password was right, but the account is not active.
    NotActive(UserStatus),
    Limited {
        retry_after: Duration,
    },
    /// A stranger must wait before the password is verified (decision 0041).
    Paused(Pause),
    /// The password queue is full.
    Busy,
    /// The client does not offer passwords.
    MethodDisabled,
    /// The interaction ended while the form was processed.
    Gone,
    /// The same form was received before; the answer to that request is used.
    Repeated,
}

/// Result of a code, or of an enrolment step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FactorOutcome {
    /// The browser gets its cookies and is redirected to the resume URL.
    SignedIn(NewSessionCookies),
    /// The interaction is at another step now: show that.
    Moved,
    /// The code was right, but the password is temporary; the browser is redirected to the page for a new one.
    NewPassword,
    Wrong,
    /// The mailed code is used up or missing: a new one must be sent.
    Exhausted,
    Limited {
        retry_after: Duration,
    },
    /// Too many consecutive wrong codes: only a recovery code or a new password helps.
    Blocked,
    /// The interaction ended, or the account may no longer sign in.
    Gone,
}

impl From<SignInOutcome> for FactorOutcome {
    fn from(outcome: SignInOutcome) -> Self {
        match outcome {
            SignInOutcome::SignedIn(entered) => Self::SignedIn(entered),
            SignInOutcome::SecondFactor => Self::Moved,
            SignInOutcome::NewPassword => Self::NewPassword,
            SignInOutcome::Limited { retry_after } => Self::Limited { retry_after },
            SignInOutcome::Refused
            | SignInOutcome::WrongPassword(_)
            | SignInOutcome::NotActive(_)
            | SignInOutcome::Busy
            | SignInOutcome::Paused(_)
            | SignInOutcome::MethodDisabled
            | SignInOutcome::Repeated
            | SignInOutcome::Gone => Self::Gone,
        }
    }
}
