-- Sessions (the durable mirror), grants, and the token families that descend from them. Only digests of bearer values.

CREATE TABLE sessions (
    id               uuid        PRIMARY KEY,
    organization_id  uuid        NOT NULL,
    user_id          uuid        NOT NULL,
    ip_address       text,
    user_agent       text,
    created_at       timestamptz NOT NULL,
    last_activity_at timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL CHECK (expires_at > created_at),
    revoked_at       timestamptz,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX sessions_user ON sessions (organization_id, user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE grants (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    user_id         uuid        NOT NULL,
    client_id       uuid        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes          jsonb       NOT NULL CHECK (jsonb_typeof(scopes) = 'array'),
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX grants_owner ON grants (organization_id, user_id, client_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_expires ON grants (expires_at);

-- session_id and grant_id are plain: an offline family outlives its session's row, and both are looked up, not followed.
CREATE TABLE token_families (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    client_id       uuid        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id         uuid        NOT NULL,
    grant_id        uuid        NOT NULL,
    session_id      uuid        NOT NULL,
    is_offline      boolean     NOT NULL,
    scope           text        NOT NULL,
    nonce           text,
    auth_time       timestamptz NOT NULL,
    acr             text        NOT NULL,
    amr             jsonb       NOT NULL CHECK (jsonb_typeof(amr) = 'array'),
    claims          jsonb,
    expires_at      timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    revoked_at      timestamptz,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX token_families_user ON token_families (organization_id, user_id);
CREATE INDEX token_families_client ON token_families (client_id);
CREATE INDEX token_families_grant ON token_families (grant_id);
CREATE INDEX token_families_session ON token_families (session_id);
CREATE INDEX token_families_expires ON token_families (expires_at);

CREATE TABLE access_tokens (
    digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    family_id  uuid        NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    scope      text        NOT NULL,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX access_tokens_expires ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
    digest     bytea       PRIMARY KEY CHECK (octet_length(digest) = 32),
    family_id  uuid        NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    rotated_at timestamptz,
    successor  bytea       CHECK (octet_length(successor) = 32),
    CHECK ((rotated_at IS NULL) = (successor IS NULL))
);
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);
