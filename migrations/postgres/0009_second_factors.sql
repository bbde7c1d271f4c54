-- Second factors: a sealed TOTP secret, HMACed e-mail codes with counted attempts, recovery codes.

CREATE TABLE user_totp (
    user_id         uuid        PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret          bytea       NOT NULL,
    secret_key_id   text        NOT NULL,
    algorithm       text        NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
    digits          bigint      NOT NULL CHECK (digits BETWEEN 6 AND 8),
    period          bigint      NOT NULL CHECK (period BETWEEN 15 AND 120),
    -- The time step that was accepted last; a code is never accepted twice (RFC 6238 section 5.2).
    last_step       bigint,
    verified_at     timestamptz,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);

CREATE TABLE two_factor_email_codes (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose        text        NOT NULL,
    interaction_id text,
    code_hmac      bytea       NOT NULL CHECK (octet_length(code_hmac) = 32),
    attempts       bigint      NOT NULL CHECK (attempts >= 0),
    expires_at     timestamptz NOT NULL,
    used_at        timestamptz,
    created_at     timestamptz NOT NULL
);
CREATE INDEX two_factor_email_codes_user ON two_factor_email_codes (user_id, created_at);
CREATE INDEX two_factor_email_codes_expires ON two_factor_email_codes (expires_at);

CREATE TABLE two_factor_recovery_codes (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hmac  bytea       NOT NULL CHECK (octet_length(code_hmac) = 32),
    used_at    timestamptz,
    created_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX two_factor_recovery_codes_code ON two_factor_recovery_codes (user_id, code_hmac);
