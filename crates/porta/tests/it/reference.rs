//! Documentation pages match the code.

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
fn metrics() {
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

/// Every Porta metric in the dashboard and the alert rules exists.
#[test]
fn dashboards_and_alerts_ask_for_metrics_that_exist() {
    for file in ["ops/grafana/porta.json", "ops/prometheus/alerts.yml"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let mut asked = 0;
        for word in words.filter(|word| word.starts_with("porta_") || word.starts_with("process_")) {
            let name = word.strip_suffix("_bucket").unwrap_or(word);
            assert!(metrics::ALL.iter().any(|metric| metric.name == name), "{file}: {word}");
            asked += 1;
        }
        assert!(asked > 10, "{file}");
    }
}
