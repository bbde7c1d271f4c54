//! Second factors and their codes, sequentially; concurrently in [`super::factor_races`].

use std::sync::Arc;

use porta_core::second_factor::{
    CodePurpose, CodeSlot, EmailCode, TotpAlgorithm, TotpCredential, TotpParameters,
};
use porta_core::user::{TwoFactorMethod, User};
use porta_core::{EntityId as _, Timestamp, UserId};
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, one_round_trip, totp, user};
use crate::{EmailCodeAttempt, EmailCodeOutcome, FactorCounts, SecondFactorRepository, Store, StoreError};

const MAX: u32 = 3;

async fn ana(w: &TwoTenants) -> User {
    w.repositories().users(w.acme.organization.id).by_id(w.acme.user.id).await.unwrap().unwrap()
}

async fn attempt(
    factors: &mut (dyn SecondFactorRepository + '_),
    code: &EmailCode,
    now: Timestamp,
) -> EmailCodeOutcome {
    factors.try_email_code(&right_attempt(code, MAX), now).await.unwrap()
}

/// An attempt with the right code.
pub(super) fn right_attempt(code: &EmailCode, max_attempts: u32) -> EmailCodeAttempt<'_> {
    EmailCodeAttempt {
        user: code.user_id,
        purpose: code.purpose,
        interaction: code.interaction.as_deref(),
        macs: std::slice::from_ref(&code.mac),
        max_attempts,
    }
}

pub async fn authenticator(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let id = w.acme.user.id;
    assert_eq!(one_round_trip(&w.store, acme.totp(id)).await.unwrap(), None);
    let unusual = TotpCredential {
        parameters: TotpParameters::parse(TotpAlgorithm::Sha512, 8, 60).unwrap(),
        verified_at: NOW + MINUTE,
        ..totp(&w.acme.user, &w.entropy)
    };
    assert!(one_round_trip(&w.store, acme.enrol_totp(&unusual, None)).await.unwrap());
    assert_eq!(one_round_trip(&w.store, acme.totp(id)).await.unwrap().as_ref(), Some(&unusual));
    let after = ana(&w).await;
    assert_eq!((after.two_factor_method, after.updated_at), (Some(TwoFactorMethod::Totp), NOW + MINUTE));
    let nobody = TotpCredential { user_id: UserId::from_uuid(Uuid::nil()), ..unusual };
    assert!(!acme.enrol_totp(&nobody, None).await.unwrap());
}

/// Enrolment never replaces an authenticator, nor a method other than the one it knows (decision 0025).
pub async fn an_enrolled_person_keeps_their_factor(store: Arc<dyn Store>) {
    use TwoFactorMethod::{Email, Totp};
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let id = w.acme.user.id;
    let mine = totp(&w.acme.user, &w.entropy);
    for known in [Some(Email), Some(Totp)] {
        assert!(!acme.enrol_totp(&mine, known).await.unwrap(), "the person has no method");
    }
    assert!(acme.enrol_email(id, NOW).await.unwrap());
    for known in [None, Some(Totp)] {
        assert!(!acme.enrol_totp(&mine, known).await.unwrap(), "the method is email");
    }
    assert!(!acme.enrol_email(id, NOW).await.unwrap(), "they have it already");
    assert_eq!(acme.totp(id).await.unwrap(), None);
    // A user who proved the current method may switch to an authenticator.
    assert!(acme.enrol_totp(&mine, Some(Email)).await.unwrap());
    let thief = totp(&w.acme.user, &w.entropy);
    for known in [None, Some(Email), Some(Totp)] {
        assert!(!acme.enrol_totp(&thief, known).await.unwrap(), "{known:?}");
    }
    assert!(!acme.enrol_email(id, NOW).await.unwrap());
    assert_eq!(acme.totp(id).await.unwrap(), Some(mine));
    assert_eq!(ana(&w).await.two_factor_method, Some(Totp));
}

