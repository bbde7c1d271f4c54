-- Items that were given up and can be sent again: until when, which is how long their sealed part stays, and since when one
-- that is sent again waits. Lists of all organizations by time, and of those that wait or were given up. Sessions by address.

ALTER TABLE outbox ADD COLUMN sendable_until INTEGER;
ALTER TABLE outbox ADD COLUMN requeued_at INTEGER;
CREATE INDEX outbox_created ON outbox (created_at, id);
CREATE INDEX outbox_waiting ON outbox (created_at, id) WHERE state = 'pending';
CREATE INDEX outbox_given_up ON outbox (created_at, id) WHERE state = 'given_up';
CREATE INDEX outbox_sendable ON outbox (sendable_until) WHERE sendable_until IS NOT NULL;
CREATE INDEX sessions_address ON sessions (ip_address, last_activity_at, id) WHERE ip_address IS NOT NULL;
