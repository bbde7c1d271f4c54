//! Users.

mod columns;
pub(crate) mod purge;
pub(crate) mod sign_in;

use std::time::Duration;

use async_trait::async_trait;
use porta_core::audit::AuditEvent;
use porta_core::session::SessionRecord;
use porta_core::user::{Email, PasswordHash, User, UserStatus};
use porta_core::{OrganizationId, Timestamp, UserId};
use porta_store::{
    Cursor, Direction, FailureEvents, FailureOutcome, LockPolicy, Page, PageRequest, Purged, Result,
    SortedCursor, UserFilter, UserRepository, UserSort,
};

pub(crate) use self::columns::{UserColumn, next_user, user_columns};

use self::columns::{edited_columns, read_user, value};
use crate::kernel::{
    Dialect, List, Row, Runner, Search, Sort, USERS, at, flag, int, json, opt_at, opt_text, page_of,
    same_owner, statements, text, uuid, values_of,
};

/// A password recovery resets the counter of wrong second factors only if the last change of password is at least this
/// old.
const ONE_RECOVERY: Duration = Duration::from_hours(24);

/// Whether a user's sessions and tokens stay valid (`User::may_continue`).
macro_rules! may_continue {
    ($prefix:literal) => {
        concat!(
            "(",
            $prefix,
            "status = 'active' OR (",
            $prefix,
            "status = 'locked' AND ",
            $prefix,
            "locked_reason = 'auto_lockout'))"
        )
    };
}
pub(crate) use may_continue;

/// A mailed link to user `$2` was used: verifies the address, resets the failure counter and lifts an automatic lock,
/// because other people's guesses must not lock the owner out.
macro_rules! arrived {
    () => {
        "email_verified = TRUE, failed_login_count = 0, \
         status = CASE WHEN locked_reason = 'auto_lockout' THEN 'active' ELSE status END, \
         locked_at = CASE WHEN locked_reason = 'auto_lockout' THEN NULL ELSE locked_at END, \
         locked_reason = CASE WHEN locked_reason = 'auto_lockout' THEN NULL ELSE locked_reason END \
         WHERE organization_id = $1 AND id = $2"
    };
}

/// Characters of salts and hashes, in every alphabet of base64.
macro_rules! base64 {
    () => {
        "'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=.-_'"
    };
}

/// A new password: the new epoch voids whatever the old password proved, and the wrong second factors of whoever knew
/// it are forgotten.
macro_rules! password_changed {
    ($now:literal) => {
        concat!(
            "password_changed_at = ",
            $now,
            ", credential_epoch = credential_epoch + 1, factor_failures = 0, updated_at = ",
            $now,
            ", version = version + 1"
        )
    };
}

statements! {
    // Earlier versions stored other forms (decision 0043). The form as typed comes first, then the key.
    BY_EMAIL: Read = concat!("SELECT ", user_columns!(list ""), " FROM users WHERE organization_id = $1 \
         AND email_key IN ($2, $3, $4, $5, $6) \
         ORDER BY CASE email_key WHEN $2 THEN 0 WHEN $3 THEN 1 ELSE 2 END, created_at, id LIMIT 1");
    BY_ID: Read = concat!("SELECT ", user_columns!(list ""), " FROM users WHERE organization_id = $1 AND id = $2");
    INSERT: Write = concat!("INSERT INTO users (", user_columns!(list ""), ") VALUES (", user_columns!(arguments 1), ")");
    // $5 is the new key of the address.
    UPDATE: Write = concat!("UPDATE users SET ", edited_columns!(assignments 4), ", version = version + 1, \
         credential_epoch = credential_epoch + CASE WHEN email_key = $5 THEN 0 ELSE 1 END \
         WHERE organization_id = $1 AND id = $2 AND version = $3");
    VERSION: Read = "SELECT u.version FROM users u WHERE u.organization_id = $1 AND u.id = $2";
    SET_STATUS: Write = "UPDATE users SET status = $4, locked_at = $5, locked_reason = $6, \
         failed_login_count = CASE WHEN status = 'locked' THEN 0 ELSE failed_login_count END, \
         credential_epoch = credential_epoch \
             + CASE WHEN status = 'locked' AND locked_reason = 'auto_lockout' THEN 0 ELSE 1 END, \
         updated_at = $7, version = version + 1 WHERE organization_id = $1 AND id = $2 AND status = $3";
    SET_PASSWORD: Write = concat!("UPDATE users SET password_hash = $3, password_change_required = $5, ",
         password_changed!("$4"), " WHERE organization_id = $1 AND id = $2");
    CHANGE_PASSWORD: Write = concat!("UPDATE users SET password_hash = $4, password_change_required = FALSE, ",
         password_changed!("$5"), " \
         WHERE organization_id = $1 AND id = $2 AND password_hash IS NOT DISTINCT FROM $3");
    REHASH: Write = "UPDATE users SET password_hash = $4 WHERE organization_id = $1 AND id = $2 AND password_hash = $3";
    // Only a lock has a reason, so the reason alone identifies an automatic lock.
    // Whoever reads the mail can reset as often as they like. A reset must not give back guesses at the second factor.
    RECOVER_PASSWORD: Write = concat!("UPDATE users SET password_hash = $4, password_changed_at = $3, updated_at = $3, \
         version = version + 1, password_change_required = FALSE, \
         credential_epoch = credential_epoch + 1, factor_failures = CASE WHEN password_changed_at IS NULL \
             OR password_changed_at <= $5 THEN 0 ELSE factor_failures END, ", arrived!());
    // Every sign-in with a mailed link does this. Only the first one is a change that operators see.
    VERIFY_EMAIL: Write = concat!("UPDATE users SET updated_at = $3, \
         version = version + CASE WHEN email_verified THEN 0 ELSE 1 END, ", arrived!());
    // What stands before salt and hash names the function and its cost. The length tells how much output was computed.
    // bcrypt writes salt and hash without a sign between them.
    HASH_SAMPLES: Read = concat!("SELECT min(hash), count(*) FROM (SELECT hash, length(hash) AS size, \
         CASE WHEN hash LIKE '_2__%' THEN substr(hash, 1, 7) \
         ELSE rtrim(rtrim(rtrim(hash, ", base64!(), "), '$'), ", base64!(), ") END AS cost \
         FROM (SELECT password_hash AS hash FROM users WHERE organization_id = $1 AND password_hash IS NOT NULL \
         LIMIT 100000) AS stored) AS measured GROUP BY cost, size ORDER BY count(*) DESC LIMIT 1000");
    COUNT_FACTOR_FAILURE: Write = "UPDATE users SET factor_failures = factor_failures + 1 \
         WHERE organization_id = $1 AND id = $2 RETURNING factor_failures";
    FORGET_FACTOR_FAILURES: Write = "UPDATE users SET factor_failures = 0 \
         WHERE organization_id = $1 AND id = $2 AND factor_failures > 0";
}

