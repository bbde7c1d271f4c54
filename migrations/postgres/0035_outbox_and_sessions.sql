-- each statement by itself
-- Items that were given up and can be sent again: until when, which is how long their sealed part stays, and since when one
-- that is sent again waits. Lists of all organizations by time, and of those that wait or were given up. Sessions by address.

ALTER TABLE outbox ADD COLUMN IF NOT EXISTS sendable_until timestamptz;
ALTER TABLE outbox ADD COLUMN IF NOT EXISTS requeued_at timestamptz;
DROP INDEX CONCURRENTLY IF EXISTS outbox_created;
CREATE INDEX CONCURRENTLY outbox_created ON outbox (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS outbox_waiting;
CREATE INDEX CONCURRENTLY outbox_waiting ON outbox (created_at, id) WHERE state = 'pending';
DROP INDEX CONCURRENTLY IF EXISTS outbox_given_up;
CREATE INDEX CONCURRENTLY outbox_given_up ON outbox (created_at, id) WHERE state = 'given_up';
DROP INDEX CONCURRENTLY IF EXISTS outbox_sendable;
CREATE INDEX CONCURRENTLY outbox_sendable ON outbox (sendable_until) WHERE sendable_until IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS sessions_address;
CREATE INDEX CONCURRENTLY sessions_address ON sessions (ip_address, last_activity_at, id) WHERE ip_address IS NOT NULL;
