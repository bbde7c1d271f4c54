//! Who sends requests: the administrators of the fixture, and newcomers for requests that are about the account of
//! whoever sends them.

use axum::http::StatusCode;
use porta_core::UserId;
use serde_json::json;

use super::world::Run;
use crate::newcomers::Newcomer;
use crate::support::*;

/// Somebody who sends requests.
pub(super) struct Colleague {
    pub(super) admin: Admin,
    pub(super) email: String,
    pub(super) id: UserId,
    /// Slug of a role of the admin application.
    pub(super) role: &'static str,
}

/// The account of a newcomer, who sends one request. The request may change the account or end its token, and needs a
/// recent sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OwnAccount {
    Plain,
    /// Signed in twice; the path names the other session.
    TwoSessions,
    /// Mailed codes are being set up; the body names the code.
    BeginsCodes,
    /// Signed in with a mailed code.
    HasCodes,
}

pub(super) const SUPER_ADMIN: &str = "porta-super-admin";

const ROLES: [(Person, &str); 6] = [
    (ROOT, SUPER_ADMIN),
    (ORGS, "porta-org-admin"),
    (USERS, "porta-user-admin"),
    (APPS, "porta-app-admin"),
    (AUDITOR, "porta-auditor"),
    (HELPER, "helper"),
];

impl Colleague {
    pub(super) async fn sign_in(admins: &Admins, person: Person) -> Self {
        let role = ROLES.iter().find(|(known, _)| *known == person);
        let (_, role) = *role.unwrap_or_else(|| unreachable!("{} has which role?", person.0));
        let id = admins.user("porta-admin", person.0).await.id;
        Self { admin: admins.sign_in(person).await, email: person.0.to_owned(), id, role }
    }

    /// Makes a newcomer with a role. `root` is a super-admin. The run gets what paths and bodies name of the account.
    pub(super) async fn newcomer(
        account: OwnAccount,
        (admins, root): (&Admins, &mut Admin),
        run: &mut Run,
        role: &'static str,
    ) -> Self {
        let email = format!("{}@porta.test", run.unique("newcomer"));
        let newcomer = Newcomer::make(admins, root, &email, role).await;
        let mut admin = match account {
            OwnAccount::HasCodes => newcomer.sign_in_with_code(admins).await,
            OwnAccount::Plain | OwnAccount::TwoSessions | OwnAccount::BeginsCodes => {
                newcomer.sign_in(admins).await
            }
        };
        match account {
            OwnAccount::Plain | OwnAccount::HasCodes => {}
            OwnAccount::TwoSessions => {
                newcomer.sign_in(admins).await;
                let sessions = expect(&admin.get("/me/sessions").await, StatusCode::OK);
                let mut sessions = sessions["data"].as_array().unwrap().iter();
                let other = sessions.find(|session| session["isCurrent"] == false).unwrap();
                run.set("sessionId", other["sessionId"].as_str().unwrap());
            }
            OwnAccount::BeginsCodes => {
                let method = json!({ "method": "email" });
                expect(&admin.post("/me/two-factor/setup", &method).await, StatusCode::OK);
                run.set("code", &mailed_code(&admins.app, &email).await);
            }
        }
        Self { admin, email, id: newcomer.id, role }
    }
}

/// What a request is made from, and who sends it.
pub(super) struct Prepared {
    pub(super) run: Run,
    /// A newcomer who sends the request.
    pub(super) newcomer: Option<Colleague>,
}

impl Prepared {
    /// The newcomer, or `who`.
    pub(super) fn sender<'a>(&'a mut self, who: &'a mut Colleague) -> &'a mut Colleague {
        self.newcomer.as_mut().unwrap_or(who)
    }
}
