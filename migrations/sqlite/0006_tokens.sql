-- Sessions (the durable mirror), grants, and the token families that descend from them. Only digests of bearer values.

CREATE TABLE sessions (
    id               BLOB    NOT NULL PRIMARY KEY,
    organization_id  BLOB    NOT NULL,
    user_id          BLOB    NOT NULL,
    ip_address       TEXT,
    user_agent       TEXT,
    created_at       INTEGER NOT NULL,
    last_activity_at INTEGER NOT NULL,
    expires_at       INTEGER NOT NULL CHECK (expires_at > created_at),
    revoked_at       INTEGER,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX sessions_user ON sessions (organization_id, user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE grants (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    client_id       BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes          TEXT    NOT NULL CHECK (json_valid(scopes) AND json_type(scopes) = 'array'),
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX grants_owner ON grants (organization_id, user_id, client_id);
CREATE INDEX grants_client ON grants (client_id);
CREATE INDEX grants_expires ON grants (expires_at);

-- session_id and grant_id are plain: an offline family outlives its session's row, and both are looked up, not followed.
CREATE TABLE token_families (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL,
    client_id       BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    user_id         BLOB    NOT NULL,
    grant_id        BLOB    NOT NULL,
    session_id      BLOB    NOT NULL,
    is_offline      INTEGER NOT NULL CHECK (is_offline IN (0, 1)),
    scope           TEXT    NOT NULL,
    nonce           TEXT,
    auth_time       INTEGER NOT NULL,
    acr             TEXT    NOT NULL,
    amr             TEXT    NOT NULL CHECK (json_valid(amr) AND json_type(amr) = 'array'),
    claims          TEXT    CHECK (json_valid(claims)),
    expires_at      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    revoked_at      INTEGER,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX token_families_user ON token_families (organization_id, user_id);
CREATE INDEX token_families_client ON token_families (client_id);
CREATE INDEX token_families_grant ON token_families (grant_id);
CREATE INDEX token_families_session ON token_families (session_id);
CREATE INDEX token_families_expires ON token_families (expires_at);

CREATE TABLE access_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    family_id  BLOB    NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    scope      TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX access_tokens_family ON access_tokens (family_id);
CREATE INDEX access_tokens_expires ON access_tokens (expires_at);

CREATE TABLE refresh_tokens (
    digest     BLOB    NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    family_id  BLOB    NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    rotated_at INTEGER,
    successor  BLOB    CHECK (length(successor) = 32),
    CHECK ((rotated_at IS NULL) = (successor IS NULL))
) STRICT;
CREATE INDEX refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX refresh_tokens_expires ON refresh_tokens (expires_at);
