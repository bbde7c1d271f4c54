//! Fields of a change, from options.

use porta_client::Patch;

/// What is left out stays as it is.
pub(super) fn given<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Keep, Patch::Set)
}

/// What is left out stays as it is; what is empty is cleared.
pub(super) fn or_cleared(value: Option<String>) -> Patch<String> {
    match value {
        None => Patch::Keep,
        Some(text) if text.is_empty() => Patch::Clear,
        Some(text) => Patch::Set(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_value_clears() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(or_cleared(None), Patch::Keep);
        assert_eq!(or_cleared(text("")), Patch::Clear);
        assert_eq!(or_cleared(text("x")), Patch::Set("x".to_owned()));
        assert_eq!(given(text("")), Patch::Set(String::new()));
    }
}
