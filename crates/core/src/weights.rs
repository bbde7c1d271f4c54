//! Weighted lists of HTTP: what `Accept` and `Accept-Language` prefer (RFC 9110 §12.4.2).

/// Only this much of a list is read; nobody lists that many languages or media types.
const MAX_BYTES: usize = 4_096;

/// Elements of a list with their weights in thousandths; malformed ones are skipped.
pub fn weighted(list: &str) -> impl Iterator<Item = (&str, u16)> {
    let end = list.floor_char_boundary(MAX_BYTES);
    list[..end].split(',').filter_map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let range = parts.next().filter(|range| !range.is_empty())?;
        let mut weight = 1_000;
        // Parameters may be empty, as in `text/html;` (RFC 9110 §5.6.6).
        for parameter in parts.filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=')?;
            if name.trim().eq_ignore_ascii_case("q") {
                weight = thousandths(value.trim())?;
            }
        }
        Some((range, weight))
    })
}

/// Parses a `qvalue`: `0` to `1` with at most three decimals (RFC 9110 §12.4.2).
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(fraction),
        "1" if fraction == 0 => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9110_12_4_2_weights_have_at_most_three_decimals() {
        for (list, expected) in [
            ("de", vec![("de", 1_000)]),
            ("de, fr;q=0.5", vec![("de", 1_000), ("fr", 500)]),
            ("a ; q = 0.25 ,b;Q=1.000,c;q=0.", vec![("a", 250), ("b", 1_000), ("c", 0)]),
            ("text/html;level=1;q=0.7", vec![("text/html", 700)]),
            ("a;q=2,b;q=1.001,c;q=0.1234,d;q=-1,e;q=.5,f;q=0.+5,g;q=x,h;q", vec![]),
            (",, ;q=1, a;, b;;q=0.5", vec![("a", 1_000), ("b", 500)]),
        ] {
            assert_eq!(weighted(list).collect::<Vec<_>>(), expected, "{list}");
        }
    }

    #[test]
    fn a_long_list_is_cut() {
        let long = "é,".repeat(MAX_BYTES);
        assert!(weighted(&long).count() <= MAX_BYTES / 3 + 1);
    }
}
