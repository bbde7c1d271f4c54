//! Addresses and names in all scripts (decision 0043): every spelling of a mailbox is the same user, and a name is a
//! single line.

use porta_core::application::ModuleStatus;
use porta_core::organization::Branding;
use porta_core::user::{Email, User, UserStatus};
use porta_directory::provision::{Format, Mode, Options, read};
use porta_directory::{
    NewApplication, NewClient, NewInvitation, NewModule, NewOrganization, NewPermission, NewRole, NewSecret,
    NewUser,
};

use crate::support::{START, World, actor, refused};

both_stores!(
    names_and_labels_are_lines,
    one_mailbox_is_one_person,
    a_file_finds_people_however_it_spells_them,
    another_spelling_is_no_other_address,
    mailboxes_that_two_people_have_are_shown,
);

async fn names_and_labels_are_lines(world: World) {
    let harbor = world.organization("harbor").await;
    let ana = world.user(&harbor, "ana@harbor.test").await;
    let dock = world.application(&harbor, "dock").await;
    for unfit in
        ["Har\nbor", "Har\tbor", "Har\u{85}bor", "Har\u{2028}bor", "Har\u{202e}rob", "Har\u{2067}bor"]
    {
        let unfit = || unfit.to_owned();
        let mut work = world.work().await;
        let named =
            NewOrganization { name: unfit(), slug: Some("other".to_owned()), ..NewOrganization::default() };
        assert!(refused(work.organizations().create(named).await).contains("name"));
        let named =
            NewApplication { name: unfit(), slug: Some("other".to_owned()), ..NewApplication::default() };
        assert!(refused(work.applications().create(&harbor, named).await).contains("name"));
        let named = NewRole { name: unfit(), slug: Some("other".to_owned()), ..NewRole::default() };
        assert!(refused(work.roles().create(&harbor, &dock, named).await).contains("name"));
        let named = NewModule {
            name: unfit(),
            slug: Some("other".to_owned()),
            description: None,
            status: ModuleStatus::Active,
        };
        assert!(refused(work.applications().create_module(&harbor, &dock, named).await).contains("name"));
        let named =
            NewPermission { name: unfit(), slug: "a:b:c".to_owned(), description: None, module: None };
        assert!(refused(work.roles().create_permission(&harbor, &dock, named).await).contains("name"));
        let branding = Branding { company_name: Some(unfit()), ..Branding::default() };
        let named = NewOrganization { name: "Other".to_owned(), branding, ..NewOrganization::default() };
        assert!(refused(work.organizations().create(named).await).contains("company_name"));
        let label = NewSecret { label: Some(unfit()), ..NewSecret::default() };
        for (client_name, secret, expected) in
            [(unfit(), NewSecret::default(), "client_name"), ("Web".to_owned(), label, "secret.label")]
        {
            let redirect_uris = vec!["https://app.example/cb".to_owned()];
            let new = NewClient { client_name, redirect_uris, secret, ..NewClient::default() };
            let created = work.clients().create(&harbor, &dock, new).await.map(|_| ());
            assert!(refused(created).contains(expected));
        }
        let mut after = ana.clone();
        after.profile.nickname = Some(unfit());
        assert!(refused(work.users().update(&harbor, &ana, after).await).contains("nickname"));
        let reason = unfit();
        let suspended = work.users().set_status(&harbor, &ana, UserStatus::Suspended, Some(&reason)).await;
        assert!(refused(suspended).contains("reason"));
        for (inviter, message, expected) in
            [(Some(unfit()), None, "inviter"), (None, Some("a\u{202e}b".to_owned()), "message")]
        {
            let new = NewInvitation {
                email: "eve@harbor.test".to_owned(),
                inviter,
                message,
                ..NewInvitation::default()
            };
            let invited = work.users().invitations().send(&harbor, "https://id.test/harbor", new).await;
            assert!(refused(invited).contains(expected));
        }
    }
    let mut work = world.work().await;
    let mut after = ana.clone();
    after.profile.given_name = Some("שרה (Sara)".to_owned());
    after.profile.address.street = Some("12 Quay\nSecond floor".to_owned());
    assert_eq!(work.users().update(&harbor, &ana, after).await.unwrap().1, ["given_name", "address"]);
}

/// Decision 0043.
async fn one_mailbox_is_one_person(world: World) {
    let harbor = world.organization("harbor").await;
    let jose = world.user(&harbor, "Jos\u{e9}@B\u{fc}cher.example").await;
    let old = world.stored_before(&harbor, "ina@m\u{fc}ll.example").await;
    let bea = world.user(&harbor, "bea@harbor.test").await;
    for (typed, person) in [
        ("jose\u{301}@bu\u{308}cher.example", &jose),
        ("JOS\u{c9}@xn--bcher-kva.example", &jose),
        ("ina@xn--mll-hoa.example", &old),
        ("INA@mu\u{308}ll.example", &old),
    ] {
        assert_eq!(&world.work().await.user(&harbor, typed).await.unwrap(), person, "{typed}");
        let new = NewUser { email: typed.to_owned(), ..NewUser::default() };
        let problem = refused(world.work().await.users().create(&harbor, new).await);
        assert!(problem.contains("already taken"), "{typed}: {problem}");
        let moved = User { email: Email::parse(typed).unwrap(), ..bea.clone() };
        let problem = refused(world.work().await.users().update(&harbor, &bea, moved).await);
        assert!(problem.contains("already taken"), "{typed}: {problem}");
        let new = NewInvitation { email: typed.to_owned(), ..NewInvitation::default() };
        let invited = world
            .work()
            .await
            .users()
            .invitations()
            .send(&harbor, "https://id.test/harbor", new)
            .await
            .unwrap();
        assert!(!invited.created && invited.user.id == person.id, "{typed}");
    }
    let elsewhere = world.organization("elsewhere").await;
    world.user(&elsewhere, "jose\u{301}@xn--bcher-kva.example").await;
}

