//! Settings of one owner. The platform's rows have `organization_id` NULL, hence the second statement of each pair.

use std::collections::BTreeMap;

use async_trait::async_trait;
use porta_core::{OrganizationId, Timestamp};
use porta_store::{Result, SettingRepository};

use crate::kernel::{Runner, at, json, statements, text, uuid};

statements! {
    ALL: Read = "SELECT key, value FROM settings WHERE organization_id = $1";
    ALL_PLATFORM: Read = "SELECT key, value FROM settings WHERE organization_id IS NULL";
    SET: Write = "INSERT INTO settings (key, value, updated_at, organization_id) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (organization_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    SET_PLATFORM: Write = "INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3) \
         ON CONFLICT (key) WHERE organization_id IS NULL \
         DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    UNSET: Write = "DELETE FROM settings WHERE key = $1 AND organization_id = $2";
    UNSET_PLATFORM: Write = "DELETE FROM settings WHERE key = $1 AND organization_id IS NULL";
}

pub(crate) struct Settings<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) owner: Option<OrganizationId>,
}

#[async_trait]
impl SettingRepository for Settings<'_> {
    async fn all(&mut self) -> Result<BTreeMap<String, serde_json::Value>> {
        let rows = match self.owner {
            Some(owner) => self.run.rows(&ALL, &[uuid(owner)]).await?,
            None => self.run.rows(&ALL_PLATFORM, &[]).await?,
        };
        rows.iter()
            .map(|row| {
                let mut r = row.reader("settings");
                Ok((r.text()?, r.json("value")?))
            })
            .collect()
    }

    async fn set(&mut self, key: &str, value: &serde_json::Value, now: Timestamp) -> Result<()> {
        let (key, value, now) = (text(key), json(value), at(now));
        match self.owner {
            Some(owner) => self.run.execute(&SET, &[key, value, now, uuid(owner)]).await?,
            None => self.run.execute(&SET_PLATFORM, &[key, value, now]).await?,
        };
        Ok(())
    }

    async fn unset(&mut self, key: &str) -> Result<bool> {
        match self.owner {
            Some(owner) => self.run.affects_row(&UNSET, &[text(key), uuid(owner)]).await,
            None => self.run.affects_row(&UNSET_PLATFORM, &[text(key)]).await,
        }
    }
}
