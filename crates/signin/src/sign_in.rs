//! All services of the sign-in.

use std::sync::Arc;

use crate::account::{
    Account, AccountData, AccountDevices, AccountFactors, AccountPassword, FactorLock, FactorSetups,
};
use crate::challenge::SecondFactorChallenge;
use crate::dummy_hash::DummyHashCosts;
use crate::enrolment::Enrolment;
use crate::factor_attempts::FactorAttempts;
use crate::factor_changes::FactorChanges;
use crate::flood::FloodGuard;
use crate::invitation::Invitations;
use crate::links::MailedLinks;
use crate::login_methods::LoginMethods;
use crate::magic_link::MagicLinks;
use crate::mailed_codes::MailedCodes;
use crate::new_session::NewSessions;
use crate::password_sign_in::PasswordSignIn;
use crate::pending_sign_in::PendingSignIns;
use crate::recovery::Recovery;
use crate::sign_in_core::SignInCore;
use crate::temporary_password::TemporaryPasswords;
use crate::verification::EmailVerification;

pub struct SignIn {
    pub account: Arc<Account>,
    pub email_verification: EmailVerification,
    pub enrolment: Arc<Enrolment>,
    pub invitations: Invitations,
    pub login_methods: Arc<LoginMethods>,
    pub magic_links: MagicLinks,
    pub password: PasswordSignIn,
    pub pending: Arc<PendingSignIns>,
    pub recovery: Recovery,
    pub second_factor: Arc<SecondFactorChallenge>,
    pub temporary_passwords: TemporaryPasswords,
}

impl SignIn {
    pub fn new(core: SignInCore) -> Self {
        let core = Arc::new(core);
        let attempts = Arc::new(FactorAttempts::new(Arc::clone(&core)));
        let changes = Arc::new(FactorChanges::new(Arc::clone(&core)));
        let codes = Arc::new(MailedCodes::new(Arc::clone(&core)));
        let flood = Arc::new(FloodGuard::new(Arc::clone(&core)));
        let links = Arc::new(MailedLinks::new(Arc::clone(&core), Arc::clone(&flood)));
        let login_methods = Arc::new(LoginMethods::new(Arc::clone(&core)));
        let pending = Arc::new(PendingSignIns::new(Arc::clone(&core)));
        let sessions = Arc::new(NewSessions::new(Arc::clone(&core), Arc::clone(&pending)));
        let enrolment = Arc::new(Enrolment {
            core: Arc::clone(&core),
            attempts: Arc::clone(&attempts),
            changes: Arc::clone(&changes),
            codes: Arc::clone(&codes),
            pending: Arc::clone(&pending),
            sessions: Arc::clone(&sessions),
        });
        let second_factor = Arc::new(SecondFactorChallenge {
            core: Arc::clone(&core),
            attempts: Arc::clone(&attempts),
            codes: Arc::clone(&codes),
            enrolment: Arc::clone(&enrolment),
            pending: Arc::clone(&pending),
            sessions: Arc::clone(&sessions),
        });
        let temporary_passwords =
            TemporaryPasswords { core: Arc::clone(&core), pending: Arc::clone(&pending), sessions };
        Self {
            email_verification: EmailVerification {
                core: Arc::clone(&core),
                codes: Arc::clone(&codes),
                links: Arc::clone(&links),
            },
            invitations: Invitations { core: Arc::clone(&core), links: Arc::clone(&links) },
            magic_links: MagicLinks {
                core: Arc::clone(&core),
                challenge: Arc::clone(&second_factor),
                links: Arc::clone(&links),
                login_methods: Arc::clone(&login_methods),
            },
            password: PasswordSignIn {
                core: Arc::clone(&core),
                challenge: Arc::clone(&second_factor),
                flood,
                login_methods: Arc::clone(&login_methods),
                dummy_hash_costs: DummyHashCosts::new(Arc::clone(&core)),
            },
            recovery: Recovery { core: Arc::clone(&core), links },
            account: Arc::new(account(core, attempts, changes, codes)),
            enrolment,
            login_methods,
            pending,
            second_factor,
            temporary_passwords,
        }
    }
}

fn account(
    core: Arc<SignInCore>,
    attempts: Arc<FactorAttempts>,
    changes: Arc<FactorChanges>,
    codes: Arc<MailedCodes>,
) -> Account {
    let lock = Arc::new(FactorLock::new(Arc::clone(&core)));
    let setup = Arc::new(FactorSetups {
        core: Arc::clone(&core),
        attempts,
        changes: Arc::clone(&changes),
        codes,
        lock: Arc::clone(&lock),
    });
    Account {
        data: AccountData { core: Arc::clone(&core) },
        devices: AccountDevices { core: Arc::clone(&core) },
        factors: AccountFactors { core: Arc::clone(&core), changes, lock, setup: Arc::clone(&setup) },
        password: AccountPassword { core: Arc::clone(&core) },
        setup,
        core,
    }
}
