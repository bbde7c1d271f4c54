//! What commands print: JSON for programs, tables and sentences for people; and the questions that they ask.

pub(in crate::cli) mod history;

use std::fmt::Display;

use porta_client::Page;
use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::{Global, prompt};
use crate::failure::Failure;
use crate::output;

/// A column of a list: its header, and the cell of a row.
pub(in crate::cli) type Column<T> = (&'static str, fn(&T) -> String);

/// A line of a detail view.
pub(in crate::cli) type Field = (&'static str, String);

/// Which page of a list to show.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(in crate::cli) struct PageArguments {
    /// Number of the page.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    page: u64,
    /// Rows of a page.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100))]
    page_size: u64,
}

impl PageArguments {
    pub(in crate::cli) fn number(self) -> u64 {
        self.page
    }

    pub(in crate::cli) fn size(self) -> u64 {
        self.page_size
    }
}

fn value_of(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::chain(&error))
}

impl Global {
    /// The result of a change.
    pub(in crate::cli) fn changed(
        self,
        value: &impl Serialize,
        sentence: impl Display,
    ) -> Result<(), Failure> {
        if self.json {
            output::json(&value_of(value)?);
        } else {
            output::done(sentence);
        }
        Ok(())
    }

    /// A change that has no other result than that it happened.
    pub(in crate::cli) fn happened(self, value: &Value, sentence: impl Display) {
        if self.json {
            output::json(value);
        } else {
            output::done(sentence);
        }
    }

    /// What a change would do.
    pub(in crate::cli) fn planned(self, value: &Value, sentence: impl Display) {
        if self.json {
            let mut planned = json!({ "dryRun": true });
            if let (Value::Object(all), Value::Object(more)) = (&mut planned, value) {
                all.extend(more.clone());
            }
            output::json(&planned);
        } else {
            output::line(format_args!("would be done: {sentence}"));
            output::warning("a dry run: nothing was changed");
        }
    }

    /// One thing.
    pub(in crate::cli) fn detailed(self, value: &impl Serialize, fields: Vec<Field>) -> Result<(), Failure> {
        if self.json {
            output::json(&value_of(value)?);
        } else {
            let row = |(name, value): Field| vec![name.to_owned(), value];
            output::table(&["Field", "Value"], &fields.into_iter().map(row).collect::<Vec<_>>());
        }
        Ok(())
    }

    /// A page of a list. `what` names the rows, as in `3 organizations`.
    pub(in crate::cli) fn listed<T: Serialize>(
        self,
        page: &Page<T>,
        what: &str,
        columns: &[Column<T>],
    ) -> Result<(), Failure> {
        if self.json {
            output::json(&json!({
                "data": value_of(&page.data)?, "total": page.total, "page": page.page, "pageSize": page.page_size,
            }));
            return Ok(());
        }
        show(&page.data, what, columns);
        let total = page.total.unwrap_or(page.data.len() as u64);
        match (page.page, page.total_pages) {
            (Some(number), Some(pages)) if pages > 1 => {
                output::line(format_args!("{total} {what}, page {number} of {pages}"));
            }
            _ => output::line(format_args!("{total} {what}")),
        }
        Ok(())
    }

    /// A list without pages; a bare array in JSON.
    pub(in crate::cli) fn rows<T: Serialize>(
        self,
        rows: &[T],
        what: &str,
        columns: &[Column<T>],
    ) -> Result<(), Failure> {
        if self.json {
            output::json(&value_of(&rows)?);
            return Ok(());
        }
        show(rows, what, columns);
        output::line(format_args!("{} {what}", rows.len()));
        Ok(())
    }

    /// Asks for confirmation; `Ok(false)` when declined. An error without a terminal, unless `--force` is given.
    pub(in crate::cli) fn confirmed(self, question: &str) -> Result<bool, Failure> {
        if self.force {
            return Ok(true);
        }
        let answer = prompt::confirm(question).ok_or_else(needs_force)?;
        Ok(self.told(answer))
    }

    /// Asks to type a name, before what cannot be undone.
    pub(in crate::cli) fn retyped(self, question: &str, name: &str) -> Result<bool, Failure> {
        if self.force {
            return Ok(true);
        }
        let typed = prompt::ask(question).ok_or_else(needs_force)?;
        Ok(self.told(typed == name))
    }

    /// Says that nothing happened: scripts read it from standard output, since the exit code is 0.
    fn told(self, is_confirmed: bool) -> bool {
        if !is_confirmed {
            if self.json {
                output::json(&json!({ "declined": true }));
            }
            output::warning("declined; nothing was changed");
        }
        is_confirmed
    }
}

fn needs_force() -> Failure {
    Failure::general("this needs a confirmation: add --force when no terminal can answer")
}

fn show<T>(rows: &[T], what: &str, columns: &[Column<T>]) {
    if rows.is_empty() {
        output::warning(format_args!("there are no {what} to show"));
        return;
    }
    let headers: Vec<&str> = columns.iter().map(|(header, _)| *header).collect();
    let cells = |row: &T| columns.iter().map(|(_, cell)| cell(row)).collect::<Vec<_>>();
    output::table(&headers, &rows.iter().map(cells).collect::<Vec<_>>());
}
