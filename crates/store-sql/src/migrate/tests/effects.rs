//! What the statements of a migration do to tables in use (PostgreSQL 16, §13.3 "Explicit Locking" and the pages of the
//! statements).

use std::collections::BTreeSet;

use sqlparser::ast::{
    AlterColumnOperation, AlterTableOperation, ColumnDef, ColumnOption, CreateTable, Expr, ObjectName,
    ObjectType, Statement, TableConstraint,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

use super::super::WITHOUT_TRANSACTION;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Effect {
    pub(super) table: String,
    pub(super) lock: &'static str,
    pub(super) duration: &'static str,
    pub(super) action: String,
    pub(super) refusal: Option<&'static str>,
}

#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) effects: Vec<Effect>,
    pub(super) created: BTreeSet<String>,
}

const EXCLUSIVE: &str = "ACCESS EXCLUSIVE";
const BESIDE: &str = "SHARE UPDATE EXCLUSIVE";
const REFERENCED: &str = "SHARE ROW EXCLUSIVE";

/// First line of a migration that removes what the previous version still uses; it must give the reason.
const CONTRACT: &str = "-- contract: ";

const DROP_INDEX: &str = "DROP INDEX ";
const DROP_BESIDE: &str = "DROP INDEX CONCURRENTLY ";

struct Reader {
    found: Found,
    drops_under_lock: bool,
    by_themselves: bool,
    is_contract: bool,
}

pub(super) fn effects(sql: &str) -> Result<Found, String> {
    // The parser does not support `CONCURRENTLY` here.
    let readable = sql.replace(DROP_BESIDE, DROP_INDEX);
    let statements = Parser::parse_sql(&PostgreSqlDialect {}, &readable).map_err(|e| e.to_string())?;
    let mut reader = Reader {
        found: Found::default(),
        drops_under_lock: sql.matches(DROP_INDEX).count() > sql.matches(DROP_BESIDE).count(),
        by_themselves: sql.starts_with(WITHOUT_TRANSACTION),
        is_contract: sql
            .lines()
            .next()
            .and_then(|l| l.strip_prefix(CONTRACT))
            .is_some_and(|r| !r.trim().is_empty()),
    };
    for statement in &statements {
        reader.read(statement)?;
    }
    let created = reader.found.created.clone();
    reader.found.effects.retain(|effect| !created.contains(&effect.table));
    Ok(reader.found)
}

fn name(name: &ObjectName) -> String {
    name.to_string()
}

