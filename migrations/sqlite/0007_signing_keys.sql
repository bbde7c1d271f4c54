-- Signing keys per organization; private halves sealed, with the id of the key that sealed them.

CREATE TABLE signing_keys (
    id                 BLOB    NOT NULL PRIMARY KEY,
    organization_id    BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kid                TEXT    NOT NULL,
    algorithm          TEXT    NOT NULL CHECK (algorithm IN ('ES256', 'RS256', 'EdDSA')),
    public_jwk         TEXT    NOT NULL CHECK (json_valid(public_jwk)),
    private_key        BLOB    NOT NULL,
    private_key_key_id TEXT    NOT NULL,
    status             TEXT    NOT NULL CHECK (status IN ('next', 'active', 'retired', 'revoked')),
    activated_at       INTEGER,
    retired_at         INTEGER,
    expires_at         INTEGER,
    created_at         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX signing_keys_kid ON signing_keys (kid);
CREATE UNIQUE INDEX signing_keys_vacancy ON signing_keys (organization_id, algorithm, status) WHERE status IN ('next', 'active');
CREATE INDEX signing_keys_owner ON signing_keys (organization_id);
