//! Notifies running servers of changes made by a command.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use porta_core::Change;
use porta_directory::Notifier;
use porta_kv::redis::ConnectError;
use porta_kv::{Kv as _, Notice, RedisKv, RedisOptions};

use crate::output;
use crate::runtime::background::NOTICES_FILE;

/// A longer file is truncated first. Servers watch its length only, not its contents.
const MAXIMUM_BYTES: u64 = 64 * 1024;

/// Publishes through the Redis that all servers share. Connects only when there is a change: commands that only read
/// work without Redis.
pub(crate) struct RedisNotifier {
    pub(crate) options: RedisOptions,
}

impl RedisNotifier {
    async fn publish(&self, changes: &[Change]) -> Result<(), ConnectError> {
        let kv = RedisKv::connect(self.options.clone()).await?;
        for change in changes {
            kv.publish(&notice(change)).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Notifier for RedisNotifier {
    async fn announce(&self, changes: &[Change]) {
        if let Err(error) = self.publish(changes).await {
            let late = "the change stands, but running servers notice it only within a minute";
            output::warning(format_args!("{late}: {error}"));
        }
    }
}

/// Appends to a file that the server of an embedded store watches: one notice per line, as JSON.
pub(crate) struct FileNotifier {
    path: PathBuf,
}

impl FileNotifier {
    pub(crate) fn new(data_dir: &Path) -> Self {
        Self { path: data_dir.join(NOTICES_FILE) }
    }

    fn append(&self, changes: &[Change]) -> std::io::Result<()> {
        let mut lines = String::new();
        for change in changes {
            lines.push_str(&serde_json::to_string(&notice(change))?);
            lines.push('\n');
        }
        if std::fs::metadata(&self.path).is_ok_and(|m| m.len() > MAXIMUM_BYTES) {
            std::fs::OpenOptions::new().write(true).open(&self.path)?.set_len(0)?;
        }
        // One write, so that lines of two commands do not mix.
        let mut file = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?;
        file.write_all(lines.as_bytes())
    }
}

#[async_trait]
impl Notifier for FileNotifier {
    async fn announce(&self, changes: &[Change]) {
        if let Err(error) = self.append(changes) {
            let path = self.path.display();
            output::warning(format_args!("the change stands, but {path} cannot be written: {error}"));
        }
    }
}

fn notice(change: &Change) -> Notice {
    let (topic, key) = change.to_topic_and_key();
    Notice { topic: topic.to_owned(), key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_embedded_server_finds_one_notice_per_line() {
        let directory = tempfile::tempdir().unwrap();
        let notifier = FileNotifier::new(directory.path());
        notifier.announce(&[Change::Settings(None)]).await;
        notifier.announce(&[Change::Settings(None), Change::Settings(None)]).await;
        let text = std::fs::read_to_string(directory.path().join(NOTICES_FILE)).unwrap();
        let notices: Vec<Notice> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(notices.len(), 3);
        assert_eq!(
            Change::from_topic_and_key(&notices[0].topic, &notices[0].key),
            Some(Change::Settings(None))
        );
    }

    #[tokio::test]
    async fn the_file_does_not_grow_without_bound() {
        let directory = tempfile::tempdir().unwrap();
        let notifier = FileNotifier::new(directory.path());
        for _ in 0..3000 {
            notifier.announce(&[Change::Settings(None)]).await;
        }
        let size = std::fs::metadata(directory.path().join(NOTICES_FILE)).unwrap().len();
        assert!(size < 2 * MAXIMUM_BYTES, "{size}");
    }
}
