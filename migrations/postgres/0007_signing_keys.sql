-- Signing keys per organization; private halves sealed, with the id of the key that sealed them.

CREATE TABLE signing_keys (
    id                 uuid        PRIMARY KEY,
    organization_id    uuid        NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    kid                text        COLLATE "C" NOT NULL,
    algorithm          text        NOT NULL CHECK (algorithm IN ('ES256', 'RS256', 'EdDSA')),
    public_jwk         jsonb       NOT NULL,
    private_key        bytea       NOT NULL,
    private_key_key_id text        NOT NULL,
    status             text        NOT NULL CHECK (status IN ('next', 'active', 'retired', 'revoked')),
    activated_at       timestamptz,
    retired_at         timestamptz,
    expires_at         timestamptz,
    created_at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX signing_keys_kid ON signing_keys (kid);
CREATE UNIQUE INDEX signing_keys_vacancy ON signing_keys (organization_id, algorithm, status) WHERE status IN ('next', 'active');
CREATE INDEX signing_keys_owner ON signing_keys (organization_id);
