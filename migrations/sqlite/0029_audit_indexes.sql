-- Pages by time: of one entity, of one kind of entity, and of events that are named or begin alike.

CREATE INDEX audit_log_entity ON audit_log (entity_id, created_at, id) WHERE entity_id IS NOT NULL;
CREATE INDEX audit_log_entity_type ON audit_log (entity_type, created_at, id) WHERE entity_type IS NOT NULL;
CREATE INDEX audit_log_event ON audit_log (event_type, created_at, id);
