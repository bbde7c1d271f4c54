//! Revokes token families, and the sessions that could start new ones.

use porta_core::Timestamp;
use porta_store::{Result, Revocation};

use super::{Tokens, count};
use crate::kernel::{at, statements, uuid};

/// Revokes the matching families of `$1` at `$2`.
macro_rules! families {
    ($filter:literal) => {
        concat!(
            "UPDATE token_families SET revoked_at = $2 WHERE organization_id = $1 AND revoked_at IS NULL",
            $filter
        )
    };
}
macro_rules! sessions {
    ($filter:literal) => {
        concat!(
            "UPDATE sessions SET revoked_at = $2 WHERE organization_id = $1 AND revoked_at IS NULL",
            $filter
        )
    };
}
/// Invalidates everything authorized up to `$2` for user `$3`, including a family that is being issued at the same
/// moment.
macro_rules! tokens_of {
    () => {
        "UPDATE users SET tokens_valid_since = CASE WHEN tokens_valid_since > $2 THEN tokens_valid_since ELSE $2 END \
         WHERE organization_id = $1 AND id = $3"
    };
}
/// Sessions first, so that a family issued meanwhile is invalid through its session.
macro_rules! both {
    (postgres, $sessions:literal, $families:literal) => {
        concat!(
            "WITH ended AS (",
            sessions!($sessions),
            "), families AS (",
            families!($families),
            " RETURNING id) \
            SELECT count(*) FROM families"
        )
    };
    (sqlite, $sessions:literal, $families:literal) => {
        concat!(sessions!($sessions), "; ", families!($families), "; SELECT changes()")
    };
}

statements! {
    FAMILY: Write = families!(" AND id = $3");
    CLIENT: Write = families!(" AND client_id = $3");
    GRANT: Write = families!(" AND grant_id = $3");
    SESSION: Script = both!(postgres, " AND id = $3", " AND session_id = $3"),
        sqlite: both!(sqlite, " AND id = $3", " AND session_id = $3");
    USER: Script = both!(postgres, " AND user_id = $3", " AND user_id = $3"),
        sqlite: both!(sqlite, " AND user_id = $3", " AND user_id = $3");
    OTHER_SESSIONS: Script = both!(postgres, " AND user_id = $3 AND id <> $4", " AND user_id = $3 AND session_id <> $4"),
        sqlite: both!(sqlite, " AND user_id = $3 AND id <> $4", " AND user_id = $3 AND session_id <> $4");
    TOKENS_OF: Script = concat!("WITH person AS (", tokens_of!(), "), families AS (", families!(" AND user_id = $3"),
         " RETURNING id) SELECT count(*) FROM families"),
        sqlite: concat!(tokens_of!(), "; ", families!(" AND user_id = $3"), "; SELECT changes()");
    EVERYTHING: Script = both!(postgres, "", ""), sqlite: both!(sqlite, "", "");
}

impl Tokens<'_> {
    pub(super) async fn end_families(&mut self, what: Revocation, now: Timestamp) -> Result<u64> {
        let mut values = vec![uuid(self.organization), at(now)];
        let (stmt, ids) = match what {
            Revocation::Family(id) => (&FAMILY, vec![uuid(id)]),
            Revocation::Client(id) => (&CLIENT, vec![uuid(id)]),
            Revocation::Grant(id) => (&GRANT, vec![uuid(id)]),
            Revocation::Session(id) => (&SESSION, vec![uuid(id)]),
            Revocation::User(id) => (&USER, vec![uuid(id)]),
            Revocation::OtherSessions { user, keep } => (&OTHER_SESSIONS, vec![uuid(user), uuid(keep)]),
            Revocation::TokensOf(id) => (&TOKENS_OF, vec![uuid(id)]),
            Revocation::Everything => (&EVERYTHING, Vec::new()),
        };
        values.extend(ids);
        let answer = self.run.execute(stmt, &values).await?;
        match answer.rows.first() {
            Some(row) => count(row.reader("token_families").int()?),
            None => Ok(answer.affected),
        }
    }
}
