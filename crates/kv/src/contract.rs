//! Contract suite that every implementation must pass.
//!
//! ```text
//! contract::run_all(Arc::new(kv), &time).await;
//! ```
//!
//! Panics at the first violation. Keys are fixed, so it needs an instance of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a contract suite is made of assertions")]

mod claiming;
mod consuming;
mod grouping;
mod limiting;
mod noticing;
mod replacing;
mod values;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Kv, KvKey};

pub use noticing::instances_do_not_meet;

/// Controls the time a store lives in: a manual clock is set, Redis is waited for.
#[async_trait]
pub trait TimeControl: Send + Sync {
    /// Shortest lifetime worth testing: long compared to one call.
    fn unit(&self) -> Duration;
    /// Time since some fixed moment.
    fn now(&self) -> Duration;
    /// Lets at least `by` pass.
    async fn pass(&self, by: Duration);
    /// Whether time advances only in `pass`, so that the last moment of a lifetime can be tested.
    fn is_exact(&self) -> bool;
}

/// Runs all tests that need only one store.
pub async fn run_all(kv: Arc<dyn Kv>, time: &dyn TimeControl) {
    values::a_value_is_kept_as_it_is(&*kv).await;
    values::odd_keys_are_different_keys(&*kv).await;
    values::put_replaces(&*kv).await;
    values::a_value_ends_at_its_lifetime(&*kv, time).await;
    values::a_new_value_has_its_own_lifetime(&*kv, time).await;
    values::no_lifetime_stores_nothing(&*kv).await;
    values::an_ended_value_leaves_its_place(&*kv, time).await;
    values::put_if_absent_has_one_winner(&kv).await;
    values::take_has_one_winner(&kv).await;
    values::write_does_all(&*kv, time).await;
    values::write_is_seen_whole(&kv).await;
    values::each_operation_is_one_command(&*kv).await;

    replacing::replace_keeps_to_what_is_there(&*kv, time).await;
    replacing::one_missing_value_stops_the_whole_write(&*kv).await;
    replacing::what_was_there_before_the_write_counts(&*kv).await;
    replacing::a_used_value_is_not_replaced(&*kv).await;
    replacing::nothing_taken_comes_back(&kv).await;
    replacing::unless_used_stores_anew_and_over_what_lives(&*kv, time).await;
    replacing::nothing_retired_comes_back(&kv).await;

    consuming::first_fresh_then_replayed_then_absent(&*kv, time).await;
    consuming::a_live_value_ends_unused(&*kv, time).await;
    consuming::a_used_value_is_seen_by_consume_alone(&*kv).await;
    consuming::nothing_is_remembered_for_no_time(&*kv).await;
    consuming::one_fresh_in_a_race(&kv).await;
    consuming::peek_tells_live_used_and_free_apart(&*kv, time).await;
    consuming::a_retired_value_leaves_its_place_used(&*kv, time).await;
    consuming::one_retires_in_a_race(&kv).await;

    grouping::of_more_than_so_many_the_oldest_go(&*kv).await;
    grouping::only_live_values_count(&*kv, time).await;
    grouping::a_used_value_stays_known(&*kv).await;
    grouping::groups_do_not_meet(&*kv).await;
    grouping::what_is_stored_for_no_time_is_not_a_member(&*kv).await;
    grouping::a_group_lasts_as_long_as_its_longest_value(&*kv, time).await;
    grouping::parallel_values_never_exceed_the_maximum(&kv).await;

    limiting::hits_up_to_the_maximum(&*kv, time).await;
    limiting::the_first_hit_starts_the_window(&*kv, time).await;
    limiting::all_counters_or_none(&*kv, time).await;
    limiting::check_counts_nothing(&*kv, time).await;
    limiting::the_longest_wait_is_told(&*kv, time).await;
    limiting::parallel_hits_never_exceed_the_maximum(&kv).await;
    limiting::released_hits_leave_room_in_the_same_window(&*kv, time).await;
    limiting::parallel_releases_lose_nothing(&kv).await;
    limiting::clear_forgets_counters_only(&*kv).await;
    limiting::a_maximum_of_zero_allows_nothing(&*kv).await;
    limiting::a_limited_value_is_counted_and_stored_or_neither(&*kv, time).await;
    limiting::a_value_without_limits_is_only_stored(&*kv, time).await;
    limiting::parallel_limited_values_never_exceed_the_maximum(&kv).await;

    claiming::the_first_gets_it_and_others_what_is_stored(&*kv, time).await;
    claiming::limits_come_after_what_is_stored(&*kv).await;
    claiming::only_the_newest_of_a_place_is_known(&*kv).await;
    claiming::one_claims_in_a_race(&kv).await;
    claiming::an_answer_is_stored_and_counters_get_one_back(&*kv, time).await;

    noticing::every_subscriber_hears_everything(&*kv).await;
    noticing::a_slow_subscriber_hears_a_gap(&*kv).await;
}

/// Long enough that nothing expires.
const LONG: Duration = Duration::from_mins(1);

/// The key with this text.
pub fn named(text: &str) -> KvKey {
    KvKey::from_text(text)
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// Asserts `is_so`, unless `deadline` has passed already because the machine is busy.
fn assert_until(time: &dyn TimeControl, deadline: Duration, is_so: bool, claim: &str) {
    if time.now() < deadline {
        assert!(is_so, "{claim}");
    }
}

/// Starts `count` tasks at once and collects their results.
async fn race<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let start = Arc::new(tokio::sync::Barrier::new(count));
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..count {
        let (start, task) = (Arc::clone(&start), task(n));
        tasks.spawn(async move {
            start.wait().await;
            task.await
        });
    }
    tasks.join_all().await
}
