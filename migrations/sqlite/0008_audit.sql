-- Who did what to whom. Plain ids and copied labels: removing a person or a tenant does not erase who acted.

CREATE TABLE audit_log (
    id                 BLOB    NOT NULL PRIMARY KEY,
    organization_id    BLOB,
    organization_label TEXT,
    user_id            BLOB,
    actor_id           BLOB,
    actor_label        TEXT,
    event_type         TEXT    NOT NULL,
    category           TEXT    NOT NULL CHECK (category IN ('admin', 'authentication', 'security', 'gdpr')),
    description        TEXT,
    metadata           TEXT    NOT NULL CHECK (json_valid(metadata)),
    ip_address         TEXT,
    user_agent         TEXT,
    created_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_log_created ON audit_log (created_at, id);
CREATE INDEX audit_log_organization ON audit_log (organization_id, created_at, id);
CREATE INDEX audit_log_user ON audit_log (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_actor ON audit_log (actor_id, created_at) WHERE actor_id IS NOT NULL;
