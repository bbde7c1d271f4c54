//! Stores that break on demand: at once, or after a number of operations, as when a process dies between two of them.

mod kv;
mod store;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use porta_testkit::TestApp;

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

    pub(super) fn mend(&self) {
        self.0.store(i64::MAX, Ordering::SeqCst);
    }

    /// Whether an operation met the break since it was set.
    pub(super) fn was_met(&self) -> bool {
        self.0.load(Ordering::SeqCst) < 0
    }

    /// Uses up one operation; `true`: this one fails.
    fn burns(&self) -> bool {
        let spend = |left: i64| (left != i64::MAX).then(|| (left - 1).max(-1));
        match self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, spend) {
            Ok(left) => left <= 0,
            Err(_) => false,
        }
    }
}

/// The fuses of an instance.
pub(super) struct Fuses {
    pub(super) store: Arc<Fuse>,
    pub(super) kv: Arc<Fuse>,
    /// Limits alone.
    pub(super) limits: Arc<Fuse>,
}

/// An instance whose stores can be taken away, each by itself.
pub(super) fn fused(app: &TestApp) -> (TestApp, Fuses) {
    let fuses = Fuses { store: Fuse::whole(), kv: Fuse::whole(), limits: Fuse::whole() };
    (wired(app, &fuses), fuses)
}

/// An instance that dies as a whole: one fuse counts the operations on both stores.
pub(super) fn mortal(app: &TestApp) -> (TestApp, Arc<Fuse>) {
    let fuse = Fuse::whole();
    let fuses = Fuses { store: Arc::clone(&fuse), kv: Arc::clone(&fuse), limits: Fuse::whole() };
    (wired(app, &fuses), fuse)
}

fn wired(app: &TestApp, fuses: &Fuses) -> TestApp {
    app.sibling_with(|instance| {
        let (store, kv) = (Arc::clone(&instance.store), Arc::clone(&instance.kv));
        instance.store = Arc::new(FusedStore { inner: store, fuse: Arc::clone(&fuses.store) });
        let (fuse, limits) = (Arc::clone(&fuses.kv), Arc::clone(&fuses.limits));
        instance.kv = Arc::new(FusedKv { inner: kv, fuse, limits });
    })
}
