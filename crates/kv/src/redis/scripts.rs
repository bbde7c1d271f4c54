//! Lua scripts for operations of several steps: Redis runs a script atomically.
//!
//! Arguments are validated in Rust, before a script runs, so that no script can fail between two of its writes.

use std::sync::LazyLock;

/// A script and its SHA-1 digest, by which the server knows it.
pub(super) struct Script {
    pub(super) text: &'static str,
    pub(super) digest: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, digest: redis::Script::new(text).get_hash().to_owned() }
    }
}

pub(super) struct Scripts {
    pub(super) consume: Script,
    pub(super) write: Script,
    pub(super) check: Script,
    pub(super) hit: Script,
    pub(super) put_limited: Script,
    pub(super) claim: Script,
    pub(super) release: Script,
    pub(super) release_and_put: Script,
    pub(super) put_in_group: Script,
}

impl Scripts {
    pub(super) fn all(&self) -> [&Script; 9] {
        [
            &self.consume,
            &self.write,
            &self.check,
            &self.hit,
            &self.put_limited,
            &self.claim,
            &self.put_in_group,
            &self.release,
            &self.release_and_put,
        ]
    }
}

pub(super) static SCRIPTS: LazyLock<Scripts> = LazyLock::new(|| Scripts {
    consume: Script::new(CONSUME),
    write: Script::new(WRITE),
    check: Script::new(CHECK),
    hit: Script::new(HIT),
    put_limited: Script::new(PUT_LIMITED),
    claim: Script::new(CLAIM),
    release_and_put: Script::new(RELEASE_AND_PUT),
    release: Script::new(RELEASE),
    put_in_group: Script::new(PUT_IN_GROUP),
});

/// ARGV: how long a used value is remembered, in milliseconds; `forget` to keep only the fact that it was used.
///
/// A live value is a string, a used one a list of one element: the types tell them apart. On a list, GET and GETDEL
/// fail (WRONGTYPE), SET NX finds the key taken, SET and DEL replace it, which is how a used value must behave. Any
/// other error (READONLY of a replica) is returned.
const CONSUME: &str = "\
local value = redis.pcall('GETDEL', KEYS[1])
if type(value) == 'table' then
  if string.sub(value.err, 1, 9) ~= 'WRONGTYPE' then
    return value
  end
  return {2, redis.call('LINDEX', KEYS[1], 0)}
end
if not value then
  return {0, ''}
end
if ARGV[1] ~= '0' then
  redis.call('RPUSH', KEYS[1], ARGV[2] == 'forget' and '' or value)
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {1, value}
";

/// ARGV: per key the operation, the lifetime in milliseconds (0 deletes) and the value. Returns 0, having written
/// nothing, when a key of `replace` holds no live value or a key of `unused` holds a used one.
const WRITE: &str = "\
for i, key in ipairs(KEYS) do
  local how = ARGV[3 * i - 2]
  if how == 'replace' and redis.call('TYPE', key).ok ~= 'string' then
    return 0
  end
  if how == 'unused' and redis.call('TYPE', key).ok == 'list' then
    return 0
  end
end
for i, key in ipairs(KEYS) do
  local ttl = ARGV[3 * i - 1]
  if ttl == '0' then
    redis.call('DEL', key)
  else
    redis.call('SET', key, ARGV[3 * i], 'PX', ttl)
  end
end
return 1
";

/// The first `$counters` keys are counters; ARGV begins with the maximum and the window in milliseconds of each. Sets
/// `wait` to the milliseconds until all are below their maximum, 0 when they are.
macro_rules! ask {
    ($counters:literal) => {
        concat!(
            "\
local counters = ",
            $counters,
            "
local wait = 0
for i = 1, counters do
  local count = tonumber(redis.call('GET', KEYS[i]) or '0')
  if count >= tonumber(ARGV[2 * i - 1]) then
    local left = redis.call('PTTL', KEYS[i])
    if left < 0 then left = tonumber(ARGV[2 * i]) end
    wait = math.max(wait, left, 1)
  end
end
"
        )
    };
}

