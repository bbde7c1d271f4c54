//! `porta config list` and `get`.

use porta_client::queries::{GetSettingQuery, ListSettingsQuery};
use porta_client::types::Setting;

use super::Owner;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::Column;
use crate::failure::Failure;
use crate::output::{local_or_dash, spelled};

const COLUMNS: &[Column<Setting>] = &[
    ("Key", |setting| setting.key.clone()),
    ("Value", shown),
    ("From", |setting| setting.source.clone()),
    ("Meaning", |setting| setting.description.clone()),
];

/// A value as people write it.
pub(super) fn shown(setting: &Setting) -> String {
    value(setting, setting.value)
}

fn value(setting: &Setting, value: i64) -> String {
    match u64::try_from(value) {
        Ok(seconds) if setting.value_type == "duration" => spelled(seconds),
        Ok(_) | Err(_) => value.to_string(),
    }
}

pub(super) async fn all(global: Global, access: &Access, owner: Owner) -> Result<(), Failure> {
    let query = ListSettingsQuery { organization_id: owner.org };
    let settings = access.admin().await?.config.list_settings(&query).await?;
    global.rows(&settings, "settings", COLUMNS)
}

pub(super) async fn one(global: Global, access: &Access, key: &str, owner: Owner) -> Result<(), Failure> {
    let query = GetSettingQuery { organization_id: owner.org };
    let setting = access.admin().await?.config.get_setting(key, &query).await?;
    let fields = vec![
        ("Key", setting.key.clone()),
        ("Value", shown(&setting)),
        ("From", setting.source.clone()),
        ("Default", value(&setting, setting.default)),
        ("Minimum", value(&setting, setting.minimum)),
        ("Maximum", value(&setting, setting.maximum)),
        ("Meaning", setting.description.clone()),
        ("Updated", local_or_dash(setting.updated_at.as_ref())),
    ];
    global.detailed(&*setting, fields)
}
