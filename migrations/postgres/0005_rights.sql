-- Roles, permissions and custom claims of applications, and who has them.

CREATE TABLE roles (
    id             uuid        PRIMARY KEY,
    application_id uuid        NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           text        COLLATE "C" NOT NULL,
    slug           text        COLLATE "C" NOT NULL,
    description    text,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX roles_slug ON roles (application_id, slug);

CREATE TABLE permissions (
    id             uuid        PRIMARY KEY,
    application_id uuid        NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    module_id      uuid        REFERENCES application_modules (id) ON DELETE SET NULL,
    name           text        COLLATE "C" NOT NULL,
    slug           text        COLLATE "C" NOT NULL,
    description    text,
    created_at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX permissions_slug ON permissions (application_id, slug);
CREATE INDEX permissions_module ON permissions (module_id) WHERE module_id IS NOT NULL;

CREATE TABLE role_permissions (
    role_id       uuid        NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission_id uuid        NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    created_at    timestamptz NOT NULL,
    PRIMARY KEY (role_id, permission_id)
);
CREATE INDEX role_permissions_permission ON role_permissions (permission_id);

CREATE TABLE user_roles (
    user_id     uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id     uuid        NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    assigned_by uuid        REFERENCES users (id) ON DELETE SET NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (user_id, role_id)
);
CREATE INDEX user_roles_role ON user_roles (role_id);
CREATE INDEX user_roles_assigned_by ON user_roles (assigned_by) WHERE assigned_by IS NOT NULL;

CREATE TABLE custom_claim_definitions (
    id                      uuid        PRIMARY KEY,
    application_id          uuid        NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    claim_name              text        COLLATE "C" NOT NULL,
    claim_type              text        NOT NULL CHECK (claim_type IN ('string', 'number', 'boolean', 'json')),
    description             text,
    include_in_id_token     boolean     NOT NULL,
    include_in_access_token boolean     NOT NULL,
    include_in_userinfo     boolean     NOT NULL,
    created_at              timestamptz NOT NULL,
    updated_at              timestamptz NOT NULL
);
CREATE UNIQUE INDEX custom_claim_definitions_name ON custom_claim_definitions (application_id, claim_name);

CREATE TABLE custom_claim_values (
    user_id    uuid        NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    claim_id   uuid        NOT NULL REFERENCES custom_claim_definitions (id) ON DELETE CASCADE,
    value      jsonb       NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, claim_id)
);
CREATE INDEX custom_claim_values_claim ON custom_claim_values (claim_id);
