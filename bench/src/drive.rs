//! Closed-loop load: every connection sends its next request as soon as it has the last response.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::process::{core_time, cpu_time, thread_cpu_time};
use crate::samples::{Samples, Summary, per_second};

/// Name prefix of the server's password-hashing threads.
const HASHING_THREADS: &str = "argon2-";

/// Extra time after the measurement before workers without a response fail the run.
const RESPONSE_TIMEOUT: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// The work of one connection. An error ends the run: a figure that includes wrong responses is worthless.
pub(crate) trait Worker {
    async fn step(&mut self) -> Result<Step>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Done,
    /// Refused with `Retry-After`; the worker continues after `wait`. Counted, but not part of the latencies.
    RetryLater {
        wait: Duration,
    },
    /// No input is left; the measurement ends early.
    Exhausted,
}

/// The result of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Measurement {
    pub(crate) summary: Summary,
    pub(crate) elapsed: Duration,
    /// CPU time of the server, of its hashing threads (part of the former), and of the load generator.
    pub(crate) server_cpu: Duration,
    pub(crate) hashing_cpu: Duration,
    pub(crate) load_cpu: Duration,
    /// CPU time that other processes used on the server's core; zero on a quiet machine.
    pub(crate) foreign_cpu: Duration,
}

impl Measurement {
    /// CPU time of the server per step: the figure that a noisy machine distorts least.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    pub(crate) fn server_time_each(&self) -> Duration {
        self.server_cpu.div_f64(self.summary.count as f64)
    }

    /// Server CPU time as a share of one core.
    pub(crate) fn server_share(&self) -> f64 {
        self.server_cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }

    pub(crate) fn load_share(&self) -> f64 {
        self.load_cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }

    pub(crate) fn foreign_share(&self) -> f64 {
        self.foreign_cpu.as_secs_f64() / self.elapsed.as_secs_f64()
    }
}

/// The measured process and the core it is pinned to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MeasuredProcess {
    pub(crate) pid: u32,
    pub(crate) core: usize,
}

/// CPU times at one moment.
struct CpuTimes {
    server: Duration,
    hashing: Duration,
    load: Duration,
    core: Duration,
}

impl CpuTimes {
    fn read(target: MeasuredProcess) -> Result<Self> {
        Ok(Self {
            server: cpu_time(target.pid)?,
            hashing: thread_cpu_time(target.pid, HASHING_THREADS)?,
            load: cpu_time(std::process::id())?,
            core: core_time(target.core)?,
        })
    }

    /// CPU time used since an earlier reading.
    fn since(&self, before: &Self) -> Self {
        Self {
            server: self.server.saturating_sub(before.server),
            hashing: self.hashing.saturating_sub(before.hashing),
            load: self.load.saturating_sub(before.load),
            core: self.core.saturating_sub(before.core),
        }
    }
}

/// Start and end of the counted period.
#[derive(Clone, Copy)]
struct Window {
    opens: Instant,
    closes: Instant,
}

/// What workers did within the counted window.
#[derive(Default)]
struct WorkerResult {
    /// Latencies of completed steps.
    samples: Samples,
    refusals: usize,
}

impl WorkerResult {
    fn append(&mut self, other: Self) {
        self.samples.append(other.samples);
        self.refusals += other.refusals;
    }
}

/// The result of a measurement in which the server may refuse work with `Retry-After`.
pub(crate) struct LoadResult {
    work: WorkerResult,
    elapsed: Duration,
    used: CpuTimes,
}

impl LoadResult {
    /// `None` when no step completed.
    pub(crate) fn summary(&self) -> Option<Summary> {
        self.work.samples.clone().summary(self.elapsed)
    }

    pub(crate) fn turned_away_per_second(&self) -> f64 {
        per_second(self.work.refusals, self.elapsed)
    }
}

/// Drives all workers for the planned time; a refusal with `Retry-After` is an error. Runs on a `LocalSet`.
pub(crate) async fn closed_loop<W: Worker + 'static>(
    workers: Vec<W>,
    plan: Plan,
    target: MeasuredProcess,
) -> Result<Measurement> {
    let load = closed_loop_with_refusals(workers, plan, target).await?;
    ensure!(load.work.refusals == 0, "{} were told to come back", load.work.refusals);
    load.measurement()
}

impl LoadResult {
    /// What was measured, without the refusals.
    pub(crate) fn measurement(&self) -> Result<Measurement> {
        let used = &self.used;
        Ok(Measurement {
            summary: self.summary().context("nothing was finished while counting")?,
            elapsed: self.elapsed,
            server_cpu: used.server,
            hashing_cpu: used.hashing,
            load_cpu: used.load,
            foreign_cpu: used.core.saturating_sub(used.server),
        })
    }
}

/// Like [`closed_loop`], but counts refusals with `Retry-After` instead of failing.
pub(crate) async fn closed_loop_with_refusals<W: Worker + 'static>(
    workers: Vec<W>,
    plan: Plan,
    target: MeasuredProcess,
) -> Result<LoadResult> {
    let opens = Instant::now() + plan.warm_up;
    let window = Window { opens, closes: opens + plan.measured };
    let mut tasks = JoinSet::new();
    for worker in workers {
        tasks.spawn_local(run_worker(worker, window));
    }
    sleep_until(window.opens.into()).await;
    let before = CpuTimes::read(target)?;
    let collected = collect(&mut tasks, window, target);
    let limit = plan.measured + RESPONSE_TIMEOUT;
    let (work, ended, after) = timeout(limit, collected).await.context("the server stopped answering")??;
    let elapsed = ended.saturating_duration_since(window.opens);
    Ok(LoadResult { work, elapsed, used: after.since(&before) })
}

/// Waits for all workers. Reads the meter when the window closes, or earlier when all workers run out of work. Steps in
/// flight when the window closes are awaited but not counted.
async fn collect(
    tasks: &mut JoinSet<Result<(WorkerResult, Instant)>>,
    window: Window,
    target: MeasuredProcess,
) -> Result<(WorkerResult, Instant, CpuTimes)> {
    let mut work = WorkerResult::default();
    let mut ended = window.opens;
    let mut after = None;
    loop {
        tokio::select! {
            () = sleep_until(window.closes.into()), if after.is_none() => after = Some(CpuTimes::read(target)?),
            finished = tasks.join_next() => {
                let Some(finished) = finished else { break };
                let (own, own_end) = finished.context("a worker ended badly")??;
                work.append(own);
                ended = ended.max(own_end);
            }
        }
    }
    let after = after.map_or_else(|| CpuTimes::read(target), Ok)?;
    Ok((work, ended, after))
}

/// Runs one worker. Returns what completed inside the window, and when it ran out of work or the window closed.
async fn run_worker<W: Worker>(mut worker: W, window: Window) -> Result<(WorkerResult, Instant)> {
    let mut work = WorkerResult::default();
    let mut started = Instant::now();
    while started < window.closes {
        let (began, step) = (started, worker.step().await?);
        let ended = Instant::now();
        let counts = ended >= window.opens && ended <= window.closes;
        started = ended;
        match step {
            Step::Done if counts => work.samples.push(ended - began),
            Step::Done => {}
            Step::RetryLater { wait } => {
                work.refusals += usize::from(counts);
                sleep_until((ended + wait).min(window.closes).into()).await;
                started = Instant::now();
            }
            Step::Exhausted => return Ok((work, began)),
        }
    }
    Ok((work, window.closes))
}