/// A code is accepted once, and no earlier one afterwards (RFC 6238 §5.2).
pub async fn steps(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let mine = totp(&w.acme.user, &w.entropy);
    assert!(!acme.accept_step(&mine, 101, NOW).await.unwrap(), "not enrolled");
    assert!(acme.enrol_totp(&mine, None).await.unwrap());
    assert!(!acme.accept_step(&mine, 100, NOW).await.unwrap(), "the code that confirmed it");
    assert!(!acme.accept_step(&mine, 99, NOW).await.unwrap());
    assert!(one_round_trip(&w.store, acme.accept_step(&mine, 101, NOW)).await.unwrap());
    assert!(!acme.accept_step(&mine, 101, NOW).await.unwrap());
    assert!(acme.accept_step(&mine, 103, NOW).await.unwrap());
    assert!(!acme.accept_step(&mine, 102, NOW).await.unwrap());
    assert_eq!(acme.totp(mine.user_id).await.unwrap().unwrap().last_step, 103);
    // The code of an authenticator that was replaced in the meantime.
    assert!(acme.disable(mine.user_id, NOW).await.unwrap());
    assert!(!acme.accept_step(&mine, 104, NOW).await.unwrap());
    let new = TotpCredential { verified_at: NOW + HOUR, ..totp(&w.acme.user, &w.entropy) };
    assert!(acme.enrol_totp(&new, None).await.unwrap());
    assert!(!acme.accept_step(&mine, 105, NOW).await.unwrap());
    assert!(acme.accept_step(&new, 105, NOW).await.unwrap());
}

pub async fn mailed_codes_as_factor(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let id = w.acme.user.id;
    assert!(one_round_trip(&w.store, acme.enrol_email(id, NOW + MINUTE)).await.unwrap());
    let after = ana(&w).await;
    assert_eq!((after.two_factor_method, after.updated_at), (Some(TwoFactorMethod::Email), NOW + MINUTE));
    assert!(!acme.enrol_email(UserId::from_uuid(Uuid::nil()), NOW).await.unwrap());
}

pub async fn disabling(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let id = w.acme.user.id;
    let (code, recovery) = (w.email_code(), w.recovery_codes());
    assert!(acme.enrol_totp(&totp(&w.acme.user, &w.entropy), None).await.unwrap());
    assert!(acme.replace_recovery_codes(id, &recovery, NOW).await.unwrap());
    acme.issue_email_code(&code).await.unwrap();
    assert!(acme.disable(id, NOW + HOUR).await.unwrap());
    let after = ana(&w).await;
    assert_eq!((after.two_factor_method, after.updated_at), (None, NOW + HOUR));
    assert_eq!(acme.totp(id).await.unwrap(), None);
    assert_eq!(acme.use_recovery_code(id, &[recovery[0].mac], NOW).await.unwrap(), None);
    assert_eq!(acme.unused_recovery_codes(id).await.unwrap(), 0);
    assert_eq!(attempt(&mut *acme, &code, NOW).await, EmailCodeOutcome::NothingToMatch);
    assert!(acme.disable(id, NOW).await.unwrap(), "nothing to take away is no mistake");
    assert!(!acme.disable(UserId::from_uuid(Uuid::nil()), NOW).await.unwrap());
    // Enrolment is possible again.
    assert!(acme.enrol_email(id, NOW).await.unwrap());
}