const SELECT: &str = concat!("SELECT ", user_columns!(list "u."), " FROM users u");

pub(crate) const COUNT: &str = "SELECT 1 FROM users u";

/// Keeps the users `u` that a filter is for.
pub(crate) fn filtered<'v>(
    list: List<'v>,
    dialect: Dialect,
    filter: &UserFilter,
    search: Option<&'v Search>,
) -> List<'v> {
    let is_among = match dialect {
        Dialect::Postgres => "u.id IN (SELECT x.id::uuid FROM jsonb_array_elements_text(?) AS x (id))",
        Dialect::Sqlite => "u.id IN (SELECT unhex(replace(x.value, '-', '')) FROM json_each(?) AS x)",
    };
    let list = list
        .filter_if_some(is_among, filter.ids.as_ref().map(|ids| json(ids.as_slice())))
        .filter_if_some("u.status = ?", filter.status.map(|status| text(status.as_str())))
        .search(&USERS, search);
    let list = match filter.has_second_factor {
        None => list,
        Some(true) => list.require("u.two_factor_method IS NOT NULL"),
        Some(false) => list.require("u.two_factor_method IS NULL"),
    };
    match filter.has_signed_in {
        None => list,
        Some(true) => list.require("u.last_login_at IS NOT NULL"),
        Some(false) => list.require("u.last_login_at IS NULL"),
    }
}

fn read(row: &Row) -> Result<User> {
    read_user(&row.record())
}

pub(crate) fn sort_by(sort: UserSort) -> Sort<UserColumn> {
    match sort {
        UserSort::Email => Sort::text(UserColumn::email_key),
        UserSort::GivenName => Sort::text(UserColumn::given_name).nullable(),
        UserSort::FamilyName => Sort::text(UserColumn::family_name).nullable(),
        UserSort::CreatedAt => Sort::time(UserColumn::created_at),
        UserSort::LastLoginAt => Sort::time(UserColumn::last_login_at).nullable(),
    }
}

pub(crate) struct Users<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

