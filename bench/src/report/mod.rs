//! Writes the Markdown report between two markers of a hand-written document.

mod admin;
mod format;
mod tables;
mod targets;
mod timing;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::admin::AdminResults;
use crate::results::Results;

/// The lines around a report.
type Markers = [&'static str; 2];

const ALL: Markers = ["<!-- bench:begin -->", "<!-- bench:end -->"];
const ADMIN: Markers = ["<!-- bench-admin:begin -->", "<!-- bench-admin:end -->"];

/// Replaces the text between the markers.
pub(crate) fn write(path: &Path, results: &Results) -> Result<()> {
    replace(path, ALL, &markdown(results))
}

/// The same for the Admin API.
pub(crate) fn write_admin(path: &Path, results: &AdminResults) -> Result<()> {
    replace(path, ADMIN, &admin::markdown(results))
}

fn replace(path: &Path, markers: Markers, report: &str) -> Result<()> {
    let document = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let text = replaced(&document, markers, report)
        .with_context(|| format!("{} needs the lines {}", path.display(), markers.join(" and ")))?;
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

fn replaced(document: &str, [begin, end]: Markers, report: &str) -> Option<String> {
    let (before, rest) = document.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", report.trim()))
}

fn markdown(results: &Results) -> String {
    [
        tables::machine(results),
        "### Bars".to_owned(),
        targets::table(results),
        "### Throughput and latency".to_owned(),
        tables::scenarios(results),
        "### Beside a crowd that signs in".to_owned(),
        tables::mixed(results),
        "### Cost of a sign-in".to_owned(),
        tables::sign_in_cost(results),
        "### What the time of an answer tells".to_owned(),
        timing::text(results),
        "### Memory and start-up".to_owned(),
        tables::memory(results),
        "### Limits of this machine".to_owned(),
        tables::limits(results),
    ]
    .join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_changes() {
        let [begin, end] = ALL;
        let document = format!("# Title\n{begin}\nold\n{end}\nfooter\n");
        let new = replaced(&document, ALL, "new\n").unwrap();
        assert_eq!(new, format!("# Title\n{begin}\n\nnew\n\n{end}\nfooter\n"));
        assert_eq!(replaced(&new, ALL, "new").unwrap(), new, "writing twice changes nothing");
        assert_eq!(replaced("no markers", ALL, "new"), None);
        assert_eq!(replaced(&document, ADMIN, "new"), None, "the markers of another report");
    }
}
