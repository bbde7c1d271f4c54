-- Who did what to whom. Plain ids and copied labels: removing a person or a tenant does not erase who acted.

CREATE TABLE audit_log (
    id                 uuid        PRIMARY KEY,
    organization_id    uuid,
    organization_label text,
    user_id            uuid,
    actor_id           uuid,
    actor_label        text,
    event_type         text        NOT NULL,
    category           text        NOT NULL CHECK (category IN ('admin', 'authentication', 'security', 'gdpr')),
    description        text,
    metadata           jsonb       NOT NULL,
    ip_address         text,
    user_agent         text,
    created_at         timestamptz NOT NULL
);
CREATE INDEX audit_log_created ON audit_log (created_at, id);
CREATE INDEX audit_log_organization ON audit_log (organization_id, created_at, id);
CREATE INDEX audit_log_user ON audit_log (user_id, created_at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_actor ON audit_log (actor_id, created_at) WHERE actor_id IS NOT NULL;
