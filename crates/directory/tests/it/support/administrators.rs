//! An installation, and those who administer it.

use porta_core::admin::{AdminPermissions, AdminRole};
use porta_core::user::Profile;
use porta_directory::{
    Actor, Administrator, Installed, NewConsole, NewInstallation, RequestOrigin, ServiceAccount,
};

use super::World;

pub(crate) async fn installed(world: &World) -> Installed {
    let mut work = world.work().await;
    let organization = work.installation().find().await.unwrap().organization;
    let password = "lantern-Quay-41".into();
    let root = world
        .directory
        .new_administrator(&organization, "root@admin.test", Profile::default(), &password)
        .await
        .unwrap();
    let console = NewConsole { url: "https://console.example".to_owned(), login_methods: None };
    let new = NewInstallation { administrator: Some(root), console, is_repair: false };
    let installed = work.installation().install(new).await.unwrap();
    work.commit().await.unwrap();
    installed
}

/// The first administrator, with this role alone.
pub(crate) fn administrator(installed: &Installed, role: AdminRole) -> Actor {
    Actor::Admin(Box::new(Administrator {
        user: installed.administrator.id,
        organization: installed.organization.id,
        email: format!("{role}@admin.test"),
        name: None,
        client_id: "console".to_owned(),
        roles: vec![role],
        origin: RequestOrigin::default(),
    }))
}

/// A service account, whose scope names everything.
pub(crate) fn service(installed: &Installed) -> Actor {
    Actor::Service(Box::new(ServiceAccount {
        client: installed.console.id,
        organization: installed.organization.id,
        client_id: "robot".to_owned(),
        permissions: AdminPermissions::all(),
        origin: RequestOrigin::default(),
    }))
}
