//! Statements. Those known at compile time are declared in lists, so that a test can prepare all of them and no request
//! meets a syntax error.

use sqlx::SqlStr;

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
    pub(crate) postgres: SqlStr,
    pub(crate) sqlite: SqlStr,
    /// PostgreSQL plans it anew each time, for the values at hand.
    pub(crate) plans_with_values: bool,
}

impl Stmt {
    pub(crate) const fn constant(
        name: &'static str,
        kind: Kind,
        postgres: &'static str,
        sqlite: &'static str,
    ) -> Self {
        Self {
            name,
            kind,
            postgres: SqlStr::from_static(postgres),
            sqlite: SqlStr::from_static(sqlite),
            plans_with_values: false,
        }
    }
}

/// Declares statements and their list `STATEMENTS`: `NAME: Kind = "one text for both";` or
/// `NAME: Kind = "PostgreSQL", sqlite: "SQLite";`.
macro_rules! statements {
    (@sqlite $both:expr) => { $both };
    (@sqlite $postgres:expr, $sqlite:expr) => { $sqlite };
    ($( $(#[$meta:meta])* $name:ident: $kind:ident = $postgres:expr $(, sqlite: $sqlite:expr)?; )+) => {
        $(
            $(#[$meta])*
            static $name: $crate::kernel::Stmt = $crate::kernel::Stmt::constant(
                concat!(module_path!(), "::", stringify!($name)),
                $crate::kernel::Kind::$kind,
                $postgres,
                $crate::kernel::statements!(@sqlite $postgres $(, $sqlite)?),
            );
        )+
        pub(crate) static STATEMENTS: &[&$crate::kernel::Stmt] = &[$(&$name),+];
    };
}
pub(crate) use statements;
