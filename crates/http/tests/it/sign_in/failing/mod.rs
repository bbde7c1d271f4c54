//! Stores that fail on demand, at once or after a number of operations, as when a process dies between two of them; or
//! that make a request wait.

mod kv;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use porta_kv::KvKey;
use porta_testkit::{Operation, TestApp};
use tokio::sync::watch;

use kv::FaultyKv;

/// Number of operations that still succeed.
pub(super) struct FaultInjector(AtomicI64);

impl FaultInjector {
    pub(super) fn healthy() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(i64::MAX)))
    }

    pub(super) fn fail(&self) {
        self.fail_after(0);
    }

    pub(super) fn fail_after(&self, operations: i64) {
        self.0.store(operations, Ordering::SeqCst);
    }

    /// One operation fails, and those after it succeed.
    pub(super) fn fail_once(&self) {
        self.0.store(i64::MIN, Ordering::SeqCst);
    }

    pub(super) fn recover(&self) {
        self.0.store(i64::MAX, Ordering::SeqCst);
    }

    /// Whether an operation failed since the last fault was set.
    pub(super) fn has_failed(&self) -> bool {
        self.0.load(Ordering::SeqCst) < 0
    }

    /// Counts one operation; `true` if it fails.
    fn fails_next(&self) -> bool {
        let spend = |left| match left {
            i64::MAX => None,
            i64::MIN => Some(i64::MAX),
            left => Some((left - 1).max(-1)),
        };
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
            Ok(left) => left <= 0,
            Err(_) => false,
        }
    }
}

/// A barrier at which operations wait while the test does something else.
#[derive(Default)]
pub(super) struct Barrier(watch::Sender<BarrierState>);

#[derive(Default)]
struct BarrierState {
    is_closed: bool,
    waiting: usize,
}

impl Barrier {
    pub(super) fn close(&self) {
        self.0.send_modify(|state| state.is_closed = true);
    }

    pub(super) fn open(&self) {
        self.0.send_modify(|state| state.is_closed = false);
    }

    /// Waits until an operation arrives at the barrier. Panics after a time limit instead of hanging.
    pub(super) async fn arrival(&self) {
        let mut state = self.0.subscribe();
        let arrival = state.wait_for(|state| state.waiting > 0);
        tokio::time::timeout(Duration::from_secs(20), arrival).await.expect("somebody comes").unwrap();
    }

    async fn pass(&self) {
        if !self.0.borrow().is_closed {
            return;
        }
        self.0.send_modify(|state| state.waiting += 1);
        self.0.subscribe().wait_for(|state| !state.is_closed).await.unwrap();
        self.0.send_modify(|state| state.waiting -= 1);
    }
}

/// Keys and values of the answers to forms that an instance stored.
pub(super) type StoredAnswers = Mutex<Vec<(KvKey, Bytes)>>;

/// The statement that writes an audit row in a unit of work.
const AUDIT_ROW: &str = "porta_store_sql::audit::INSERT";

/// The fault injectors of an instance. Statements of a unit of work do not fail: it fails at its beginning.
pub(super) struct FaultInjectors {
    pub(super) store: Arc<FaultInjector>,
    pub(super) kv: Arc<FaultInjector>,
    /// Rate limits only.
    pub(super) limits: Arc<FaultInjector>,
    /// Audit rows in units of work only.
    pub(super) audit: Arc<FaultInjector>,
    writes: Arc<Barrier>,
    /// Session look-ups.
    sessions: Arc<Barrier>,
    answers: Arc<StoredAnswers>,
}

/// An instance whose stores can each be made to fail.
pub(super) fn with_faults(app: &TestApp) -> (TestApp, FaultInjectors) {
    let faults = healthy();
    (with_wrappers(app, &faults), faults)
}

/// An instance whose writes to the short-lived store wait while the barrier is closed.
pub(super) fn with_paused_writes(app: &TestApp) -> (TestApp, Arc<Barrier>) {
    let faults = healthy();
    (with_wrappers(app, &faults), faults.writes)
}

/// An instance whose session look-ups wait while the barrier is closed: a sign-in makes one after judging the password.
pub(super) fn with_paused_sessions(app: &TestApp) -> (TestApp, Arc<Barrier>) {
    let faults = healthy();
    (with_wrappers(app, &faults), faults.sessions)
}

/// An instance that shows what it stores as answers to forms.
pub(super) fn with_stored_answers(app: &TestApp) -> (TestApp, Arc<StoredAnswers>) {
    let faults = healthy();
    (with_wrappers(app, &faults), faults.answers)
}

fn healthy() -> FaultInjectors {
    FaultInjectors {
        store: FaultInjector::healthy(),
        kv: FaultInjector::healthy(),
        limits: FaultInjector::healthy(),
        audit: FaultInjector::healthy(),
        writes: Arc::default(),
        sessions: Arc::default(),
        answers: Arc::default(),
    }
}

/// An instance that fails as a whole: one fault injector counts the operations on both stores.
pub(super) fn with_crash(app: &TestApp) -> (TestApp, Arc<FaultInjector>) {
    let fault = FaultInjector::healthy();
    let faults = FaultInjectors { store: Arc::clone(&fault), kv: Arc::clone(&fault), ..healthy() };
    (with_wrappers(app, &faults), fault)
}

fn with_wrappers(app: &TestApp, faults: &FaultInjectors) -> TestApp {
    let (statements, audit) = (Arc::clone(&faults.store), Arc::clone(&faults.audit));
    let store = app.store_with_faults(move |operation| match operation {
        Operation::Statement(_) | Operation::Begin | Operation::Ping => statements.fails_next(),
        Operation::StatementOfUnit(AUDIT_ROW) => audit.fails_next(),
        Operation::StatementOfUnit(_) => false,
    });
    app.sibling_with(|instance| {
        instance.store = store;
        let kv = Arc::clone(&instance.kv);
        let (fault, limits) = (Arc::clone(&faults.kv), Arc::clone(&faults.limits));
        let (writes, sessions) = (Arc::clone(&faults.writes), Arc::clone(&faults.sessions));
        let answers = Arc::clone(&faults.answers);
        instance.kv = Arc::new(FaultyKv { inner: kv, fault, limits, writes, sessions, answers });
    })
}
