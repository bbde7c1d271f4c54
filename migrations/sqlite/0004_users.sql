-- People. email_key is the comparison form, computed by the program, so that every database agrees on it.

CREATE TABLE users (
    id                    BLOB    NOT NULL PRIMARY KEY,
    organization_id       BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email                 TEXT    NOT NULL,
    email_key             TEXT    NOT NULL,
    email_verified        INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    password_hash         TEXT,
    password_changed_at   INTEGER,
    given_name            TEXT,
    family_name           TEXT,
    middle_name           TEXT,
    nickname              TEXT,
    preferred_username    TEXT,
    profile_url           TEXT,
    picture_url           TEXT,
    website_url           TEXT,
    gender                TEXT,
    birthdate             TEXT    CHECK (length(birthdate) = 10),
    zoneinfo              TEXT,
    locale                TEXT,
    phone_number          TEXT,
    phone_number_verified INTEGER NOT NULL CHECK (phone_number_verified IN (0, 1)),
    address_street        TEXT,
    address_locality      TEXT,
    address_region        TEXT,
    address_postal_code   TEXT,
    address_country       TEXT,
    status                TEXT    NOT NULL CHECK (status IN ('active', 'inactive', 'suspended', 'locked')),
    locked_at             INTEGER,
    locked_reason         TEXT,
    last_login_at         INTEGER,
    login_count           INTEGER NOT NULL CHECK (login_count >= 0),
    failed_login_count    INTEGER NOT NULL CHECK (failed_login_count >= 0),
    last_failed_login_at  INTEGER,
    two_factor_method     TEXT    CHECK (two_factor_method IN ('email', 'totp')),
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    CHECK (status = 'locked' OR (locked_at IS NULL AND locked_reason IS NULL))
) STRICT;
CREATE UNIQUE INDEX users_email ON users (organization_id, email_key);
-- Target of the composite keys that keep rows of one tenant from pointing into another.
CREATE UNIQUE INDEX users_owner ON users (organization_id, id);
CREATE INDEX users_owner_created ON users (organization_id, created_at, id);

-- Magic links, password resets, invitations and address confirmations: one shape, one guarded consumption.
CREATE TABLE one_time_tokens (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    purpose         TEXT    NOT NULL CHECK (purpose IN ('magic_link', 'password_reset', 'invitation', 'email_verification')),
    digest          BLOB    NOT NULL CHECK (length(digest) = 32),
    -- The sign-in journey the token belongs to, when it must finish in the same browser.
    interaction_id  TEXT,
    details         TEXT    CHECK (json_valid(details)),
    invited_by      BLOB    REFERENCES users (id) ON DELETE SET NULL,
    expires_at      INTEGER NOT NULL,
    used_at         INTEGER,
    created_at      INTEGER NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX one_time_tokens_digest ON one_time_tokens (digest);
CREATE INDEX one_time_tokens_user ON one_time_tokens (organization_id, user_id, purpose);
CREATE INDEX one_time_tokens_invited_by ON one_time_tokens (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX one_time_tokens_expires ON one_time_tokens (expires_at);