pub async fn recovery_codes(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let id = w.acme.user.id;
    let (first, second) = (w.recovery_codes(), w.recovery_codes());
    assert_eq!(one_round_trip(&w.store, acme.unused_recovery_codes(id)).await.unwrap(), 0);
    assert!(acme.replace_recovery_codes(id, &first, NOW).await.unwrap());
    assert_eq!(acme.unused_recovery_codes(id).await.unwrap(), 10);
    let macs = [first[4].mac];
    let used = acme.use_recovery_code(id, &macs, NOW);
    assert_eq!(one_round_trip(&w.store, used).await.unwrap(), Some(9));
    assert_eq!(acme.use_recovery_code(id, &[first[4].mac], NOW).await.unwrap(), None, "once");
    assert_eq!(acme.use_recovery_code(id, &[w.mac()], NOW).await.unwrap(), None);
    assert_eq!(acme.use_recovery_code(id, &[first[0].mac], NOW).await.unwrap(), Some(8));
    assert_eq!(acme.unused_recovery_codes(id).await.unwrap(), 8);
    assert!(acme.replace_recovery_codes(id, &second, NOW).await.unwrap());
    assert_eq!(acme.unused_recovery_codes(id).await.unwrap(), 10);
    for code in &first {
        assert_eq!(acme.use_recovery_code(id, &[code.mac], NOW).await.unwrap(), None, "replaced");
    }
    for (n, code) in second.iter().enumerate() {
        let left = u64::try_from(9 - n).unwrap();
        assert_eq!(acme.use_recovery_code(id, &[code.mac], NOW).await.unwrap(), Some(left));
    }
    assert!(!acme.replace_recovery_codes(UserId::from_uuid(Uuid::nil()), &first, NOW).await.unwrap());
}

pub async fn email_codes(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let code = w.email_code();
    assert_eq!(attempt(&mut *acme, &code, NOW).await, EmailCodeOutcome::NothingToMatch);
    one_round_trip(&w.store, acme.issue_email_code(&code)).await.unwrap();
    // For another purpose, interaction or user there is no code to match, and no attempt is counted.
    for stray in [
        EmailCode { purpose: CodePurpose::Change, ..code.clone() },
        EmailCode { interaction: Some("another".to_owned()), ..code.clone() },
        EmailCode { interaction: None, ..code.clone() },
        EmailCode { user_id: UserId::from_uuid(Uuid::nil()), ..code.clone() },
    ] {
        assert_eq!(attempt(&mut *acme, &stray, NOW).await, EmailCodeOutcome::NothingToMatch, "{stray:?}");
    }
    let wrong = EmailCode { mac: w.mac(), ..code.clone() };
    assert_eq!(attempt(&mut *acme, &wrong, NOW).await, EmailCodeOutcome::Wrong { attempts_left: 2 });
    let outcome = one_round_trip(&w.store, attempt(&mut *acme, &code, NOW)).await;
    assert_eq!(outcome, EmailCodeOutcome::Accepted);
    assert_eq!(attempt(&mut *acme, &code, NOW).await, EmailCodeOutcome::NothingToMatch, "once");
    // Outside of any interaction.
    let plain = EmailCode { purpose: CodePurpose::Change, interaction: None, ..w.email_code() };
    acme.issue_email_code(&plain).await.unwrap();
    // The MACs of several keys: one attempt per call, and any of them may match.
    for (macs, outcome) in [
        (vec![w.mac(), w.mac(), w.mac(), w.mac()], EmailCodeOutcome::Wrong { attempts_left: 2 }),
        (Vec::new(), EmailCodeOutcome::Wrong { attempts_left: 1 }),
        (vec![w.mac(), plain.mac, w.mac()], EmailCodeOutcome::Accepted),
    ] {
        let attempt = EmailCodeAttempt { macs: &macs, ..right_attempt(&plain, MAX) };
        assert_eq!(one_round_trip(&w.store, acme.try_email_code(&attempt, NOW)).await.unwrap(), outcome);
    }
    let nobody = EmailCode { user_id: UserId::from_uuid(Uuid::nil()), ..w.email_code() };
    assert!(matches!(acme.issue_email_code(&nobody).await, Err(StoreError::MissingReference(_))));
}

