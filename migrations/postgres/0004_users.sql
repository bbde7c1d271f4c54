-- People. email_key is the comparison form, computed by the program, so that every database agrees on it.

CREATE TABLE users (
    id                    uuid        PRIMARY KEY,
    organization_id       uuid        NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email                 text        NOT NULL,
    email_key             text        COLLATE "C" NOT NULL,
    email_verified        boolean     NOT NULL,
    password_hash         text,
    password_changed_at   timestamptz,
    given_name            text,
    family_name           text,
    middle_name           text,
    nickname              text,
    preferred_username    text,
    profile_url           text,
    picture_url           text,
    website_url           text,
    gender                text,
    birthdate             text        CHECK (length(birthdate) = 10),
    zoneinfo              text,
    locale                text,
    phone_number          text,
    phone_number_verified boolean     NOT NULL,
    address_street        text,
    address_locality      text,
    address_region        text,
    address_postal_code   text,
    address_country       text,
    status                text        NOT NULL CHECK (status IN ('active', 'inactive', 'suspended', 'locked')),
    locked_at             timestamptz,
    locked_reason         text,
    last_login_at         timestamptz,
    login_count           bigint      NOT NULL CHECK (login_count >= 0),
    failed_login_count    bigint      NOT NULL CHECK (failed_login_count >= 0),
    last_failed_login_at  timestamptz,
    two_factor_method     text        CHECK (two_factor_method IN ('email', 'totp')),
    created_at            timestamptz NOT NULL,
    updated_at            timestamptz NOT NULL,
    CHECK (status = 'locked' OR (locked_at IS NULL AND locked_reason IS NULL))
);
CREATE UNIQUE INDEX users_email ON users (organization_id, email_key);
-- Target of the composite keys that keep rows of one tenant from pointing into another.
CREATE UNIQUE INDEX users_owner ON users (organization_id, id);
CREATE INDEX users_owner_created ON users (organization_id, created_at, id);

-- Magic links, password resets, invitations and address confirmations: one shape, one guarded consumption.
CREATE TABLE one_time_tokens (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL,
    user_id         uuid        NOT NULL,
    purpose         text        NOT NULL CHECK (purpose IN ('magic_link', 'password_reset', 'invitation', 'email_verification')),
    digest          bytea       NOT NULL CHECK (octet_length(digest) = 32),
    -- The sign-in journey the token belongs to, when it must finish in the same browser.
    interaction_id  text,
    details         jsonb,
    invited_by      uuid        REFERENCES users (id) ON DELETE SET NULL,
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz,
    created_at      timestamptz NOT NULL,
    FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX one_time_tokens_digest ON one_time_tokens (digest);
CREATE INDEX one_time_tokens_user ON one_time_tokens (organization_id, user_id, purpose);
CREATE INDEX one_time_tokens_invited_by ON one_time_tokens (invited_by) WHERE invited_by IS NOT NULL;
CREATE INDEX one_time_tokens_expires ON one_time_tokens (expires_at);
