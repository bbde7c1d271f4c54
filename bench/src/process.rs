//! Process statistics of the kernel (proc(5)).

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// Clock ticks in /proc are 1/100 s on every Linux that Porta is built for (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// CPU time of a process: all threads, running and ended.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).context("the server is gone")?;
    ticks_of(&stat).map(|ticks| TICK * ticks).context("/proc/PID/stat has another form")
}

/// Sum of `utime` and `stime`; the process name before them may contain spaces and parentheses.
fn ticks_of(stat: &str) -> Option<u32> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Time a core was busy with any process, or stolen by the hypervisor. Excludes interrupts: the kernel charges those of
/// loopback traffic to no process.
pub(crate) fn core_time(core: usize) -> Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    busy_ticks_of(&stat, core).map(|ticks| TICK * ticks).with_context(|| format!("there is no core {core}"))
}

/// `cpu0 user nice system idle iowait irq softirq steal …`
fn busy_ticks_of(stat: &str, core: usize) -> Option<u32> {
    let name = format!("cpu{core}");
    let mut lines = stat.lines().map(str::split_ascii_whitespace);
    let fields = lines.find_map(|mut fields| (fields.next()? == name).then_some(fields))?;
    let ticks: Vec<u32> = fields.map_while(|field| field.parse().ok()).collect();
    Some(ticks.get(..3)?.iter().sum::<u32>() + ticks.get(7).copied().unwrap_or(0))
}

/// The threads whose name begins with `prefix`.
fn threads(pid: u32, prefix: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).context("the server is gone")? {
        let task = task?.path();
        // A thread may end between listing it and reading its name.
        if fs::read_to_string(task.join("comm")).is_ok_and(|name| name.starts_with(prefix)) {
            found.push(task);
        }
    }
    Ok(found)
}

pub(crate) fn count_threads(pid: u32, prefix: &str) -> Result<u64> {
    Ok(threads(pid, prefix)?.len().try_into()?)
}

/// CPU time of the threads whose name begins with `prefix`, in nanosecond resolution.
pub(crate) fn thread_cpu_time(pid: u32, prefix: &str) -> Result<Duration> {
    let mut total = Duration::ZERO;
    for task in threads(pid, prefix)? {
        // Skip threads that ended meanwhile.
        let Ok(schedstat) = fs::read_to_string(task.join("schedstat")) else { continue };
        let nanoseconds = schedstat.split_ascii_whitespace().next().and_then(|text| text.parse().ok());
        total += Duration::from_nanos(nanoseconds.context("/proc/PID/task/TID/schedstat has another form")?);
    }
    Ok(total)
}

/// Resident memory in KiB.
pub(crate) fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("the server is gone")?;
    field_kib(&status, "VmRSS:").context("/proc/PID/status has no VmRSS")
}

/// The number of a line such as `VmRSS:     1234 kB`.
pub(crate) fn field_kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_found_behind_an_odd_name() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194304 900 0 3 0 120 30 7 8 20 0 9 0 55";
        assert_eq!(ticks_of(stat), Some(150));
        assert_eq!(ticks_of("42 (a) S 1"), None);
    }

    #[test]
    fn a_core_is_busy_with_users_the_system_and_the_hypervisor() {
        let stat = "cpu  9 9 9 9 9 9 9 9\ncpu0 1 2 3 99 99 99 99 4 0 0\ncpu1 10 20 30 99 99 99 99 0\n";
        assert_eq!(busy_ticks_of(stat, 0), Some(10));
        assert_eq!(busy_ticks_of(stat, 1), Some(60));
        assert_eq!(busy_ticks_of(stat, 2), None);
        core_time(0).unwrap();
    }

    #[test]
    fn this_process_is_measured() {
        let pid = std::process::id();
        assert!(resident_kib(pid).unwrap() > 100);
        cpu_time(pid).unwrap();
        assert_eq!(thread_cpu_time(pid, "no-such-thread").unwrap(), Duration::ZERO);
    }

    #[test]
    fn memory_is_read_by_name() {
        assert_eq!(field_kib("VmHWM:\t  9 kB\nVmRSS:\t  1234 kB\n", "VmRSS:"), Some(1234));
        assert_eq!(field_kib("", "VmRSS:"), None);
    }
}