/// Mailed codes end by expiry, by attempts, and by a newer code.
pub async fn email_codes_end(store: Arc<dyn Store>) {
    use EmailCodeOutcome::{Accepted, NothingToMatch, Wrong};
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let (end, last) = (NOW + 10 * MINUTE, Timestamp::from_micros((NOW + 10 * MINUTE).micros() - 1));
    let code = w.email_code();
    acme.issue_email_code(&code).await.unwrap();
    assert_eq!(attempt(&mut *acme, &code, end).await, NothingToMatch);
    assert_eq!(attempt(&mut *acme, &code, last).await, Accepted);
    let code = w.email_code();
    acme.issue_email_code(&code).await.unwrap();
    let wrong = EmailCode { mac: w.mac(), ..code.clone() };
    for attempts_left in [2, 1, 0] {
        assert_eq!(attempt(&mut *acme, &wrong, NOW).await, Wrong { attempts_left });
    }
    assert_eq!(attempt(&mut *acme, &wrong, NOW).await, NothingToMatch);
    assert_eq!(attempt(&mut *acme, &code, NOW).await, NothingToMatch, "also the right one");
    // The newest code of a slot counts, whatever its interaction, with its own attempts. Other purposes are separate.
    let enrolment = EmailCode { purpose: CodePurpose::Enrolment, ..w.email_code() };
    let (older, newer) = (w.email_code(), EmailCode { interaction: None, ..w.email_code() });
    for code in [&enrolment, &older, &newer] {
        acme.issue_email_code(code).await.unwrap();
    }
    assert_eq!(attempt(&mut *acme, &older, NOW).await, NothingToMatch);
    let wrong = EmailCode { mac: older.mac, ..newer.clone() };
    assert_eq!(attempt(&mut *acme, &wrong, NOW).await, Wrong { attempts_left: 2 });
    assert_eq!(attempt(&mut *acme, &newer, NOW).await, Accepted);
    assert_eq!(attempt(&mut *acme, &enrolment, NOW).await, Accepted);
}

/// A code requested in another slot does not replace this slot's code.
pub async fn email_codes_side_by_side(store: Arc<dyn Store>) {
    use EmailCodeOutcome::{Accepted, NothingToMatch, Wrong};
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let mut acme = all.second_factors(w.acme.organization.id);
    let in_slot = |slot, interaction: &str| EmailCode {
        slot,
        interaction: Some(interaction.to_owned()),
        ..w.email_code()
    };
    let known = in_slot(CodeSlot::KnownBrowser, "owner");
    let strangers = [1, 2].map(|n| in_slot(CodeSlot::Stranger(n), &format!("stranger {n}")));
    let newer = in_slot(CodeSlot::Stranger(2), "newer");
    for code in [&known, &strangers[0], &strangers[1], &newer] {
        acme.issue_email_code(code).await.unwrap();
    }
    assert_eq!(attempt(&mut *acme, &strangers[1], NOW).await, NothingToMatch, "replaced in its slot");
    for code in [&newer, &strangers[0], &known] {
        assert_eq!(attempt(&mut *acme, code, NOW).await, Accepted, "{code:?}");
    }
    // A user whose network changes has one code per sign-in: the last one sent.
    let first = in_slot(CodeSlot::Stranger(3), "moved");
    let last = EmailCode { created_at: NOW + MINUTE, ..in_slot(CodeSlot::Stranger(4), "moved") };
    acme.issue_email_code(&first).await.unwrap();
    acme.issue_email_code(&last).await.unwrap();
    assert_eq!(attempt(&mut *acme, &first, NOW + MINUTE).await, Wrong { attempts_left: 2 });
    assert_eq!(attempt(&mut *acme, &last, NOW + MINUTE).await, Accepted);
    for code in [&first, &last] {
        assert_eq!(attempt(&mut *acme, code, NOW + MINUTE).await, NothingToMatch);
    }
}

