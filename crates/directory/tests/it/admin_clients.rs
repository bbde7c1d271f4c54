//! Clients of the admin application: whoever can change them can act as any administrator.

use crate::support::administrators::{administrator, installed, service};
use crate::support::{START, World, actor, refused};
use porta_core::admin::AdminRole;
use porta_core::client::{Client, ClientStatus};
use porta_core::signing_key::SigningAlgorithm;
use porta_directory::{Actor, Installed, NewClient, NewSecret, Transaction};

both_stores!(
    lesser_administrators_cannot_touch_them,
    super_admins_and_whoever_has_shell_access_can,
    other_clients_are_not_protected,
);

const REFUSAL: &str = "Only a super-admin may change the clients of the admin application";

fn another() -> NewClient {
    NewClient {
        client_name: "Another".to_owned(),
        redirect_uris: vec!["https://elsewhere.example/cb".to_owned()],
        id_token_signed_response_alg: Some(SigningAlgorithm::Es256),
        ..NewClient::default()
    }
}

fn renamed(client: &Client) -> Client {
    Client { client_name: "Renamed".to_owned(), ..client.clone() }
}

async fn lesser_administrators_cannot_touch_them(world: World) {
    let installed = installed(&world).await;
    let organization = &installed.organization;
    let mut repositories = world.store.repositories();
    let secret = repositories.clients(organization.id).secrets(installed.console.id).await.unwrap().remove(0);
    // One is revoked already, so that there is something to restore.
    let mut work = world.work().await;
    let (_, client) = work.client(installed.command_line.client_id.as_str()).await.unwrap();
    let revoked = work.clients().set_status(organization, &client, ClientStatus::Revoked).await.unwrap();
    work.commit().await.unwrap();
    let rows = world.audit().await.len();
    let roles = [AdminRole::AppAdmin, AdminRole::OrgAdmin, AdminRole::UserAdmin, AdminRole::Auditor];
    let administrators = roles.map(|role| administrator(&installed, role));
    for actor in administrators.into_iter().chain([service(&installed)]) {
        let who = actor.label();
        let mut work = world.directory.begin(actor).await.unwrap();
        let mut clients = work.clients();
        let console = &installed.console;
        let outcome = clients.create(organization, &installed.application, another()).await;
        assert_eq!(refused(outcome), REFUSAL, "{who}");
        let outcome = clients.update(organization, console, renamed(console)).await;
        assert_eq!(refused(outcome), REFUSAL, "{who}");
        for to in [ClientStatus::Inactive, ClientStatus::Revoked] {
            let outcome = clients.set_status(organization, console, to).await;
            assert_eq!(refused(outcome), REFUSAL, "{who} {to}");
        }
        assert_eq!(refused(clients.restore(organization, &revoked).await), REFUSAL, "{who}");
        let outcome = clients.create_secret(organization, console, NewSecret::default()).await;
        assert_eq!(refused(outcome), REFUSAL, "{who}");
        assert_eq!(refused(clients.revoke_secret(organization, console, secret.id).await), REFUSAL, "{who}");
        work.commit().await.unwrap();
    }
    let mut stored = repositories.clients(organization.id);
    assert_eq!(stored.by_key(installed.console.id).await.unwrap().as_ref(), Some(&installed.console));
    assert_eq!(stored.by_key(revoked.id).await.unwrap(), Some(revoked));
    assert_eq!(stored.secrets(installed.console.id).await.unwrap(), [secret]);
    assert_eq!(stored.page(None, 10).await.unwrap().items.len(), 2);
    assert_eq!(world.audit().await.len(), rows);
}

/// Everything that can be done to the console's client.
async fn touch(mut work: Transaction, installed: &Installed) {
    let organization = &installed.organization;
    let name = installed.console.id.to_string();
    let console = work.clients().find(&name).await.unwrap().client;
    let mut clients = work.clients();
    clients.create(organization, &installed.application, another()).await.unwrap();
    let (console, _) = clients.update(organization, &console, renamed(&console)).await.unwrap();
    let issued = clients.create_secret(organization, &console, NewSecret::default()).await.unwrap();
    clients.revoke_secret(organization, &console, issued.stored.id).await.unwrap();
    let stopped = clients.set_status(organization, &console, ClientStatus::Inactive).await.unwrap();
    let revoked = clients.set_status(organization, &stopped, ClientStatus::Revoked).await.unwrap();
    let back = clients.restore(organization, &revoked).await.unwrap();
    assert_eq!(back.status, ClientStatus::Active);
    work.commit().await.unwrap();
}

async fn super_admins_and_whoever_has_shell_access_can(world: World) {
    let installed = installed(&world).await;
    let roles = [AdminRole::SuperAdmin, AdminRole::Legacy].map(|role| administrator(&installed, role));
    for actor in roles.into_iter().chain([actor(), Actor::System]) {
        touch(world.directory.begin(actor).await.unwrap(), &installed).await;
    }
    let restored = world.audit_names().await.iter().filter(|name| *name == "client.restored").count();
    assert_eq!(restored, 4);
}

async fn other_clients_are_not_protected(world: World) {
    let installed = installed(&world).await;
    let harbor = world.organization("harbor").await;
    for (organization, slug) in [(&installed.organization, "wiki"), (&harbor, "porta-admin")] {
        let application = world.application(organization, slug).await;
        let client = world.client(organization, &application, &format!("{slug}-web"), &[]).await;
        let actor = administrator(&installed, AdminRole::AppAdmin);
        let mut work = world.directory.begin(actor).await.unwrap();
        let mut clients = work.clients();
        let (client, _) = clients.update(organization, &client, renamed(&client)).await.unwrap();
        clients.set_status(organization, &client, ClientStatus::Revoked).await.unwrap();
        let (made, secret) = clients.create(organization, &application, another()).await.unwrap();
        assert!(secret.unwrap().stored.is_usable(START) && made.is_confidential());
        work.commit().await.unwrap();
    }
}
