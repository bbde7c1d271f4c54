//! Lists with filters, a sort column and keyset pages, on both databases. The text consists of constants, names of
//! columns and `$n`; every value is an argument.
//!
//! A page begins after the sort value and the id of the last item before it. Ties are broken by id, so that each row is
//! on one page, whatever is inserted meanwhile. Rows without a sort value come last in ascending order.

use std::fmt::Write as _;
use std::sync::Arc;

use porta_core::EntityId;
use porta_store::{Direction, Page, Result, SortValue, SortedCursor, StoreError};
use serde::Serialize;
use sqlx::{AssertSqlSafe, SqlSafeStr as _};
use uuid::Uuid;

use super::connection::Dialect;
use super::row::Row;
use super::statement::{Kind, Stmt};
use super::table::Columns;
use super::value::{Value, at, int, json, text};

/// Type of a sort column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortType {
    Time,
    Text,
}

/// A column to sort by.
#[derive(Clone, Copy)]
pub(crate) struct Sort<C> {
    column: C,
    value_type: SortType,
    is_nullable: bool,
}

impl<C: Columns> Sort<C> {
    pub(crate) const fn time(column: C) -> Self {
        Self { column, value_type: SortType::Time, is_nullable: false }
    }

    pub(crate) const fn text(column: C) -> Self {
        Self { column, value_type: SortType::Text, is_nullable: false }
    }

    /// Some rows have no value.
    pub(crate) const fn nullable(self) -> Self {
        Self { is_nullable: true, ..self }
    }

    /// Position after `row`, whose first columns are those of the entity.
    fn position_of(self, row: &Row, id: Uuid) -> Result<SortedCursor> {
        let record = row.record::<C>();
        let value = match self.value_type {
            SortType::Time => SortValue::Time(record.opt_time(self.column)?),
            SortType::Text => SortValue::Text(record.opt_text(self.column)?),
        };
        Ok(SortedCursor { value, id })
    }

    /// Makes a page from up to `limit + 1` rows; the extra row only says that there is a next page.
    pub(crate) fn page_of<T, I: EntityId>(
        self,
        rows: &[Row],
        limit: u32,
        read: impl Fn(&Row) -> Result<T>,
        id: impl Fn(&T) -> I,
    ) -> Result<Page<T, SortedCursor>> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let items = rows.iter().take(limit).map(read).collect::<Result<Vec<T>>>()?;
        let next = match (items.last(), items.len().checked_sub(1).and_then(|last| rows.get(last))) {
            (Some(item), Some(row)) if rows.len() > limit => Some(self.position_of(row, id(item).uuid())?),
            _ => None,
        };
        Ok(Page { items, next })
    }
}

/// The pattern of [`List::contains`]: `text` as it is, in lower case.
pub(crate) fn search_pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter.to_ascii_lowercase());
    }
    pattern.push('%');
    pattern
}

/// A `SELECT` in the making.
pub(crate) struct List<'v> {
    name: &'static str,
    dialect: Dialect,
    sql: String,
    has_condition: bool,
    values: Vec<Value<'v>>,
}

impl<'v> List<'v> {
    /// `select` is `SELECT … FROM …` without a condition.
    pub(crate) fn new(name: &'static str, dialect: Dialect, select: &'static str) -> Self {
        Self { name, dialect, sql: select.to_owned(), has_condition: false, values: Vec::new() }
    }

    /// Adds a value and returns its `$n`.
    fn argument(&mut self, value: Value<'v>) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(if self.has_condition { " AND " } else { " WHERE " });
        self.sql.push_str(condition);
        self.has_condition = true;
    }

    /// Keeps the rows that meet a condition.
    pub(crate) fn require(mut self, condition: &'static str) -> Self {
        self.and(condition);
        self
    }

    /// Keeps the rows that meet a condition on `value`, which is `?` in it.
    pub(crate) fn filter(mut self, condition: &'static str, value: Value<'v>) -> Self {
        let argument = self.argument(value);
        self.and(&condition.replace('?', &argument));
        self
    }

    /// [`Self::filter`], if there is a value.
    pub(crate) fn filter_if_some(self, condition: &'static str, value: Option<Value<'v>>) -> Self {
        match value {
            Some(value) => self.filter(condition, value),
            None => self,
        }
    }

    /// Keeps the rows with one of these ids. `None`: all rows.
    pub(crate) fn among<I: Serialize>(mut self, column: &'static str, ids: Option<&[I]>) -> Self {
        let Some(ids) = ids else { return self };
        let argument = self.argument(json(ids));
        let given = match self.dialect {
            Dialect::Postgres => {
                format!("SELECT x.id::uuid FROM jsonb_array_elements_text({argument}) AS x (id)")
            }
            Dialect::Sqlite => {
                format!("SELECT unhex(replace(x.value, '-', '')) FROM json_each({argument}) AS x")
            }
        };
        self.and(&format!("{column} IN ({given})"));
        self
    }

