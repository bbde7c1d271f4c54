//! Recognises browser and system in a `User-Agent` header. Only a hint for the account's owner, never a basis for
//! decisions. Browsers imitate each other, so the order of the tables matters.

const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Names of browser and system, as far as recognised.
pub(crate) fn browser_and_system(user_agent: &str) -> (Option<&'static str>, Option<&'static str>) {
    let find = |table: &[(&str, &'static str)]| {
        table.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    (find(BROWSERS), find(SYSTEMS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_from_those_they_imitate() {
        const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (user_agent, browser, system) in [
            (format!("{WINDOWS} {webkit} Chrome/130.0 Safari/537.36 Edg/130.0"), "Edge", "Windows"),
            (format!("{WINDOWS} {webkit} Chrome/130.0 Safari/537.36"), "Chrome", "Windows"),
            (format!("{WINDOWS} {webkit} Chrome/130.0 Safari/537.36 OPR/115.0"), "Opera", "Windows"),
            (format!("{WINDOWS} Gecko/20100101 Firefox/131.0"), "Firefox", "Windows"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1".to_owned(),
                "Safari",
                "iPhone",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) CriOS/130.0 Safari/604.1".to_owned(),
                "Chrome",
                "iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14) SamsungBrowser/26.0 Chrome/122.0 Safari/537.36".to_owned(),
                "Samsung Internet",
                "Android",
            ),
            ("Mozilla/5.0 (X11; CrOS x86_64) Chrome/130.0 Safari/537.36".to_owned(), "Chrome", "ChromeOS"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Firefox/131.0".to_owned(), "Firefox", "Linux"),
        ] {
            assert_eq!(browser_and_system(&user_agent), (Some(browser), Some(system)), "{user_agent}");
        }
        for unknown in ["", "curl/8.5.0", "<script>alert(1)</script>"] {
            assert_eq!(browser_and_system(unknown), (None, None), "{unknown}");
        }
    }
}
