//! Formats numbers and Markdown tables.

use std::time::Duration;

/// Three significant digits, with a thousands separator.
pub(super) fn rate(per_second: f64) -> String {
    let digits = match per_second {
        rate if rate < 10.0 => return format!("{rate:.2}"),
        rate if rate < 100.0 => return format!("{rate:.1}"),
        rate => format!("{rate:.0}"),
    };
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds below a millisecond, milliseconds above.
pub(super) fn time(duration: Duration) -> String {
    let value = duration.as_secs_f64() * 1e3;
    match value {
        value if value < 1.0 => format!("{:.0} µs", value * 1e3),
        value if value < 10.0 => format!("{value:.2} ms"),
        value if value < 100.0 => format!("{value:.1} ms"),
        value => format!("{value:.0} ms"),
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes stay far below 2^52 KiB")]
pub(super) fn mebibytes(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

/// A Markdown table.
pub(super) struct Table {
    text: String,
}

impl Table {
    /// The first column is text, the others are numbers.
    pub(super) fn new(header: &[&str]) -> Self {
        let mut rule = vec!["---"];
        rule.resize(header.len(), "---:");
        let mut table = Self { text: String::new() };
        table.line(header.iter().copied());
        table.line(rule.into_iter());
        table
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        self.line(cells.iter().map(String::as_str));
    }

    fn line<'c>(&mut self, cells: impl Iterator<Item = &'c str>) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        for cell in cells {
            self.text.push_str("| ");
            self.text.push_str(cell);
            self.text.push(' ');
        }
        self.text.push('|');
    }

    pub(super) fn finish(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_readable() {
        assert_eq!(rate(1_234_567.4), "1,234,567");
        assert_eq!(rate(123.4), "123");
        assert_eq!(rate(45.67), "45.7");
        assert_eq!(rate(8.126), "8.13");
        assert_eq!(time(Duration::from_micros(421)), "421 µs");
        assert_eq!(time(Duration::from_micros(4_214)), "4.21 ms");
        assert_eq!(time(Duration::from_micros(12_340)), "12.3 ms");
        assert_eq!(time(Duration::from_millis(2_100)), "2100 ms");
        assert_eq!(percent(0.897), "90 %");
        assert_eq!(mebibytes(25_600), "25.0 MiB");
    }

    #[test]
    fn tables_align_figures_to_the_right() {
        let mut table = Table::new(&["a", "b"]);
        table.row(&["x".to_owned(), "1".to_owned()]);
        assert_eq!(table.finish(), "| a | b |\n| --- | ---: |\n| x | 1 |");
    }
}