/// Returns if there is a wait; otherwise increments the counters.
macro_rules! count {
    () => {
        "\
if wait > 0 then
  return wait
end
for i = 1, counters do
  if redis.call('INCR', KEYS[i]) == 1 then
    redis.call('PEXPIRE', KEYS[i], ARGV[2 * i])
  end
end
"
    };
}

/// Returns the milliseconds to wait, 0 for none.
const CHECK: &str = concat!(ask!("#KEYS"), "return wait\n");

/// As `CHECK`, and counts when the wait is 0.
const HIT: &str = concat!(ask!("#KEYS"), count!(), "return 0\n");

/// As `HIT`, then stores a value. KEYS: the counters, the key of the value. ARGV: those of the counters, the lifetime
/// in milliseconds (0 deletes), the value.
const PUT_LIMITED: &str = concat!(
    ask!("#KEYS - 1"),
    count!(),
    "\
if ARGV[#ARGV - 1] == '0' then
  redis.call('DEL', KEYS[#KEYS])
else
  redis.call('SET', KEYS[#KEYS], ARGV[#ARGV], 'PX', ARGV[#ARGV - 1])
end
return 0
"
);

/// As `HIT`, then stores a value. KEYS: the counters, the place, which holds the key of its newest value, and the key
/// of the value. ARGV: those of the counters, the lifetime in milliseconds, the value. If the key is the newest of the
/// place and still live, returns its value and counts nothing.
const CLAIM: &str = concat!(
    "\
local before = redis.call('GET', KEYS[#KEYS])
if before and redis.call('GET', KEYS[#KEYS - 1]) == KEYS[#KEYS] then
  return before
end
",
    ask!("#KEYS - 2"),
    count!(),
    "\
local lifetime = ARGV[#ARGV - 1]
if lifetime == '0' then
  redis.call('DEL', KEYS[#KEYS - 1], KEYS[#KEYS])
else
  redis.call('SET', KEYS[#KEYS - 1], KEYS[#KEYS], 'PX', lifetime)
  redis.call('SET', KEYS[#KEYS], ARGV[#ARGV], 'PX', lifetime)
end
return 0
"
);

/// Decrements the first `$counters` keys; a counter that reaches zero is deleted, with its window.
macro_rules! release {
    ($counters:literal) => {
        concat!(
            "\
for i = 1, ",
            $counters,
            " do
  local count = tonumber(redis.call('GET', KEYS[i]) or '0')
  if count > 1 then
    redis.call('DECR', KEYS[i])
  elseif count == 1 then
    redis.call('DEL', KEYS[i])
  end
end
"
        )
    };
}

/// Decrements each counter.
const RELEASE: &str = concat!(release!("#KEYS"), "return 1\n");

/// As `RELEASE`, and stores a value. KEYS: the counters, the key of the value. ARGV: the lifetime in milliseconds (0
/// deletes), the value. Stores first: a server out of memory refuses only the first write of a script.
const RELEASE_AND_PUT: &str = concat!(
    "\
if ARGV[1] == '0' then
  redis.call('DEL', KEYS[#KEYS])
else
  redis.call('SET', KEYS[#KEYS], ARGV[2], 'PX', ARGV[1])
end
",
    release!("#KEYS - 1"),
    "return 1\n"
);

/// KEYS: the group (a list of the keys of its values, oldest first), the key of the value. ARGV: the maximum of live
/// values, the lifetime in milliseconds (0 deletes), the value. Stores first: a server out of memory refuses only the
/// first write of a script. The keys in the list belong to this instance, so in a cluster they are in the same slot.
const PUT_IN_GROUP: &str = "\
local kept = {}
for _, member in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if member ~= KEYS[2] and redis.call('TYPE', member).ok == 'string' then
    kept[#kept + 1] = member
  end
end
local ends = math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[2]))
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[2])
else
  redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[2])
end
while #kept >= tonumber(ARGV[1]) do
  redis.call('DEL', table.remove(kept, 1))
end
if ARGV[2] ~= '0' then
  kept[#kept + 1] = KEYS[2]
end
redis.call('DEL', KEYS[1])
if #kept > 0 then
  redis.call('RPUSH', KEYS[1], unpack(kept))
  redis.call('PEXPIRE', KEYS[1], ends)
end
return 1
";
