//! Settings of the platform and of organizations, validated against the registry (decision D13).

use std::collections::BTreeMap;

use porta_core::Timestamp;
use porta_core::admin::SUPER_ADMIN_USER_KEY;
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::organization::Organization;
use porta_core::settings::{self, SettingDefinition, Settings};
use porta_store::{Repositories, StoredSetting};
use serde_json::{Value, json};

use crate::error::stale;
use crate::{Directory, DirectoryError, Queries, Result, Transaction};

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
    /// When the value in force was set; `None`: it is the default.
    pub updated_at: Option<Timestamp>,
    /// What the owner in question has set.
    pub own: Option<StoredSetting>,
}

fn find(key: &str) -> Result<&'static SettingDefinition> {
    settings::find(key).ok_or_else(|| DirectoryError::not_found("setting", key))
}

fn find_changeable(key: &str) -> Result<&'static SettingDefinition> {
    if key == SUPER_ADMIN_USER_KEY {
        let text = format!("`{key}` is set when Porta is installed and cannot be changed");
        return Err(DirectoryError::Forbidden(text));
    }
    find(key)
}

/// Settings by key.
type Layer = BTreeMap<String, StoredSetting>;

/// What is set for an owner and, if that is an organization, for the platform.
struct Layers {
    organization: Option<Layer>,
    platform: Layer,
}

impl Layers {
    async fn read(repositories: &mut dyn Repositories, organization: Option<&Organization>) -> Result<Self> {
        let platform = repositories.settings(None).stored().await?;
        let organization = match organization {
            Some(organization) => Some(repositories.settings(Some(organization.id)).stored().await?),
            None => None,
        };
        Ok(Self { organization, platform })
    }

    fn view(&self, definition: &'static SettingDefinition) -> SettingView {
        let own = self.organization.as_ref().unwrap_or(&self.platform).get(definition.key).cloned();
        let layers = [
            (SettingSource::Organization, self.organization.as_ref()),
            (SettingSource::Platform, Some(&self.platform)),
        ];
        for (source, layer) in layers {
            if let Some(setting) = layer.and_then(|layer| layer.get(definition.key))
                && let Ok(value) = definition.check(&setting.value)
            {
                let updated_at = Some(setting.updated_at);
                return SettingView { definition, value, source, updated_at, own };
            }
        }
        let value = Value::from(definition.default);
        SettingView { definition, value, source: SettingSource::Default, updated_at: None, own }
    }
}

impl Directory {
    /// Lists every setting with its value in force for the platform; for an organization those it may override.
    pub async fn settings(&self, organization: Option<&Organization>) -> Result<Vec<SettingView>> {
        let layers = Layers::read(&mut *self.deps.store.repositories(), organization).await?;
        let visible = settings::ALL.iter().filter(|d| organization.is_none() || d.per_organization);
        Ok(visible.map(|definition| layers.view(definition)).collect())
    }
}

impl Queries {
    /// One setting with its value in force for the platform or an organization.
    pub async fn setting(&self, organization: Option<&Organization>, key: &str) -> Result<SettingView> {
        let definition = find(key)?;
        let layers = Layers::read(&mut *self.repositories(), organization).await?;
        Ok(layers.view(definition))
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

    /// A setting to change, with its value in force.
    pub async fn find(&mut self, organization: Option<&Organization>, key: &str) -> Result<SettingView> {
        let definition = find_changeable(key)?;
        let layers = Layers::read(&mut *self.work.unit, organization).await?;
        Ok(layers.view(definition))
    }

    /// Sets a value for the platform or one organization; `false` if it was already set to exactly this.
    pub async fn set(
        &mut self,
        organization: Option<&Organization>,
        key: &str,
        value: &Value,
    ) -> Result<bool> {
        let definition = find_changeable(key)?;
        let owner = organization.map(|o| o.id);
        let own = self.work.unit.settings(owner).find(definition.key).await?;
        self.write(organization, definition, own, value).await
    }

    /// Likewise, in place of what was found. Refused if it was changed since.
    pub async fn replace(
        &mut self,
        organization: Option<&Organization>,
        before: &SettingView,
        value: &Value,
    ) -> Result<bool> {
        self.write(organization, before.definition, before.own.clone(), value).await
    }

    async fn write(
        &mut self,
        organization: Option<&Organization>,
        definition: &'static SettingDefinition,
        own: Option<StoredSetting>,
        value: &Value,
    ) -> Result<bool> {
        if organization.is_some() && !definition.per_organization {
            let problem = format!("`{}` is set for the whole platform only", definition.key);
            return Err(DirectoryError::invalid("key", problem));
        }
        let value = definition.check(value)?;
        let (previous, seen) = own.map(|setting| (setting.value, setting.version)).unzip();
        if previous.as_ref() == Some(&value) {
            return Ok(false);
        }
        let owner = organization.map(|o| o.id);
        let mut stored = self.work.unit.settings(owner);
        stored.set(definition.key, &value, seen, self.work.now).await.map_err(stale("setting"))?;
        drop(stored);
        let metadata = json!({ "key": definition.key, "previousValue": previous, "newValue": value });
        self.work.audit(AuditEventKind::ConfigUpdated, organization, None, metadata).await?;
        self.work.announce(Change::Settings(owner));
        Ok(true)
    }

    /// Removes a value that was found, so that the next layer applies. Refused if it was changed since; `false` if none
    /// was set.
    pub async fn reset(&mut self, organization: Option<&Organization>, before: &SettingView) -> Result<bool> {
        let (key, Some(own)) = (before.definition.key, &before.own) else { return Ok(false) };
        let mut stored = self.work.unit.settings(organization.map(|o| o.id));
        // Writing what is there locks the row, unless another value is there by now.
        stored.set(key, &own.value, Some(own.version), self.work.now).await.map_err(stale("setting"))?;
        drop(stored);
        self.unset(organization, key).await
    }

    /// Removes a value, so that the next layer applies; `false` if none was set.
    pub async fn unset(&mut self, organization: Option<&Organization>, key: &str) -> Result<bool> {
        let definition = find_changeable(key)?;
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
