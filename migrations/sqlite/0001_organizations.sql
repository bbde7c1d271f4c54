-- Tenants, and the settings of the platform (organization_id null) and of each tenant.
-- Times are microseconds since 1970, ids 16-byte blobs, JSON is text; booleans are 0 and 1.

CREATE TABLE organizations (
    id                     BLOB    NOT NULL PRIMARY KEY,
    name                   TEXT    NOT NULL,
    slug                   TEXT    NOT NULL,
    status                 TEXT    NOT NULL CHECK (status IN ('active', 'suspended', 'archived')),
    is_super_admin         INTEGER NOT NULL CHECK (is_super_admin IN (0, 1)),
    branding_logo_url      TEXT,
    branding_favicon_url   TEXT,
    branding_primary_color TEXT,
    branding_company_name  TEXT,
    branding_custom_css    TEXT,
    default_locale         TEXT    NOT NULL,
    two_factor_policy      TEXT    NOT NULL CHECK (two_factor_policy IN ('optional', 'required_email', 'required_totp', 'required_any')),
    default_login_methods  TEXT    NOT NULL CHECK (json_valid(default_login_methods) AND json_type(default_login_methods) = 'array' AND default_login_methods <> '[]' AND replace(replace(replace(default_login_methods, '"password"', ''), '"magic_link"', ''), ',', '') = '[]'),
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL,
    CHECK (NOT is_super_admin OR status = 'active')
) STRICT;
CREATE UNIQUE INDEX organizations_slug ON organizations (slug);
CREATE UNIQUE INDEX organizations_super_admin ON organizations (is_super_admin) WHERE is_super_admin;
CREATE INDEX organizations_created ON organizations (created_at, id);

CREATE TABLE settings (
    organization_id BLOB    REFERENCES organizations (id) ON DELETE CASCADE,
    key             TEXT    NOT NULL,
    value           TEXT    NOT NULL CHECK (json_valid(value)),
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX settings_owner_key ON settings (organization_id, key);
CREATE UNIQUE INDEX settings_platform_key ON settings (key) WHERE organization_id IS NULL;

CREATE TABLE branding_assets (
    id              BLOB    NOT NULL PRIMARY KEY,
    organization_id BLOB    NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    asset_type      TEXT    NOT NULL CHECK (asset_type IN ('logo', 'favicon')),
    content_type    TEXT    NOT NULL CHECK (content_type IN ('image/png', 'image/jpeg', 'image/webp', 'image/svg+xml', 'image/x-icon', 'image/vnd.microsoft.icon')),
    data            BLOB    NOT NULL CHECK (length(data) BETWEEN 1 AND 524288),
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX branding_assets_owner_type ON branding_assets (organization_id, asset_type);
