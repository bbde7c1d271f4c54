//! Numbers of entities and sign-ins.

use std::time::Duration;

use porta_core::{OrganizationId, Timestamp};
use porta_store::{EntityCounts, LoginActivity, LoginBucket, Pending, UserCounts};

use super::Queries;
use crate::Result;

/// Numbers of the platform or of one organization at a time.
#[derive(Debug, Clone)]
pub struct Overview {
    /// An organization has clients only.
    pub entities: EntityCounts,
    pub users: UserCounts,
    pub logins: LoginActivity,
    /// Of the platform only.
    pub pending: Option<Pending>,
    pub generated_at: Timestamp,
}

pub struct StatisticsQueries<'q>(&'q Queries);

impl Queries {
    pub fn statistics(&self) -> StatisticsQueries<'_> {
        StatisticsQueries(self)
    }
}

impl StatisticsQueries<'_> {
    /// Reads whole tables: not for every request.
    pub async fn overview(&self, organization: Option<OrganizationId>) -> Result<Overview> {
        let now = self.0.deps.clock.now();
        let mut repositories = self.0.repositories();
        let mut statistics = repositories.statistics();
        Ok(Overview {
            entities: statistics.entities(organization).await?,
            users: statistics.users(organization, now).await?,
            logins: statistics.logins(organization, now).await?,
            pending: match organization {
                Some(_) => None,
                None => Some(statistics.pending(now).await?),
            },
            generated_at: now,
        })
    }

    /// Sign-ins from `from` (included) to `to` (excluded) in buckets that begin at the epoch.
    pub async fn login_series(
        &self,
        organization: Option<OrganizationId>,
        from: Timestamp,
        to: Timestamp,
        bucket: Duration,
    ) -> Result<Vec<LoginBucket>> {
        Ok(self.0.repositories().statistics().login_series(organization, from, to, bucket).await?)
    }

    /// Whether the database answers now.
    pub async fn database_answers(&self) -> bool {
        self.0.deps.store.ping().await.is_ok()
    }
}
