//! `form-action` targets within the header's size limits.

use super::*;

fn form_action(addresses: &[String]) -> Vec<String> {
    let page = Page { html: String::new(), csp: String::new(), language: "en" };
    let csp = page.with_form_action(addresses.iter().map(String::as_str)).csp;
    let targets = csp.strip_prefix("; form-action ").unwrap();
    targets.split(' ').map(str::to_owned).collect()
}

fn of_length(number: usize, length: usize) -> String {
    let scheme = format!("https://{number}");
    format!("{scheme}{}", "a".repeat(length - scheme.len()))
}

#[test]
fn as_many_addresses_count_as_fit() {
    let cases = [(40, 20, 17), (40, 261, 17), (40, 384, 17), (40, 1_024, 7), (40, 2_048, 4), (1, 2_048, 2)];
    for (count, length, expected) in cases {
        let addresses: Vec<String> = (0..count).map(|number| of_length(number, length)).collect();
        let targets = form_action(&addresses);
        assert_eq!(targets.len(), expected, "{count} of {length}");
        assert_eq!(targets[0], "'self'");
        assert_eq!(targets[1], addresses[0], "that of the sign-in itself is the first");
        let bytes: usize = targets.iter().map(|target| target.len() + 1).sum();
        assert!(bytes < 6_200, "{count} of {length}: {bytes}");
    }
}

#[test]
fn a_long_address_takes_nobody_elses_place() {
    let mut addresses: Vec<String> = [2_048, 2_048, 2_000, 2_048]
        .into_iter()
        .enumerate()
        .map(|(n, length)| of_length(n, length))
        .collect();
    addresses.push("https://short.example".to_owned());
    let targets = form_action(&addresses);
    assert!(!targets.contains(&addresses[3]), "it does not fit");
    assert_eq!(targets.last(), Some(&addresses[4]), "what comes after it does");
}
