-- each statement by itself
-- Pages by time: of one entity, of one kind of entity, and of events that are named or begin alike.

DROP INDEX CONCURRENTLY IF EXISTS audit_log_entity;
CREATE INDEX CONCURRENTLY audit_log_entity ON audit_log (entity_id, created_at, id) WHERE entity_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS audit_log_entity_type;
CREATE INDEX CONCURRENTLY audit_log_entity_type ON audit_log (entity_type, created_at, id) WHERE entity_type IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS audit_log_event;
CREATE INDEX CONCURRENTLY audit_log_event ON audit_log (event_type COLLATE "C", created_at, id);
