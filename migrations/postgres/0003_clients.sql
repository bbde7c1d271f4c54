-- OAuth clients, the other tenants they serve, and their secrets (SHA-256 of 384 random bits, nothing else).

CREATE TABLE clients (
    id                           uuid        PRIMARY KEY,
    organization_id              uuid        NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    application_id               uuid        NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    client_id                    text        COLLATE "C" NOT NULL,
    client_name                  text        COLLATE "C" NOT NULL,
    client_type                  text        NOT NULL CHECK (client_type IN ('confidential', 'public')),
    application_type             text        NOT NULL CHECK (application_type IN ('web', 'native', 'spa')),
    redirect_uris                jsonb       NOT NULL CHECK (jsonb_typeof(redirect_uris) = 'array'),
    post_logout_redirect_uris    jsonb       NOT NULL CHECK (jsonb_typeof(post_logout_redirect_uris) = 'array'),
    grant_types                  jsonb       NOT NULL CHECK (jsonb_typeof(grant_types) = 'array' AND grant_types <@ '["authorization_code", "refresh_token", "client_credentials"]'),
    response_types               jsonb       NOT NULL CHECK (jsonb_typeof(response_types) = 'array' AND response_types <@ '["code"]'),
    scope                        text        NOT NULL,
    token_endpoint_auth_method   text        NOT NULL CHECK (token_endpoint_auth_method IN ('client_secret_basic', 'client_secret_post', 'none')),
    allowed_origins              jsonb       NOT NULL CHECK (jsonb_typeof(allowed_origins) = 'array'),
    require_pkce                 boolean     NOT NULL,
    login_methods                jsonb       CHECK (jsonb_typeof(login_methods) = 'array' AND login_methods <> '[]' AND login_methods <@ '["password", "magic_link"]'),
    id_token_signed_response_alg text        NOT NULL CHECK (id_token_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    userinfo_signed_response_alg text        CHECK (userinfo_signed_response_alg IN ('ES256', 'RS256', 'EdDSA')),
    status                       text        NOT NULL CHECK (status IN ('active', 'inactive', 'revoked')),
    created_at                   timestamptz NOT NULL,
    updated_at                   timestamptz NOT NULL
);
CREATE UNIQUE INDEX clients_client_id ON clients (client_id);
CREATE INDEX clients_owner_created ON clients (organization_id, created_at, id);
CREATE INDEX clients_application ON clients (application_id);

CREATE TABLE client_organizations (
    client_id       uuid NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    organization_id uuid NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    PRIMARY KEY (client_id, organization_id)
);
CREATE INDEX client_organizations_organization ON client_organizations (organization_id);

CREATE TABLE client_secrets (
    id           uuid        PRIMARY KEY,
    client_id    uuid        NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    digest       bytea       NOT NULL CHECK (octet_length(digest) = 32),
    label        text,
    expires_at   timestamptz,
    status       text        NOT NULL CHECK (status IN ('active', 'revoked')),
    last_used_at timestamptz,
    created_at   timestamptz NOT NULL
);
CREATE INDEX client_secrets_client ON client_secrets (client_id, created_at, id);
