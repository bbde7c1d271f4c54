use rstest::rstest;

use super::*;
use crate::Service;

fn load(pairs: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
    let mut all = production();
    all.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Config::load(&Source::of(all, "/nowhere"), &OsEntropy)
}

#[rstest]
#[case::a_port_says_yes(&[("METRICS_BIND", "127.0.0.1:9464")], MetricsConfig::Private("127.0.0.1:9464".parse().unwrap()))]
#[case::ipv6(&[("METRICS_BIND", "[::1]:9464"), ("METRICS_ENABLED", "yes")], MetricsConfig::Private("[::1]:9464".parse().unwrap()))]
#[case::no_wins(&[("METRICS_BIND", "127.0.0.1:9464"), ("METRICS_ENABLED", "no")], MetricsConfig::Off)]
#[case::beside_the_rest(&[("METRICS_ENABLED", "TRUE")], MetricsConfig::Public)]
#[case::off(&[], MetricsConfig::Off)]
fn metrics(#[case] pairs: &[(&str, &str)], #[case] expected: MetricsConfig) {
    assert_eq!(load(pairs).unwrap().metrics, expected);
}

#[test]
fn traces_take_the_standard_variables() {
    let config = load(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20s3cret, x-tenant = a"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
    ]);
    let config = config.unwrap();
    assert!(!format!("{config:?}").contains("s3cret"));
    let traces = config.traces.unwrap();
    assert_eq!(traces.endpoint.as_str(), "http://collector:4318/");
    assert_eq!((traces.service_name.as_str(), traces.sampled), ("porta", 0.25));
    let headers: Vec<_> = traces.headers.iter().map(|(n, v)| (n.as_str(), v.expose_secret())).collect();
    assert_eq!(headers, [("authorization", "Bearer s3cret"), ("x-tenant", "a")]);
}

#[rstest]
#[case("METRICS_BIND", "9464")]
#[case("METRICS_BIND", "localhost:9464")]
#[case("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317")]
#[case("OTEL_EXPORTER_OTLP_ENDPOINT", "grpc://collector:4317")]
#[case("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector/?a=b")]
#[case("OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:s3cret@collector")]
#[case("OTEL_EXPORTER_OTLP_HEADERS", "novalue")]
#[case("OTEL_EXPORTER_OTLP_HEADERS", "=x")]
#[case("OTEL_TRACES_SAMPLER_ARG", "1.1")]
#[case("OTEL_TRACES_SAMPLER_ARG", "NaN")]
#[case("OTEL_TRACES_SAMPLER_ARG", "-0.1")]
#[case("DB_SLOW_STATEMENT_MS", "0")]
fn what_cannot_be_used_is_named(#[case] name: &str, #[case] value: &str) {
    let problems = load(&[(name, value)]).unwrap_err();
    assert_eq!(problems.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), [name], "{problems:?}");
}

#[test]
fn a_container_serves_migrates_and_waits_unless_told_otherwise() {
    let none: [(&str, &str); 0] = [];
    let start = StartConfig::load(&Source::of(none, "/nowhere")).unwrap();
    assert_eq!((start.service, start.migrates, start.patience.as_secs()), (Service::Server, true, 60));
    let told = [("PORTA_SERVICE", "ADMIN"), ("PORTA_AUTO_MIGRATE", "off"), ("PORTA_WAIT_TIMEOUT", "0")];
    let start = StartConfig::load(&Source::of(told, "/nowhere")).unwrap();
    assert_eq!((start.service, start.migrates, start.patience.as_secs()), (Service::Admin, false, 0));
    for (name, value) in
        [("PORTA_SERVICE", "worker"), ("PORTA_AUTO_MIGRATE", "perhaps"), ("PORTA_WAIT_TIMEOUT", "1m")]
    {
        let problems = StartConfig::load(&Source::of([(name, value)], "/nowhere")).unwrap_err();
        assert_eq!(problems[0].key, name);
    }
}
