-- Roles, permissions and custom claims of applications, and who has them.

CREATE TABLE roles (
    id             BLOB    NOT NULL PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           TEXT    NOT NULL,
    slug           TEXT    NOT NULL,
    description    TEXT,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_slug ON roles (application_id, slug);

CREATE TABLE permissions (
    id             BLOB    NOT NULL PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    module_id      BLOB    REFERENCES application_modules (id) ON DELETE SET NULL,
    name           TEXT    NOT NULL,
    slug           TEXT    NOT NULL,
    description    TEXT,
    created_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX permissions_slug ON permissions (application_id, slug);
CREATE INDEX permissions_module ON permissions (module_id) WHERE module_id IS NOT NULL;

CREATE TABLE role_permissions (
    role_id       BLOB    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission_id BLOB    NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    created_at    INTEGER NOT NULL,
    PRIMARY KEY (role_id, permission_id)
) STRICT;
CREATE INDEX role_permissions_permission ON role_permissions (permission_id);

CREATE TABLE user_roles (
    user_id     BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id     BLOB    NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    assigned_by BLOB    REFERENCES users (id) ON DELETE SET NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (user_id, role_id)
) STRICT;
CREATE INDEX user_roles_role ON user_roles (role_id);
CREATE INDEX user_roles_assigned_by ON user_roles (assigned_by) WHERE assigned_by IS NOT NULL;

CREATE TABLE custom_claim_definitions (
    id                      BLOB    NOT NULL PRIMARY KEY,
    application_id          BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    claim_name              TEXT    NOT NULL,
    claim_type              TEXT    NOT NULL CHECK (claim_type IN ('string', 'number', 'boolean', 'json')),
    description             TEXT,
    include_in_id_token     INTEGER NOT NULL CHECK (include_in_id_token IN (0, 1)),
    include_in_access_token INTEGER NOT NULL CHECK (include_in_access_token IN (0, 1)),
    include_in_userinfo     INTEGER NOT NULL CHECK (include_in_userinfo IN (0, 1)),
    created_at              INTEGER NOT NULL,
    updated_at              INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX custom_claim_definitions_name ON custom_claim_definitions (application_id, claim_name);

CREATE TABLE custom_claim_values (
    user_id    BLOB    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    claim_id   BLOB    NOT NULL REFERENCES custom_claim_definitions (id) ON DELETE CASCADE,
    value      TEXT    NOT NULL CHECK (json_valid(value)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, claim_id)
) STRICT;
CREATE INDEX custom_claim_values_claim ON custom_claim_values (claim_id);
