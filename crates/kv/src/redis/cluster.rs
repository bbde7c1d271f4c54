//! Redis Cluster, for high availability.
//!
//! Scripts here touch several keys, and a cluster runs a script only if one node holds all of them. So every key of an
//! installation has the same hash tag, `{instance}`, and is in one slot: one node owns everything, its replicas take
//! over when it fails, and one connection to the owner is enough. Notices are published on any node and received on
//! all. The load of one installation is not spread over nodes; several installations in a cluster are.

use redis::aio::MultiplexedConnection;
use redis::{RedisError, RedisResult, Value, cmd};

/// Host and port of a node.
pub(super) type Node = (String, u16);

/// Where a cluster keeps the slot of an installation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placement {
    pub(super) owner: Node,
    /// The queried node is the owner.
    pub(super) is_owner: bool,
    /// All nodes, to connect to next time.
    pub(super) nodes: Vec<Node>,
}

/// Finds the owner of the slot; `None` when the server is not a cluster. `reached_by` is the host of the connection,
/// for nodes that do not know their own name.
pub(super) async fn placement(
    connection: &mut MultiplexedConnection,
    tag: &str,
    reached_by: &str,
) -> RedisResult<Option<Placement>> {
    let about = cmd("INFO").arg("cluster").query_async::<String>(connection).await;
    match about {
        Ok(text) if text.contains("cluster_enabled:1") => {}
        Err(error) if error.is_io_error() => return Err(error),
        // A server that refuses `INFO` is treated as a single node.
        Ok(_) | Err(_) => return Ok(None),
    }
    let slot: i64 = cmd("CLUSTER").arg("KEYSLOT").arg(format!("{{{tag}}}")).query_async(connection).await?;
    let own_id: String = cmd("CLUSTER").arg("MYID").query_async(connection).await?;
    let slots: Value = cmd("CLUSTER").arg("SLOTS").query_async(connection).await?;
    // While a cluster forms or fails over, the slot may have no owner.
    let placed = read(&slots, slot, &own_id, reached_by);
    placed.map(Some).ok_or_else(|| RedisError::from((redis::ErrorKind::Io, "the slot has no owner yet")))
}

/// Parses `CLUSTER SLOTS`: ranges of slots, each with its owner first, then its replicas.
fn read(slots: &Value, slot: i64, own_id: &str, reached_by: &str) -> Option<Placement> {
    let Value::Array(ranges) = slots else { return None };
    let (mut nodes, mut found) = (Vec::new(), None);
    for range in ranges {
        let Value::Array(parts) = range else { return None };
        let [Value::Int(first), Value::Int(last), members @ ..] = parts.as_slice() else { return None };
        for (place, member) in members.iter().enumerate() {
            let (node, id) = member_of(member, reached_by)?;
            if place == 0 && (*first..=*last).contains(&slot) {
                found = Some((node.clone(), id == own_id.as_bytes()));
            }
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
    }
    let (owner, is_owner) = found?;
    Some(Placement { owner, is_owner, nodes })
}

fn member_of<'v>(member: &'v Value, reached_by: &str) -> Option<(Node, &'v [u8])> {
    let Value::Array(parts) = member else { return None };
    let [host, Value::Int(port), Value::BulkString(id), ..] = parts.as_slice() else { return None };
    let host = match host {
        Value::BulkString(name) => std::str::from_utf8(name).ok()?,
        Value::SimpleString(name) => name.as_str(),
        _ => "",
    };
    let host = if host.is_empty() || host == "?" { reached_by } else { host };
    Some(((host.to_owned(), u16::try_from(*port).ok()?), id))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn node(host: &str, port: i64, id: &str) -> Value {
        Value::Array(vec![text(host), Value::Int(port), text(id), Value::Array(vec![])])
    }

    fn range(first: i64, last: i64, nodes: Vec<Value>) -> Value {
        Value::Array([vec![Value::Int(first), Value::Int(last)], nodes].concat())
    }

    #[test]
    fn the_owner_is_the_first_of_its_range() {
        let slots = Value::Array(vec![
            range(0, 5_460, vec![node("", 7_000, "a"), node("10.0.0.2", 7_003, "d")]),
            range(5_461, 16_383, vec![node("10.0.0.3", 7_001, "b")]),
        ]);
        let placed = |slot, id| read(&slots, slot, id, "10.0.0.1").unwrap();
        assert_eq!(
            placed(5_460, "a").owner,
            ("10.0.0.1".to_owned(), 7_000),
            "a node without a name is where it was reached"
        );
        assert!(placed(0, "a").is_owner && !placed(0, "d").is_owner, "a replica does not own");
        assert_eq!(placed(5_461, "a").owner, ("10.0.0.3".to_owned(), 7_001));
        assert_eq!(placed(0, "a").nodes.len(), 3);
        assert_eq!(read(&Value::Array(vec![range(0, 5, vec![node("h", 1, "a")])]), 6, "a", "h"), None);
        assert_eq!(read(&Value::Nil, 0, "a", "h"), None);
    }
}
