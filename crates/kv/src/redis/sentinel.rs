//! Redis Sentinel: who watches a primary and its replicas, and tells where the primary is now.
//!
//! Asked again for each connection, so nothing that was heard before a failover is kept. What the library has for this
//! keeps connections to the sentinels and asks every one of them; one answer is enough, as a server that is no primary is
//! found out before it is used.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisError, RedisResult, Value, cmd};

use super::address::{Address, Sentinels};
use super::cluster::Node;

/// Where the primary is, by the first sentinel that knows.
pub(super) async fn primary(address: &Address, sentinels: &Sentinels) -> RedisResult<Node> {
    let mut outcome = Err(RedisError::from((ErrorKind::Io, "no sentinel is named")));
    for sentinel in &sentinels.addresses {
        outcome = ask(address, sentinels, sentinel).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

async fn ask(address: &Address, sentinels: &Sentinels, sentinel: &Node) -> RedisResult<Node> {
    let client = address.client_of_sentinel(sentinel, sentinels.password.as_ref())?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(address.connection_timeout))
        .set_response_timeout(Some(address.response_timeout));
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    let mut question = cmd("SENTINEL");
    question.arg("get-master-addr-by-name").arg(address.host());
    let found: Option<Node> = question.query_async(&mut connection).await?;
    found.ok_or_else(|| RedisError::from((ErrorKind::Io, "the sentinels know no primary of that name")))
}

/// Refuses a server that is a replica by now: a sentinel that was cut off names the primary of before.
pub(super) async fn confirm(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    match cmd("ROLE").query_async::<Value>(connection).await {
        Ok(Value::Array(role)) if role.first() == Some(&Value::BulkString(b"master".to_vec())) => Ok(()),
        Ok(_) => Err(RedisError::from((ErrorKind::Io, "the sentinels still name a replica"))),
        Err(error) if error.is_io_error() => Err(error),
        // An account that may not ask: the first write will tell.
        Err(_) => Ok(()),
    }
}