fn one_line(text: &impl ToString) -> String {
    text.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Reader {
    fn add(
        &mut self,
        table: String,
        lock: &'static str,
        duration: &'static str,
        action: String,
        refusal: Option<&'static str>,
    ) {
        self.found.effects.push(Effect { table, lock, duration, action, refusal });
    }

    fn contract(&self) -> Option<&'static str> {
        (!self.is_contract)
            .then_some("the version before may use it: `-- contract: why nothing does` says otherwise")
    }

    fn alone(&self) -> Option<&'static str> {
        (!self.by_themselves).then_some("needs `-- each statement by itself` as first line")
    }

    fn read(&mut self, statement: &Statement) -> Result<(), String> {
        match statement {
            Statement::CreateTable(table) => self.create_table(table),
            Statement::CreateIndex(index) => {
                let (table, action) = (name(&index.table_name), one_line(statement));
                if index.concurrently {
                    self.add(table, BESIDE, "beside", action, self.alone());
                } else {
                    let reason = "writers wait while it is built: CREATE INDEX CONCURRENTLY";
                    self.add(table, "SHARE", "table", action, Some(reason));
                }
            }
            Statement::AlterTable(table) => {
                for operation in &table.operations {
                    self.alter(&name(&table.name), operation)?;
                }
            }
            Statement::Drop { object_type: ObjectType::Index, names, .. } => {
                let locks = self
                    .drops_under_lock
                    .then_some("waits for every reader of its table: DROP INDEX CONCURRENTLY");
                let reason = locks.or(self.alone());
                for index in names {
                    let action = format!("DROP INDEX {index}");
                    self.add(format!("(index {index})"), BESIDE, "beside", action, reason);
                }
            }
            Statement::Drop { object_type: ObjectType::Table, names, .. } => {
                for table in names {
                    self.add(name(table), EXCLUSIVE, "moment", "DROP TABLE".to_owned(), self.contract());
                }
            }
            // Adds functions and operators, and touches no table.
            Statement::CreateExtension(_) => {}
            Statement::Insert(insert) => {
                let action = "INSERT".to_owned();
                self.add(insert.table.to_string(), "ROW EXCLUSIVE", "moment", action, None);
            }
            other => return Err(format!("not known to be harmless: {}", one_line(other))),
        }
        Ok(())
    }

    fn create_table(&mut self, table: &CreateTable) {
        let own = name(&table.name);
        let columns = table.columns.iter().flat_map(|column| &column.options);
        let inline = columns.filter_map(|o| match &o.option {
            ColumnOption::ForeignKey(key) => Some(name(&key.foreign_table)),
            _ => None,
        });
        let constraints = table.constraints.iter().filter_map(|constraint| match constraint {
            TableConstraint::ForeignKey(key) => Some(name(&key.foreign_table)),
            _ => None,
        });
        let referenced: BTreeSet<String> = inline.chain(constraints).filter(|other| *other != own).collect();
        for other in referenced {
            self.add(other, REFERENCED, "moment", format!("referenced by the new table {own}"), None);
        }
        self.found.created.insert(own);
    }

    fn alter(&mut self, table: &str, operation: &AlterTableOperation) -> Result<(), String> {
        use AlterTableOperation as Op;
        let action = one_line(operation);
        let (lock, duration, refusal) = match operation {
            Op::AddColumn { column_def, .. } => match column_refusal(column_def) {
                Some(reason) => (EXCLUSIVE, "table", Some(reason)),
                None => (EXCLUSIVE, "moment", None),
            },
            Op::AddConstraint { not_valid: true, .. } => (EXCLUSIVE, "moment", None),
            Op::AddConstraint { .. } => (
                EXCLUSIVE,
                "table",
                Some("reads the table under its lock: NOT VALID first, VALIDATE in a later one"),
            ),
            Op::ValidateConstraint { .. } => (BESIDE, "beside", None),
            Op::DropColumn { .. } | Op::DropConstraint { .. } => (EXCLUSIVE, "moment", self.contract()),
            Op::AlterColumn { op, .. } => match op {
                AlterColumnOperation::DropNotNull
                | AlterColumnOperation::SetDefault { .. }
                | AlterColumnOperation::DropDefault => (EXCLUSIVE, "moment", None),
                AlterColumnOperation::SetNotNull => (
                    EXCLUSIVE,
                    "table",
                    Some("reads the table under its lock, and the version before may write nulls"),
                ),
                _ => (EXCLUSIVE, "table", Some("may write the table anew: add a column instead")),
            },
            Op::RenameColumn { .. } | Op::RenameTable { .. } => {
                (EXCLUSIVE, "moment", Some("the version before does not find it any more"))
            }
            _ => return Err(format!("not known to be harmless: {action}")),
        };
        self.add(table.to_owned(), lock, duration, action, refusal);
        Ok(())
    }
}

/// Since PostgreSQL 11 a constant default is stored in the catalog; anything else rewrites or reads the table.
fn column_refusal(column: &ColumnDef) -> Option<&'static str> {
    let options = || column.options.iter().map(|o| &o.option);
    let default = options().find_map(|o| match o {
        ColumnOption::Default(value) => Some(value),
        _ => None,
    });
    for option in options() {
        match option {
            ColumnOption::NotNull if default.is_none() => {
                return Some("rows that are there have none, and the version before writes none");
            }
            ColumnOption::Default(value) if !matches!(value, Expr::Value(_) | Expr::Cast { .. }) => {
                return Some("a default that is computed writes the table anew");
            }
            ColumnOption::NotNull | ColumnOption::Null | ColumnOption::Default(_) => {}
            _ => return Some("a constraint reads the table: add it NOT VALID by itself"),
        }
    }
    None
}
