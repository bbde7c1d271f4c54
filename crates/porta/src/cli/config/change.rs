//! `porta config set` and `unset`.

use porta_client::queries::{GetSettingQuery, ResetSettingQuery, SetSettingQuery};
use porta_client::types::NewSetting;
use serde_json::Value;

use super::Owner;
use super::list::shown;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

pub(super) async fn set(
    global: Global,
    access: &Access,
    key: &str,
    (value, owner): (String, Owner),
) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let query = GetSettingQuery { organization_id: owner.org.clone() };
    let before = admin.config.get_setting(key, &query).await?;
    let query = SetSettingQuery { organization_id: owner.org.clone() };
    let body = NewSetting { value: Value::from(value), organization_id: owner.org };
    let set = admin.config.set_setting(key, &query, &body, before.etag()).await?;
    let as_before =
        if (before.value, &before.source) == (set.value, &set.source) { ", as it was" } else { "" };
    global.changed(&*set, format_args!("{key} is {}{as_before}", shown(&set)))
}

pub(super) async fn unset(global: Global, access: &Access, key: &str, owner: Owner) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let query = GetSettingQuery { organization_id: owner.org.clone() };
    let before = admin.config.get_setting(key, &query).await?;
    let query = ResetSettingQuery { organization_id: owner.org };
    let reset = admin.config.reset_setting(key, &query, before.etag()).await?;
    let was_set = before.source != reset.source;
    let outcome = if was_set { "unset" } else { "not set, as it was" };
    global.changed(&*reset, format_args!("{key} is {outcome}: {} ({})", shown(&reset), reset.source))
}
