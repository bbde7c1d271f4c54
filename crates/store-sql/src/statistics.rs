//! Numbers of entities and sign-ins.

use std::time::Duration;

use async_trait::async_trait;
use porta_core::{OrganizationId, Timestamp};
use porta_store::{
    EntityCounts, LoginActivity, LoginBucket, LoginCounts, Pending, Result, StatisticsRepository, UserCounts,
};

use crate::counts::next_count;
use crate::kernel::{Runner, at, int, statements, uuid};

const DAY: Duration = Duration::from_hours(24);
const WEEK: Duration = Duration::from_hours(7 * 24);
const MONTH: Duration = Duration::from_hours(30 * 24);

/// Users created since `$1` and `$2`, and signed in since `$2`.
macro_rules! users {
    ($condition:literal) => {
        concat!(
            "SELECT status, count(*), count(*) FILTER (WHERE created_at >= $1), \
             count(*) FILTER (WHERE created_at >= $2), count(*) FILTER (WHERE last_login_at >= $2) FROM users",
            $condition,
            " GROUP BY status"
        )
    };
}

/// The events of sign-ins, named one by one, so that the index on event and time is read from the beginning of the
/// time on.
macro_rules! is_login {
    ($collation:literal) => {
        concat!(
            "event_type",
            $collation,
            " IN ('user.login.password', 'user.login.magic_link', 'user.login.password.failed')"
        )
    };
}

/// Sign-ins since `$1`, since `$2` and since `$3`, the earliest.
macro_rules! logins {
    ($collation:literal, $condition:literal) => {
        concat!(
            "SELECT event_type, count(*) FILTER (WHERE created_at >= $1), count(*) FILTER (WHERE created_at >= $2), \
             count(*) FROM audit_log WHERE ",
            is_login!($collation),
            " AND created_at >= $3",
            $condition,
            " GROUP BY event_type"
        )
    };
}

