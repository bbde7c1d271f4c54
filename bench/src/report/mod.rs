//! Writes the Markdown report between two markers of a hand-written document.

mod format;
mod tables;
mod targets;
mod timing;

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::results::Results;

const BEGIN: &str = "<!-- bench:begin -->";
const END: &str = "<!-- bench:end -->";

/// Replaces the text between the markers.
pub(crate) fn write(path: &Path, results: &Results) -> Result<()> {
    let document = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let text = replaced(&document, &markdown(results))
        .with_context(|| format!("{} needs the lines {BEGIN} and {END}", path.display()))?;
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}

fn replaced(document: &str, report: &str) -> Option<String> {
    let (before, rest) = document.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", report.trim()))
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
        let document = format!("# Title\n{BEGIN}\nold\n{END}\nfooter\n");
        let new = replaced(&document, "new\n").unwrap();
        assert_eq!(new, format!("# Title\n{BEGIN}\n\nnew\n\n{END}\nfooter\n"));
        assert_eq!(replaced(&new, "new").unwrap(), new, "writing twice changes nothing");
        assert_eq!(replaced("no markers", "new"), None);
    }
}