    /// Keeps the rows in which one of the columns contains a text, ignoring the case of ASCII letters. `pattern` is a
    /// [`search_pattern`].
    pub(crate) fn contains(mut self, columns: &[&'static str], pattern: Option<&'v str>) -> Self {
        let Some(pattern) = pattern else { return self };
        // PostgreSQL refuses a zero byte as an argument, and no stored text has one.
        if pattern.contains('\0') {
            return self.require("FALSE");
        }
        let argument = self.argument(text(pattern));
        // The collation makes PostgreSQL fold the letters that SQLite folds.
        let collation = self.collation();
        let tests: Vec<_> = columns
            .iter()
            .map(|column| format!("lower({column}{collation}) LIKE {argument} ESCAPE '\\'"))
            .collect();
        self.and(&format!("({})", tests.join(" OR ")));
        self
    }

    /// Code-point order, which is SQLite's default.
    fn collation(&self) -> &'static str {
        match self.dialect {
            Dialect::Postgres => " COLLATE \"C\"",
            Dialect::Sqlite => "",
        }
    }

    /// Orders by `sort` and then by id, begins after `after`, and ends one row after `limit`. `prefix` is that of the
    /// table. The cursor of another sort column is an error.
    pub(crate) fn page<C: Columns>(
        mut self,
        prefix: &'static str,
        (sort, direction): (Sort<C>, Direction),
        after: Option<&'v SortedCursor>,
        limit: u32,
    ) -> Result<Self> {
        let stored = format!("{prefix}{}", sort.column.name());
        let column = match sort.value_type {
            SortType::Time => stored.clone(),
            SortType::Text => format!("{stored}{}", self.collation()),
        };
        if let Some(after) = after {
            let value = match (sort.value_type, &after.value) {
                (SortType::Time, SortValue::Time(time)) => time.map(at),
                (SortType::Text, SortValue::Text(value)) => value.as_deref().map(text),
                (SortType::Time, SortValue::Text(_)) | (SortType::Text, SortValue::Time(_)) => {
                    return Err(StoreError::UnfitCursor);
                }
            };
            let value = value.map(|value| self.argument(value));
            let id = self.argument(Value::Uuid(Some(after.id)));
            let condition = match (value, sort.is_nullable, direction) {
                (Some(v), false, Direction::Ascending) => format!("({column}, {prefix}id) > ({v}, {id})"),
                (Some(v), false, Direction::Descending) => format!("({column}, {prefix}id) < ({v}, {id})"),
                (Some(v), true, Direction::Ascending) => {
                    format!("({column} > {v} OR ({column} = {v} AND {prefix}id > {id}) OR {stored} IS NULL)")
                }
                (Some(v), true, Direction::Descending) => {
                    format!("({column} < {v} OR ({column} = {v} AND {prefix}id < {id}))")
                }
                (None, _, Direction::Ascending) => format!("({stored} IS NULL AND {prefix}id > {id})"),
                (None, _, Direction::Descending) => format!("({stored} IS NOT NULL OR {prefix}id < {id})"),
            };
            self.and(&condition);
        }
        let word = match direction {
            Direction::Ascending => "",
            Direction::Descending => " DESC",
        };
        let nulls = if sort.is_nullable { format!("{stored} IS NULL{word}, ") } else { String::new() };
        let limit = self.argument(int(i64::from(limit) + 1));
        // Writing to a string cannot fail.
        let _ = write!(self.sql, " ORDER BY {nulls}{column}{word}, {prefix}id{word} LIMIT {limit}");
        Ok(self)
    }

    /// Leaves out the first rows of a page.
    pub(crate) fn skip(mut self, rows: u64) -> Self {
        if rows > 0 {
            let argument = self.argument(int(i64::try_from(rows).unwrap_or(i64::MAX)));
            let _ = write!(self.sql, " OFFSET {argument}");
        }
        self
    }

    /// The statement and its arguments.
    pub(super) fn finish(self) -> (Stmt, Vec<Value<'v>>) {
        // Made of constants, names of columns and `$n`.
        let sql = AssertSqlSafe(Arc::<str>::from(self.sql)).into_sql_str();
        let stmt = Stmt { name: self.name, kind: Kind::Read, postgres: sql.clone(), sqlite: sql };
        (stmt, self.values)
    }
}

#[cfg(test)]
mod tests;
