//! Pages of the documentation say what the code says.

use porta_config::Config;
use porta_core::metrics::{self, MetricKind};
use porta_testkit::reference::{compare, table};

fn yes(is: bool) -> String {
    if is { "yes" } else { "no" }.to_owned()
}

#[test]
fn variables() {
    let rows = Config::reference().into_iter().map(|variable| {
        let default = match variable.default {
            None => "–".to_owned(),
            Some(text) if text.starts_with('(') => text.to_owned(),
            Some(text) => format!("`{text}`"),
        };
        vec![
            format!("`{}`", variable.name),
            variable.kind.to_string(),
            default,
            variable.required.to_string(),
            yes(variable.secret),
            variable.description.to_owned(),
        ]
    });
    let head = ["Variable", "Type", "Default", "Required", "Secret", "Meaning"];
    compare("configuration.md", "variables", &table(&head, rows));
}

#[test]
fn figures() {
    let rows = metrics::ALL.iter().map(|metric| {
        let kind = match metric.kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        vec![format!("`{}`", metric.name), kind.to_owned(), labels, metric.help.to_owned()]
    });
    compare("metrics.md", "metrics", &table(&["Name", "Kind", "Labels", "Meaning"], rows));
}