/// Sign-ins from `$1` to `$2`.
macro_rules! series {
    ($bucket:literal, $collation:literal, $condition:literal) => {
        concat!(
            "SELECT ",
            $bucket,
            ", event_type, count(*) FROM audit_log WHERE ",
            is_login!($collation),
            " AND created_at >= $1 AND created_at < $2",
            $condition,
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
    };
}

statements! {
    ENTITIES: Read = "SELECT 'organizations', status, count(*) FROM organizations GROUP BY status \
         UNION ALL SELECT 'applications', status, count(*) FROM applications GROUP BY status \
         UNION ALL SELECT 'clients', status, count(*) FROM clients GROUP BY status";
    ENTITIES_OF: Read = "SELECT 'clients', status, count(*) FROM clients WHERE organization_id = $1 GROUP BY status";
    USERS: Read = users!("");
    USERS_OF: Read = users!(" WHERE organization_id = $3");
    LOGINS: Read = logins!(" COLLATE \"C\"", ""), sqlite: logins!("", "");
    LOGINS_OF: Read = logins!(" COLLATE \"C\"", " AND organization_id = $4"),
        sqlite: logins!("", " AND organization_id = $4");
    PENDING: Read = "SELECT (SELECT count(*) FROM sessions WHERE revoked_at IS NULL AND expires_at > $1), \
         (SELECT count(*) FROM client_secrets WHERE status = 'active' AND expires_at > $1 AND expires_at <= $2), \
         (SELECT count(*) FROM one_time_tokens WHERE purpose = 'invitation' AND used_at IS NULL AND expires_at > $1)";
    // `$3`: seconds of a bucket.
    SERIES: Read = series!("floor(extract(epoch FROM created_at) / $3::bigint)::bigint", " COLLATE \"C\"", ""),
        sqlite: series!("created_at / ($3 * 1000000)", "", "");
    SERIES_OF: Read = series!("floor(extract(epoch FROM created_at) / $3::bigint)::bigint", " COLLATE \"C\"",
            " AND organization_id = $4"),
        sqlite: series!("created_at / ($3 * 1000000)", "", " AND organization_id = $4");
}

fn add(counts: &mut LoginCounts, event_type: &str, count: u64) {
    if event_type.ends_with(".failed") {
        counts.failed += count;
    } else {
        counts.successful += count;
    }
}

pub(crate) struct Statistics<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl StatisticsRepository for Statistics<'_> {
    async fn entities(&mut self, organization: Option<OrganizationId>) -> Result<EntityCounts> {
        let rows = match organization {
            Some(organization) => self.0.rows(&ENTITIES_OF, &[uuid(organization)]).await?,
            None => self.0.rows(&ENTITIES, &[]).await?,
        };
        let mut counts = EntityCounts::default();
        for row in &rows {
            let mut r = row.reader("organizations");
            let kind = r.text()?;
            let by_status = match kind.as_str() {
                "organizations" => &mut counts.organizations,
                "applications" => &mut counts.applications,
                _ => &mut counts.clients,
            };
            by_status.insert(r.text()?, next_count(&mut r)?);
        }
        Ok(counts)
    }

    async fn users(&mut self, organization: Option<OrganizationId>, now: Timestamp) -> Result<UserCounts> {
        let mut values = vec![at(now - WEEK), at(now - MONTH)];
        values.extend(organization.map(uuid));
        let stmt = if organization.is_some() { &USERS_OF } else { &USERS };
        let mut counts = UserCounts::default();
        for row in &self.0.rows(stmt, &values).await? {
            let mut r = row.reader("users");
            counts.by_status.insert(r.text()?, next_count(&mut r)?);
            counts.new_last_7d += next_count(&mut r)?;
            counts.new_last_30d += next_count(&mut r)?;
            counts.active_last_30d += next_count(&mut r)?;
        }
        Ok(counts)
    }

    async fn logins(
        &mut self,
        organization: Option<OrganizationId>,
        now: Timestamp,
    ) -> Result<LoginActivity> {
        let mut values = vec![at(now - DAY), at(now - WEEK), at(now - MONTH)];
        values.extend(organization.map(uuid));
        let stmt = if organization.is_some() { &LOGINS_OF } else { &LOGINS };
        let mut activity = LoginActivity::default();
        for row in &self.0.rows(stmt, &values).await? {
            let mut r = row.reader("audit_log");
            let event_type = r.text()?;
            for counts in [&mut activity.last_24h, &mut activity.last_7d, &mut activity.last_30d] {
                add(counts, &event_type, next_count(&mut r)?);
            }
        }
        Ok(activity)
    }

    async fn pending(&mut self, now: Timestamp) -> Result<Pending> {
        let Some(row) = self.0.row(&PENDING, &[at(now), at(now + MONTH)]).await? else {
            return Ok(Pending::default());
        };
        let mut r = row.reader("sessions");
        Ok(Pending {
            active_sessions: next_count(&mut r)?,
            expiring_secrets: next_count(&mut r)?,
            pending_invitations: next_count(&mut r)?,
        })
    }

    async fn login_series(
        &mut self,
        organization: Option<OrganizationId>,
        from: Timestamp,
        to: Timestamp,
        bucket: Duration,
    ) -> Result<Vec<LoginBucket>> {
        let seconds = i64::try_from(bucket.as_secs()).unwrap_or(i64::MAX);
        let mut values = vec![at(from), at(to), int(seconds)];
        values.extend(organization.map(uuid));
        let stmt = if organization.is_some() { &SERIES_OF } else { &SERIES };
        let mut buckets = Vec::new();
        for row in &self.0.rows(stmt, &values).await? {
            let mut r = row.reader("audit_log");
            buckets.push(LoginBucket { number: r.int()?, event_type: r.text()?, count: next_count(&mut r)? });
        }
        Ok(buckets)
    }
}
