//! `GET /stats/logins`.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use porta_core::Timestamp;
use porta_core::audit::AuditEventKind;
use porta_store::LoginBucket;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::kept;
use crate::access::{Authorized, ReadStatistics};
use crate::answer::{self, Data, time};
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::state::AdminState;

/// Most points of a series.
const MOST: u64 = 1_000;

#[derive(Clone, Copy)]
struct Bucket {
    word: &'static str,
    length: Duration,
    /// Buckets of a series that names no beginning.
    default: u32,
}

const HOUR: Bucket = Bucket { word: "hour", length: Duration::from_hours(1), default: 24 };
const DAY: Bucket = Bucket { word: "day", length: Duration::from_hours(24), default: 30 };

/// The parameters, for the OpenAPI document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "documents what the handler reads")]
struct SeriesParameters {
    /// From the bucket that has this time on (RFC 3339). Without it, 24 hours or 30 days.
    from: Option<String>,
    /// Up to the bucket that has this time. Without it, now.
    to: Option<String>,
    /// `hour` or `day` (in UTC).
    #[param(default = "day")]
    bucket: Option<String>,
    /// Id or slug of an organization. Without it, all.
    organization_id: Option<String>,
}

/// Sign-ins of one hour or day.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoginPoint {
    /// When it begins.
    at: String,
    successful: u64,
    failed: u64,
    /// Successful ones with a password.
    password: u64,
    /// Successful ones with a mailed link.
    magic_link: u64,
}

/// Sign-ins over time, without gaps.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LoginSeries {
    /// `hour` or `day`.
    bucket: &'static str,
    from: String,
    to: String,
    points: Vec<LoginPoint>,
}

/// The buckets of a series, by their numbers since the epoch: from the first to the one after the last.
struct Range {
    seconds: i64,
    first: i64,
    end: i64,
}

impl Range {
    fn new(bucket: Bucket, from: Timestamp, to: Timestamp) -> Result<Self> {
        let seconds = i64::try_from(bucket.length.as_secs()).unwrap_or(i64::MAX);
        let (first, last) = (from.seconds().div_euclid(seconds), to.seconds().div_euclid(seconds));
        if first > last {
            return Err(AdminError::invalid("from", "use a time before `to`"));
        }
        if last.abs_diff(first) >= MOST {
            return Err(AdminError::invalid("from", format!("use at most {MOST} buckets")));
        }
        Ok(Self { seconds, first, end: last + 1 })
    }

    fn begin(&self, number: i64) -> Timestamp {
        Timestamp::from_seconds(number.saturating_mul(self.seconds))
    }

    /// A point for every bucket.
    fn points(&self, found: Vec<LoginBucket>) -> Vec<LoginPoint> {
        let point = |number| LoginPoint { at: time(self.begin(number)), ..LoginPoint::default() };
        let mut points: BTreeMap<i64, LoginPoint> =
            (self.first..self.end).map(|number| (number, point(number))).collect();
        for LoginBucket { number, event_type, count } in found {
            let Some(point) = points.get_mut(&number) else { continue };
            match AuditEventKind::parse(&event_type) {
                Some(AuditEventKind::UserLoginPassword) => {
                    point.successful += count;
                    point.password += count;
                }
                Some(AuditEventKind::UserLoginMagicLink) => {
                    point.successful += count;
                    point.magic_link += count;
                }
                Some(_) | None => point.failed += count,
            }
        }
        points.into_values().collect()
    }
}

/// Get the sign-ins of all hours or days of a time.
#[utoipa::path(get, path = "/stats/logins", tag = "stats", params(SeriesParameters),
    responses((status = 200, body = Data<LoginSeries>)))]
pub(crate) async fn get_login_series(
    _: Authorized<ReadStatistics>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let bucket = query.word("bucket", &[(HOUR.word, HOUR), (DAY.word, DAY)])?.unwrap_or(DAY);
    let to = query.moment("to")?.unwrap_or_else(|| state.clock.now());
    let from = query.moment("from")?.unwrap_or(to - bucket.length * (bucket.default - 1));
    let range = Range::new(bucket, from, to)?;
    let queries = state.directory.queries();
    let organization = match query.text("organizationId") {
        Some(name) => Some(queries.organization(name).await?.id),
        None => None,
    };
    let (from, to) = (range.begin(range.first), range.begin(range.end));
    let found = queries.statistics().login_series(organization, from, to, bucket.length).await?;
    Ok(kept(answer::ok(LoginSeries {
        bucket: bucket.word,
        from: time(from),
        to: time(to),
        points: range.points(found),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_no_gaps() {
        let from = Timestamp::from_seconds(86_400 + 7);
        let range = Range::new(DAY, from, from + Duration::from_hours(48)).unwrap();
        let found = |event: &str, count| LoginBucket { number: 2, event_type: event.to_owned(), count };
        let points = range.points(vec![
            found("user.login.password", 3),
            found("user.login.magic_link", 2),
            found("user.login.password.failed", 1),
        ]);
        let empty = |at: &str| LoginPoint { at: at.to_owned(), ..LoginPoint::default() };
        let middle = LoginPoint {
            successful: 5,
            failed: 1,
            password: 3,
            magic_link: 2,
            ..empty("1970-01-03T00:00:00.000Z")
        };
        assert_eq!(points, [empty("1970-01-02T00:00:00.000Z"), middle, empty("1970-01-04T00:00:00.000Z")]);
    }

    #[test]
    fn a_series_is_bounded() {
        let from = Timestamp::from_seconds(0);
        assert_eq!(Range::new(HOUR, from, from).unwrap().points(Vec::new()).len(), 1);
        let longest = from + Duration::from_hours(999);
        assert_eq!(Range::new(HOUR, from, longest).unwrap().points(Vec::new()).len(), 1000);
        assert!(Range::new(HOUR, from, longest + Duration::from_hours(1)).is_err());
        assert!(Range::new(HOUR, longest, from).is_err());
    }
}
