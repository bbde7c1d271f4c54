//! Accounts whose password was hashed by another system (decision 0047).

use porta_core::settings::{MAX_FAILED_LOGINS, RATE_LIMIT_LOGIN_MAX};
use porta_core::user::{PasswordHash, UserStatus};
use porta_testkit::{TestApp, on_both_stores};

use super::support::*;

on_both_stores!(
    a_person_with_a_hash_of_any_form_signs_in_and_gets_one_of_ours,
    a_provisioned_hash_is_good_for_a_sign_in,
    wrong_passwords_lock_an_account_with_an_imported_hash,
    an_imported_hash_of_the_bytes_as_typed_is_replaced_by_the_normalised_one,
    what_bcrypt_ignored_belongs_to_the_password_afterwards,
);

/// Hashes of Ana's password, made by Python's hashlib, argon2-cffi, bcrypt and cryptography.
const OF_ANA: [&str; 20] = [
    "$argon2i$v=19$m=96,t=1,p=1$aW1wb3J0ZWQtc2FsdC0xNg$eeMQUyMbhVDwhkaFpd7GS8fVInrTPnlOj/ODRGkvD58",
    "$argon2i$v=16$m=64,t=2,p=1$aW1wb3J0ZWQtc2FsdC0xNg$lN+6ufQxMio1pKPHm7NOMFszX0wi0mtBewKhx1I/D4Y",
    "$argon2d$v=19$m=104,t=1,p=1$aW1wb3J0ZWQtc2FsdC0xNg$XEXwBDbBUl3Xv8FA3WU93cczUIH0ZV9Jjx+TuvDcPRg",
    "$argon2id$v=19$m=112,t=2,p=2$aW1wb3J0ZWQtc2FsdC0xNg$wlbVOyZvMvid+y8WHRGCBRkqH8Q1BHKfTBMVHMxjRxQ",
    "$2a$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO",
    BCRYPT,
    "$2y$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO",
    "$pbkdf2-sha1$i=1100$aW1wb3J0ZWQtc2FsdC0xNg$Fj87r/ie/UjICINSwr/Zg1aSyjw",
    "$pbkdf2-sha256$i=1100$aW1wb3J0ZWQtc2FsdC0xNg$ES3yy/u59z4WZ6AyWrXaN+XDmJcTLXhmQRvddFe4LbM",
    "$pbkdf2-sha512$i=1100$aW1wb3J0ZWQtc2FsdC0xNg\
     $8R7Lxn2+CWJdhEzVIGjv26Hy7HoK2CQu38eRdgkOCpv6k1cbnDFKFwoFBp79pe8+0VhY1XtecMg/LPeFephruA",
    "$pbkdf2$1200$aW1wb3J0ZWQtc2FsdC0xNg$0B5QztqYUmNqRw3WlzNRAbqLx90",
    "$pbkdf2-sha256$1200$aW1wb3J0ZWQtc2FsdC0xNg$ViHQ3Q8PVhqNFMkWI8RmUlKUw3qTFzXyD.WuJPIXK0s",
    "$pbkdf2-sha256$i=1200,l=64$aW1wb3J0ZWQtc2FsdC0xNg\
     $ViHQ3Q8PVhqNFMkWI8RmUlKUw3qTFzXyD+WuJPIXK0uQdoXQEZ6DlvZVS17qkjoyx2bOoNR4EQR+jbD5fdj7tQ",
    "pbkdf2_sha256$1300$kjVJaVz6qsnJ$Y6Q9E003jb4SPzsSkZwBMsvz0DDT6n2X31vkUV4GVpQ=",
    "$scrypt$ln=4,r=8,p=1$aW1wb3J0ZWQtc2FsdC0xNg$ixCtW1r/61hxT2Dz9IBArCwX29gJo6chQ3UjTCSiYLA",
    "$fbscrypt$v=1,n=5,r=4,p=1,ss=Bw==,\
     sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==\
     $aW1wb3J0ZWQtcw==$eR3w9eMvB0enCdwBm5cCOtW+YqwDG8N0bZkDwU0OxnkDkOvdGb9SC6ndbmxKLMOaHopmZ+bqFqshVEHz9VlGGQ==",
    "{SSHA}vPxnBWZhUQZtiR7A+jYmHsn1FSlpbXBvcnRlZA==",
    "{ssha}vPxnBWZhUQZtiR7A+jYmHsn1FSlpbXBvcnRlZA==",
    "{SSHA256}m5GpWUxbYC3TFM2Pw03nGVFLjeV9zxNKg0ifBuoJIDdpbXBvcnRlZA==",
    "{SSHA512}2FI4hKReVt1Hy4St1GDVl/LTHYtDFXMMjTEc4D4/+Hv1LM1jpJNzqgeRohT3uDe00pOYFC8rQeuSyemVa/kZbWltcG9ydGVk",
];
const BCRYPT: &str = "$2b$05$abcdefghijklmnopqrstuuc5h5sGGHxQXM86arr2SuWka3h3iQNOO";
/// What a hash begins with that is made here.
const OURS: &str = "$argon2id$v=19$m=64,t=1,p=1$";

