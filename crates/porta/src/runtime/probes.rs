//! Health checks of `/health` and `/ready`, limited to two seconds each (docs/operations.md, Probes). They are public,
//! so concurrent callers share one check: nobody can load the database by probing.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use porta_http::{Probes, ReadyReport};
use porta_kv::{Kv, KvKey};
use porta_session::SharedServices;
use porta_task::timeout;

use super::coalesced_probe::CoalescedProbe;

/// Well below the five seconds of the container probe.
const LIMIT: Duration = Duration::from_secs(2);
const PROBE_KEPT: Duration = Duration::from_secs(10);

pub(crate) struct ServiceProbes {
    services: Arc<ProbedServices>,
    draining: AtomicBool,
    readiness: CoalescedProbe<Readiness>,
}

impl ServiceProbes {
    pub(crate) fn new(shared: Arc<SharedServices>, kv: Arc<dyn Kv>) -> Self {
        let [migrated, keys_open] = [false; 2].map(AtomicBool::new);
        let (database, short_lived) = (CoalescedProbe::new(), CoalescedProbe::new());
        let services = ProbedServices { shared, kv, database, short_lived, migrated, keys_open };
        Self {
            services: Arc::new(services),
            draining: AtomicBool::new(false),
            readiness: CoalescedProbe::new(),
        }
    }

    /// From now on `/ready` reports `draining`.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
    }
}

/// Why the process is not ready, apart from the short-lived store.
#[derive(Debug, Clone, Copy)]
struct Readiness {
    database: Option<&'static str>,
    keys: Option<&'static str>,
}

/// The dependencies of a process.
struct ProbedServices {
    shared: Arc<SharedServices>,
    kv: Arc<dyn Kv>,
    database: CoalescedProbe<bool>,
    short_lived: CoalescedProbe<Option<&'static str>>,
    /// Set once no migration was pending; the schema is never downgraded while this program runs.
    migrated: AtomicBool,
    /// Set once a signing key of this installation was decrypted.
    keys_open: AtomicBool,
}

impl ProbedServices {
    async fn database(&self) -> bool {
        let shared = Arc::clone(&self.shared);
        let check = async move { answers("database", LIMIT, shared.store().ping()).await };
        self.database.ask(check).await.unwrap_or(false)
    }

    /// Why the short-lived store is unusable. Checked with a write: a full server or a replica still answers reads, but
    /// nobody can sign in.
    async fn short_lived_problem(&self) -> Option<&'static str> {
        let kv = Arc::clone(&self.kv);
        let check = async move {
            let key = KvKey::probe();
            let write = kv.put(&key, Bytes::from_static(b"1"), PROBE_KEPT);
            if answers("short-lived store", LIMIT, write).await {
                return None;
            }
            let is_there = timeout(LIMIT, kv.ping()).await.is_ok_and(|answer| answer.is_ok());
            Some(if is_there { "not_writable" } else { "unreachable" })
        };
        self.short_lived.ask(check).await.unwrap_or(Some("unreachable"))
    }

    async fn readiness(&self) -> Readiness {
        let checks = async {
            match self.database_problem().await {
                None => Readiness { database: None, keys: self.key_problem().await },
                problem => Readiness { database: problem, keys: None },
            }
        };
        timeout(LIMIT, checks).await.unwrap_or(UNREACHABLE)
    }

    async fn database_problem(&self) -> Option<&'static str> {
        if !self.database().await {
            return Some("unreachable");
        }
        if self.migrated.load(Ordering::Acquire) {
            return None;
        }
        match self.shared.store().pending_migrations().await {
            Ok(pending) if pending.is_empty() => {
                self.migrated.store(true, Ordering::Release);
                None
            }
            Ok(_) => Some("migrations_pending"),
            Err(_) => Some("unreachable"),
        }
    }

    /// A process whose `SIGNING_KEY_ENCRYPTION_KEY` differs from the installation's would fail every sign-in, so it
    /// must get no traffic.
    async fn key_problem(&self) -> Option<&'static str> {
        if self.keys_open.load(Ordering::Acquire) {
            return None;
        }
        match self.shared.signing_keys.can_decrypt().await {
            Ok(Some(true)) => {
                self.keys_open.store(true, Ordering::Release);
                None
            }
            Ok(Some(false)) => Some("signing_keys_sealed"),
            // No key to try yet: another process may create the first ones. Errors are reported by the database check.
            Ok(None) | Err(_) => None,
        }
    }
}

