//! Counts the keys of a Redis namespace, which only tests need.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Number of values and counters that live longer than `time`; speaks RESP directly, since `redis` belongs to `kv`.
pub(crate) async fn count(url: &str, namespace: &str, time: Duration) -> usize {
    let url = url::Url::parse(url).expect("TEST_REDIS_URL is a URL");
    let host = (url.host_str().expect("it names a host"), url.port().unwrap_or(6379));
    let mut redis = BufReader::new(TcpStream::connect(host).await.expect("Redis answers"));
    let database = url.path().trim_matches('/');
    let database = if database.is_empty() { "0" } else { database };
    let selected = ask(&mut redis, &["SELECT", database]).await;
    assert_eq!(selected, "+OK", "{selected}");
    let script = "\
local count = 0
for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
  local left = redis.call('PTTL', key)
  if left == -1 or left > tonumber(ARGV[2]) then count = count + 1 end
end
return count";
    let (keys, time) = (format!("{namespace}:*"), time.as_millis().to_string());
    let count = ask(&mut redis, &["EVAL", script, "0", &keys, &time]).await;
    count.strip_prefix(':').and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{count}"))
}

async fn ask(redis: &mut BufReader<TcpStream>, words: &[&str]) -> String {
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        command += "$";
        command += &word.len().to_string();
        command += "\r\n";
        command += word;
        command += "\r\n";
    }
    redis.write_all(command.as_bytes()).await.expect("Redis listens");
    let mut answer = String::new();
    redis.read_line(&mut answer).await.expect("Redis answers");
    answer.trim_end().to_owned()
}