async fn import(app: &TestApp, hash: &str) {
    let ana = user(app, "acme", ANA.0).await;
    let hash = PasswordHash::import(hash).unwrap();
    let mut all = app.store.repositories();
    all.users(ana.organization_id).set_password(ana.id, Some(&hash), false, app.now()).await.unwrap();
}

async fn hash_of_ana(app: &TestApp) -> String {
    user(app, "acme", ANA.0).await.password_hash.unwrap().as_str().to_owned()
}

async fn enters(app: &TestApp, password: &str) -> bool {
    is_signed_in(&guess(app, ANA.0, password).await)
}

async fn a_person_with_a_hash_of_any_form_signs_in_and_gets_one_of_ours(app: TestApp) {
    set(&app, "acme", RATE_LIMIT_LOGIN_MAX, 200).await;
    for (n, hash) in OF_ANA.into_iter().enumerate() {
        import(&app, hash).await;
        let before = user(&app, "acme", ANA.0).await;
        assert!(is_refusal(&guess(&app, ANA.0, WRONG).await), "{hash}");
        let wrong = user(&app, "acme", ANA.0).await;
        assert_eq!(wrong.failed_login_count, 1, "{hash}");
        assert_eq!(wrong.password_hash, before.password_hash, "a wrong password replaces nothing");
        assert_eq!(audited(&app, "user.login.password.failed").await, n + 1);
        assert!(enters(&app, ANA.1).await, "{hash}");
        let after = user(&app, "acme", ANA.0).await;
        assert_eq!(audited(&app, "user.login.password").await, 2 * n + 1);
        assert_eq!(after.failed_login_count, 0);
        let ours = after.password_hash.as_ref().unwrap().as_str();
        assert!(ours.starts_with(OURS), "{hash}: {ours}");
        assert_eq!(after.credentials(), before.credentials(), "the password is the same");
        assert!(enters(&app, ANA.1).await, "{hash}");
        assert_eq!(hash_of_ana(&app).await, ours, "once is enough");
    }
    assert_eq!(audited(&app, "user.password.changed").await, 0);
}

async fn a_provisioned_hash_is_good_for_a_sign_in(app: TestApp) {
    app.provision(&format!(
        "version: \"1.0\"\norganizations:\n  - name: Acme\n    slug: acme\n    users:\n      \
         - {{ email: kim@acme.test, email_verified: true, password_hash: \"{BCRYPT}\" }}\n"
    ))
    .await;
    let kim = user(&app, "acme", "kim@acme.test").await;
    assert_eq!(kim.password_hash.unwrap().as_str(), BCRYPT);
    assert!(is_refusal(&guess(&app, "kim@acme.test", BCRYPT).await), "the hash is no password");
    assert!(is_signed_in(&guess(&app, "kim@acme.test", ANA.1).await));
    let kim = user(&app, "acme", "kim@acme.test").await;
    assert!(kim.password_hash.unwrap().as_str().starts_with(OURS));
}

async fn wrong_passwords_lock_an_account_with_an_imported_hash(app: TestApp) {
    set(&app, "acme", MAX_FAILED_LOGINS, 2).await;
    import(&app, BCRYPT).await;
    for n in 1..=2 {
        assert!(is_refusal(&guess(&app, ANA.0, WRONG).await));
        assert_eq!(audited(&app, "user.login.password.failed").await, n);
    }
    assert_eq!(user(&app, "acme", ANA.0).await.status, UserStatus::Locked);
    assert!(is_refusal(&guess(&app, ANA.0, ANA.1).await), "the right one no more");
    assert_eq!(hash_of_ana(&app).await, BCRYPT);
}

/// Composed and decomposed characters are one password from the first sign-in on.
async fn an_imported_hash_of_the_bytes_as_typed_is_replaced_by_the_normalised_one(app: TestApp) {
    let (composed, decomposed) = ("cr\u{e8}me-br\u{fb}l\u{e9}e-41", "cre\u{300}me-bru\u{302}le\u{301}e-41");
    import(&app, "$2b$05$abcdefghijklmnopqrstuuLKyRpeP/mNBWZH6D3OkRFRymJyQer5S").await;
    assert!(!enters(&app, composed).await);
    assert!(enters(&app, decomposed).await);
    assert!(hash_of_ana(&app).await.starts_with(OURS));
    assert!(enters(&app, composed).await);
}

async fn what_bcrypt_ignored_belongs_to_the_password_afterwards(app: TestApp) {
    let first = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    import(&app, "$2b$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui").await;
    assert!(!enters(&app, &first[..71]).await);
    assert!(enters(&app, &format!("{first}-all-of-it")).await);
    assert!(!enters(&app, first).await, "from now on each character counts");
    assert!(enters(&app, &format!("{first}-all-of-it")).await);
}
