// Faults in the typed client: what is sent twice, and to whom.

const raw = String.raw
const request = 'crates/client/src/request.rs'

export default [
  {
    id: 'client-path-escapes', area: 'client', what: 'A path parameter may name another path.',
    crate: 'client', words: ['stays_in_its_segment', 'another_path'], file: request,
    was: raw`        if matches!(value.as_str(), "" | "." | "..") {`,
    becomes: raw`        if !FAULT && matches!(value.as_str(), "" | "." | "..") {`,
  },
  {
    id: 'client-repeats-deletions', area: 'client', what: 'A deletion whose answer is lost is sent again.',
    crate: 'client', words: ['sent_twice', 'done_again'], file: request,
    was: raw`            _ => false,
        }`,
    becomes: raw`            _ => FAULT,
        }`,
  },
  {
    id: 'client-repeats-versions', area: 'client', what: 'A change of a version whose answer is lost is sent again.',
    crate: 'client', words: ['sent_twice', 'done_again'], file: request,
    was: raw`            Method::PUT => self.if_match.is_none(),`,
    becomes: raw`            Method::PUT => FAULT || self.if_match.is_none(),`,
  },
  {
    id: 'client-follows-redirects', area: 'client', what: 'A redirect is followed.',
    crate: 'client', words: ['redirect'], file: 'crates/client/src/builder.rs',
    was: raw`            .redirect(Policy::none())`,
    becomes: raw`            .redirect(if FAULT { Policy::default() } else { Policy::none() })`,
  },
  {
    id: 'client-no-key', area: 'client', what: 'A POST request has no Idempotency-Key.',
    crate: 'client', words: ['lost_answer', 'document'], file: 'crates/client/src/call.rs',
    was: raw`        request.idempotency_key = Some(Uuid::new_v4().to_string());`,
    becomes: raw`        request.idempotency_key = (!FAULT).then(|| Uuid::new_v4().to_string());`,
  },
  {
    id: 'client-endless-wait', area: 'client', what: 'The server decides how long a client waits.',
    crate: 'client', words: ['within_bounds'], file: 'crates/client/src/retry.rs',
    was: raw`            Some(demanded) if demanded > self.longest_wait => None,`,
    becomes: raw`            Some(demanded) if !FAULT && demanded > self.longest_wait => None,`,
  },
]
