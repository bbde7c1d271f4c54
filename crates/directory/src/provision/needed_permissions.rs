//! The permissions that a run needs: those of the requests that would do the same one by one. Whoever may import does not
//! get more by it.

use porta_core::admin::{AdminPermission, AdminPermissions};

use super::Mode;
use super::document::{ApplicationItem, Document, OrganizationItem, UserItem};
use crate::{Actor, DirectoryError, Result};

/// Refuses a run that could do what the actor may not do, whatever exists already: nothing was looked at yet.
pub(super) fn check_may_apply(actor: &Actor, document: &Document, mode: Mode) -> Result<()> {
    let needed = Needed::of(document, mode).0;
    let lacking = needed.iter().filter(|permission| !actor.may(*permission));
    let lacking: Vec<&str> = lacking.map(AdminPermission::as_str).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(DirectoryError::Forbidden(format!("Insufficient permissions. Required: {}", lacking.join(", "))))
}

#[derive(Default)]
struct Needed(AdminPermissions);

impl Needed {
    fn of(document: &Document, mode: Mode) -> Self {
        let mut needed = Self::default();
        needed.when(!document.config.is_empty(), AdminPermission::ConfigUpdate);
        for item in &document.organizations {
            needed.add_organization(item, mode);
        }
        needed
    }

    fn when(&mut self, is_needed: bool, permission: AdminPermission) {
        if is_needed {
            self.0 = self.0.with([permission].into_iter().collect());
        }
    }

    /// Items that may be new, and are changed otherwise if the mode says so.
    fn made(&mut self, are_there: bool, mode: Mode, create: AdminPermission, update: AdminPermission) {
        self.when(are_there, create);
        self.when(are_there && mode == Mode::Overwrite, update);
    }

    fn add_organization(&mut self, item: &OrganizationItem, mode: Mode) {
        use AdminPermission as P;
        self.made(!item.is_reference, mode, P::OrgCreate, P::OrgUpdate);
        self.when(!item.settings.is_empty(), P::ConfigUpdate);
        for application in &item.applications {
            self.add_application(application, mode);
        }
        for user in &item.users {
            self.add_user(user, mode);
        }
    }

    fn add_application(&mut self, item: &ApplicationItem, mode: Mode) {
        use AdminPermission as P;
        self.made(!item.is_reference, mode, P::AppCreate, P::AppUpdate);
        self.when(!item.modules.is_empty(), P::AppUpdate);
        self.made(!item.clients.is_empty(), mode, P::ClientCreate, P::ClientUpdate);
        // Whoever creates permissions may change them, too.
        self.when(!item.permissions.is_empty(), P::PermissionCreate);
        self.made(!item.claim_definitions.is_empty(), mode, P::ClaimCreate, P::ClaimUpdate);
        for role in &item.roles {
            self.made(!role.is_reference, mode, P::RoleCreate, P::RoleUpdate);
            self.when(!role.permissions.is_empty(), P::RoleUpdate);
        }
    }

    fn add_user(&mut self, item: &UserItem, mode: Mode) {
        use AdminPermission as P;
        self.made(!item.is_reference, mode, P::UserCreate, P::UserUpdate);
        self.when(item.status.is_some() && mode == Mode::Overwrite, P::UserSuspend);
        self.when(!item.roles.is_empty(), P::RoleAssign);
        self.when(!item.claims.is_empty(), P::ClaimUpdate);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::*;

    fn needed(organizations: &Value, mode: Mode) -> Vec<&'static str> {
        let document = json!({ "version": "1.0", "organizations": organizations });
        of(&serde_json::from_value(document).unwrap(), mode)
    }

    fn of(document: &Document, mode: Mode) -> Vec<&'static str> {
        Needed::of(document, mode).0.iter().map(AdminPermission::as_str).collect()
    }

    fn organization(fields: Value) -> Value {
        let mut item = fields;
        item["name"] = json!("Acme");
        json!([item])
    }

    fn application(fields: Value) -> Value {
        let mut item = fields;
        item["name"] = json!("App");
        organization(json!({ "applications": [item] }))
    }

    #[test]
    fn each_kind_of_item_needs_what_its_request_needs() {
        let role = |permissions: &[&str]| json!({ "roles": [{ "name": "R", "permissions": permissions }] });
        let user = |fields: Value| {
            let mut item = fields;
            item["email"] = json!("a@acme.test");
            organization(json!({ "users": [item] }))
        };
        let client = json!({ "clients": [{ "client_name": "C", "client_type": "public" }] });
        let claim = json!({ "claim_definitions": [{ "name": "C", "slug": "c", "claim_type": "string" }] });
        let module = json!({ "modules": [{ "name": "M", "slug": "m" }] });
        let permission = json!({ "permissions": [{ "name": "P", "slug": "a:b:c" }] });
        let cases: [(Value, &[&str], &[&str]); 11] = [
            (organization(json!({})), &[], &["org:update"]),
            (organization(json!({ "settings": { "session_ttl": 60 } })), &["config:update"], &["org:update"]),
            (application(json!({})), &["app:create"], &["org:update", "app:update"]),
            (application(module), &["app:create", "app:update"], &["org:update"]),
            (
                application(client),
                &["app:create", "client:create"],
                &["org:update", "app:update", "client:update"],
            ),
            (application(permission), &["app:create", "permission:create"], &["org:update", "app:update"]),
            (
                application(claim),
                &["app:create", "claim:create"],
                &["org:update", "app:update", "claim:update"],
            ),
            (
                application(role(&[])),
                &["app:create", "role:create"],
                &["org:update", "app:update", "role:update"],
            ),
            (
                application(role(&["a:b:c"])),
                &["app:create", "role:create", "role:update"],
                &["org:update", "app:update"],
            ),
            (
                user(json!({ "status": "inactive" })),
                &["user:create"],
                &["org:update", "user:update", "user:suspend"],
            ),
            (
                user(json!({
                    "roles": [{ "app": "x", "role": "y" }], "claims": [{ "app": "x", "claim": "y", "value": 1 }],
                })),
                &["user:create", "role:assign", "claim:update"],
                &["org:update", "user:update"],
            ),
        ];
        for (items, merging, overwriting) in cases {
            let named = |more: &[&[&str]]| {
                let slugs = more.iter().copied().flatten().map(|slug| format!("admin:{slug}"));
                slugs.collect::<BTreeSet<String>>()
            };
            let found =
                |mode| -> BTreeSet<String> { needed(&items, mode).into_iter().map(str::to_owned).collect() };
            assert_eq!(named(&[&["org:create"], merging]), found(Mode::Merge), "{items}");
            assert_eq!(named(&[&["org:create"], merging, overwriting]), found(Mode::Overwrite), "{items}");
        }
    }

    #[test]
    fn what_is_only_named_needs_nothing() {
        let document = Document {
            version: "1.0".to_owned(),
            allow_passwords: true,
            config: [("session_ttl".to_owned(), json!(60))].into(),
            organizations: vec![OrganizationItem {
                is_reference: true,
                applications: vec![ApplicationItem { is_reference: true, ..ApplicationItem::default() }],
                users: vec![UserItem { is_reference: true, ..UserItem::default() }],
                ..OrganizationItem::default()
            }],
            is_manifest: true,
        };
        assert_eq!(of(&document, Mode::Overwrite), ["admin:config:update"]);
        let nothing = Document { config: [].into(), ..document };
        assert!(of(&nothing, Mode::Overwrite).is_empty());
    }
}
