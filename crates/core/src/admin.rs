//! Rights of administrators: the permissions that routes of the Admin API require, and the built-in roles that hold
//! them. Both are part of the program; the database only says who has which role.

/// Slug of the super-admin organization, whose members administer the installation, and of its application that holds
/// the roles, permissions and clients of administration. An application of this slug that belongs to somebody else
/// confers nothing.
pub const ADMIN_SLUG: &str = "porta-admin";

/// Key under which the settings of the platform hold the id of the super-admin user, the first administrator.
pub const SUPER_ADMIN_USER_KEY: &str = "super_admin_user_id";

/// How the slugs of built-in roles begin. No other role may be created with such a slug.
pub const BUILT_IN_ROLE_PREFIX: &str = "porta-";

/// Bit of a role in the table below; the super-admin has every permission.
const ORG: u8 = 1;
const USER: u8 = 2;
const APP: u8 = 4;
const AUDITOR: u8 = 8;

macro_rules! admin_permissions {
    ($($variant:ident = $slug:literal, $description:literal, $roles:expr;)+) => {
        crate::string_enum! {
            /// A right that a route requires.
            pub enum AdminPermission { $($variant = $slug),+ }
        }

        impl AdminPermission {
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $description),+ }
            }

            /// The built-in roles that hold it, besides the super-admin.
            const fn role_bits(self) -> u8 {
                match self { $(Self::$variant => $roles),+ }
            }
        }
    };
}

admin_permissions! {
    OrgCreate = "admin:org:create", "create organizations", ORG;
    OrgRead = "admin:org:read", "read organizations", ORG | AUDITOR;
    OrgUpdate = "admin:org:update", "change organizations, their branding and settings", ORG;
    OrgSuspend = "admin:org:suspend", "suspend and reactivate organizations", ORG;
    OrgArchive = "admin:org:archive", "archive, restore and delete organizations", ORG;
    AppCreate = "admin:app:create", "create applications", APP;
    AppRead = "admin:app:read", "read applications", APP | AUDITOR;
    AppUpdate = "admin:app:update", "change applications and their modules", APP;
    AppArchive = "admin:app:archive", "archive applications", APP;
    ClientCreate = "admin:client:create", "create clients", APP;
    ClientRead = "admin:client:read", "read clients", APP | AUDITOR;
    ClientUpdate = "admin:client:update", "change clients and their secrets", APP;
    ClientRevoke = "admin:client:revoke", "revoke clients and their secrets", APP;
    UserCreate = "admin:user:create", "create users", USER;
    UserRead = "admin:user:read", "read users", USER | AUDITOR;
    UserUpdate = "admin:user:update", "change users and their passwords", USER;
    UserSuspend = "admin:user:suspend", "suspend, lock and reactivate users", USER;
    UserArchive = "admin:user:archive", "deactivate and delete users", USER;
    UserInvite = "admin:user:invite", "invite users", USER;
    UserTwoFactor = "admin:user:2fa", "read and reset second factors of users", USER;
    RoleCreate = "admin:role:create", "create roles", APP;
    RoleRead = "admin:role:read", "read roles and who has them", USER | APP | AUDITOR;
    RoleUpdate = "admin:role:update", "change roles and their permissions", APP;
    RoleArchive = "admin:role:archive", "delete roles", APP;
    RoleAssign = "admin:role:assign", "assign roles to users and remove them", USER;
    PermissionCreate = "admin:permission:create", "create and change permissions", APP;
    PermissionRead = "admin:permission:read", "read permissions", APP | AUDITOR;
    PermissionArchive = "admin:permission:archive", "delete permissions", APP;
    ClaimCreate = "admin:claim:create", "define claims", APP;
    ClaimRead = "admin:claim:read", "read claims and their values", USER | APP | AUDITOR;
    ClaimUpdate = "admin:claim:update", "change claims and their values", APP;
    ClaimArchive = "admin:claim:archive", "delete claims", APP;
    ConfigRead = "admin:config:read", "read settings", AUDITOR;
    ConfigUpdate = "admin:config:update", "change settings", 0;
    KeyRead = "admin:key:read", "read signing keys", AUDITOR;
    KeyGenerate = "admin:key:generate", "create signing keys", 0;
    KeyRotate = "admin:key:rotate", "rotate and revoke signing keys", 0;
    AuditRead = "admin:audit:read", "read the audit log", AUDITOR;
    SessionRead = "admin:session:read", "read sessions", USER | AUDITOR;
    SessionRevoke = "admin:session:revoke", "end sessions", USER;
    StatsRead = "admin:stats:read", "read statistics", ORG | AUDITOR;
    ExportRead = "admin:export:read", "export data", AUDITOR;
    ImportWrite = "admin:import:write", "import and provision data", 0;
}

