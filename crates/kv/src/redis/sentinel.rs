//! Redis Sentinel: monitors a primary and its replicas, and knows the current primary.
//!
//! Queried again for each connection, so no address from before a failover is reused. The library's own support keeps
//! connections to the sentinels and queries all of them; one answer is enough, because `confirm` detects a server that
//! is not the primary.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisError, RedisResult, Value, cmd};

use super::address::{Address, Sentinels};
use super::cluster::Node;

/// Address of the primary, from the first sentinel that knows it.
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

/// Refuses a server that is a replica: an isolated sentinel still names the old primary.
pub(super) async fn confirm(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    match cmd("ROLE").query_async::<Value>(connection).await {
        Ok(Value::Array(role)) if role.first() == Some(&Value::BulkString(b"master".to_vec())) => Ok(()),
        Ok(_) => Err(RedisError::from((ErrorKind::Io, "the sentinels still name a replica"))),
        Err(error) if error.is_io_error() => Err(error),
        // The account may not use ROLE: the first write will fail on a replica.
        Err(_) => Ok(()),
    }
}
