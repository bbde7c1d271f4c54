//! Exports are recorded before they are sent, so that nothing leaves the installation unseen, however it ends.

use porta_core::ApplicationId;
use porta_core::audit::AuditEventKind;
use porta_core::organization::Organization;
use serde_json::json;

use crate::{Actor, Directory, Result};

/// What an export holds.
#[derive(Debug, Clone)]
pub struct Export {
    pub entity_type: &'static str,
    pub format: &'static str,
    /// Rows at its beginning. Those that are added while it is sent may follow.
    pub rows: u64,
    /// Whose rows they are; `None`: of one application, or of the whole installation.
    pub organization: Option<Organization>,
    pub application: Option<ApplicationId>,
}

impl Export {
    /// Records the export. The caller sends nothing unless this succeeds.
    pub async fn record(&self, directory: &Directory, actor: Actor) -> Result<()> {
        let Self { entity_type, format, rows, organization, application } = self;
        let mut metadata = json!({ "entityType": entity_type, "format": format, "rows": rows });
        if let Some(application) = application {
            metadata["applicationId"] = json!(application);
        }
        let mut work = directory.begin(actor).await?;
        work.audit(AuditEventKind::DataExported, organization.as_ref(), None, metadata).await?;
        work.commit().await
    }
}
