//! Password hashing on a bounded pool of dedicated threads, each reusing its Argon2 memory (decision D9). New hashes
//! are Argon2id; those of other systems are verified as well (decision 0047).
//!
//! A flood of sign-ins fills its share of the queue and is answered "busy"; token requests never wait for a hash.

mod functions;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use porta_core::password_hash::{
    Argon2Cost, Argon2Variant, Argon2Version, HashFunction, HashRefused, ParsedHash,
};
use porta_core::user::PasswordHash;
use porta_core::{Entropy, Password, TypedPassword};
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;

use crate::password_queue::{PasswordQueue, QueueFull, QueuePriority};

/// Cost of new hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashCost {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

impl HashCost {
    fn function(self) -> HashFunction {
        let Self { memory_kib, iterations, parallelism } = self;
        let (variant, version) = (Argon2Variant::Id, Argon2Version::V19);
        HashFunction::Argon2(Argon2Cost { variant, version, memory_kib, iterations, parallelism })
    }
}

impl Default for HashCost {
    /// OWASP's first recommendation for Argon2id.
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

/// Why a password could not be verified. Never means "wrong".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The queue is full: the caller should retry.
    #[error("too many passwords are waiting to be checked")]
    Busy,
    #[error("stored password hash is unusable: {0}")]
    Unreadable(HashRefused),
    #[error("hashing parameters were refused")]
    Parameters,
}

/// Result of verifying a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCheck {
    pub matches: bool,
    /// The hash has another function or cost than new hashes, or is not of the normalized text (decision 0040).
    pub outdated: bool,
}

enum HashJob {
    Hash {
        password: Password,
        salt: [u8; 16],
        answer: oneshot::Sender<Result<PasswordHash, HashError>>,
    },
    Verify {
        password: TypedPassword,
        stored: ParsedHash,
        answer: oneshot::Sender<Result<PasswordCheck, HashError>>,
    },
}

/// Handle to the hashing threads.
pub struct PasswordHasher {
    queue: Arc<PasswordQueue<HashJob>>,
    evaluations: Arc<AtomicU64>,
    work: Arc<AtomicU64>,
    entropy: Arc<dyn Entropy>,
    cost: HashCost,
}

impl std::fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PasswordHasher({} waiting)", self.queue.waiting())
    }
}

impl PasswordHasher {
    /// Starts `threads` threads; at most `capacity` passwords wait or are hashed at once.
    pub fn start(
        cost: HashCost,
        threads: usize,
        capacity: usize,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, HashError> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(32))
            .map_err(|_| HashError::Parameters)?;
        let queue = Arc::new(PasswordQueue::new(capacity));
        let evaluations = Arc::new(AtomicU64::new(0));
        let work = Arc::new(AtomicU64::new(0));
        for index in 0..threads.max(1) {
            let mut worker = Worker::new(cost, &params, Arc::clone(&work));
            let (queue, evaluations) = (Arc::clone(&queue), Arc::clone(&evaluations));
            std::thread::Builder::new()
                .name(format!("argon2-{index}"))
                .spawn(move || {
                    yield_to_others();
                    while queue.work(|job| worker.run(job, &evaluations)) {}
                })
                .map_err(|_| HashError::Parameters)?;
        }
        Ok(Self { queue, evaluations, work, entropy, cost })
    }

    /// Hashes a new password with the current parameters, for somebody authorized to set it.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "password.hash", skip_all)]
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        let salt = self.entropy.bytes::<16>();
        self.submit(QueuePriority::PROVEN, |answer| HashJob::Hash { password, salt, answer }).await
    }

    /// Function and cost of new hashes.
    pub(crate) fn function(&self) -> HashFunction {
        self.cost.function()
    }

    /// Verifies a password.
    pub async fn verify(
        &self,
        password: TypedPassword,
        stored: &PasswordHash,
        priority: QueuePriority,
    ) -> Result<PasswordCheck, HashError> {
        let stored = ParsedHash::of_stored(stored).map_err(HashError::Unreadable)?;
        self.verify_parsed(password, stored, priority).await
    }

    /// Does the work of a verification when there is no hash to compare with.
    pub(crate) async fn verify_dummy(
        &self,
        password: TypedPassword,
        function: HashFunction,
        priority: QueuePriority,
    ) -> Result<PasswordCheck, HashError> {
        self.verify_parsed(password, ParsedHash::dummy(function), priority).await?;
        Ok(PasswordCheck { matches: false, outdated: false })
    }

    #[tracing::instrument(target = "porta::trace", level = "trace", name = "password.verify", skip_all)]
    async fn verify_parsed(
        &self,
        password: TypedPassword,
        stored: ParsedHash,
        priority: QueuePriority,
    ) -> Result<PasswordCheck, HashError> {
        self.submit(priority, |answer| HashJob::Verify { password, stored, answer }).await
    }

    /// Steps taken so far ([`HashFunction::work`]), for tests that compare costs.
    pub fn work(&self) -> u64 {
        self.work.load(Ordering::Relaxed)
    }

    /// Whether another password would be refused as busy. Lets a caller be refused before any work is done.
    pub fn is_full(&self, priority: QueuePriority) -> bool {
        self.queue.is_full(priority)
    }

    /// Hashes computed so far, for tests.
    pub fn evaluations(&self) -> u64 {
        self.evaluations.load(Ordering::Relaxed)
    }

    async fn submit<T>(
        &self,
        priority: QueuePriority,
        job: impl FnOnce(oneshot::Sender<Result<T, HashError>>) -> HashJob,
    ) -> Result<T, HashError> {
        let (answer, receiver) = oneshot::channel();
        self.queue.push(priority, job(answer)).map_err(|QueueFull| HashError::Busy)?;
        receiver.await.map_err(|_| HashError::Busy)?
    }
}

