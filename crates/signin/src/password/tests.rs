use super::*;
use porta_core::SeededEntropy;

fn hasher(cost: HashCost, capacity: usize) -> PasswordHasher {
    PasswordHasher::start(cost, 1, capacity, Arc::new(SeededEntropy::new(1))).unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

fn cheap() -> HashCost {
    HashCost { memory_kib: 64, iterations: 1, parallelism: 1 }
}

#[tokio::test]
async fn a_right_password_matches_and_a_wrong_one_does_not() {
    let hasher = hasher(cheap(), 8);
    let stored = hasher.hash(password("lantern-Quay-41")).await.unwrap();
    assert!(stored.as_str().starts_with("$argon2id$v=19$m=64,t=1,p=1$"));
    let right =
        hasher.verify(TypedPassword::new("lantern-Quay-41"), &stored, QueuePriority::PROVEN).await.unwrap();
    assert_eq!(right, PasswordCheck { matches: true, outdated: false });
    assert!(
        !hasher
            .verify(TypedPassword::new("lantern-Quay-42"), &stored, QueuePriority::PROVEN)
            .await
            .unwrap()
            .matches
    );
    for cost in [cheap(), HashCost { memory_kib: 256, iterations: 3, parallelism: 4 }] {
        let decoy = TypedPassword::new("decoy");
        let nothing = hasher.verify_dummy(decoy, cost.function(), QueuePriority::PROVEN).await;
        assert_eq!(nothing, Ok(PasswordCheck { matches: false, outdated: false }));
    }
}

#[tokio::test]
async fn hashes_of_other_parameters_verify_and_are_outdated() {
    // More memory than the worker started with, and four lanes, as the reference implementation stored them.
    let strong = hasher(HashCost { memory_kib: 256, iterations: 3, parallelism: 4 }, 8);
    let stored = strong.hash(password("x")).await.unwrap();
    let verified =
        hasher(cheap(), 8).verify(TypedPassword::new("x"), &stored, QueuePriority::PROVEN).await.unwrap();
    assert_eq!(verified, PasswordCheck { matches: true, outdated: true });
}

/// A hash made by a version that did not normalize passwords.
fn of_before(text: &str, cost: HashCost) -> PasswordHash {
    let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(32)).unwrap();
    let mut out = [0; 32];
    let salt = b"imported-salt-16";
    let mut worker = Worker::new(cost, &params, Arc::default());
    worker.compute(cost.function(), text.as_bytes(), salt, &mut out).unwrap();
    let phc = Phc {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: (&params).try_into().unwrap(),
        salt: Some(Salt::new(salt).unwrap()),
        hash: Some(Output::new(&out).unwrap()),
    };
    PasswordHash::trusted(phc.to_string())
}

#[tokio::test]
async fn a_hash_of_the_bytes_as_typed_matches_and_is_outdated() {
    let hasher = hasher(cheap(), 8);
    let (composed, decomposed) = ("cr\u{e8}me-41", "cre\u{300}me-41");
    let verify = async |typed: &str, stored: &PasswordHash| {
        let before = hasher.work();
        let verified = hasher.verify(TypedPassword::new(typed), stored, QueuePriority::PROVEN).await.unwrap();
        (verified, (hasher.work() - before) / 64)
    };
    let (matches, wrong) = (PasswordCheck { matches: true, outdated: false }, false);
    let today = hasher.hash(password(decomposed)).await.unwrap();
    assert_eq!(verify(composed, &today).await, (matches, 1));
    assert_eq!(verify(decomposed, &today).await, (matches, 2));
    let before = of_before(decomposed, cheap());
    let outdated = PasswordCheck { matches: true, outdated: true };
    assert_eq!(verify(decomposed, &before).await, (outdated, 2));
    let (verified, times) = verify(composed, &before).await;
    assert_eq!((verified.matches, times), (wrong, 1));
    // A hash of a text that is refused as a new password.
    let tabulated = of_before("a\tb", cheap());
    assert_eq!(verify("a\tb", &tabulated).await, (outdated, 1));
    for typed in ["a b", "ab", "", "a\t b"] {
        assert!(!verify(typed, &tabulated).await.0.matches, "{typed:?}");
    }
}

#[tokio::test]
async fn an_unreadable_hash_is_an_error_and_not_a_wrong_password() {
    use porta_core::password_hash::HashForm;

    let hasher = hasher(cheap(), 8);
    for (text, problem) in [
        ("$2b$10$abcdefghijklmnopqrstuv", HashRefused::Malformed(HashForm::Bcrypt)),
        ("$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", HashRefused::UnknownForm("$1$".to_owned())),
        ("lantern-Quay-41", HashRefused::NoForm),
    ] {
        let stored = PasswordHash::trusted(text.to_owned());
        for typed in ["x", text] {
            let verified = hasher.verify(TypedPassword::new(typed), &stored, QueuePriority::PROVEN).await;
            assert_eq!(verified, Err(HashError::Unreadable(problem.clone())));
        }
    }
    assert_eq!(hasher.evaluations(), 0, "there is nothing to compute");
}

#[tokio::test]
async fn a_full_queue_answers_busy_at_once() {
    let hasher = Arc::new(hasher(HashCost { memory_kib: 4096, iterations: 4, parallelism: 1 }, 2));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let hasher = Arc::clone(&hasher);
            tokio::spawn(async move { hasher.hash(password("x")).await })
        })
        .collect();
    tokio::task::yield_now().await;
    assert!(hasher.is_full(QueuePriority::PROVEN));
    let mut busy = 0;
    for task in tasks {
        busy += usize::from(task.await.unwrap() == Err(HashError::Busy));
    }
    assert!(busy > 0);
    assert!(
        hasher.hash(password("x")).await.is_ok() && !hasher.is_full(QueuePriority::PROVEN),
        "the queue drains"
    );
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn hashing_threads_let_everything_else_go_first() {
    let hasher = hasher(cheap(), 8);
    hasher.hash(password("x")).await.unwrap();
    let mut seen = niceness_of_hashing_threads();
    assert!(!seen.is_empty());
    // A thread of another test may have started and not lowered its priority yet.
    for _ in 0..100 {
        if seen.iter().all(|nice| *nice == NICENESS.to_string()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        seen = niceness_of_hashing_threads();
    }
    panic!("{seen:?}");
}

#[cfg(target_os = "linux")]
fn niceness_of_hashing_threads() -> Vec<String> {
    let mut seen = Vec::new();
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let read = |file| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        if read("comm").starts_with("argon2-") {
            // proc_pid_stat(5): `nice` is the 19th field; the name in the second may hold blanks.
            let stat = read("stat");
            let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
            seen.extend(after_name.split_whitespace().nth(16).map(str::to_owned));
        }
    }
    seen
}
