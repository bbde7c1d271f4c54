//! Settings of the platform and of organizations, validated against the registry (decision D13).

use std::collections::BTreeMap;

use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::Organization;
use porta_core::settings::{self, SettingDefinition, Settings};
use serde_json::{Value, json};

use crate::error::stale;
use crate::{Directory, DirectoryError, Result, Transaction};

/// Origin of the value in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingSource {
    Default,
    Platform,
    Organization,
}

impl SettingSource {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Platform => "platform",
            Self::Organization => "organization",
        }
    }
}

/// One setting with its value in force.
#[derive(Debug, Clone)]
pub struct SettingView {
    pub definition: &'static SettingDefinition,
    pub value: Value,
    pub source: SettingSource,
}

fn find(key: &str) -> Result<&'static SettingDefinition> {
    settings::find(key).ok_or_else(|| DirectoryError::not_found("setting", key))
}

fn view(
    definition: &'static SettingDefinition,
    layers: [(SettingSource, &BTreeMap<String, Value>); 2],
) -> SettingView {
    for (source, layer) in layers {
        if let Some(value) = layer.get(definition.key)
            && let Ok(value) = definition.check(value)
        {
            return SettingView { definition, value, source };
        }
    }
    SettingView { definition, value: Value::from(definition.default), source: SettingSource::Default }
}

impl Directory {
    /// Lists every setting with its value in force for the platform; for an organization those it may override.
    pub async fn settings(&self, organization: Option<&Organization>) -> Result<Vec<SettingView>> {
        let mut repositories = self.deps.store.repositories();
        let platform = repositories.settings(None).all().await?;
        let own = match organization {
            Some(organization) => repositories.settings(Some(organization.id)).all().await?,
            None => BTreeMap::new(),
        };
        let layers = [(SettingSource::Organization, &own), (SettingSource::Platform, &platform)];
        let visible = settings::ALL.iter().filter(|d| organization.is_none() || d.per_organization);
        Ok(visible.map(|definition| view(definition, layers)).collect())
    }
}

/// Operations on settings.
pub struct SettingOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn settings(&mut self) -> SettingOperations<'_> {
        SettingOperations { work: self }
    }
}

impl SettingOperations<'_> {
    /// Settings in force for an organization, read in this unit of work.
    pub(crate) async fn in_force(&mut self, organization: &Organization) -> Result<Settings> {
        let platform = self.work.unit.settings(None).all().await?;
        let own = self.work.unit.settings(Some(organization.id)).all().await?;
        Ok(Settings::layered(&[&platform, &own]))
    }

    /// Sets a value for the platform or one organization; `false` if it was already set to exactly this.
    pub async fn set(
        &mut self,
        organization: Option<&Organization>,
        key: &str,
        value: &Value,
    ) -> Result<bool> {
        let definition = find(key)?;
        if organization.is_some() && !definition.per_organization {
            let problem = format!("`{}` is set for the whole platform only", definition.key);
            return Err(DirectoryError::invalid("key", problem));
        }
        let value = definition.check(value)?;
        let owner = organization.map(|o| o.id);
        let mut stored = self.work.unit.settings(owner);
        let (previous, seen) =
            stored.find(definition.key).await?.map(|setting| (setting.value, setting.version)).unzip();
        if previous.as_ref() == Some(&value) {
            return Ok(false);
        }
        stored.set(definition.key, &value, seen, self.work.now).await.map_err(stale("setting"))?;
        drop(stored);
        let metadata = json!({ "key": definition.key, "previousValue": previous, "newValue": value });
        self.work.audit(AuditEventKind::ConfigUpdated, organization, None, metadata).await?;
        self.work.announce(Change::Settings(owner));
        Ok(true)
    }

    /// Removes a value, so that the next layer applies; `false` if none was set.
    pub async fn unset(&mut self, organization: Option<&Organization>, key: &str) -> Result<bool> {
        let definition = find(key)?;
        let owner = organization.map(|o| o.id);
        let mut stored = self.work.unit.settings(owner);
        let previous = stored.all().await?.remove(definition.key);
        if !stored.unset(definition.key).await? {
            return Ok(false);
        }
        drop(stored);
        let metadata = json!({ "key": definition.key, "previousValue": previous, "newValue": null });
        self.work.audit(AuditEventKind::ConfigUpdated, organization, None, metadata).await?;
        self.work.announce(Change::Settings(owner));
        Ok(true)
    }
}
