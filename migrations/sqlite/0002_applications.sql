-- Products and their modules. organization_id null: shared by the platform (decision D18).

CREATE TABLE applications (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    REFERENCES organizations (id) ON DELETE CASCADE,
    name            TEXT    NOT NULL,
    slug            TEXT    NOT NULL,
    description     TEXT,
    status          TEXT    NOT NULL CHECK (status IN ('active', 'inactive', 'archived')),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX applications_owner_slug ON applications (organization_id, slug);
CREATE UNIQUE INDEX applications_platform_slug ON applications (slug) WHERE organization_id IS NULL;
CREATE INDEX applications_created ON applications (created_at, id);

CREATE TABLE application_modules (
    id             BLOB    NOT NULL PRIMARY KEY,
    application_id BLOB    NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           TEXT    NOT NULL,
    slug           TEXT    NOT NULL,
    description    TEXT,
    status         TEXT    NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX application_modules_slug ON application_modules (application_id, slug);