async fn a_file_finds_people_however_it_spells_them(world: World) {
    let harbor = world.organization("harbor").await;
    let old = world.stored_before(&harbor, "ina@m\u{fc}ll.example").await;
    let jose = world.user(&harbor, "Jos\u{e9}@B\u{fc}cher.example").await;
    let text = "\u{feff}version: \"1.0\"\norganizations:\n  - name: harbor\n    slug: harbor\n    users:\n      \
                - { email: ina@xn--mll-hoa.example, family_name: Ray }\n      \
                - { email: \"JOSE\u{301}@bu\u{308}cher.example\", family_name: Sol }\n      \
                - { email: \"new@m\u{fc}ll.example\", family_name: \"Day\\nLight\" }\n";
    let document = read(text, Format::Yaml, &|_| None).unwrap();
    let options = Options { mode: Mode::Overwrite, keep_going: true, ..Options::default() };
    let report = world.directory.provision(actor(), &document, options).await.unwrap();
    let [problem] = &report.errors[..] else { panic!("{:?}", report.errors) };
    assert_eq!(problem.path, "organizations[0].users[2].family_name", "{problem:?}");
    for (person, name) in [(&old, "Ray"), (&jose, "Sol")] {
        let now = world.work().await.user(&harbor, &person.id.to_string()).await.unwrap();
        assert_eq!((now.email, now.profile.family_name.as_deref()), (person.email.clone(), Some(name)));
    }
    assert_eq!(world.work().await.users().duplicate_mailboxes(&harbor).await.unwrap(), []);
}

/// Changing only the spelling terminates nothing, and an earlier version still finds the addresses it stored.
async fn another_spelling_is_no_other_address(world: World) {
    let harbor = world.organization("harbor").await;
    let before = world.stored_before(&harbor, "ina@m\u{fc}ll.example").await;
    let verified = User { email_verified: true, ..before.clone() };
    let mut work = world.work().await;
    let (verified, _) = work.users().update(&harbor, &before, verified).await.unwrap();
    work.commit().await.unwrap();
    let link = world.link(&verified).await;
    for shown in ["Ina@xn--mll-hoa.example", "Ina@M\u{fc}ll.example"] {
        let mut work = world.work().await;
        let before = work.user(&harbor, shown).await.unwrap();
        let after = User { email: Email::parse(shown).unwrap(), ..before.clone() };
        let (after, fields) = work.users().update(&harbor, &before, after).await.unwrap();
        work.commit().await.unwrap();
        assert_eq!(fields, ["email"], "{shown}");
        assert_eq!((after.email.shown(), after.email.key()), (shown, "ina@m\u{fc}ll.example"));
        let stored = world.work().await.user(&harbor, shown).await.unwrap();
        assert_eq!((&stored.email, stored.email_verified), (&after.email, true), "{shown}");
        assert_eq!(stored.credential_epoch, before.credential_epoch, "nobody is signed out");
        let mut all = world.store.repositories();
        let found = all.one_time_tokens(harbor.id).find(&link.digest, link.purpose).await.unwrap();
        assert!(found.unwrap().is_live(START), "{shown}");
    }
}

async fn mailboxes_that_two_people_have_are_shown(world: World) {
    let (harbor, other) = (world.organization("harbor").await, world.organization("other").await);
    for plain in ["ana@harbor.test", "jos\u{e9}@harbor.test", "eva@b\u{fc}cher.example"] {
        world.user(&harbor, plain).await;
    }
    world.stored_before(&harbor, "ina@m\u{fc}ll.example").await;
    world.stored_before(&other, "jose\u{301}@harbor.test").await;
    assert_eq!(
        world.work().await.users().duplicate_mailboxes(&harbor).await.unwrap(),
        [],
        "nobody is there twice"
    );
    let jose = world.stored_before(&harbor, "jose\u{301}@harbor.test").await;
    let eva = world.stored_before(&harbor, "eva@b\u{fc}cher.example").await;
    let lea = [
        world.stored_before(&harbor, "le\u{e1}@m\u{fc}ll.example").await,
        world.stored_before(&harbor, "lea\u{301}@m\u{fc}ll.example").await,
    ];
    let mut work = world.work().await;
    let found = work.users().duplicate_mailboxes(&harbor).await.unwrap();
    let mailboxes: Vec<&str> = found.iter().map(|double| double.mailbox.as_str()).collect();
    assert_eq!(
        mailboxes,
        ["eva@xn--bcher-kva.example", "jos\u{e9}@harbor.test", "le\u{e1}@xn--mll-hoa.example"]
    );
    assert!(found[0].people.contains(&eva) && found[1].people.contains(&jose));
    assert!(lea.iter().all(|person| found[2].people.contains(person)));
    assert!(found.iter().all(|double| double.people.len() == 2), "{found:?}");
    assert_eq!(work.users().duplicate_mailboxes(&other).await.unwrap(), []);
}
