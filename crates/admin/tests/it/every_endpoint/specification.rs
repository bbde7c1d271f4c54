//! What the specification demands, as text files beside this one, and who holds which permission. Nothing here is read
//! from the product.

use crate::support::{APPS, AUDITOR, ORGS, Person, USERS};

const SPECIFICATION: &str = include_str!("specification.txt");
const DEPARTURES: &str = include_str!("departures.txt");
const ADDITIONS: &str = include_str!("additions.txt");

/// Who may use an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Access {
    Public,
    /// Whoever has an administrative role.
    AnyRole,
    /// Whoever holds all of these permissions, which are named without `admin:`.
    Holders(Vec<&'static str>),
}

impl Access {
    fn read(text: &'static str) -> Self {
        match text {
            "-" => Self::Public,
            "any" => Self::AnyRole,
            permissions => Self::Holders(permissions.split(" + ").collect()),
        }
    }

    /// Whether somebody with these permissions and an administrative role may use it.
    pub(super) fn admits(&self, held: &[&str]) -> bool {
        match self {
            Self::Public | Self::AnyRole => true,
            Self::Holders(required) => required.iter().all(|permission| held.contains(permission)),
        }
    }

    /// The permissions as answers name them.
    pub(super) fn required(&self) -> String {
        match self {
            Self::Public | Self::AnyRole => String::new(),
            Self::Holders(required) => {
                let full: Vec<String> = required.iter().map(|name| format!("admin:{name}")).collect();
                full.join(", ")
            }
        }
    }
}

/// What is demanded of an operation.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) operation: &'static str,
    /// Number in the specification's index, or why there is an operation that it does not have.
    pub(super) source: &'static str,
    pub(super) method: &'static str,
    /// With `{}` in place of names.
    pub(super) path: String,
    pub(super) access: Access,
    /// Statuses of success.
    pub(super) success: Vec<u16>,
}

impl Endpoint {
    pub(super) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for line in lines(SPECIFICATION) {
            let [number, method, path, permissions, success, operations] = line[..] else {
                unreachable!("specification.txt: {line:?}")
            };
            for operation in operations.split(", ") {
                all.push(Self::read([operation, number, method, path, permissions, success]));
            }
        }
        for line in lines(ADDITIONS) {
            let [operation, method, path, permissions, success, why] = line[..] else {
                unreachable!("additions.txt: {line:?}")
            };
            all.push(Self::read([operation, why, method, path, permissions, success]));
        }
        all
    }

    fn read([operation, source, method, path, permissions, success]: [&'static str; 6]) -> Self {
        let endpoint = Self {
            operation,
            source,
            method,
            path: shape(path),
            access: Access::read(permissions),
            success: statuses(success),
        };
        endpoint.departed()
    }

    /// With the departures of the operation. Each changes something.
    fn departed(mut self) -> Self {
        let operation = self.operation;
        for departure in Departure::all().into_iter().filter(|one| one.operation == operation) {
            let here = departure.here;
            match departure.what {
                "path" => {
                    assert_ne!(self.path, shape(here), "{operation} departs from nothing");
                    self.path = shape(here);
                }
                "permissions" => {
                    assert_ne!(self.access, Access::read(here), "{operation} departs from nothing");
                    self.access = Access::read(here);
                }
                "success" => {
                    assert_ne!(self.success, statuses(here), "{operation} departs from nothing");
                    self.success = statuses(here);
                }
                other => unreachable!("departures.txt: {other}"),
            }
        }
        self
    }
}

/// Where an operation is not as the specification says.
pub(super) struct Departure {
    pub(super) operation: &'static str,
    pub(super) what: &'static str,
    pub(super) here: &'static str,
    pub(super) reason: &'static str,
}

impl Departure {
    pub(super) fn all() -> Vec<Self> {
        let read = |line: Vec<&'static str>| {
            let [operation, what, here, reason] = line[..] else { unreachable!("departures.txt: {line:?}") };
            Self { operation, what, here, reason }
        };
        lines(DEPARTURES).map(read).collect()
    }
}

/// The endpoints of the specification's index.
pub(super) fn numbers() -> Vec<usize> {
    lines(SPECIFICATION).map(|line| line[0].parse().unwrap()).collect()
}

fn lines(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split(" | ").map(str::trim).collect())
}

fn statuses(text: &str) -> Vec<u16> {
    text.split(" / ").map(|status| status.parse().unwrap()).collect()
}

/// A path without the names in it.
pub(super) fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with([':', '{']) { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The built-in roles besides the super-admin's, which holds everything (section 4.2 of the specification).
pub(super) const ROLES: [(Person, &[&str]); 4] = [
    (ORGS, &["org:create", "org:read", "org:update", "org:suspend", "org:archive", "stats:read"]),
    (
        USERS,
        &[
            "user:create",
            "user:read",
            "user:update",
            "user:suspend",
            "user:archive",
            "user:invite",
            "user:2fa",
            "role:read",
            "role:assign",
            "claim:read",
            "session:read",
            "session:revoke",
        ],
    ),
    (
        APPS,
        &[
            "app:create",
            "app:read",
            "app:update",
            "app:archive",
            "client:create",
            "client:read",
            "client:update",
            "client:revoke",
            "role:create",
            "role:read",
            "role:update",
            "role:archive",
            "permission:create",
            "permission:read",
            "permission:archive",
            "claim:create",
            "claim:read",
            "claim:update",
            "claim:archive",
        ],
    ),
    (
        AUDITOR,
        &[
            "org:read",
            "app:read",
            "client:read",
            "user:read",
            "role:read",
            "permission:read",
            "claim:read",
            "config:read",
            "key:read",
            "audit:read",
            "session:read",
            "stats:read",
            "export:read",
        ],
    ),
];
