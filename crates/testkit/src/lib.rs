//! For tests only: the whole server in process, a browser without JavaScript, throw-away databases.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot be set up should stop and say why"
)]

pub mod app;
pub mod browser;
mod constants;
pub mod database;
pub mod flow;
pub mod pooler;
mod redis;
pub mod reference;
pub mod relay;
mod switched_kv;

pub use app::{InstanceConfig, TestApp};
pub use browser::{Answer, Browser, SECURE};
pub use constants::{ADMIN_ORIGIN, FIXTURE, ISSUER_BASE};
pub use flow::{Authorize, VERIFIER, jwt_payload};
pub use porta_store_sql::Operation;
pub use switched_kv::SwitchedKv;

/// Runs an `async fn(TestApp)` on the embedded stores and on PostgreSQL + Redis, with the fixture applied. The second
/// test has `postgres` in its name, so that `--skip postgres` skips it visibly.
#[macro_export]
macro_rules! on_both_stores {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn embedded() {
                super::$name($crate::TestApp::embedded_with_fixture().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres_redis() {
                super::$name($crate::TestApp::postgres_redis_with_fixture().await).await;
            }
        }
    )+ };
}
