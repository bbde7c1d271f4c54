//! A setting as the API shows it.

use porta_core::settings::SettingType;
use porta_directory::SettingView;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::answer::optional_time;
use crate::etag;

/// A setting with its value in force.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Setting)]
pub(crate) struct SettingEntry {
    key: &'static str,
    #[schema(value_type = i64)]
    value: Value,
    /// `duration` or `number`.
    value_type: &'static str,
    description: &'static str,
    /// No setting of this version is.
    is_sensitive: bool,
    /// When the value in force was set; `null` for a default.
    updated_at: Option<String>,
    /// Whose value is in force: `organization`, `platform` or `default`.
    source: &'static str,
    /// `seconds` for a duration.
    unit: Option<&'static str>,
    default: i64,
    minimum: i64,
    maximum: i64,
    /// `tokens`, `sessions`, `links`, `limits`, `protocol` or `audit`.
    group: &'static str,
    /// Whether an organization may have a value of its own.
    per_organization: bool,
    /// No setting needs a restart: all are read live.
    restart_needed: bool,
}

impl SettingEntry {
    /// The tag of what the owner in question has set.
    pub(super) fn tag(setting: &SettingView) -> String {
        let version = match &setting.own {
            // A value that was reset and set again has its first version again.
            Some(own) => format!("{}-{}", own.version.number(), own.updated_at.micros()),
            None => "unset".to_owned(),
        };
        let version = format!("{}-{version}", setting.definition.key);
        etag::tag_of(&version, &Self::from(setting.clone()))
    }
}

impl From<SettingView> for SettingEntry {
    fn from(setting: SettingView) -> Self {
        let definition = setting.definition;
        Self {
            key: definition.key,
            value: setting.value,
            value_type: definition.value_type.as_str(),
            description: definition.description,
            is_sensitive: false,
            updated_at: optional_time(setting.updated_at),
            source: setting.source.as_str(),
            unit: match definition.value_type {
                SettingType::Duration => Some("seconds"),
                SettingType::Number => None,
            },
            default: definition.default,
            minimum: definition.minimum,
            maximum: definition.maximum,
            group: definition.group.as_str(),
            per_organization: definition.per_organization,
            restart_needed: false,
        }
    }
}