crate::string_enum! {
    /// A built-in role of the `porta-admin` application.
    pub enum AdminRole {
        SuperAdmin = "porta-super-admin",
        OrgAdmin = "porta-org-admin",
        UserAdmin = "porta-user-admin",
        AppAdmin = "porta-app-admin",
        Auditor = "porta-auditor",
        /// Name of the super-admin in earlier versions; still honoured, no longer created.
        Legacy = "porta-admin",
    }
}

impl AdminRole {
    /// The roles that an installation gets.
    pub const BUILT_IN: [Self; 5] =
        [Self::SuperAdmin, Self::OrgAdmin, Self::UserAdmin, Self::AppAdmin, Self::Auditor];

    pub const fn display_name(self) -> &'static str {
        match self {
            Self::SuperAdmin | Self::Legacy => "Super Admin",
            Self::OrgAdmin => "Organization Admin",
            Self::UserAdmin => "User Admin",
            Self::AppAdmin => "Application Admin",
            Self::Auditor => "Auditor",
        }
    }

    pub const fn description(self) -> &'static str {
        match self {
            Self::SuperAdmin | Self::Legacy => "everything; protected against removal",
            Self::OrgAdmin => "tenants, their branding and their settings",
            Self::UserAdmin => "users, invitations and role assignment",
            Self::AppAdmin => "applications, clients, roles, permissions and claim definitions",
            Self::Auditor => "read-only access to everything, and the audit log",
        }
    }

    pub fn permissions(self) -> AdminPermissions {
        let bit = match self {
            Self::SuperAdmin | Self::Legacy => return AdminPermissions::all(),
            Self::OrgAdmin => ORG,
            Self::UserAdmin => USER,
            Self::AppAdmin => APP,
            Self::Auditor => AUDITOR,
        };
        AdminPermission::ALL.iter().copied().filter(|permission| permission.role_bits() & bit != 0).collect()
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AdminPermissions(u64);

impl AdminPermissions {
    pub fn all() -> Self {
        AdminPermission::ALL.iter().copied().collect()
    }

    pub const fn contains(self, permission: AdminPermission) -> bool {
        self.0 & (1 << permission as u8) != 0
    }

    /// The permissions of either set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In the order of their declaration.
    pub fn iter(self) -> impl Iterator<Item = AdminPermission> {
        AdminPermission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<AdminPermission> for AdminPermissions {
    fn from_iter<I: IntoIterator<Item = AdminPermission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | 1 << permission as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(role: AdminRole) -> usize {
        role.permissions().iter().count()
    }

    #[test]
    fn the_catalogue_has_43_permissions_and_fits_the_set() {
        assert_eq!(AdminPermission::ALL.len(), 43);
        assert!(AdminPermission::ALL.len() <= 64);
        for permission in AdminPermission::ALL {
            assert_eq!(AdminPermission::parse(permission.as_str()), Some(*permission));
            assert!(permission.as_str().starts_with("admin:"), "{permission}");
            assert!(!permission.description().is_empty());
        }
    }

    #[test]
    fn each_built_in_role_has_its_permissions() {
        let counts = AdminRole::BUILT_IN.map(count);
        assert_eq!(counts, [43, 6, 12, 19, 13]);
        assert_eq!(AdminRole::Legacy.permissions(), AdminRole::SuperAdmin.permissions());
        assert!(AdminRole::ALL.iter().all(|role| role.as_str().starts_with(BUILT_IN_ROLE_PREFIX)));
    }

    #[test]
    fn a_role_cannot_do_what_another_is_for() {
        use AdminPermission as P;
        for (role, has_not) in [
            (AdminRole::OrgAdmin, [P::UserRead, P::ClientRead, P::ConfigUpdate, P::AuditRead]),
            (AdminRole::UserAdmin, [P::OrgRead, P::RoleUpdate, P::ClientCreate, P::KeyRotate]),
            (AdminRole::AppAdmin, [P::UserRead, P::RoleAssign, P::OrgUpdate, P::KeyGenerate]),
            (AdminRole::Auditor, [P::UserUpdate, P::OrgUpdate, P::ImportWrite, P::ConfigUpdate]),
        ] {
            for permission in has_not {
                assert!(!role.permissions().contains(permission), "{role} {permission}");
            }
        }
        let writes = |permission: &AdminPermission| !permission.as_str().ends_with(":read");
        assert_eq!(AdminRole::Auditor.permissions().iter().find(writes), None);
    }

    #[test]
    fn sets_are_united() {
        let both = AdminRole::OrgAdmin.permissions().with(AdminRole::Auditor.permissions());
        assert!(both.contains(AdminPermission::OrgCreate) && both.contains(AdminPermission::AuditRead));
        assert!(!both.contains(AdminPermission::UserCreate));
        assert_eq!(AdminPermissions::default().iter().next(), None);
    }
}
