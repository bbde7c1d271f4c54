//! `GET /organizations/{orgId}/two-factor/summary`.

use axum::extract::State;
use axum::http::{HeaderValue, header};
use porta_store::FactorCounts;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use crate::access::{Authorized, ReadTwoFactorSummaries};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

const FOR_HALF_A_MINUTE: HeaderValue = HeaderValue::from_static("private, max-age=30");

/// How many users of an organization have a second factor.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TwoFactorSummary {
    total_users: u64,
    enabled_count: u64,
    disabled_count: u64,
    totp_count: u64,
    email_count: u64,
    /// Share of the users who have one, with four decimals; 0 if there are no users.
    compliance_rate: f64,
}

impl From<FactorCounts> for TwoFactorSummary {
    fn from(counts: FactorCounts) -> Self {
        let enabled = counts.email + counts.totp;
        let ten_thousandths = match counts.users {
            0 => 0,
            users => (enabled.min(users) * 10_000 + users / 2) / users,
        };
        Self {
            total_users: counts.users,
            enabled_count: enabled,
            disabled_count: counts.users.saturating_sub(enabled),
            totp_count: counts.totp,
            email_count: counts.email,
            compliance_rate: f64::from(u32::try_from(ten_thousandths).unwrap_or(0)) / 10_000.0,
        }
    }
}

/// Count the users of an organization by second factor.
///
/// The answer may be half a minute old.
#[utoipa::path(get, path = "/summary", tag = "two-factor", responses((status = 200, body = Data<TwoFactorSummary>)))]
pub(crate) async fn get_two_factor_summary(
    _: Authorized<ReadTwoFactorSummaries>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let organization = queries.organization(&name).await?;
    let counts = queries.second_factors().counts(&organization).await?;
    let mut reply = answer::ok(TwoFactorSummary::from(counts));
    reply.headers_mut().insert(header::CACHE_CONTROL, FOR_HALF_A_MINUTE);
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_has_four_decimals() {
        for (users, email, totp, rate) in [
            (0, 0, 0, 0.0),
            (3, 0, 0, 0.0),
            (3, 1, 0, 0.3333),
            (3, 1, 1, 0.6667),
            (1, 0, 1, 1.0),
            (1_000_000, 1, 0, 0.0),
            (1_000_000, 40, 10, 0.0001),
        ] {
            let summary = TwoFactorSummary::from(FactorCounts { users, email, totp });
            let shown = (summary.compliance_rate * 10_000.0).round() / 10_000.0;
            assert!((shown - rate).abs() < f64::EPSILON, "{users} {email} {totp}: {shown}");
            assert_eq!(summary.enabled_count + summary.disabled_count, users);
        }
    }
}
