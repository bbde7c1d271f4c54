//! Exports. They are reads that the audit log records.

use crate::every_endpoint::row::Row;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for operation in ["export_organizations", "export_applications"] {
        rows.push(export(operation));
    }
    for operation in ["export_users", "export_clients", "export_audit", "export_manifest"] {
        rows.push(export(operation).query("organizationId={orgId}"));
    }
    for operation in ["export_roles", "export_permissions", "export_claims"] {
        rows.push(export(operation).query("applicationId={appId}"));
    }
    rows
}

fn export(operation: &'static str) -> Row {
    Row::new(operation, 200).records(&["data.exported"])
}
