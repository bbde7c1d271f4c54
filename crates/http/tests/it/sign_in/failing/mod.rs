//! Stores that fail on demand, at once or after a number of operations, as when a process dies between two of them; or
//! that make a request wait.

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

/// Number of operations that still succeed.
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

    /// Whether an operation failed since the fuse was set.
    pub(super) fn was_met(&self) -> bool {
        self.0.load(Ordering::SeqCst) < 0
    }

    /// Counts one operation; `true` if it fails.
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

/// A gate at which operations wait while the test does something else.
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

    /// Waits until an operation arrives at the gate. Panics after a time limit instead of hanging.
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
    /// Rate limits only.
    pub(super) limits: Arc<Fuse>,
    /// Audit rows in units of work only.
    pub(super) audit: Arc<Fuse>,
    writes: Arc<Gate>,
    /// Session look-ups.
    sessions: Arc<Gate>,
}

/// An instance whose stores can each be made to fail.
pub(super) fn fused(app: &TestApp) -> (TestApp, Fuses) {
    let fuses = whole();
    (wired(app, &fuses), fuses)
}

/// An instance whose writes to the short-lived store wait while the gate is closed.
pub(super) fn gated(app: &TestApp) -> (TestApp, Arc<Gate>) {
    let fuses = whole();
    (wired(app, &fuses), fuses.writes)
}

/// An instance whose session look-ups wait while the gate is closed: a sign-in makes one after judging the password.
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

/// An instance that fails as a whole: one fuse counts the operations on both stores.
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
