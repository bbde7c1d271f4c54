-- Tenants, and the settings of the platform (organization_id null) and of each tenant.
-- Columns that are compared or sorted collate by code point, as SQLite does, so that both databases order alike.

CREATE TABLE organizations (
    id                     uuid        PRIMARY KEY,
    name                   text        NOT NULL,
    slug                   text        COLLATE "C" NOT NULL,
    status                 text        NOT NULL CHECK (status IN ('active', 'suspended', 'archived')),
    is_super_admin         boolean     NOT NULL,
    branding_logo_url      text,
    branding_favicon_url   text,
    branding_primary_color text,
    branding_company_name  text,
    branding_custom_css    text,
    default_locale         text        NOT NULL,
    two_factor_policy      text        NOT NULL CHECK (two_factor_policy IN ('optional', 'required_email', 'required_totp', 'required_any')),
    default_login_methods  jsonb       NOT NULL CHECK (jsonb_typeof(default_login_methods) = 'array' AND default_login_methods <> '[]' AND default_login_methods <@ '["password", "magic_link"]'),
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    CHECK (NOT is_super_admin OR status = 'active')
);
CREATE UNIQUE INDEX organizations_slug ON organizations (slug);
CREATE UNIQUE INDEX organizations_super_admin ON organizations (is_super_admin) WHERE is_super_admin;
CREATE INDEX organizations_created ON organizations (created_at, id);

CREATE TABLE settings (
    organization_id uuid        REFERENCES organizations (id) ON DELETE CASCADE,
    key             text        COLLATE "C" NOT NULL,
    value           jsonb       NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX settings_owner_key ON settings (organization_id, key);
CREATE UNIQUE INDEX settings_platform_key ON settings (key) WHERE organization_id IS NULL;

CREATE TABLE branding_assets (
    id              uuid        PRIMARY KEY,
    organization_id uuid        NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    asset_type      text        NOT NULL CHECK (asset_type IN ('logo', 'favicon')),
    content_type    text        NOT NULL CHECK (content_type IN ('image/png', 'image/jpeg', 'image/webp', 'image/svg+xml', 'image/x-icon', 'image/vnd.microsoft.icon')),
    data            bytea       NOT NULL CHECK (octet_length(data) BETWEEN 1 AND 524288),
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL
);
CREATE UNIQUE INDEX branding_assets_owner_type ON branding_assets (organization_id, asset_type);
