-- OAuth clients, the other tenants they serve, and their secrets (SHA-256 of 384 random bits, nothing else).

CREATE TABLE clients (
    id                           BLOB    NOT NULL PRIMARY KEY,
    organization_id              BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    application_id               BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    client_id                    TEXT    NOT NULL,
    client_name                  TEXT    NOT NULL,
    client_type                  TEXT    NOT NULL CHECK (client_type IN ('confidential', 'public')),
    application_type             TEXT    NOT NULL CHECK (application_type IN ('web', 'native', 'spa')),
    redirect_uris                TEXT    NOT NULL CHECK (json_valid(redirect_uris) AND json_type(redirect_uris) = 'array'),
    post_logout_redirect_uris    TEXT    NOT NULL CHECK (json_valid(post_logout_redirect_uris) AND json_type(post_logout_redirect_uris) = 'array'),
    grant_types                  TEXT    NOT NULL CHECK (json_valid(grant_types) AND json_type(grant_types) = 'array' AND replace(replace(replace(replace(grant_types, '"authorization_code"', ''), '"refresh_token"', ''), '"client_credentials"', ''), ',', '') = '[]'),
    response_types               TEXT    NOT NULL CHECK (json_valid(response_types) AND json_type(response_types) = 'array' AND replace(replace(response_types, '"code"', ''), ',', '') = '[]'),
    scope                        TEXT    NOT NULL,
    token_endpoint_auth_method   TEXT    NOT NULL CHECK (token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'none')),
    allowed_origins              TEXT    NOT NULL CHECK (json_valid(allowed_origins) AND json_type(allowed_origins) = 'array'),
    require_pkce                 INTEGER NOT NULL CHECK (require_pkce IN (0, 1)),
    login_methods                TEXT    CHECK (json_valid(login_methods) AND json_type(login_methods) = 'array' AND login_methods <> '[]' AND replace(replace(replace(login_methods, '"password"', ''), '"magic_link"', ''), ',', '') = '[]'),
    id_token_signed_response_alg TEXT    NOT NULL CHECK (id_token_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    userinfo_signed_response_alg TEXT    CHECK (userinfo_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    status                       TEXT    NOT NULL CHECK (status IN ('active', 'inactive', 'revoked')),
    created_at                   INTEGER NOT NULL,
    updated_at                   INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX clients_client_id ON clients (client_id);
CREATE INDEX clients_owner_created ON clients (organization_id, created_at, id);
CREATE INDEX clients_application ON clients (application_id);

CREATE TABLE client_organizations (
    client_id       BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (client_id, organization_id)
) STRICT;
CREATE INDEX client_organizations_organization ON client_organizations (organization_id);

CREATE TABLE client_secrets (
    id           BLOB    NOT NULL PRIMARY KEY,
    client_id    BLOB    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    digest       BLOB    NOT NULL CHECK (length(digest) = 32),
    label        TEXT,
    expires_at   INTEGER,
    status       TEXT    NOT NULL CHECK (status IN ('active', 'revoked')),
    last_used_at INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX client_secrets_client ON client_secrets (client_id, created_at, id);
