//! What every test server has in common.

/// The public origin of every test server.
pub const ISSUER_BASE: &str = "https://id.test";

/// Two tenants with every kind of client and person that tests need.
pub const FIXTURE: &str = include_str!("fixture.yaml");

/// Origin whose scripts may use the Admin API of every test server.
pub const ADMIN_ORIGIN: &str = "https://console.test";
