//! Tables that fit the terminal. Values are never cut, so that ids can be copied: cells break at blanks, and if that is
//! not enough, each row becomes a list of its fields.

use unicode_width::UnicodeWidthStr;

/// Lines of a table. `limit`: columns of the terminal; `None` for files and pipes.
pub(super) fn lines(headers: &[&str], rows: &[Vec<String>], limit: Option<usize>) -> Vec<String> {
    let natural = widths(headers, rows, width);
    let Some(limit) = limit.filter(|limit| outer(&natural) > *limit) else {
        return drawn(headers, rows, &natural);
    };
    let smallest = widths(headers, rows, longest_word);
    if outer(&smallest) > limit {
        return records(headers, rows);
    }
    drawn(headers, rows, &fitted(natural, &smallest, limit))
}

fn width(text: &str) -> usize {
    text.lines().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

fn longest_word(text: &str) -> usize {
    text.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0)
}

/// For each column the largest measure of its cells.
fn widths(headers: &[&str], rows: &[Vec<String>], measure: fn(&str) -> usize) -> Vec<usize> {
    let mut widths: Vec<usize> = headers.iter().map(|header| measure(header)).collect();
    for row in rows {
        for (cell, column) in row.iter().zip(&mut widths) {
            *column = (*column).max(measure(cell));
        }
    }
    widths
}

/// Width of the whole table: every column has a blank on both sides and a border.
fn outer(widths: &[usize]) -> usize {
    widths.iter().map(|width| width + 3).sum::<usize>() + 1
}

/// Takes from the widest column that can give, until the table fits.
fn fitted(mut widths: Vec<usize>, smallest: &[usize], limit: usize) -> Vec<usize> {
    while outer(&widths) > limit {
        let widest = widths
            .iter()
            .zip(smallest)
            .enumerate()
            .filter(|(_, (width, smallest))| width > smallest)
            .max_by_key(|(_, (width, _))| **width)
            .map(|(column, _)| column);
        let Some(column) = widest else { break };
        widths[column] -= 1;
    }
    widths
}

fn drawn(headers: &[&str], rows: &[Vec<String>], widths: &[usize]) -> Vec<String> {
    let rule = |left: &str, middle: &str, right: &str| {
        let parts: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
        format!("{left}{}{right}", parts.join(middle))
    };
    let mut lines = vec![rule("┌", "┬", "┐")];
    lines.extend(row_lines(headers, widths));
    lines.push(rule("├", "┼", "┤"));
    for row in rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        lines.extend(row_lines(&cells, widths));
    }
    lines.push(rule("└", "┴", "┘"));
    lines
}

/// A row, as many lines high as its highest cell.
fn row_lines(cells: &[&str], widths: &[usize]) -> Vec<String> {
    let broken: Vec<Vec<String>> =
        cells.iter().zip(widths).map(|(cell, width)| wrapped(cell, *width)).collect();
    let height = broken.iter().map(Vec::len).max().unwrap_or(0);
    let line = |n: usize| {
        let padded = broken.iter().zip(widths).map(|(cell, width)| {
            let text = cell.get(n).map_or("", String::as_str);
            format!(" {text}{} ", " ".repeat(width.saturating_sub(text.width())))
        });
        format!("│{}│", padded.collect::<Vec<_>>().join("│"))
    };
    (0..height).map(line).collect()
}

/// The lines of a cell, broken at blanks. There is always one.
fn wrapped(text: &str, limit: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for given in text.lines() {
        if given.width() <= limit {
            lines.push(given.to_owned());
            continue;
        }
        let mut line = String::new();
        for word in given.split_whitespace() {
            if !line.is_empty() && line.width() + 1 + word.width() > limit {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// One field a line, and an empty line between rows.
fn records(headers: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let longest = headers.iter().map(|header| header.width()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        if n > 0 {
            lines.push(String::new());
        }
        for (header, cell) in headers.iter().zip(row) {
            let blanks = " ".repeat(longest - header.width() + 2);
            // A further line of a value must not look like another field.
            let value = cell.replace('\n', &format!("\n{}", " ".repeat(longest + 2)));
            lines.push(format!("{header}{blanks}{value}"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|cell| (*cell).to_owned()).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let lines = lines(&["Id", "Name"], &[row(&["1", "Ünïque"]), row(&["2", "日本"])], None);
        assert_eq!(lines[3], "│ 1  │ Ünïque │");
        assert_eq!(lines[4], "│ 2  │ 日本   │");
        assert!(lines.iter().all(|line| line.width() == lines[0].width()));
    }

    #[test]
    fn cells_break_at_blanks_where_the_terminal_is_narrow() {
        let rows = [row(&["0193e0f2-aaaa", "one two three four"])];
        for limit in [25, 28, 33] {
            let lines = lines(&["Id", "Words"], &rows, Some(limit));
            assert!(lines.iter().all(|line| line.width() <= limit), "{lines:#?}");
            assert!(lines.iter().any(|line| line.contains("0193e0f2-aaaa")), "{lines:#?}");
            assert!(lines.len() > 5, "{lines:#?}");
        }
        assert_eq!(lines(&["Id", "Words"], &rows, Some(80)).len(), 5);
    }

    #[test]
    fn rows_become_lists_where_no_table_fits() {
        let rows = [row(&["0193e0f2-aaaa", "x"]), row(&["0193e0f2-bbbb", ""])];
        let lines = lines(&["Id", "Words"], &rows, Some(12));
        assert_eq!(lines, ["Id     0193e0f2-aaaa", "Words  x", "", "Id     0193e0f2-bbbb", "Words  "]);
    }

    #[test]
    fn further_lines_of_a_value_look_like_no_field() {
        let rows = [row(&["0193e0f2-aaaa", "x\nId  1"])];
        let lines = lines(&["Id", "Words"], &rows, Some(12));
        assert_eq!(lines[1], "Words  x\n       Id  1");
    }
}
