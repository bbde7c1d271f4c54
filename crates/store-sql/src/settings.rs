//! Settings of one owner. The platform's rows have `organization_id` NULL, hence the second statement of some pairs.

use std::collections::BTreeMap;

use async_trait::async_trait;
use porta_core::{OrganizationId, Timestamp, Version};
use porta_store::{Result, SettingRepository, StoreError, StoredSetting};

use crate::kernel::{Row, Runner, at, columns, int, json, opt_uuid, statements, text, uuid};

macro_rules! setting_columns {
    ($($form:tt)+) => {
        columns! { $($form)+; key, value, version, updated_at }
    };
}
setting_columns!(enum SettingColumn of "settings");

statements! {
    ALL: Read = concat!("SELECT ", setting_columns!(list ""), " FROM settings WHERE organization_id = $1");
    ALL_PLATFORM: Read = concat!("SELECT ", setting_columns!(list ""), " FROM settings WHERE organization_id IS NULL");
    FIND: Read = concat!("SELECT ", setting_columns!(list ""), " FROM settings \
         WHERE key = $1 AND organization_id IS NOT DISTINCT FROM $2");
    ADD: Write = concat!("INSERT INTO settings (organization_id, ", setting_columns!(list ""), ") \
         VALUES ($1, ", setting_columns!(arguments 2), ") ON CONFLICT DO NOTHING");
    REPLACE: Write = "UPDATE settings SET value = $3, version = version + 1, updated_at = $5 \
         WHERE key = $2 AND version = $4 AND organization_id IS NOT DISTINCT FROM $1";
    UNSET: Write = "DELETE FROM settings WHERE key = $1 AND organization_id = $2";
    UNSET_PLATFORM: Write = "DELETE FROM settings WHERE key = $1 AND organization_id IS NULL";
}

fn read(row: &Row) -> Result<StoredSetting> {
    let r = row.record();
    Ok(StoredSetting {
        value: r.json(SettingColumn::value)?,
        version: Version::stored(r.int(SettingColumn::version)?),
        updated_at: r.time(SettingColumn::updated_at)?,
    })
}

pub(crate) struct Settings<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) owner: Option<OrganizationId>,
}

#[async_trait]
impl SettingRepository for Settings<'_> {
    async fn all(&mut self) -> Result<BTreeMap<String, serde_json::Value>> {
        let stored = self.stored().await?;
        Ok(stored.into_iter().map(|(key, setting)| (key, setting.value)).collect())
    }

    async fn stored(&mut self) -> Result<BTreeMap<String, StoredSetting>> {
        let rows = match self.owner {
            Some(owner) => self.run.rows(&ALL, &[uuid(owner)]).await?,
            None => self.run.rows(&ALL_PLATFORM, &[]).await?,
        };
        rows.iter().map(|row| Ok((row.record().text(SettingColumn::key)?, read(row)?))).collect()
    }

    async fn find(&mut self, key: &str) -> Result<Option<StoredSetting>> {
        self.run.row(&FIND, &[text(key), opt_uuid(self.owner)]).await?.as_ref().map(read).transpose()
    }

    async fn set(
        &mut self,
        key: &str,
        value: &serde_json::Value,
        seen: Option<Version>,
        now: Timestamp,
    ) -> Result<()> {
        let stmt = if seen.is_some() { &REPLACE } else { &ADD };
        let version = seen.unwrap_or(Version::FIRST);
        let values = [opt_uuid(self.owner), text(key), json(value), int(version.number()), at(now)];
        if self.run.affects_row(stmt, &values).await? { Ok(()) } else { Err(StoreError::Stale("setting")) }
    }

    async fn unset(&mut self, key: &str) -> Result<bool> {
        match self.owner {
            Some(owner) => self.run.affects_row(&UNSET, &[text(key), uuid(owner)]).await,
            None => self.run.affects_row(&UNSET_PLATFORM, &[text(key)]).await,
        }
    }
}