const UNREACHABLE: Readiness = Readiness { database: Some("unreachable"), keys: None };

/// Whether `service` answers in time; the reason for a failure is logged.
async fn answers<E: Display>(
    service: &'static str,
    limit: Duration,
    ping: impl Future<Output = Result<(), E>>,
) -> bool {
    match timeout(limit, ping).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(%error, "{service} check failed");
            false
        }
        Err(_) => {
            tracing::warn!(error = "no answer in time", "{service} check failed");
            false
        }
    }
}

#[async_trait]
impl Probes for ServiceProbes {
    async fn database(&self) -> bool {
        self.services.database().await
    }

    async fn redis(&self) -> bool {
        self.services.short_lived_problem().await.is_none()
    }

    async fn ready(&self) -> ReadyReport {
        let services = Arc::clone(&self.services);
        let readiness = self.readiness.ask(async move { services.readiness().await });
        let (readiness, redis) = tokio::join!(readiness, self.services.short_lived_problem());
        let Readiness { database, keys } = readiness.unwrap_or(UNREACHABLE);
        let draining = self.draining.load(Ordering::Acquire).then_some("draining");
        ReadyReport { database, redis, process: draining.or(keys) }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use porta_core::seal::Keyring;
    use porta_core::{Clock as _, OsEntropy, SystemClock};
    use porta_kv::{
        ClaimOutcome, ConsumeOutcome, KvError, LimitOutcome, MemoryKv, Notice, NoticeEvent, RateLimit,
        ValueState, Write,
    };
    use porta_testkit::TestApp;
    use tokio::sync::broadcast;
    use tokio::task::JoinSet;

    use super::super::log::tests::Sink;

    use super::*;

    #[tokio::test]
    async fn hundreds_who_ask_at_once_cost_a_few_statements() {
        let app = TestApp::embedded_with_fixture().await;
        let probes = Arc::new(ServiceProbes::new(Arc::clone(&app.shared), Arc::clone(&app.kv)));
        let (statements, commands) = (app.store.round_trips(), app.kv.commands());
        let mut asking = JoinSet::new();
        for _ in 0..300 {
            let probes = Arc::clone(&probes);
            asking.spawn(async move {
                let (database, redis, ready) =
                    tokio::join!(probes.database(), probes.redis(), probes.ready());
                database && redis && ready.is_ready()
            });
        }
        assert!(asking.join_all().await.into_iter().all(|is_well| is_well));
        let cost = (app.store.round_trips() - statements, app.kv.commands() - commands);
        assert!(cost.0 <= 6 && cost.1 <= 2, "statements and commands: {cost:?}");
        probes.drain();
        assert_eq!(probes.ready().await.process, Some("draining"), "at once");
    }

    #[tokio::test]
    async fn without_its_short_lived_store_a_process_is_not_ready() {
        let app = TestApp::embedded_with_fixture().await;
        let kv = Arc::new(MemoryKv::new(Arc::new(SystemClock)));
        // New probes each time, because results are cached for a moment.
        let probes = || ServiceProbes::new(Arc::clone(&app.shared), Arc::<MemoryKv>::clone(&kv));
        assert!(probes().ready().await.is_ready());
        // A closed store fails every call.
        let directory = tempfile::tempdir().unwrap();
        let keys = Keyring::new(&[[1; 32]], "test");
        kv.save_snapshot(&directory.path().join("snapshot"), SystemClock.now(), &keys, &OsEntropy).unwrap();
        let report = probes().ready().await;
        assert_eq!((report.is_ready(), report.redis, report.database), (false, Some("unreachable"), None));
        assert!(!probes().redis().await && probes().database().await);
    }

    /// Answers reads but refuses writes, as a full server or a replica does.
    struct ReadOnly(MemoryKv);

    type Result<T> = porta_kv::Result<T>;

    fn refused<T>() -> Result<T> {
        Err(KvError::Unavailable("OOM command not allowed when used memory > 'maxmemory'".to_owned()))
    }

    #[async_trait]
    impl Kv for ReadOnly {
        async fn get(&self, key: &KvKey) -> Result<Option<Bytes>> {
            self.0.get(key).await
        }
        async fn put(&self, _: &KvKey, _: Bytes, _: Duration) -> Result<()> {
            refused()
        }
        async fn put_if_absent(&self, _: &KvKey, _: Bytes, _: Duration) -> Result<bool> {
            refused()
        }
        async fn put_in_group(&self, _: &KvKey, _: usize, _: &KvKey, _: Bytes, _: Duration) -> Result<()> {
            refused()
        }
        async fn take(&self, _: &KvKey) -> Result<Option<Bytes>> {
            refused()
        }
        async fn consume(&self, _: &KvKey, _: Duration) -> Result<ConsumeOutcome> {
            refused()
        }
        async fn peek(&self, key: &KvKey) -> Result<ValueState> {
            self.0.peek(key).await
        }
        async fn mark_used(&self, _: &KvKey, _: Duration) -> Result<ValueState> {
            refused()
        }
        async fn write(&self, _: Vec<Write>) -> Result<bool> {
            refused()
        }
        async fn check(&self, limits: &[RateLimit]) -> Result<LimitOutcome> {
            self.0.check(limits).await
        }
        async fn hit(&self, _: &[RateLimit]) -> Result<LimitOutcome> {
            refused()
        }
        async fn put_limited(
            &self,
            _: &KvKey,
            _: Bytes,
            _: Duration,
            _: &[RateLimit],
        ) -> Result<LimitOutcome> {
            refused()
        }
        async fn claim(
            &self,
            _: &KvKey,
            _: &KvKey,
            _: Bytes,
            _: Duration,
            _: &[RateLimit],
        ) -> Result<ClaimOutcome> {
            refused()
        }
        async fn release(&self, _: &[KvKey]) -> Result<()> {
            refused()
        }
        async fn release_and_put(&self, _: &[KvKey], _: &KvKey, _: Bytes, _: Duration) -> Result<()> {
            refused()
        }
        async fn clear(&self, _: &[KvKey]) -> Result<()> {
            refused()
        }
        async fn publish(&self, notice: &Notice) -> Result<()> {
            self.0.publish(notice).await
        }
        fn subscribe(&self) -> broadcast::Receiver<NoticeEvent> {
            self.0.subscribe()
        }
        async fn ping(&self) -> Result<()> {
            self.0.ping().await
        }
        fn commands(&self) -> u64 {
            self.0.commands()
        }
    }

    #[tokio::test]
    async fn a_short_lived_store_that_takes_nothing_makes_a_process_not_ready() {
        let app = TestApp::embedded_with_fixture().await;
        let kv = Arc::new(ReadOnly(MemoryKv::new(Arc::new(SystemClock))));
        let probes = ServiceProbes::new(Arc::clone(&app.shared), kv);
        let report = probes.ready().await;
        assert_eq!((report.is_ready(), report.redis, report.database), (false, Some("not_writable"), None));
        assert!(!probes.redis().await && probes.database().await, "nobody can sign in: /health says so, too");
    }

    #[tokio::test]
    async fn why_a_service_is_not_well_is_in_the_log() {
        let sink = Sink::default();
        let out = sink.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || out.clone()).finish();
        let _current = tracing::subscriber::set_default(subscriber);
        assert!(answers("database", LIMIT, ready(Ok::<_, &str>(()))).await);
        assert_eq!(sink.text(), "");
        assert!(!answers("database", LIMIT, ready(Err("refused"))).await);
        assert!(
            !answers("short-lived store", Duration::ZERO, pending::<std::result::Result<(), &str>>()).await
        );
        let text = sink.text();
        assert!(text.contains("database check failed") && text.contains("refused"), "{text}");
        assert!(
            text.contains("short-lived store check failed") && text.contains("no answer in time"),
            "{text}"
        );
    }
}
