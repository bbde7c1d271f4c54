//! Phase 12: settings of the platform and of organizations.

use std::collections::BTreeMap;

use porta_core::organization::Organization;
use serde_json::Value;

use super::importer::{Importer, Item};
use super::report::{ItemKind, ItemOutcome};
use crate::{DirectoryError, Problem, Result};

pub(super) async fn import_settings(importer: &mut Importer<'_>) -> Result<()> {
    let document = importer.document;
    import_layer(importer, None, "config", &document.config).await?;
    for (o, item) in importer.organization_items() {
        let path = format!("organizations[{o}].settings");
        let Some(organization) = importer.organizations.get(o).cloned().flatten() else {
            for key in item.settings.keys() {
                let error = importer.without_organization(o);
                importer.record_orphan(ItemKind::Setting, key, format!("{path}.{key}"), error);
            }
            continue;
        };
        import_layer(importer, Some(&organization), &path, &item.settings).await?;
    }
    Ok(())
}

async fn import_layer(
    importer: &mut Importer<'_>,
    organization: Option<&Organization>,
    path: &str,
    values: &BTreeMap<String, Value>,
) -> Result<()> {
    for (key, value) in values {
        let item =
            Item { kind: ItemKind::Setting, slug: key.clone(), name: key, path: format!("{path}.{key}") };
        importer.work.savepoint().await?;
        let outcome = match importer.work.settings().set(organization, key, value).await {
            Ok(true) => Ok(ItemOutcome::Updated(vec![format!("value → {value}")])),
            Ok(false) => Ok(ItemOutcome::Skipped("Unchanged")),
            // Report the setting's key as the path; the field names of the operation do not appear in the document.
            Err(DirectoryError::Invalid(problems)) => Err(DirectoryError::Invalid(
                problems.into_iter().map(|p| Problem::new("", p.message)).collect(),
            )),
            Err(error) => Err(error),
        };
        importer.record_outcome(item, outcome).await?;
    }
    Ok(())
}