impl Drop for PasswordHasher {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// One thread's parameters and memory.
struct Worker {
    cost: HashCost,
    memory: Vec<Block>,
    work: Arc<AtomicU64>,
}

impl Worker {
    fn new(cost: HashCost, params: &Params, work: Arc<AtomicU64>) -> Self {
        Self { cost, memory: vec![Block::default(); params.block_count()], work }
    }

    /// Skips the hash if the caller has gone away and its receiver is closed.
    fn run(&mut self, job: HashJob, evaluations: &AtomicU64) {
        match job {
            HashJob::Hash { password, salt, answer } => {
                if !answer.is_closed() {
                    evaluations.fetch_add(1, Ordering::Relaxed);
                    drop(answer.send(self.hash(&password, &salt)));
                }
            }
            HashJob::Verify { password, stored, answer } => {
                if !answer.is_closed() {
                    evaluations.fetch_add(1, Ordering::Relaxed);
                    drop(answer.send(self.verify(&password, &stored)));
                }
            }
        }
    }

    fn compute(
        &mut self,
        function: HashFunction,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), HashError> {
        self.work.fetch_add(function.work(), Ordering::Relaxed);
        match function {
            HashFunction::Argon2(cost) => self.argon2(cost, password, salt, out),
            HashFunction::Bcrypt { cost } => functions::bcrypt(cost, salt, password, out),
            HashFunction::Pbkdf2 { sha, iterations, .. } => {
                functions::pbkdf2(sha, iterations, salt, password, out);
                Ok(())
            }
            HashFunction::Scrypt(cost) => functions::scrypt(cost, salt, password, out),
            HashFunction::FirebaseScrypt(cost) => functions::firebase_scrypt(cost, salt, password, out),
            HashFunction::SaltedSha(sha) => functions::salted_sha(sha, salt, password, out),
        }
    }

    fn argon2(
        &mut self,
        cost: Argon2Cost,
        password: &[u8],
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), HashError> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(out.len()))
            .map_err(|_| HashError::Parameters)?;
        if self.memory.len() < params.block_count() {
            self.memory.resize(params.block_count(), Block::default());
        }
        let algorithm = match cost.variant {
            Argon2Variant::D => Algorithm::Argon2d,
            Argon2Variant::I => Algorithm::Argon2i,
            Argon2Variant::Id => Algorithm::Argon2id,
        };
        let version = match cost.version {
            Argon2Version::V16 => Version::V0x10,
            Argon2Version::V19 => Version::V0x13,
        };
        Argon2::new(algorithm, version, params)
            .hash_password_into_with_memory(password, salt, out, &mut self.memory[..])
            .map_err(|_| HashError::Parameters)
    }

    fn hash(&mut self, password: &Password, salt: &[u8; 16]) -> Result<PasswordHash, HashError> {
        let HashCost { memory_kib, iterations, parallelism } = self.cost;
        let mut out = [0; 32];
        self.compute(self.cost.function(), password.expose_secret().as_bytes(), salt, &mut out)?;
        let params = Params::new(memory_kib, iterations, parallelism, Some(out.len()))
            .map_err(|_| HashError::Parameters)?;
        let phc = Phc {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: (&params).try_into().map_err(|_| HashError::Parameters)?,
            salt: Some(Salt::new(salt).map_err(|_| HashError::Parameters)?),
            hash: Some(Output::new(&out).map_err(|_| HashError::Parameters)?),
        };
        Ok(PasswordHash::trusted(phc.to_string()))
    }

    /// Computes one hash for each form of the text, whichever matches, so that the time says nothing about the stored
    /// hash (decision 0040).
    fn verify(&mut self, password: &TypedPassword, stored: &ParsedHash) -> Result<PasswordCheck, HashError> {
        let mut is_of = |text: &str| {
            let mut out = vec![0; stored.output.len()];
            self.compute(stored.function, text.as_bytes(), &stored.salt, &mut out)?;
            Ok::<_, HashError>(bool::from(out.ct_eq(&stored.output)) && may_match(text, stored.function))
        };
        let normal = password.normal().map(|normal| is_of(normal.expose_secret())).transpose()?;
        let as_typed = password.as_typed().map(is_of).transpose()?;
        let (normal, as_typed) = (normal.unwrap_or(false), as_typed.unwrap_or(false));
        let outdated = stored.function != self.cost.function() || !normal;
        Ok(PasswordCheck { matches: normal | as_typed, outdated })
    }
}

/// bcrypt repeats the password, each time followed by a NUL, so `a` and `a\0a` have the same hash. A text with a NUL
/// never matches.
fn may_match(text: &str, function: HashFunction) -> bool {
    !matches!(function, HashFunction::Bcrypt { .. }) || !text.contains('\0')
}

/// Nice value of hashing threads: token requests on the same core run first, and a core busy with them still leaves
/// hashing about a tenth.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Lowers the thread's priority. A hash occupies a core for milliseconds; token requests must not wait for it (decision
/// D9).
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICENESS) {
        tracing::warn!(%error, "the priority of the password hashing threads could not be lowered");
    }
}

#[cfg(test)]
mod tests;