/// Operations of several statements join the surrounding unit of work.
pub async fn units(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let recovery = w.recovery_codes();
    for commits in [false, true] {
        let mut unit = w.store.begin().await.unwrap();
        let mut acme = unit.second_factors(org);
        assert!(acme.enrol_totp(&totp(&w.acme.user, &w.entropy), None).await.unwrap());
        assert!(acme.replace_recovery_codes(id, &recovery, NOW).await.unwrap());
        drop(acme);
        if commits {
            unit.commit().await.unwrap();
        } else {
            drop(unit);
        }
        let mut all = w.repositories();
        let mut acme = all.second_factors(org);
        assert_eq!(acme.totp(id).await.unwrap().is_some(), commits);
        assert_eq!(acme.unused_recovery_codes(id).await.unwrap(), if commits { 10 } else { 0 });
    }
    let mut unit = w.store.begin().await.unwrap();
    assert!(unit.second_factors(org).disable(id, NOW).await.unwrap());
    drop(unit);
    let mut all = w.repositories();
    assert!(all.second_factors(org).totp(id).await.unwrap().is_some());
    assert_eq!(ana(&w).await.two_factor_method, Some(TwoFactorMethod::Totp));
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let id = w.acme.user.id;
    let (mine, code, recovery) = (totp(&w.acme.user, &w.entropy), w.email_code(), w.recovery_codes());
    let mut all = w.repositories();
    let mut other = all.second_factors(w.other.organization.id);
    assert!(!other.enrol_totp(&mine, None).await.unwrap());
    assert!(!other.enrol_email(id, NOW).await.unwrap());
    assert!(!other.replace_recovery_codes(id, &recovery, NOW).await.unwrap());
    assert!(matches!(other.issue_email_code(&code).await, Err(StoreError::MissingReference(_))));
    drop(other);
    let mut acme = all.second_factors(w.acme.organization.id);
    assert_eq!(acme.totp(id).await.unwrap(), None);
    assert!(acme.enrol_totp(&mine, None).await.unwrap());
    assert!(acme.replace_recovery_codes(id, &recovery, NOW).await.unwrap());
    acme.issue_email_code(&code).await.unwrap();
    drop(acme);
    let mut other = all.second_factors(w.other.organization.id);
    assert_eq!(other.totp(id).await.unwrap(), None);
    assert!(!other.accept_step(&mine, 101, NOW).await.unwrap());
    assert!(!other.disable(id, NOW).await.unwrap());
    assert!(!other.replace_recovery_codes(id, &[], NOW).await.unwrap());
    assert_eq!(other.use_recovery_code(id, &[recovery[0].mac], NOW).await.unwrap(), None);
    assert_eq!(other.unused_recovery_codes(id).await.unwrap(), 0);
    assert_eq!(attempt(&mut *other, &code, NOW).await, EmailCodeOutcome::NothingToMatch);
    drop(other);
    let mut acme = all.second_factors(w.acme.organization.id);
    assert_eq!(acme.totp(id).await.unwrap().as_ref(), Some(&mine));
    assert!(acme.accept_step(&mine, 101, NOW).await.unwrap());
    assert_eq!(acme.use_recovery_code(id, &[recovery[0].mac], NOW).await.unwrap(), Some(9));
    assert_eq!(attempt(&mut *acme, &code, NOW).await, EmailCodeOutcome::Accepted);
    assert_eq!(ana(&w).await.two_factor_method, Some(TwoFactorMethod::Totp));
}

pub async fn counts(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let count = async || {
        let mut all = w.repositories();
        let mut factors = all.second_factors(org);
        one_round_trip(&w.store, factors.counts()).await.unwrap()
    };
    assert_eq!(count().await, FactorCounts { users: 1, email: 0, totp: 0 });
    let bea = user(org, "bea@example.com", &w.entropy);
    let cy = user(org, "cy@example.com", &w.entropy);
    let mut all = w.repositories();
    for person in [&bea, &cy] {
        all.users(org).insert(person).await.unwrap();
    }
    let mut factors = all.second_factors(org);
    assert!(factors.enrol_totp(&totp(&w.acme.user, &w.entropy), None).await.unwrap());
    assert!(factors.enrol_email(bea.id, NOW).await.unwrap());
    drop(factors);
    assert_eq!(count().await, FactorCounts { users: 3, email: 1, totp: 1 });
    let mut other = all.second_factors(w.other.organization.id);
    assert_eq!(other.counts().await.unwrap(), FactorCounts { users: 1, email: 0, totp: 0 });
}
