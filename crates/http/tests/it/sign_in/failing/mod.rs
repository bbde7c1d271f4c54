//! Stores that break on demand: at once, or after a number of operations, as when a process dies between two of them;
//! or that keep a request waiting while something else happens.

mod kv;
mod store;
mod unit;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use porta_testkit::TestApp;
use tokio::sync::watch;

pub(super) use kv::FusedKv;
pub(super) use store::FusedStore;

/// How many operations still succeed.
pub(super) struct Fuse(AtomicI64);

impl Fuse {
    pub(super) fn whole() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(i64::MAX)))
    }

    pub(super) fn blow(&self) {
        self.blow_after(0);
    }

    pub(super) fn blow_after(&self, operations: i64) {
        self.0.store(operations, Ordering::SeqCst);
    }

    /// One operation fails, and those after it succeed.
    pub(super) fn blow_once(&self) {
        self.0.store(i64::MIN, Ordering::SeqCst);
    }

    pub(super) fn mend(&self) {
        self.0.store(i64::MAX, Ordering::SeqCst);
    }

    /// Whether an operation met the break since it was set.
    pub(super) fn was_met(&self) -> bool {
        self.0.load(Ordering::SeqCst) < 0
    }

    /// Uses up one operation; `true`: this one fails.
    fn burns(&self) -> bool {
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

/// Where operations wait while the test does something else.
#[derive(Default)]
pub(super) struct Gate(watch::Sender<Door>);

#[derive(Default)]
struct Door {
    is_closed: bool,
    waiting: usize,
}

impl Gate {
    pub(super) fn close(&self) {
        self.0.send_modify(|door| door.is_closed = true);
    }

    pub(super) fn open(&self) {
        self.0.send_modify(|door| door.is_closed = false);
    }

    /// Until somebody waits. Nobody ever, where a fault is: that fails, and does not hang.
    pub(super) async fn arrival(&self) {
        let mut door = self.0.subscribe();
        let arrival = door.wait_for(|door| door.waiting > 0);
        tokio::time::timeout(Duration::from_secs(20), arrival).await.expect("somebody comes").unwrap();
    }

    async fn pass(&self) {
        if !self.0.borrow().is_closed {
            return;
        }
        self.0.send_modify(|door| door.waiting += 1);
        self.0.subscribe().wait_for(|door| !door.is_closed).await.unwrap();
        self.0.send_modify(|door| door.waiting -= 1);
    }
}

/// The fuses of an instance.
pub(super) struct Fuses {
    pub(super) store: Arc<Fuse>,
    pub(super) kv: Arc<Fuse>,
    /// Limits alone.
    pub(super) limits: Arc<Fuse>,
    /// Audit rows in units of work alone.
    pub(super) audit: Arc<Fuse>,
    writes: Arc<Gate>,
    /// Looking a session up.
    sessions: Arc<Gate>,
}

/// An instance whose stores can be taken away, each by itself.
pub(super) fn fused(app: &TestApp) -> (TestApp, Fuses) {
    let fuses = whole();
    (wired(app, &fuses), fuses)
}

/// An instance whose writes to the short-lived store wait while the gate is closed.
pub(super) fn gated(app: &TestApp) -> (TestApp, Arc<Gate>) {
    let fuses = whole();
    (wired(app, &fuses), fuses.writes)
}

/// An instance that waits with looking a session up while the gate is closed: a sign-in does so after its password was
/// judged.
pub(super) fn gated_sessions(app: &TestApp) -> (TestApp, Arc<Gate>) {
    let fuses = whole();
    (wired(app, &fuses), fuses.sessions)
}

fn whole() -> Fuses {
    Fuses {
        store: Fuse::whole(),
        kv: Fuse::whole(),
        limits: Fuse::whole(),
        audit: Fuse::whole(),
        writes: Arc::default(),
        sessions: Arc::default(),
    }
}

/// An instance that dies as a whole: one fuse counts the operations on both stores.
pub(super) fn mortal(app: &TestApp) -> (TestApp, Arc<Fuse>) {
    let fuse = Fuse::whole();
    let fuses = Fuses { store: Arc::clone(&fuse), kv: Arc::clone(&fuse), ..whole() };
    (wired(app, &fuses), fuse)
}

fn wired(app: &TestApp, fuses: &Fuses) -> TestApp {
    app.sibling_with(|instance| {
        let (store, kv) = (Arc::clone(&instance.store), Arc::clone(&instance.kv));
        let audit = Arc::clone(&fuses.audit);
        instance.store = Arc::new(FusedStore { inner: store, fuse: Arc::clone(&fuses.store), audit });
        let (fuse, limits) = (Arc::clone(&fuses.kv), Arc::clone(&fuses.limits));
        let (writes, sessions) = (Arc::clone(&fuses.writes), Arc::clone(&fuses.sessions));
        instance.kv = Arc::new(FusedKv { inner: kv, fuse, limits, writes, sessions });
    })
}