#[async_trait]
impl UserRepository for Users<'_> {
    async fn by_email(&mut self, address: &str) -> Result<Option<User>> {
        let forms = Email::spellings(address);
        let mut values = vec![uuid(self.organization)];
        values.extend(forms.iter().map(|form| text(form)));
        self.run.row(&BY_EMAIL, &values).await?.as_ref().map(read).transpose()
    }

    async fn by_id(&mut self, id: UserId) -> Result<Option<User>> {
        self.run.row(&BY_ID, &[uuid(self.organization), uuid(id)]).await?.as_ref().map(read).transpose()
    }

    async fn insert(&mut self, user: &User) -> Result<()> {
        same_owner(self.organization, user.organization_id)?;
        self.run.execute(&INSERT, &values_of(|column| value(user, column))).await.map(|_| ())
    }

    async fn update(&mut self, user: &User) -> Result<bool> {
        let key = [uuid(self.organization), uuid(user.id)];
        let mut values = key.to_vec();
        values.push(int(user.version.number()));
        values.extend(edited_columns!(some UserColumn).map(|column| value(user, column)));
        self.run.update_version(&UPDATE, &values, &VERSION, &key, "user").await
    }

    async fn set_status(
        &mut self,
        id: UserId,
        from: UserStatus,
        to: UserStatus,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool> {
        let is_lock = to == UserStatus::Locked;
        let values = [
            uuid(self.organization),
            uuid(id),
            text(from.as_str()),
            text(to.as_str()),
            opt_at(is_lock.then_some(now)),
            opt_text(reason.filter(|_| is_lock)),
            at(now),
        ];
        self.run.affects_row(&SET_STATUS, &values).await
    }

    async fn set_password(
        &mut self,
        id: UserId,
        hash: Option<&PasswordHash>,
        is_temporary: bool,
        now: Timestamp,
    ) -> Result<bool> {
        let hash = opt_text(hash.map(PasswordHash::as_str));
        let values = [uuid(self.organization), uuid(id), hash, at(now), flag(is_temporary)];
        self.run.affects_row(&SET_PASSWORD, &values).await
    }

    async fn change_password(
        &mut self,
        id: UserId,
        from: Option<&PasswordHash>,
        to: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool> {
        let from = opt_text(from.map(PasswordHash::as_str));
        let values = [uuid(self.organization), uuid(id), from, text(to.as_str()), at(now)];
        self.run.affects_row(&CHANGE_PASSWORD, &values).await
    }

    async fn rehash(&mut self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> Result<bool> {
        let values = [uuid(self.organization), uuid(id), text(from.as_str()), text(to.as_str())];
        self.run.affects_row(&REHASH, &values).await
    }

    async fn recover_password(&mut self, id: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool> {
        let values =
            [uuid(self.organization), uuid(id), at(now), text(hash.as_str()), at(now - ONE_RECOVERY)];
        self.run.affects_row(&RECOVER_PASSWORD, &values).await
    }

    async fn verify_email(&mut self, id: UserId, now: Timestamp) -> Result<bool> {
        self.run.affects_row(&VERIFY_EMAIL, &[uuid(self.organization), uuid(id), at(now)]).await
    }

    async fn purge(&mut self, user: &User, anonymous: &Email, now: Timestamp) -> Result<Option<Purged>> {
        self.erase(user, anonymous, now).await
    }

    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<User>> {
        let after = after.map(SortedCursor::from);
        let list = List::new(concat!(module_path!(), "::PAGE"), self.run.dialect(), SELECT)
            .filter("u.organization_id = ?", uuid(self.organization))
            .page("u.", (sort_by(UserSort::CreatedAt), Direction::Ascending), after.as_ref(), limit)?;
        page_of(&self.run.list(list).await?, limit, read, |u| (u.created_at, u.id))
    }

    async fn list(
        &mut self,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<User, SortedCursor>> {
        let search = filter.search.as_deref().map(Search::of);
        let (sort, dialect) = (sort_by(page.sort), self.run.dialect());
        let list = List::new(concat!(module_path!(), "::LIST"), dialect, SELECT)
            .filter("u.organization_id = ?", uuid(self.organization));
        let list = filtered(list, dialect, filter, search.as_ref())
            .page("u.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.run.list(list).await?, page.limit, read, |u| u.id)
    }

    async fn count(&mut self, filter: &UserFilter, at_most: u64) -> Result<u64> {
        let search = filter.search.as_deref().map(Search::of);
        let dialect = self.run.dialect();
        let list = List::new(concat!(module_path!(), "::COUNT"), dialect, COUNT)
            .filter("u.organization_id = ?", uuid(self.organization));
        self.run.count(filtered(list, dialect, filter, search.as_ref()), at_most).await
    }

    async fn record_sign_in(
        &mut self,
        user: &User,
        lockout: Duration,
        session: &SessionRecord,
        event: &AuditEvent,
    ) -> Result<bool> {
        self.signed_in(user, lockout, session, event).await
    }

    async fn record_challenge(&mut self, user: &User, lockout: Duration, event: &AuditEvent) -> Result<bool> {
        self.began_challenge(user, lockout, event).await
    }

    async fn hash_samples(&mut self) -> Result<Vec<(PasswordHash, u64)>> {
        let rows = self.run.rows(&HASH_SAMPLES, &[uuid(self.organization)]).await?;
        let read = |row: &Row| {
            let mut r = row.reader("users");
            let (hash, people): (String, i64) = (r.text()?, r.int()?);
            Ok((PasswordHash::trusted(hash), u64::try_from(people).unwrap_or(0)))
        };
        rows.iter().map(read).collect()
    }

    async fn count_factor_failure(&mut self, user: UserId) -> Result<Option<i64>> {
        let row = self.run.row(&COUNT_FACTOR_FAILURE, &[uuid(self.organization), uuid(user)]).await?;
        row.map(|row| row.reader("users").int()).transpose()
    }

    async fn reset_factor_failures(&mut self, user: UserId) -> Result<()> {
        self.run.execute(&FORGET_FACTOR_FAILURES, &[uuid(self.organization), uuid(user)]).await.map(|_| ())
    }

    async fn record_sign_in_failure(
        &mut self,
        email_key: &str,
        policy: LockPolicy,
        now: Timestamp,
        events: FailureEvents<'_>,
    ) -> Result<Option<FailureOutcome>> {
        self.failed_to_sign_in(email_key, policy, now, events).await
    }
}
