//! Argon2id on a bounded pool of dedicated threads, each reusing its hash memory (decision D9).
//!
//! A flood of sign-ins fills its share of the queue and is answered "busy"; token requests never wait for a hash.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::password_hash::phc::{Output, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use porta_core::user::PasswordHash;
use porta_core::{Entropy, Password, TypedPassword};
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;

use crate::password_queue::{PasswordQueue, QueueFull, QueuePriority};

/// Cost of one hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashCost {
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
}

impl HashCost {
    /// Parses the parameters of a PHC string: `m=19456,t=2,p=1`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(',').map(|part| part.split_once('='));
        let mut next = |name| match parts.next()? {
            Some((found, value)) if found == name => value.parse().ok(),
            _ => None,
        };
        let cost = Self { memory_kib: next("m")?, iterations: next("t")?, parallelism: next("p")? };
        Params::new(cost.memory_kib, cost.iterations, cost.parallelism, Some(32)).is_ok().then_some(cost)
    }

    /// A hash of this cost that matches no password.
    fn dummy_hash(self) -> PasswordHash {
        let Self { memory_kib, iterations, parallelism } = self;
        let (salt, output) = ("c2FsdCBvZiBhIGRlY295", "A".repeat(43));
        PasswordHash::trusted(format!(
            "$argon2id$v=19$m={memory_kib},t={iterations},p={parallelism}${salt}${output}"
        ))
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
    #[error("stored password hash is not an Argon2id PHC string")]
    Unreadable,
    #[error("hashing parameters were refused")]
    Parameters,
}

/// Result of verifying a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCheck {
    pub matches: bool,
    /// The hash has other parameters than new hashes, or is not of the normalized text (decision 0040).
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
        stored: PasswordHash,
        answer: oneshot::Sender<Result<PasswordCheck, HashError>>,
    },
}

/// Handle to the hashing threads.
pub struct PasswordHasher {
    queue: Arc<PasswordQueue<HashJob>>,
    evaluations: Arc<AtomicU64>,
    blocks: Arc<AtomicU64>,
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
        let blocks = Arc::new(AtomicU64::new(0));
        for index in 0..threads.max(1) {
            let mut worker = Worker::new(params.clone(), Arc::clone(&blocks));
            let (queue, evaluations) = (Arc::clone(&queue), Arc::clone(&evaluations));
            std::thread::Builder::new()
                .name(format!("argon2-{index}"))
                .spawn(move || {
                    yield_to_others();
                    while queue.work(|work| worker.run(work, &evaluations)) {}
                })
                .map_err(|_| HashError::Parameters)?;
        }
        Ok(Self { queue, evaluations, blocks, entropy, cost })
    }

    /// Hashes a new password with the current parameters, for somebody authorized to set it.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "password.hash", skip_all)]
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashError> {
        let salt = self.entropy.bytes::<16>();
        self.submit(QueuePriority::PROVEN, |answer| HashJob::Hash { password, salt, answer }).await
    }

    /// Cost of new hashes.
    pub(crate) fn cost(&self) -> HashCost {
        self.cost
    }

    /// Verifies a password.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "password.verify", skip_all)]
    pub async fn verify(
        &self,
        password: TypedPassword,
        stored: &PasswordHash,
        priority: QueuePriority,
    ) -> Result<PasswordCheck, HashError> {
        let stored = stored.clone();
        self.submit(priority, |answer| HashJob::Verify { password, stored, answer }).await
    }

    /// Does the work of a verification when there is no hash to compare with.
    pub(crate) async fn verify_dummy(
        &self,
        password: TypedPassword,
        cost: HashCost,
        priority: QueuePriority,
    ) -> Result<PasswordCheck, HashError> {
        self.verify(password, &cost.dummy_hash(), priority).await?;
        Ok(PasswordCheck { matches: false, outdated: false })
    }

    /// Argon2 memory blocks written so far, for tests that compare costs.
    pub fn blocks(&self) -> u64 {
        self.blocks.load(Ordering::Relaxed)
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
        work: impl FnOnce(oneshot::Sender<Result<T, HashError>>) -> HashJob,
    ) -> Result<T, HashError> {
        let (answer, receiver) = oneshot::channel();
        self.queue.push(priority, work(answer)).map_err(|QueueFull| HashError::Busy)?;
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
    params: Params,
    memory: Vec<Block>,
    blocks: Arc<AtomicU64>,
}

impl Worker {
    fn new(params: Params, blocks: Arc<AtomicU64>) -> Self {
        let memory = vec![Block::default(); params.block_count()];
        Self { params, memory, blocks }
    }

    /// Skips the hash if the caller has gone away and its receiver is closed.
    fn run(&mut self, work: HashJob, evaluations: &AtomicU64) {
        match work {
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
        params: &Params,
        password: &str,
        salt: &[u8],
        out: &mut [u8],
    ) -> Result<(), HashError> {
        let written = u64::try_from(params.block_count()).unwrap_or(u64::MAX) * u64::from(params.t_cost());
        self.blocks.fetch_add(written, Ordering::Relaxed);
        if self.memory.len() < params.block_count() {
            self.memory.resize(params.block_count(), Block::default());
        }
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone())
            .hash_password_into_with_memory(password.as_bytes(), salt, out, &mut self.memory[..])
            .map_err(|_| HashError::Parameters)
    }

    fn hash(&mut self, password: &Password, salt: &[u8; 16]) -> Result<PasswordHash, HashError> {
        let params = self.params.clone();
        let mut out = [0; 32];
        self.compute(&params, password.expose_secret(), salt, &mut out)?;
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
    fn verify(
        &mut self,
        password: &TypedPassword,
        stored: &PasswordHash,
    ) -> Result<PasswordCheck, HashError> {
        let phc = Phc::new(stored.as_str()).map_err(|_| HashError::Unreadable)?;
        let (Some(salt), Some(expected)) = (phc.salt, phc.hash) else { return Err(HashError::Unreadable) };
        if phc.algorithm != Algorithm::Argon2id.ident() {
            return Err(HashError::Unreadable);
        }
        let params = Params::try_from(&phc).map_err(|_| HashError::Unreadable)?;
        let mut is_of = |text: &str| {
            let mut out = vec![0; expected.len()];
            self.compute(&params, text, salt.as_ref(), &mut out)?;
            Ok(bool::from(out.ct_eq(expected.as_bytes())))
        };
        let normal = password.normal().map(|normal| is_of(normal.expose_secret())).transpose()?;
        let as_typed = password.as_typed().map(is_of).transpose()?;
        let (normal, as_typed) = (normal.unwrap_or(false), as_typed.unwrap_or(false));
        let outdated = params.m_cost() != self.params.m_cost()
            || params.t_cost() != self.params.t_cost()
            || params.p_cost() != self.params.p_cost()
            || !normal;
        Ok(PasswordCheck { matches: normal | as_typed, outdated })
    }
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
