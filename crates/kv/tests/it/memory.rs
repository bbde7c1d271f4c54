//! The in-process store: the contract on a manual clock, and its own feature, snapshots.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for other code")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use porta_core::seal::{Keyring, SealError};
use porta_core::{Clock as _, ManualClock, SeededEntropy, Timestamp};
use porta_kv::contract::{self, TimeControl, named};
use porta_kv::memory::SnapshotError;
use porta_kv::{ConsumeOutcome, Kv, KvError, LimitOutcome, MemoryKv, RateLimit};

type Expectation = fn(&SnapshotError) -> bool;

const MINUTE: Duration = Duration::from_mins(1);
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

struct ManualTime(Arc<ManualClock>);

#[async_trait]
impl TimeControl for ManualTime {
    fn unit(&self) -> Duration {
        Duration::from_secs(10)
    }

    fn now(&self) -> Duration {
        self.0.now().since(Timestamp::from_seconds(0))
    }

    async fn pass(&self, by: Duration) {
        self.0.advance(by);
    }

    fn is_exact(&self) -> bool {
        true
    }
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(NOW))
}

fn ring(master: u8) -> Keyring {
    Keyring::new(&[[master; 32]], "kv snapshot")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keeps_the_contract() {
    let clock = clock();
    contract::run_all(Arc::new(MemoryKv::new(clock.clone())), &ManualTime(clock)).await;
}

#[tokio::test]
async fn two_stores_do_not_meet() {
    contract::instances_do_not_meet(&MemoryKv::new(clock()), &MemoryKv::new(clock())).await;
}

/// A process that shuts down cleanly, and its successor.
struct Restart {
    clock: Arc<ManualClock>,
    directory: tempfile::TempDir,
}

impl Restart {
    fn new() -> Self {
        Self { clock: clock(), directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("kv.snapshot")
    }

    fn process(&self) -> MemoryKv {
        MemoryKv::new(self.clock.clone())
    }

    fn save(&self, kv: &MemoryKv) {
        kv.save_snapshot(&self.path(), self.clock.now(), &ring(1), &SeededEntropy::new(1)).unwrap();
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

async fn fill(kv: &MemoryKv) {
    kv.put(&named("session"), Bytes::from_static(b"\0secret\xff"), MINUTE).await.unwrap();
    kv.put(&named("brief"), Bytes::from_static(b"x"), MINUTE / 2).await.unwrap();
    kv.put(&named("code"), Bytes::from_static(b"grant"), MINUTE).await.unwrap();
    kv.consume(&named("code"), MINUTE).await.unwrap();
    kv.hit(&limits()).await.unwrap();
}

fn limits() -> [RateLimit; 1] {
    [RateLimit { key: named("login"), maximum: 1, window: MINUTE }]
}

#[tokio::test]
async fn an_orderly_restart_loses_nothing_and_the_file_is_gone() {
    let restart = Restart::new();
    let before = restart.process();
    fill(&before).await;
    restart.save(&before);
    assert_eq!(fs::metadata(restart.path()).unwrap().permissions().mode() & 0o777, 0o600);
    let on_disk = fs::read(restart.path()).unwrap();
    assert!(!on_disk.windows(6).any(|window| window == b"secret"), "sealed");

    restart.clock.advance(MINUTE / 2);
    let after = restart.process();
    assert_eq!(after.load_snapshot(&restart.path(), &ring(1)).unwrap(), 3, "what ended meanwhile is dropped");
    assert_eq!(restart.files(), Vec::<String>::new());
    assert_eq!(after.get(&named("session")).await.unwrap(), Some(Bytes::from_static(b"\0secret\xff")));
    assert_eq!(after.get(&named("brief")).await.unwrap(), None);
    assert_eq!(
        after.consume(&named("code"), MINUTE).await.unwrap(),
        ConsumeOutcome::Replayed(Bytes::from_static(b"grant")),
        "a used code stays used"
    );
    assert_eq!(after.check(&limits()).await.unwrap(), LimitOutcome::Limited { retry_after: MINUTE / 2 });
    restart.clock.advance(MINUTE / 2);
    assert_eq!(after.get(&named("session")).await.unwrap(), None, "lifetimes go on, they do not start again");
}

/// The store uses monotonic time; the next process starts from the wall clock.
#[tokio::test]
async fn a_clock_that_was_put_right_changes_no_lifetime_over_a_restart() {
    let hour = 60 * MINUTE;
    for (started_at, put_right) in [(NOW, NOW + 2 * hour), (NOW + 2 * hour, NOW)] {
        let restart = Restart::new();
        let before = MemoryKv::new(Arc::new(ManualClock::at(started_at)));
        fill(&before).await;
        before.save_snapshot(&restart.path(), put_right, &ring(1), &SeededEntropy::new(1)).unwrap();
        let clock = Arc::new(ManualClock::at(put_right + MINUTE / 2));
        let after = MemoryKv::new(clock.clone());
        assert_eq!(after.load_snapshot(&restart.path(), &ring(1)).unwrap(), 3);
        assert!(after.get(&named("session")).await.unwrap().is_some());
        clock.advance(MINUTE / 2);
        assert_eq!(after.get(&named("session")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn after_a_crash_nothing_comes_back() {
    let restart = Restart::new();
    let first = restart.process();
    fill(&first).await;
    restart.save(&first);

    let second = restart.process();
    second.load_snapshot(&restart.path(), &ring(1)).unwrap();
    second.take(&named("session")).await.unwrap();
    drop(second); // killed: nothing saved

    let third = restart.process();
    assert_eq!(third.load_snapshot(&restart.path(), &ring(1)).unwrap(), 0);
    assert_eq!(third.get(&named("session")).await.unwrap(), None);
}

#[tokio::test]
async fn a_saved_store_is_closed() {
    let restart = Restart::new();
    let kv = restart.process();
    fill(&kv).await;
    restart.save(&kv);
    assert!(matches!(kv.take(&named("session")).await, Err(KvError::Unavailable(_))));
    assert!(matches!(kv.put(&named("x"), Bytes::new(), MINUTE).await, Err(KvError::Unavailable(_))));
    assert!(matches!(kv.ping().await, Err(KvError::Unavailable(_))));
}

#[tokio::test]
async fn unfinished_files_are_neither_read_nor_in_the_way() {
    let restart = Restart::new();
    let kv = restart.process();
    fill(&kv).await;
    // One left by a crash while saving, one by a crash while loading.
    fs::write(restart.directory.path().join("kv.snapshot.new"), b"half").unwrap();
    fs::write(restart.directory.path().join("kv.snapshot.loading"), b"whole, but claimed").unwrap();
    assert_eq!(restart.process().load_snapshot(&restart.path(), &ring(1)).unwrap(), 0);
    restart.save(&kv);
    assert_eq!(restart.process().load_snapshot(&restart.path(), &ring(1)).unwrap(), 4);
    assert_eq!(restart.files(), Vec::<String>::new());
}

#[tokio::test]
async fn a_refused_file_leaves_an_empty_store_and_no_file() {
    let restart = Restart::new();
    let source = restart.process();
    fill(&source).await;
    restart.save(&source);
    let good = fs::read(restart.path()).unwrap();
    let changed = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let cases: [(&str, Vec<u8>, Expectation); 6] = [
        ("empty", Vec::new(), |e| matches!(e, SnapshotError::NotASnapshot)),
        ("foreign", b"SQLite format 3\0".to_vec(), |e| matches!(e, SnapshotError::NotASnapshot)),
        ("cut short", good[..good.len() - 1].to_vec(), |e| matches!(e, SnapshotError::Malformed)),
        ("cut in its head", good[..22].to_vec(), |e| matches!(e, SnapshotError::Malformed)),
        ("changed", changed(good.len() - 20), |e| matches!(e, SnapshotError::Sealed(SealError::Refused))),
        ("other key id", changed(21), |e| matches!(e, SnapshotError::Sealed(SealError::UnknownKey(_)))),
    ];
    for (name, bytes, is_expected) in cases {
        fs::write(restart.path(), bytes).unwrap();
        let kv = restart.process();
        let error = kv.load_snapshot(&restart.path(), &ring(1)).unwrap_err();
        assert!(is_expected(&error), "{name}: {error:?}");
        assert_eq!(kv.get(&named("session")).await.unwrap(), None, "{name}");
        assert_eq!(restart.files(), Vec::<String>::new(), "{name}");
    }
    fs::write(restart.path(), &good).unwrap();
    let error = restart.process().load_snapshot(&restart.path(), &ring(2)).unwrap_err();
    assert!(
        matches!(error, SnapshotError::Sealed(SealError::UnknownKey(_))),
        "another master key: {error:?}"
    );
}

#[tokio::test]
async fn a_snapshot_survives_a_key_rotation() {
    let restart = Restart::new();
    let kv = restart.process();
    fill(&kv).await;
    restart.save(&kv);
    let rotated = Keyring::new(&[[2; 32], [1; 32]], "kv snapshot");
    assert_eq!(restart.process().load_snapshot(&restart.path(), &rotated).unwrap(), 4);
}

/// A truncated or extended file is rejected as a whole.
#[tokio::test]
async fn a_file_that_is_not_whole_is_refused_whole() {
    let restart = Restart::new();
    let source = restart.process();
    for n in 0..8_000 {
        source.put(&named(&format!("session {n}")), Bytes::from_static(&[7; 40]), MINUTE).await.unwrap();
    }
    restart.save(&source);
    let good = fs::read(restart.path()).unwrap();
    assert!(good.len() > 500_000, "several pieces: {}", good.len());
    let middle = (good.len() / 2..good.len() / 2 + 300).step_by(37);
    let cuts = (0..70).chain(middle).chain(good.len() - 20..good.len()).map(|at| good[..at].to_vec());
    // A repeated chunk, and a missing one.
    let length = |at: usize| u32::from_le_bytes(good[at..at + 4].try_into().unwrap()) as usize + 4;
    let head = 20 + 1 + 8 + 16;
    let (first, second) = (length(head), length(head + length(head)));
    let again = [&good[..head + first], &good[head..]].concat();
    let left_out = [&good[..head], &good[head + first..]].concat();
    let swapped = [
        &good[..head],
        &good[head + first..head + first + second],
        &good[head..head + first],
        &good[head + first + second..],
    ]
    .concat();
    let longer = [good.as_slice(), b"x"].concat();
    for bytes in cuts.chain([again, left_out, swapped, longer]) {
        fs::write(restart.path(), &bytes).unwrap();
        let kv = restart.process();
        assert!(kv.load_snapshot(&restart.path(), &ring(1)).is_err(), "{} bytes", bytes.len());
        assert_eq!((kv.entries(), kv.bytes()), (0, 0), "{} bytes", bytes.len());
        assert_eq!(restart.files(), Vec::<String>::new());
    }
    fs::write(restart.path(), &good).unwrap();
    assert_eq!(restart.process().load_snapshot(&restart.path(), &ring(1)).unwrap(), 8_000);
}

/// A snapshot of the previous version with known contents: an upgrade signs nobody out.
#[tokio::test]
async fn the_snapshot_of_the_version_before_is_read() {
    let restart = Restart::new();
    fs::write(restart.path(), include_bytes!("data/snapshot-1")).unwrap();
    let kv = restart.process();
    assert_eq!(kv.load_snapshot(&restart.path(), &ring(1)).unwrap(), 5);
    assert_eq!(kv.get(&named("0198:session:cafe")).await.unwrap(), Some(Bytes::from_static(b"{}")));
    assert_eq!(kv.get(&named("session")).await.unwrap(), Some(Bytes::from_static(b"\0secret\xff")));
    assert_eq!(
        kv.consume(&named("code"), MINUTE).await.unwrap(),
        ConsumeOutcome::Replayed(Bytes::from_static(b"grant"))
    );
    assert_eq!(kv.check(&limits()).await.unwrap(), LimitOutcome::Limited { retry_after: MINUTE });
    assert_eq!(restart.files(), Vec::<String>::new());

    let whole = include_bytes!("data/snapshot-1");
    for length in 0..whole.len() {
        fs::write(restart.path(), &whole[..length]).unwrap();
        let kv = restart.process();
        assert!(kv.load_snapshot(&restart.path(), &ring(1)).is_err(), "{length}");
        assert_eq!(kv.entries(), 0);
    }
}

#[test]
fn a_directory_that_is_not_there_is_an_error_with_its_path() {
    let kv = MemoryKv::new(clock());
    let path = PathBuf::from("/nonexistent/kv.snapshot");
    assert_eq!(kv.load_snapshot(&path, &ring(1)).unwrap(), 0);
    let error = kv.save_snapshot(&path, clock().now(), &ring(1), &SeededEntropy::new(1)).unwrap_err();
    assert!(error.to_string().contains("/nonexistent/"), "{error}");
}
