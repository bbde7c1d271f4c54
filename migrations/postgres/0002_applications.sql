-- Products and their modules. organization_id null: shared by the platform (decision D18).

CREATE TABLE applications (
    id              uuid        PRIMARY KEY,
    organization_id uuid        REFERENCES organizations (id) ON DELETE CASCADE,
    name            text        NOT NULL,
    slug            text        COLLATE "C" NOT NULL,
    description     text,
    status          text        NOT NULL CHECK (status IN ('active', 'inactive', 'archived')),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX applications_owner_slug ON applications (organization_id, slug);
CREATE UNIQUE INDEX applications_platform_slug ON applications (slug) WHERE organization_id IS NULL;
CREATE INDEX applications_created ON applications (created_at, id);

CREATE TABLE application_modules (
    id             uuid        PRIMARY KEY,
    application_id uuid        NOT NULL REFERENCES applications (id) ON DELETE CASCADE,
    name           text        COLLATE "C" NOT NULL,
    slug           text        COLLATE "C" NOT NULL,
    description    text,
    status         text        NOT NULL CHECK (status IN ('active', 'inactive')),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL
);
CREATE UNIQUE INDEX application_modules_slug ON application_modules (application_id, slug);
