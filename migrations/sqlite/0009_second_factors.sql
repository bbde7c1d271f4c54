-- Second factors: a sealed TOTP secret, HMACed e-mail codes with counted attempts, recovery codes.

CREATE TABLE user_totp (
    user_id         BLOB    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret          BLOB    NOT NULL,
    secret_key_id   TEXT    NOT NULL,
    algorithm       TEXT    NOT NULL CHECK (algorithm IN ('SHA1', 'SHA256', 'SHA512')),
    digits          INTEGER NOT NULL CHECK (digits BETWEEN 6 AND 8),
    period          INTEGER NOT NULL CHECK (period BETWEEN 15 AND 120),
    -- The time step that was accepted last; a code is never accepted twice (RFC 6238 section 5.2).
    last_step       INTEGER,
    verified_at     INTEGER,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;

CREATE TABLE two_factor_email_codes (
    id             BLOB    NOT NULL PRIMARY KEY,
    user_id        BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    purpose        TEXT    NOT NULL,
    interaction_id TEXT,
    code_hmac      BLOB    NOT NULL CHECK (length(code_hmac) = 32),
    attempts       INTEGER NOT NULL CHECK (attempts >= 0),
    expires_at     INTEGER NOT NULL,
    used_at        INTEGER,
    created_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX two_factor_email_codes_user ON two_factor_email_codes (user_id, created_at);
CREATE INDEX two_factor_email_codes_expires ON two_factor_email_codes (expires_at);

CREATE TABLE two_factor_recovery_codes (
    id         BLOB    NOT NULL PRIMARY KEY,
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hmac  BLOB    NOT NULL CHECK (length(code_hmac) = 32),
    used_at    INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX two_factor_recovery_codes_code ON two_factor_recovery_codes (user_id, code_hmac);
