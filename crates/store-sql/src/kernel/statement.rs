//! Statements known at compile time, so that a test can prepare all of them and no request meets a syntax error.

/// How a statement is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Changes nothing: may run on a reader, and again if the connection turned out to be dead.
    Read,
    /// One statement that changes rows.
    Write,
    /// PostgreSQL: one statement of data-modifying CTEs. SQLite: several statements that share `$n` and run in one
    /// `BEGIN IMMEDIATE`. Both are atomic and answer with the rows they return.
    Script,
}

#[derive(Debug)]
pub(crate) struct Stmt {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) postgres: &'static str,
    pub(crate) sqlite: &'static str,
}

/// Declares statements and their list `STATEMENTS`: `NAME: Kind = "one text for both";` or
/// `NAME: Kind = "PostgreSQL", sqlite: "SQLite";`.
macro_rules! statements {
    (@sqlite $both:expr) => { $both };
    (@sqlite $postgres:expr, $sqlite:expr) => { $sqlite };
    ($( $(#[$meta:meta])* $name:ident: $kind:ident = $postgres:expr $(, sqlite: $sqlite:expr)?; )+) => {
        $(
            $(#[$meta])*
            static $name: $crate::kernel::Stmt = $crate::kernel::Stmt {
                name: concat!(module_path!(), "::", stringify!($name)),
                kind: $crate::kernel::Kind::$kind,
                postgres: $postgres,
                sqlite: $crate::kernel::statements!(@sqlite $postgres $(, $sqlite)?),
            };
        )+
        pub(crate) static STATEMENTS: &[&$crate::kernel::Stmt] = &[$(&$name),+];
    };
}
pub(crate) use statements;

/// `columns!("u.", id, email)` expands to the literal `u.id, u.email`.
macro_rules! columns {
    ($prefix:literal, $first:ident $(, $rest:ident)* $(,)?) => {
        concat!($prefix, stringify!($first) $(, ", ", $prefix, stringify!($rest))*)
    };
}
pub(crate) use columns;
