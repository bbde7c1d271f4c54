//! The history of one thing, as its commands show it.

use clap::Args;
use porta_client::types::HistoryEntry;
use porta_client::{Error, Items};

use super::Column;
use crate::output::{local, or_dash};

/// Entries that one page of the API has at most.
const PAGE: usize = 100;

/// How much of a history to show.
#[derive(Debug, Args)]
pub(in crate::cli) struct Newest {
    /// How events begin, such as user.login.
    #[arg(long)]
    pub(in crate::cli) event: Option<String>,
    /// How many events to show, the newest first.
    #[arg(long, default_value_t = 50)]
    pub(in crate::cli) limit: usize,
}

impl Newest {
    /// Entries to ask for at once.
    pub(in crate::cli) fn page(&self) -> i64 {
        i64::try_from(self.limit.clamp(1, PAGE)).unwrap_or(1)
    }
}

pub(in crate::cli) const COLUMNS: &[Column<HistoryEntry>] = &[
    ("Date", |entry| local(&entry.created_at)),
    ("Event", |entry| entry.event_type.clone()),
    ("Actor", |entry| or_dash(entry.actor_id)),
    ("Metadata", metadata),
];

fn metadata(entry: &HistoryEntry) -> String {
    let pairs = entry.metadata.iter().map(|(name, value)| match value.as_str() {
        Some(text) => format!("{name}={text}"),
        None => format!("{name}={value}"),
    });
    pairs.collect::<Vec<_>>().join(" ")
}

/// The first entries.
pub(in crate::cli) async fn take(
    mut entries: Items<HistoryEntry>,
    limit: usize,
) -> Result<Vec<HistoryEntry>, Error> {
    let mut taken = Vec::new();
    while taken.len() < limit {
        let Some(entry) = entries.next().await? else { break };
        taken.push(entry);
    }
    Ok(taken)
}
