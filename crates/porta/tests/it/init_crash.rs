//! `porta init` that is killed, and many at once: never a system that cannot be completed.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::Write as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use porta_testkit::database::TestDatabase;

use crate::support::operated::{output_of, postgres_and_redis};
use crate::support::{CommandOutput, Installation};

const PASSWORD: &str = "lantern-Quay-41";
const EXISTS: &str = "already initialized: the application porta-admin exists";

/// A place to initialize.
struct Place {
    installation: Installation,
    environment: Vec<(&'static str, String)>,
    _database: Option<TestDatabase>,
}

impl Place {
    /// A directory in which nothing is yet.
    fn embedded() -> Self {
        Self { installation: Installation::new(), environment: Vec::new(), _database: None }
    }

    async fn postgres() -> Self {
        let (database, mut environment) = postgres_and_redis("crash").await;
        environment.push(("SIGNING_KEY_ENCRYPTION_KEY", "11".repeat(32)));
        Self { installation: Installation::new(), environment, _database: Some(database) }
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut command = self.installation.command(arguments, &environment);
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = pipes.spawn().unwrap();
        // Fails if the command ended before it read.
        child.stdin.take().unwrap().write_all(format!("{PASSWORD}\n").as_bytes()).ok();
        child
    }

    /// Begins to initialize for Ana.
    fn init(&self, more: &[&str]) -> Child {
        let ana = ["--email", "ana@admin.test", "--given-name", "Ana", "--family-name", "Berg"];
        self.start(&[&["init", "--password-stdin"][..], &ana, more].concat())
    }

    fn run(&self, arguments: &[&str]) -> CommandOutput {
        output_of(self.start(arguments))
    }

    /// Fails unless administration is complete.
    #[track_caller]
    fn check(&self) {
        let repaired = self.run(&["init", "--force"]);
        assert_eq!(repaired.code, 0, "{}", repaired.stderr);
        assert!(repaired.stdout.contains("nothing was missing"), "{}", repaired.stdout);
        let json = |arguments: &[&str]| {
            let outcome = self.run(&[arguments, &["--direct", "--json"]].concat());
            assert_eq!(outcome.code, 0, "{arguments:?}: {}", outcome.stderr);
            outcome.json()
        };
        let ana = json(&["user", "show", "ana@admin.test", "--org", "porta-admin"]);
        assert_eq!((&ana["status"], &ana["hasPassword"]), (&"active".into(), &true.into()));
        assert_eq!(json(&["user", "list", "--org", "porta-admin"])["total"], 1);
        assert_eq!(json(&["client", "list", "--app", "porta-admin"])["total"], 2);
        assert_eq!(json(&["app", "role", "list", "porta-admin"]).as_array().unwrap().len(), 5);
        assert_eq!(json(&["keys", "list", "--org", "porta-admin"]).as_array().unwrap().len(), 2);
    }
}

/// Runs a test on both stores.
macro_rules! everywhere {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread")]
            async fn embedded() {
                tokio::task::block_in_place(|| super::$name(&super::Place::embedded()));
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn postgres_redis() {
                let place = super::Place::postgres().await;
                tokio::task::block_in_place(|| super::$name(&place));
            }
        }
    )+ };
}

everywhere!(
    one_of_many_at_once_initializes_and_the_others_say_what_exists,
    a_killed_init_is_in_nobodys_way,
    a_half_made_installation_is_repaired,
);

/// In a new directory the others meet while secrets, schema and rows are made.
fn one_of_many_at_once_initializes_and_the_others_say_what_exists(place: &Place) {
    let begun: Vec<Child> = (0..5).map(|_| place.init(&[])).collect();
    let (done, refused): (Vec<_>, Vec<_>) =
        begun.into_iter().map(output_of).partition(|outcome| outcome.code == 0);
    for outcome in &refused {
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(EXISTS), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("the administrator is ana@admin.test"), "{}", outcome.stderr);
    }
    assert_eq!((done.len(), refused.len()), (1, 4));
    place.check();
}

/// Each run is killed a little later than the one before, until one gets to its end.
fn a_killed_init_is_in_nobodys_way(place: &Place) {
    let mut moment = Duration::ZERO;
    let mut killed = 0;
    let last = loop {
        let mut child = place.init(&[]);
        std::thread::sleep(moment);
        if child.try_wait().unwrap().is_some() {
            break output_of(child);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        moment += (moment / 10).max(Duration::from_millis(30));
    };
    assert!(killed > 1, "none was killed");
    // Whoever was killed last may have been done.
    let exists = last.code == 1 && last.stderr.contains(EXISTS);
    assert!(last.code == 0 || exists, "{}: {}", last.code, last.stderr);
    place.check();
}

/// What the reference leaves behind when somebody mistypes a password.
fn a_half_made_installation_is_repaired(place: &Place) {
    assert_eq!(place.run(&["migrate", "up"]).code, 0);
    let half = ["app", "create", "--name", "Porta Admin", "--slug", "porta-admin", "--org", "porta-admin"];
    let made = place.run(&[&half[..], &["--direct"]].concat());
    assert_eq!(made.code, 0, "{}", made.stderr);
    let refused = output_of(place.init(&[]));
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains(EXISTS), "{}", refused.stderr);
    assert!(refused.stderr.contains("there is no administrator yet"), "{}", refused.stderr);
    let nobody = place.run(&["init", "--force"]);
    assert!(nobody.code == 3 && nobody.stderr.contains("--email is missing"), "{}", nobody.stderr);
    let repaired = output_of(place.init(&["--force"]));
    assert_eq!(repaired.code, 0, "{}", repaired.stderr);
    assert!(repaired.stdout.contains("43 permissions are created"), "{}", repaired.stdout);
    assert!(!repaired.stdout.contains("application porta-admin is created"), "{}", repaired.stdout);
    place.check();
}
