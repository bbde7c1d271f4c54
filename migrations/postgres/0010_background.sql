-- Work that is done later, at least once, and the leases that give it to one instance at a time.

CREATE TABLE outbox (
    id              uuid        PRIMARY KEY,
    organization_id uuid        REFERENCES organizations (id) ON DELETE CASCADE,
    kind            text        NOT NULL,
    payload         jsonb       NOT NULL,
    idempotency_key text        COLLATE "C" NOT NULL,
    state           text        NOT NULL CHECK (state IN ('pending', 'delivered', 'given_up')),
    attempts        bigint      NOT NULL CHECK (attempts >= 0),
    next_attempt_at timestamptz NOT NULL,
    last_error      text,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX outbox_idempotency_key ON outbox (idempotency_key);
CREATE INDEX outbox_due ON outbox (next_attempt_at, id) WHERE state = 'pending';
CREATE INDEX outbox_finished ON outbox (updated_at) WHERE state <> 'pending';
CREATE INDEX outbox_organization ON outbox (organization_id, created_at, id);

CREATE TABLE leases (
    name   text        COLLATE "C" PRIMARY KEY,
    holder uuid        NOT NULL,
    until  timestamptz NOT NULL
);
