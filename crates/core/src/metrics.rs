//! Declaration of every published metric: code records by these names, and the reference page is made from the list.
//! Labels have bounded sets of values; tenants, persons and clients are never labels (`docs/metrics.md`).

/// Type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only increases while a process lives.
    Counter,
    Gauge,
    /// Buckets, a sum and a count.
    Histogram,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident, $kind:ident, $name:literal, [$($label:literal),*], $help:literal;)+) => {
        $(pub const $constant: &str = $name;)+
        /// In the order of the documentation.
        pub const ALL: &[Metric] = &[$(Metric {
            name: $name, kind: MetricKind::$kind, labels: &[$($label),*], help: $help,
        }),+];
    };
}

metrics! {
    HTTP_REQUESTS, Counter, "porta_http_requests_total", ["method", "route", "status"], "Requests answered, and with `status` 499 those whose callers hung up before. `route` is the pattern, or `unknown`.";
    HTTP_DURATION, Histogram, "porta_http_request_duration_seconds", ["method", "route"], "From the request's headers to the answer's.";
    LOGINS, Counter, "porta_logins_total", ["method", "result"], "Sign-ins that ended in a session (`success`), and passwords, links and codes that were wrong (`failure`). `method` is `password`, `magic_link` or `second_factor`.";
    TOKENS_ISSUED, Counter, "porta_tokens_issued_total", ["grant"], "Answers of the token endpoint with an access token in them.";
    RATE_LIMITED, Counter, "porta_rate_limited_total", ["scope"], "Requests answered with 429. `scope` is the last fixed part of the route.";
    PROXY_CALLER_UNKNOWN, Counter, "porta_proxy_caller_unknown_total", ["reason"], "Requests through a trusted proxy that did not say who is calling. `reason` is `missing` (no header), `too_short` (fewer entries than TRUST_PROXY_HOPS) or `no_address`.";
    LOCKOUTS, Counter, "porta_lockouts_total", [], "Accounts locked by wrong passwords.";
    DB_POOL_IN_USE, Gauge, "porta_db_pool_in_use", [], "Database connections that carry something right now.";
    DB_POOL_IDLE, Gauge, "porta_db_pool_idle", [], "Open database connections that wait for work.";
    DB_POOL_WAITING, Gauge, "porta_db_pool_waiting", [], "Requests that wait for a database connection.";
    DB_SLOW_STATEMENTS, Counter, "porta_db_slow_statements_total", [], "Statements that ran longer than DB_SLOW_STATEMENT_MS.";
    SHORT_LIVED_ENTRIES, Gauge, "porta_short_lived_entries", [], "Sessions, codes, counters and the like that this process holds in memory. Absent with Redis.";
    SHORT_LIVED_BYTES, Gauge, "porta_short_lived_bytes", [], "What they take, as reckoned for the ceilings of the in-process store. Absent with Redis.";
    SHORT_LIVED_EVICTED, Counter, "porta_short_lived_evicted_total", ["kind"], "Entries of the in-process store that went before their end because there was no room. Absent with Redis.";
    REDIS_ERRORS, Counter, "porta_redis_errors_total", [], "Commands to Redis without a usable answer.";
    AUDIT_WRITE_FAILURES, Counter, "porta_audit_write_failures_total", [], "Audit rows that could not be written; what they were about was not done either.";
    AUDIT_REPEATED, Counter, "porta_audit_repeated_total", ["event"], "What strangers did again within a window that has its audit row already.";
    ADMIN_ACCESS_DENIED, Counter, "porta_admin_access_denied_total", ["audited"], "Requests that the Admin API answered with 401 or 403 or carried out in part, and those that reached for what is protected or elsewhere. `audited` is `yes`, `stranger` (nobody is behind the token), `limited` (beyond the rows of a minute) or `failed`.";
    EMAIL_SEND, Counter, "porta_email_send_total", ["template", "result"], "Attempts to send mail: `delivered`, `postponed` or `given_up`.";
    BUILD_INFO, Gauge, "porta_build_info", ["version"], "Always 1.";
    SIGNING_KEY_AGE, Gauge, "porta_signing_key_age_seconds", [], "Since the oldest active signing key of any organization began to sign. Absent while there is none.";
    PROD_SAFETY_SKIPPED, Gauge, "porta_prod_safety_skipped", [], "Production checks that failed and were told not to stop the start.";
    PROCESS_CPU_USER, Counter, "process_cpu_user_seconds_total", [], "Processor time in the program.";
    PROCESS_CPU_SYSTEM, Counter, "process_cpu_system_seconds_total", [], "Processor time in the kernel on its behalf.";
    PROCESS_CPU, Counter, "process_cpu_seconds_total", [], "The sum of the two.";
    PROCESS_START, Gauge, "process_start_time_seconds", [], "When the process started, in seconds since 1970.";
    PROCESS_RESIDENT, Gauge, "process_resident_memory_bytes", [], "Memory in RAM.";
    PROCESS_VIRTUAL, Gauge, "process_virtual_memory_bytes", [], "Address space.";
    PROCESS_HEAP, Gauge, "process_heap_bytes", [], "Private data segment.";
    PROCESS_OPEN_FDS, Gauge, "process_open_fds", [], "Open file descriptors.";
    PROCESS_MAX_FDS, Gauge, "process_max_fds", [], "File descriptors the process may have.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_say_what_they_are() {
        let names: BTreeSet<&str> = ALL.iter().map(|m| m.name).collect();
        assert_eq!(names.len(), ALL.len());
        for Metric { name, kind, labels, .. } in ALL {
            assert!(name.starts_with("porta_") || name.starts_with("process_"), "{name}");
            assert_eq!(*kind == MetricKind::Counter, name.ends_with("_total"), "{name}");
            assert!(
                !labels.iter().any(|l| ["tenant", "org", "user", "client", "email"].contains(l)),
                "{name}"
            );
        }
    }
}
