use serde::Serialize;

/// A message about the previous attempt, as templates see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// `flash-error`, `flash-success` or `flash-info`.
    pub(crate) class: &'static str,
    /// Catalogue key of its text.
    pub(crate) key: &'static str,
    /// Number used in the text.
    pub(crate) count: Option<u64>,
    /// Seconds until the next attempt is allowed.
    pub(crate) retry_after: Option<u64>,
    /// Ids of the fields it refers to.
    pub(crate) fields: &'static [&'static str],
}

impl Notice {
    pub(crate) const fn error(key: &'static str, fields: &'static [&'static str]) -> Self {
        Self { class: "flash-error", key, count: None, retry_after: None, fields }
    }

    pub(crate) const fn success(key: &'static str) -> Self {
        Self { class: "flash-success", ..Self::error(key, &[]) }
    }

    pub(crate) const fn info(key: &'static str) -> Self {
        Self { class: "flash-info", ..Self::error(key, &[]) }
    }

    pub(crate) const fn limited(retry_after: u64) -> Self {
        Self { retry_after: Some(retry_after), ..Self::error("errors.too_many_attempts", &[]) }
    }

    pub(crate) const fn counting(self, count: u64) -> Self {
        Self { count: Some(count), ..self }
    }
}
