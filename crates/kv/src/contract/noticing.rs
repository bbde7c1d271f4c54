//! Notices reach every subscriber of the instance, in order, and nobody else.

use std::time::Duration;

use tokio::sync::broadcast;

use super::{LONG, bytes, named};
use crate::{ConsumeOutcome, Kv, LimitOutcome, Notice, NoticeEvent, RateLimit, next_notice};

fn notice(key: &str) -> Notice {
    Notice { topic: "contract".to_owned(), key: key.to_owned() }
}

async fn next(receiver: &mut broadcast::Receiver<NoticeEvent>) -> NoticeEvent {
    tokio::time::timeout(Duration::from_secs(5), next_notice(receiver))
        .await
        .expect("a notice within five seconds")
        .expect("a store that is still there")
}

pub(super) async fn every_subscriber_hears_everything(kv: &dyn Kv) {
    let mut receivers = [kv.subscribe(), kv.subscribe(), kv.subscribe()];
    let keys = ["one", "two", "", "ä \" {}:\n"];
    for key in keys {
        kv.publish(&notice(key)).await.unwrap();
    }
    for receiver in &mut receivers {
        for key in keys {
            assert_eq!(next(receiver).await, NoticeEvent::Notice(notice(key)));
        }
    }
    // Receives what is published from now on, nothing earlier.
    let mut late = kv.subscribe();
    kv.publish(&notice("late")).await.unwrap();
    assert_eq!(next(&mut late).await, NoticeEvent::Notice(notice("late")));
}

pub(super) async fn a_slow_subscriber_hears_a_gap(kv: &dyn Kv) {
    let mut quick = kv.subscribe();
    let mut slow = kv.subscribe();
    for n in 0..crate::NOTICE_BACKLOG * 2 {
        kv.publish(&notice(&n.to_string())).await.unwrap();
        assert_eq!(next(&mut quick).await, NoticeEvent::Notice(notice(&n.to_string())));
    }
    assert_eq!(next(&mut slow).await, NoticeEvent::Gap);
    assert!(matches!(next(&mut slow).await, NoticeEvent::Notice(_)));
}

/// Two instances in the same place do not see each other's keys and notices.
pub async fn instances_do_not_meet(one: &dyn Kv, other: &dyn Kv) {
    let limits = [RateLimit { key: named("meet"), maximum: 1, window: LONG }];
    let mut one_hears = one.subscribe();
    let mut other_hears = other.subscribe();

    one.put(&named("meet"), bytes("one"), LONG).await.unwrap();
    assert_eq!(other.get(&named("meet")).await.unwrap(), None);
    assert_eq!(other.take(&named("meet")).await.unwrap(), None);
    assert_eq!(other.consume(&named("meet"), LONG).await.unwrap(), ConsumeOutcome::Absent);
    assert!(other.put_if_absent(&named("meet"), bytes("other"), LONG).await.unwrap());
    assert_eq!(one.consume(&named("meet"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("one")));
    assert_eq!(other.consume(&named("meet"), LONG).await.unwrap(), ConsumeOutcome::Fresh(bytes("other")));

    assert_eq!(one.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    assert_eq!(other.hit(&limits).await.unwrap(), LimitOutcome::Allowed);
    other.clear(&[named("meet")]).await.unwrap();
    assert_ne!(one.check(&limits).await.unwrap(), LimitOutcome::Allowed);

    // The other one publishes first, so a leaked notice would arrive before the own one.
    one.publish(&notice("of one")).await.unwrap();
    other.publish(&notice("of the other")).await.unwrap();
    assert_eq!(next(&mut other_hears).await, NoticeEvent::Notice(notice("of the other")));
    other.publish(&notice("again")).await.unwrap();
    one.publish(&notice("end")).await.unwrap();
    assert_eq!(next(&mut one_hears).await, NoticeEvent::Notice(notice("of one")));
    assert_eq!(next(&mut one_hears).await, NoticeEvent::Notice(notice("end")));
}
