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
use super::search::{Search, SearchParts, Searched};
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
    select: &'static str,
    /// ` WHERE …`, or nothing.
    conditions: String,
    search: Option<SearchParts>,
    /// ` ORDER BY …`, or nothing.
    order: String,
    /// Whether the first rows in this order are read without the others.
    has_ordered_index: bool,
    limit: Option<String>,
    /// ` OFFSET …`, or nothing.
    offset: String,
    is_count: bool,
    values: Vec<Value<'v>>,
}

impl<'v> List<'v> {
    /// `select` is `SELECT … FROM …` without a condition.
    pub(crate) fn new(name: &'static str, dialect: Dialect, select: &'static str) -> Self {
        Self {
            name,
            dialect,
            select,
            conditions: String::new(),
            search: None,
            order: String::new(),
            has_ordered_index: false,
            limit: None,
            offset: String::new(),
            is_count: false,
            values: Vec::new(),
        }
    }

    /// Adds a value and returns its `$n`.
    fn argument(&mut self, value: Value<'v>) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    fn and(&mut self, condition: &str) {
        let word = joins(&self.conditions);
        // Writing to a string cannot fail.
        let _ = write!(self.conditions, "{word}{condition}");
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

    /// Keeps the rows with the searched id or text, by index.
    pub(crate) fn search(mut self, searched: &Searched, search: Option<&'v Search>) -> Self {
        let search = match search {
            None => return self,
            Some(Search::Impossible) => return self.require("FALSE"),
            Some(Search::Id(id)) => {
                let argument = self.argument(Value::Uuid(Some(*id)));
                self.and(&format!("{} = {argument}", searched.id()));
                return self;
            }
            Some(Search::Text(search)) => search,
        };
        let pattern = self.argument(text(&search.pattern));
        let looked_up = match self.dialect {
            Dialect::Postgres if search.has_words => pattern.clone(),
            Dialect::Postgres => {
                self.and(&searched.contains(self.dialect, &pattern));
                return self;
            }
            Dialect::Sqlite => self.argument(text(&search.trigrams)),
        };
        self.search = Some(SearchParts::new(searched, self.dialect, &pattern, &looked_up));
        self
    }

    /// Keeps the rows in which one of the columns contains a text, ignoring the case of ASCII letters. Reads all rows that
    /// the other conditions leave. `pattern` is a [`search_pattern`].
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
        self.order = format!(" ORDER BY {nulls}{column}{word}, {prefix}id{word}");
        // Every list has an index on the time of creation.
        self.has_ordered_index = sort.value_type == SortType::Time && !sort.is_nullable;
        self.limit = Some(self.argument(int(i64::from(limit) + 1)));
        Ok(self)
    }

    /// Leaves out the first rows of a page.
    pub(crate) fn skip(mut self, rows: u64) -> Self {
        if rows > 0 {
            let argument = self.argument(int(i64::try_from(rows).unwrap_or(i64::MAX)));
            self.offset = format!(" OFFSET {argument}");
        }
        self
    }

    /// Counts the rows, of which there may be millions, up to `at_most`.
    pub(super) fn counted(mut self, at_most: u64) -> Self {
        self.limit = Some(self.argument(int(i64::try_from(at_most).unwrap_or(i64::MAX))));
        self.is_count = true;
        self
    }

    /// The statement and its arguments.
    pub(super) fn finish(self) -> (Stmt, Vec<Value<'v>>) {
        let (with, rows) = match &self.search {
            Some(search) => self.searched(search),
            None => (String::new(), self.rows("", &self.conditions, self.limit.as_deref())),
        };
        let text = if self.is_count {
            format!("{with}SELECT count(*) FROM ({rows}) AS counted")
        } else {
            format!("{with}{rows}")
        };
        // Made of constants, names of columns and `$n`.
        let sql = AssertSqlSafe(Arc::<str>::from(text)).into_sql_str();
        let (postgres, sqlite) = (sql.clone(), sql);
        // Which index is best depends on the text that is searched.
        let plans_with_values = self.search.is_some();
        (Stmt { name: self.name, kind: Kind::Read, postgres, sqlite, plans_with_values }, self.values)
    }

    fn rows(&self, hint: &str, conditions: &str, limit: Option<&str>) -> String {
        let Self { select, order, offset, .. } = self;
        let limit = limit.map_or(String::new(), |limit| format!(" LIMIT {limit}"));
        format!("{select}{hint}{conditions}{order}{limit}{offset}")
    }

    /// The rows that the index names, or the rows in the order of the page that have the text: two selections, of which one
    /// ends before it reads a row.
    fn searched(&self, search: &SearchParts) -> (String, String) {
        let (conditions, and) = (&self.conditions, joins(&self.conditions));
        let limit = self.limit.as_deref().unwrap_or("1");
        if self.is_count && self.dialect == Dialect::Postgres {
            let conditions = format!("{conditions}{and}{}", search.contains_by_index);
            return (String::new(), self.rows("", &conditions, Some(limit)));
        }
        let ahead = self.has_ordered_index.then(|| search.ahead(conditions, &self.order, limit));
        let with = search.with(ahead.as_deref(), limit);
        let (is_few, is_many) = SearchParts::which(ahead.is_some(), limit);
        let (is_found, contains) = (&search.is_found, &search.contains);
        let (few, many) = match self.dialect {
            Dialect::Postgres => (
                self.rows("", &format!("{conditions}{and}{is_found} AND {is_few}"), Some(limit)),
                self.rows("", &format!("{conditions}{and}{contains} AND {is_many}"), Some(limit)),
            ),
            // SQLite tests such a condition on each row, but reads none if the limit is zero. The hint leaves it the row
            // number to read a row by.
            Dialect::Sqlite => {
                let limit_if = |condition: &str| format!("CASE WHEN {condition} THEN {limit} ELSE 0 END");
                let found = format!("{conditions}{and}{is_found} AND {contains}");
                (
                    self.rows(" NOT INDEXED", &found, Some(&limit_if(&is_few))),
                    self.rows("", &format!("{conditions}{and}{contains}"), Some(&limit_if(&is_many))),
                )
            }
        };
        let rows = match self.dialect {
            Dialect::Postgres => format!("({few}) UNION ALL ({many})"),
            Dialect::Sqlite => format!("SELECT * FROM ({few}) UNION ALL SELECT * FROM ({many})"),
        };
        (with, rows)
    }
}

/// What stands before the next condition.
fn joins(conditions: &str) -> &'static str {
    if conditions.is_empty() { " WHERE " } else { " AND " }
}

#[cfg(test)]
mod tests;
