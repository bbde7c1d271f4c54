SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.access_tokens (
    digest bytea NOT NULL,
    family_id uuid NOT NULL,
    scope text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT access_tokens_digest_check CHECK ((octet_length(digest) = 32))
);
CREATE TABLE public.application_modules (
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    slug text NOT NULL COLLATE pg_catalog."C",
    description text,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT application_modules_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text])))
);
CREATE TABLE public.applications (
    id uuid NOT NULL,
    organization_id uuid,
    name text NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    description text,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT applications_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'archived'::text])))
);
CREATE TABLE public.audit_log (
    id uuid NOT NULL,
    organization_id uuid,
    organization_label text,
    user_id uuid,
    actor_id uuid,
    actor_label text,
    event_type text NOT NULL,
    category text NOT NULL,
    description text,
    metadata jsonb NOT NULL,
    ip_address text,
    user_agent text,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT audit_log_category_check CHECK ((category = ANY (ARRAY['admin'::text, 'authentication'::text, 'security'::text, 'gdpr'::text])))
);
CREATE TABLE public.branding_assets (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    asset_type text NOT NULL,
    content_type text NOT NULL,
    data bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT branding_assets_asset_type_check CHECK ((asset_type = ANY (ARRAY['logo'::text, 'favicon'::text]))),
    CONSTRAINT branding_assets_content_type_check CHECK ((content_type = ANY (ARRAY['image/png'::text, 'image/jpeg'::text, 'image/webp'::text, 'image/svg+xml'::text, 'image/x-icon'::text, 'image/vnd.microsoft.icon'::text]))),
    CONSTRAINT branding_assets_data_check CHECK (((octet_length(data) >= 1) AND (octet_length(data) <= 524288)))
);
CREATE TABLE public.client_organizations (
    client_id uuid NOT NULL,
    organization_id uuid NOT NULL
);
CREATE TABLE public.client_secrets (
    id uuid NOT NULL,
    client_id uuid NOT NULL,
    digest bytea NOT NULL,
    label text,
    expires_at timestamp with time zone,
    status text NOT NULL,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT client_secrets_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT client_secrets_status_check CHECK ((status = ANY (ARRAY['active'::text, 'revoked'::text])))
);
CREATE TABLE public.clients (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    application_id uuid NOT NULL,
    client_id text NOT NULL COLLATE pg_catalog."C",
    client_name text NOT NULL COLLATE pg_catalog."C",
    client_type text NOT NULL,
    application_type text NOT NULL,
    redirect_uris jsonb NOT NULL,
    post_logout_redirect_uris jsonb NOT NULL,
    grant_types jsonb NOT NULL,
    response_types jsonb NOT NULL,
    scope text NOT NULL,
    token_endpoint_auth_method text NOT NULL,
    allowed_origins jsonb NOT NULL,
    require_pkce boolean NOT NULL,
    login_methods jsonb,
    id_token_signed_response_alg text NOT NULL,
    userinfo_signed_response_alg text,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT clients_allowed_origins_check CHECK ((jsonb_typeof(allowed_origins) = 'array'::text)),
    CONSTRAINT clients_application_type_check CHECK ((application_type = ANY (ARRAY['web'::text, 'native'::text, 'spa'::text]))),
    CONSTRAINT clients_client_type_check CHECK ((client_type = ANY (ARRAY['confidential'::text, 'public'::text]))),
    CONSTRAINT clients_grant_types_check CHECK (((jsonb_typeof(grant_types) = 'array'::text) AND (grant_types <@ '["authorization_code", "refresh_token", "client_credentials"]'::jsonb))),
    CONSTRAINT clients_id_token_signed_response_alg_check CHECK ((id_token_signed_response_alg = ANY (ARRAY['ES256'::text, 'RS256'::text, 'EdDSA'::text]))),
    CONSTRAINT clients_login_methods_check CHECK (((jsonb_typeof(login_methods) = 'array'::text) AND (login_methods <> '[]'::jsonb) AND (login_methods <@ '["password", "magic_link"]'::jsonb))),
    CONSTRAINT clients_post_logout_redirect_uris_check CHECK ((jsonb_typeof(post_logout_redirect_uris) = 'array'::text)),
    CONSTRAINT clients_redirect_uris_check CHECK ((jsonb_typeof(redirect_uris) = 'array'::text)),
    CONSTRAINT clients_response_types_check CHECK (((jsonb_typeof(response_types) = 'array'::text) AND (response_types <@ '["code"]'::jsonb))),
    CONSTRAINT clients_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'revoked'::text]))),
    CONSTRAINT clients_token_endpoint_auth_method_check CHECK ((token_endpoint_auth_method = ANY (ARRAY['client_secret_basic'::text, 'client_secret_post'::text, 'none'::text]))),
    CONSTRAINT clients_userinfo_signed_response_alg_check CHECK ((userinfo_signed_response_alg = ANY (ARRAY['ES256'::text, 'RS256'::text, 'EdDSA'::text])))
);
CREATE TABLE public.custom_claim_definitions (
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    claim_name text NOT NULL COLLATE pg_catalog."C",
    claim_type text NOT NULL,
    description text,
    include_in_id_token boolean NOT NULL,
    include_in_access_token boolean NOT NULL,
    include_in_userinfo boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT custom_claim_definitions_claim_type_check CHECK ((claim_type = ANY (ARRAY['string'::text, 'number'::text, 'boolean'::text, 'json'::text])))
);
CREATE TABLE public.custom_claim_values (
    user_id uuid NOT NULL,
    claim_id uuid NOT NULL,
    value jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.grants (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    client_id uuid NOT NULL,
    scopes jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT grants_scopes_check CHECK ((jsonb_typeof(scopes) = 'array'::text))
);
CREATE TABLE public.leases (
    name text NOT NULL COLLATE pg_catalog."C",
    holder uuid NOT NULL,
    until timestamp with time zone NOT NULL
);
CREATE TABLE public.one_time_tokens (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    digest bytea NOT NULL,
    interaction_id text,
    details jsonb,
    invited_by uuid,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT one_time_tokens_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT one_time_tokens_purpose_check CHECK ((purpose = ANY (ARRAY['magic_link'::text, 'password_reset'::text, 'invitation'::text, 'email_verification'::text])))
);
CREATE TABLE public.organizations (
    id uuid NOT NULL,
    name text NOT NULL,
    slug text NOT NULL COLLATE pg_catalog."C",
    status text NOT NULL,
    is_super_admin boolean NOT NULL,
    branding_logo_url text,
    branding_favicon_url text,
    branding_primary_color text,
    branding_company_name text,
    branding_custom_css text,
    default_locale text NOT NULL,
    two_factor_policy text NOT NULL,
    default_login_methods jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT organizations_check CHECK (((NOT is_super_admin) OR (status = 'active'::text))),
    CONSTRAINT organizations_default_login_methods_check CHECK (((jsonb_typeof(default_login_methods) = 'array'::text) AND (default_login_methods <> '[]'::jsonb) AND (default_login_methods <@ '["password", "magic_link"]'::jsonb))),
    CONSTRAINT organizations_status_check CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text, 'archived'::text]))),
    CONSTRAINT organizations_two_factor_policy_check CHECK ((two_factor_policy = ANY (ARRAY['optional'::text, 'required_email'::text, 'required_totp'::text, 'required_any'::text])))
);
CREATE TABLE public.outbox (
    id uuid NOT NULL,
    organization_id uuid,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    idempotency_key text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    attempts bigint NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    last_error text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT outbox_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT outbox_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'delivered'::text, 'given_up'::text])))
);
CREATE TABLE public.permissions (
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    module_id uuid,
    name text NOT NULL COLLATE pg_catalog."C",
    slug text NOT NULL COLLATE pg_catalog."C",
    description text,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.porta_migrations (
    version bigint NOT NULL,
    name text NOT NULL,
    checksum bytea NOT NULL,
    applied_at timestamp with time zone NOT NULL
);
CREATE TABLE public.refresh_tokens (
    digest bytea NOT NULL,
    family_id uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    rotated_at timestamp with time zone,
    successor bytea,
    CONSTRAINT refresh_tokens_check CHECK (((rotated_at IS NULL) = (successor IS NULL))),
    CONSTRAINT refresh_tokens_digest_check CHECK ((octet_length(digest) = 32)),
    CONSTRAINT refresh_tokens_successor_check CHECK ((octet_length(successor) = 32))
);
CREATE TABLE public.role_permissions (
    role_id uuid NOT NULL,
    permission_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.roles (
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    slug text NOT NULL COLLATE pg_catalog."C",
    description text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.sessions (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    ip_address text,
    user_agent text,
    created_at timestamp with time zone NOT NULL,
    last_activity_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT sessions_check CHECK ((expires_at > created_at))
);
CREATE TABLE public.settings (
    organization_id uuid,
    key text NOT NULL COLLATE pg_catalog."C",
    value jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.signing_keys (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    kid text NOT NULL COLLATE pg_catalog."C",
    algorithm text NOT NULL,
    public_jwk jsonb NOT NULL,
    private_key bytea NOT NULL,
    private_key_key_id text NOT NULL,
    status text NOT NULL,
    activated_at timestamp with time zone,
    retired_at timestamp with time zone,
    expires_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT signing_keys_algorithm_check CHECK ((algorithm = ANY (ARRAY['ES256'::text, 'RS256'::text, 'EdDSA'::text]))),
    CONSTRAINT signing_keys_status_check CHECK ((status = ANY (ARRAY['next'::text, 'active'::text, 'retired'::text, 'revoked'::text])))
);
CREATE TABLE public.token_families (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    client_id uuid NOT NULL,
    user_id uuid NOT NULL,
    grant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    is_offline boolean NOT NULL,
    scope text NOT NULL,
    nonce text,
    auth_time timestamp with time zone NOT NULL,
    acr text NOT NULL,
    amr jsonb NOT NULL,
    claims jsonb,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    CONSTRAINT token_families_amr_check CHECK ((jsonb_typeof(amr) = 'array'::text))
);
CREATE TABLE public.two_factor_email_codes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    interaction_id text,
    code_hmac bytea NOT NULL,
    attempts bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT two_factor_email_codes_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT two_factor_email_codes_code_hmac_check CHECK ((octet_length(code_hmac) = 32))
);
CREATE TABLE public.two_factor_recovery_codes (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    code_hmac bytea NOT NULL,
    used_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT two_factor_recovery_codes_code_hmac_check CHECK ((octet_length(code_hmac) = 32))
);
CREATE TABLE public.user_roles (
    user_id uuid NOT NULL,
    role_id uuid NOT NULL,
    assigned_by uuid,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.user_totp (
    user_id uuid NOT NULL,
    secret bytea NOT NULL,
    secret_key_id text NOT NULL,
    algorithm text NOT NULL,
    digits bigint NOT NULL,
    period bigint NOT NULL,
    last_step bigint,
    verified_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT user_totp_algorithm_check CHECK ((algorithm = ANY (ARRAY['SHA1'::text, 'SHA256'::text, 'SHA512'::text]))),
    CONSTRAINT user_totp_digits_check CHECK (((digits >= 6) AND (digits <= 8))),
    CONSTRAINT user_totp_period_check CHECK (((period >= 15) AND (period <= 120)))
);
CREATE TABLE public.users (
    id uuid NOT NULL,
    organization_id uuid NOT NULL,
    email text NOT NULL,
    email_key text NOT NULL COLLATE pg_catalog."C",
    email_verified boolean NOT NULL,
    password_hash text,
    password_changed_at timestamp with time zone,
    given_name text,
    family_name text,
    middle_name text,
    nickname text,
    preferred_username text,
    profile_url text,
    picture_url text,
    website_url text,
    gender text,
    birthdate text,
    zoneinfo text,
    locale text,
    phone_number text,
    phone_number_verified boolean NOT NULL,
    address_street text,
    address_locality text,
    address_region text,
    address_postal_code text,
    address_country text,
    status text NOT NULL,
    locked_at timestamp with time zone,
    locked_reason text,
    last_login_at timestamp with time zone,
    login_count bigint NOT NULL,
    failed_login_count bigint NOT NULL,
    last_failed_login_at timestamp with time zone,
    two_factor_method text,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    CONSTRAINT users_birthdate_check CHECK ((length(birthdate) = 10)),
    CONSTRAINT users_check CHECK (((status = 'locked'::text) OR ((locked_at IS NULL) AND (locked_reason IS NULL)))),
    CONSTRAINT users_failed_login_count_check CHECK ((failed_login_count >= 0)),
    CONSTRAINT users_login_count_check CHECK ((login_count >= 0)),
    CONSTRAINT users_status_check CHECK ((status = ANY (ARRAY['active'::text, 'inactive'::text, 'suspended'::text, 'locked'::text]))),
    CONSTRAINT users_two_factor_method_check CHECK ((two_factor_method = ANY (ARRAY['email'::text, 'totp'::text])))
);
INSERT INTO public.access_tokens VALUES ('\x8589aa2e42bcc7fe7f68a6d124a94dcc23e7839aacdd787ce290cf5e7c979782', '01a211f3-652a-7cef-a39b-bde8da92b649', 'openid email offline_access', '2026-11-25 10:04:53.553394+00', '2026-11-25 09:04:53.553394+00');
INSERT INTO public.access_tokens VALUES ('\xdfb264cf38682355a1e88a8e27a49b0b30a344342b850e3a64c6c45c1de62699', '01a211f3-652a-7cef-a39b-bde8da92b649', 'openid email offline_access', '2026-11-25 10:04:53.593246+00', '2026-11-25 09:04:53.593277+00');
INSERT INTO public.access_tokens VALUES ('\x3e74f6130291d65ea3c226b561873cfa93d0b9698b8ad2de77c9e23adb0f7b48', '01a211f3-6577-7577-9e71-fed783ff815a', 'openid email offline_access', '2026-11-25 10:04:53.626597+00', '2026-11-25 09:04:53.626597+00');
INSERT INTO public.access_tokens VALUES ('\xbcdbecff8a2add7270e44e6d584d1c65f7deda2be33ae80b5a33e9850d4e0d26', '01a211f3-6577-7577-9e71-fed783ff815a', 'openid email offline_access', '2026-11-25 10:04:53.629482+00', '2026-11-25 09:04:53.629509+00');
INSERT INTO public.applications VALUES ('01a211f3-63e2-7811-9543-98d6a188dc44', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'Storefront', 'storefront', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.applications VALUES ('01a211f3-63e2-7290-8612-3c4948674921', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'Beta Suite', 'beta-suite', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.applications VALUES ('01a211f3-63e2-79f2-9a9c-b0513438e158', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'Gamma Suite', 'gamma-suite', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7c14-b941-5b37f176ad5a', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'org.created', 'admin', NULL, '{"name": "Demo", "slug": "demo", "defaultLoginMethods": ["password"]}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7a7c-8f66-2820502c8938', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "6fTaoqkS0S0a1F3jmo4fcuhp2rIhEwKp8p_cSbypGHU", "status": "active", "algorithm": "ES256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-76c5-b811-7dd4fbcd0b29', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "RN5_d6cj5X-fnL4v4rRSxl5fUp4UFdi6fSBDS5flNnk", "status": "next", "algorithm": "ES256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7c86-8022-5d8a56a6910a', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'org.created', 'admin', NULL, '{"name": "Beta", "slug": "beta", "defaultLoginMethods": ["password"]}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7af1-9536-e54c46aa69a8', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "7ktlP9vKIJ5QSCvGvZek-mMWKF7BUfjgmaL9oio1edc", "status": "active", "algorithm": "ES256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7613-a68d-2bf2694b6fe3', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "Wt8OB7jwkpcLspAXdgyzn187mEBokyc576TIgzlNmhM", "status": "next", "algorithm": "ES256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7ece-86a7-3af2ec154212', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gamma', NULL, NULL, 'cli', 'org.created', 'admin', NULL, '{"name": "Gamma", "slug": "gamma", "defaultLoginMethods": ["password"]}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7f13-815a-06f41e6b2028', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gamma', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "rz0-xqt3H97ZiydHH9H4fLX0Ea10Nw1rl6OEP2_9JoY", "status": "active", "algorithm": "ES256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7c21-9e54-2584bf619ba4', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gamma', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "dI7EI2lBqyerYf3md79NwI-112Hl8WDKJ5av6gJ_Rqw", "status": "next", "algorithm": "ES256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-714d-b507-c881743ce1b2', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'app.created', 'admin', NULL, '{"name": "Storefront", "slug": "storefront", "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7687-86a1-bcdbf8f73ff1', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'app.created', 'admin', NULL, '{"name": "Beta Suite", "slug": "beta-suite", "applicationId": "01a211f3-63e2-7290-8612-3c4948674921"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7b61-8022-e00ca75be66e', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gamma', NULL, NULL, 'cli', 'app.created', 'admin', NULL, '{"name": "Gamma Suite", "slug": "gamma-suite", "applicationId": "01a211f3-63e2-79f2-9a9c-b0513438e158"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-719d-993c-c0e5d74277e3', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-conformance-1", "clientDbId": "01a211f3-63e2-7e76-b29e-7212a985a7b1", "clientName": "Conformance One", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-73cc-9bcd-90d862000e31', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "_WLPA_M3WxBL3h_ssaj1vxuGY0V93n8vEdUwmq_1DZA", "status": "active", "algorithm": "RS256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7757-8977-1f05458cc129', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "Qe35oE1FCemAcoRjRG7g0Vl280oVhbQXaXIGlRssfC8", "status": "next", "algorithm": "RS256"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7950-bb5d-6f17e0d3062f', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7e76-b29e-7212a985a7b1", "secretId": "01a211f3-63e2-7ba8-b057-943cccbf638a", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7eee-8a6d-029b392b1329', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-conformance-2", "clientDbId": "01a211f3-63e2-7fbc-8187-01ffe1c2d404", "clientName": "Conformance Two", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7dc1-9b28-5c992a824f1b', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7fbc-8187-01ffe1c2d404", "secretId": "01a211f3-63e2-74a4-9843-45752686004a", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7b70-aa11-b6d060ef3c4c', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-conformance-post", "clientDbId": "01a211f3-63e2-7155-9d78-2a263f0995ff", "clientName": "Conformance Post", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7e00-8e2a-9d11b7281d14', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7155-9d78-2a263f0995ff", "secretId": "01a211f3-63e2-7add-b9bb-9ff3ba711d9d", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7147-abc2-d98e91573326', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-es256", "clientDbId": "01a211f3-63e2-7b3b-af68-19477d2c8f89", "clientName": "Web ES256", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-789d-80eb-646b772b6181', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7b3b-af68-19477d2c8f89", "secretId": "01a211f3-63e2-7d5c-88c7-84028aec8590", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7878-b6b1-354751297897', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-rs256", "clientDbId": "01a211f3-63e2-7782-a0b6-00d96acf8d63", "clientName": "Web RS256", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7205-a5a5-7d519a71c1ad', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7782-a0b6-00d96acf8d63", "secretId": "01a211f3-63e2-7d88-9da6-86b1c389632f", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-72a4-998b-665cd0b457db', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-eddsa", "clientDbId": "01a211f3-63e2-72e4-976f-2a3f97f0798c", "clientName": "Web EdDSA", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7d31-90cc-b35d256306b1', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "fRjHRyOVEWcK3VZz-RfpbsMkG6XpgQtnrcX23MaNDmM", "status": "active", "algorithm": "EdDSA"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-767e-b912-79e8a602b59d', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'key.generated', 'admin', NULL, '{"kid": "V5jevnUFGv56bjQ1GK3Q29QSXitXLs_QoWOE-aAOnoI", "status": "next", "algorithm": "EdDSA"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-72c5-8c22-f59afa7637c6', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-72e4-976f-2a3f97f0798c", "secretId": "01a211f3-63e2-79da-91f9-338f6c5b6917", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-737e-b4b8-4c6167a51c7f', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-post", "clientDbId": "01a211f3-63e2-7c4e-8193-860e83062ca7", "clientName": "Web Post", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-72cf-865a-8c08c778ef0b', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7c4e-8193-860e83062ca7", "secretId": "01a211f3-63e2-7bb1-aee1-51c1c49fa7bb", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7090-9813-e70911ae29ec', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-odd-secret", "clientDbId": "01a211f3-63e2-709c-8424-d8ce0148532e", "clientName": "Web Odd Secret", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7b30-ae8d-dd17d42a3582', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-709c-8424-d8ce0148532e", "secretId": "01a211f3-63e2-70c1-ac3c-c471976e3864", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7853-8a1b-8921e0a4affb', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-userinfo-jwt", "clientDbId": "01a211f3-63e2-790c-b3b4-eb63d017a3f8", "clientName": "Web Signed UserInfo", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7ce4-b3d3-199dd1d568e4', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-790c-b3b4-eb63d017a3f8", "secretId": "01a211f3-63e2-75ab-b2b2-c0d92fa47245", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-776d-9278-7f2da6a3ce91', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-no-pkce", "clientDbId": "01a211f3-63e2-703f-ae46-c2c45334c97e", "clientName": "Web Without PKCE", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7d35-9647-08dcaf8cf5b7', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-703f-ae46-c2c45334c97e", "secretId": "01a211f3-63e2-79a8-bde9-36f950e34284", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7c97-b594-04dedeefbdac', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-second", "clientDbId": "01a211f3-63e2-7905-9d8c-f13154cfbc67", "clientName": "Web Second", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-774b-8944-08ebfe7f9f6b', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7905-9d8c-f13154cfbc67", "secretId": "01a211f3-63e2-78ad-83ed-0654db2971cb", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7c94-8723-3def52ffe6e6', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-suspended", "clientDbId": "01a211f3-63e2-7249-b13a-59f08ef19c57", "clientName": "Web To Suspend", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-717f-83d1-586ce3540625', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7249-b13a-59f08ef19c57", "secretId": "01a211f3-63e2-74b6-bdb6-d7c691ff2c36", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-77ab-81c3-2f73ef2bb400', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-native", "clientDbId": "01a211f3-63e2-7d08-b839-d5097f6c0f82", "clientName": "Native", "clientType": "public", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "native"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7ed1-9b87-47de706ff765', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-spa", "clientDbId": "01a211f3-63e2-7a92-92a2-969416d1eba5", "clientName": "Single Page", "clientType": "public", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "spa"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7190-96cd-7537644d17cb', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-machine", "clientDbId": "01a211f3-63e2-72eb-ad76-97102b1485c4", "clientName": "Machine", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7ac4-9265-52672be29986', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-72eb-ad76-97102b1485c4", "secretId": "01a211f3-63e2-7ae1-9ab7-993f744a4bfb", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-733a-9259-cdbe57d024a6', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-beta", "clientDbId": "01a211f3-63e2-7a19-ac35-1a2697021185", "clientName": "Beta Web", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7290-8612-3c4948674921", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7c6c-8330-3acf288b01df', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-7a19-ac35-1a2697021185", "secretId": "01a211f3-63e2-724e-a407-2fab2b600db5", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7e17-b171-25855d05a84c', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-third-party", "clientDbId": "01a211f3-63e2-761a-be5d-f01250e4a1c3", "clientName": "Beta Partner Portal", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-7290-8612-3c4948674921", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-72c8-82be-4263258c3447', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-761a-be5d-f01250e4a1c3", "secretId": "01a211f3-63e2-7928-8458-7b34852bc2ed", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-75c7-b0fa-ebfe42f12c1d', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gamma', NULL, NULL, 'cli', 'client.created', 'admin', NULL, '{"clientId": "e2e-gamma", "clientDbId": "01a211f3-63e2-708c-afc1-bc45788c2036", "clientName": "Gamma Web", "clientType": "confidential", "loginMethods": null, "applicationId": "01a211f3-63e2-79f2-9a9c-b0513438e158", "applicationType": "web"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7fb7-a346-2af8d409d1a6', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gamma', NULL, NULL, 'cli', 'client.secret.generated', 'admin', NULL, '{"given": true, "label": "e2e", "clientId": "01a211f3-63e2-708c-afc1-bc45788c2036", "secretId": "01a211f3-63e2-7ce0-a2f7-1e49cca3a696", "expiresAt": null}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-793b-a7fa-52c5e6c35fc0', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'role.created', 'admin', NULL, '{"slug": "clerk", "roleId": "01a211f3-63e2-7389-88c8-7f5bdb343ada", "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7db6-9ab0-7bb520d8cced', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'role.created', 'admin', NULL, '{"slug": "manager", "roleId": "01a211f3-63e2-7de8-9dde-2cff9d30f850", "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7305-8a36-a82def14bce2', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'permission.created', 'admin', NULL, '{"slug": "store:orders:read", "permissionId": "01a211f3-63e2-76a8-9171-5502da00e0a3", "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7a6d-b990-cd62b3670463', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'permission.created', 'admin', NULL, '{"slug": "store:orders:write", "permissionId": "01a211f3-63e2-7551-b3e2-e23b6f8d10fd", "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7870-9383-117d506d1efb', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'claim.defined', 'admin', NULL, '{"claimName": "branch_code", "claimType": "string", "definitionId": "01a211f3-63e2-76e7-ab4c-454241e6af75", "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-72a4-b50f-791c44e279cd', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'claim.defined', 'admin', NULL, '{"claimName": "discount_limit", "claimType": "number", "definitionId": "01a211f3-63e2-7600-baf1-2989456bd088", "applicationId": "01a211f3-63e2-7811-9543-98d6a188dc44"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7aaa-921b-d8c2f375cf97', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'role.permissions.assigned', 'admin', NULL, '{"roleId": "01a211f3-63e2-7389-88c8-7f5bdb343ada", "permissionIds": ["01a211f3-63e2-76a8-9171-5502da00e0a3"]}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-737e-94f6-46e4e58af647', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'role.permissions.assigned', 'admin', NULL, '{"roleId": "01a211f3-63e2-7de8-9dde-2cff9d30f850", "permissionIds": ["01a211f3-63e2-76a8-9171-5502da00e0a3"]}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7cb4-ad22-2723e9f169d3', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', NULL, NULL, 'cli', 'role.permissions.assigned', 'admin', NULL, '{"roleId": "01a211f3-63e2-7de8-9dde-2cff9d30f850", "permissionIds": ["01a211f3-63e2-7551-b3e2-e23b6f8d10fd"]}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-73dd-8a5a-e2faf3a98b59', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', NULL, 'cli', 'user.created', 'admin', NULL, '{"email": "ada@demo.example", "userId": "01a211f3-63e2-786a-9a0e-77b64e2c24ea"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7c38-b606-b3a4109cab1f', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-7b1f-a86d-6c69803e5290', NULL, 'cli', 'user.created', 'admin', NULL, '{"email": "ben@demo.example", "userId": "01a211f3-63e2-7b1f-a86d-6c69803e5290"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-71ba-9f8b-e6ceaa27de13', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-7799-b7c4-a712e95149ce', NULL, 'cli', 'user.created', 'admin', NULL, '{"email": "cleo@demo.example", "userId": "01a211f3-63e2-7799-b7c4-a712e95149ce"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-790f-8bc7-1342335d4317', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-71ae-84c7-329712f981f8', NULL, 'cli', 'user.created', 'admin', NULL, '{"email": "dora@demo.example", "userId": "01a211f3-63e2-71ae-84c7-329712f981f8"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7ab1-b2fc-7dd131182d61', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-7e40-a5eb-6d44e3dce33c', NULL, 'cli', 'user.created', 'admin', NULL, '{"email": "eve@demo.example", "userId": "01a211f3-63e2-7e40-a5eb-6d44e3dce33c"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7323-bd54-d7854fd4a732', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'beta', '01a211f3-63e2-7954-a95a-e19881aca2f4', NULL, 'cli', 'user.created', 'admin', NULL, '{"email": "ada@demo.example", "userId": "01a211f3-63e2-7954-a95a-e19881aca2f4"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-760b-9216-eaf71fe07670', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gamma', '01a211f3-63e2-7e55-aecf-af1d8e0e1279', NULL, 'cli', 'user.created', 'admin', NULL, '{"email": "gil@gamma.example", "userId": "01a211f3-63e2-7e55-aecf-af1d8e0e1279"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7f7c-8311-9a9a241f0d7d', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', NULL, 'cli', 'user.roles.assigned', 'admin', NULL, '{"roles": ["manager"], "roleIds": ["01a211f3-63e2-7de8-9dde-2cff9d30f850"]}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7d1c-a501-584086e18eed', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', NULL, 'cli', 'claim.value.set', 'admin', NULL, '{"claimName": "branch_code", "definitionId": "01a211f3-63e2-76e7-ab4c-454241e6af75"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-73c4-8ef9-58dc09c4e7a7', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', NULL, 'cli', 'claim.value.set', 'admin', NULL, '{"claimName": "discount_limit", "definitionId": "01a211f3-63e2-7600-baf1-2989456bd088"}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-63e2-7324-a915-b7d337b70958', NULL, NULL, NULL, NULL, 'cli', 'admin.import', 'admin', NULL, '{"mode": "merge", "errors": 0, "created": 43, "skipped": 0, "updated": 0}', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.audit_log VALUES ('01a211f3-6522-79aa-8c9d-c1e19f18780f', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', NULL, 'user.login.password', 'authentication', NULL, '{}', '127.245.90.17', 'porta-e2e', '2026-11-25 09:04:53.538027+00');
INSERT INTO public.audit_log VALUES ('01a211f3-6529-7cbc-863f-0bfff6ad468a', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', NULL, 'user.consent.granted', 'authentication', NULL, '{"scope": "openid email offline_access", "clientId": "e2e-es256"}', '127.245.90.17', 'porta-e2e', '2026-11-25 09:04:53.545695+00');
INSERT INTO public.audit_log VALUES ('01a211f3-6571-720c-bf73-9b1fb55ad76d', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-7b1f-a86d-6c69803e5290', '01a211f3-63e2-7b1f-a86d-6c69803e5290', NULL, 'user.login.password', 'authentication', NULL, '{}', '127.23.48.44', 'porta-e2e', '2026-11-25 09:04:53.61786+00');
INSERT INTO public.audit_log VALUES ('01a211f3-6576-784c-9924-15a07f2391d5', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'demo', '01a211f3-63e2-7b1f-a86d-6c69803e5290', '01a211f3-63e2-7b1f-a86d-6c69803e5290', NULL, 'user.consent.granted', 'authentication', NULL, '{"scope": "openid email offline_access", "clientId": "e2e-es256"}', '127.23.48.44', 'porta-e2e', '2026-11-25 09:04:53.622846+00');
INSERT INTO public.client_organizations VALUES ('01a211f3-63e2-761a-be5d-f01250e4a1c3', '01a211f3-63e2-73af-b00b-86db4d4dc86e');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7ba8-b057-943cccbf638a', '01a211f3-63e2-7e76-b29e-7212a985a7b1', '\x71c3c14e66e4d342c2ed2e99e12e68e6cb5a5bee09eedbc8a6ec1552dcabe693', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-74a4-9843-45752686004a', '01a211f3-63e2-7fbc-8187-01ffe1c2d404', '\x4e006f64e3683bc3603c6279c8a24d856f9b396ab387fa7c9af8e81e6a89e7f4', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7add-b9bb-9ff3ba711d9d', '01a211f3-63e2-7155-9d78-2a263f0995ff', '\x42018671f8662bde8a7d88e38ede04992318ffb8a6d2afb458ab65a43bb3eaa0', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7d5c-88c7-84028aec8590', '01a211f3-63e2-7b3b-af68-19477d2c8f89', '\xe52e8011055c32b3e28e1396c6fae92ec13ba36a5684e33735269806193a7dee', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7d88-9da6-86b1c389632f', '01a211f3-63e2-7782-a0b6-00d96acf8d63', '\x84f4e494a635370e29254384e444811dea74bc456e40804b35959b913dd65eda', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-79da-91f9-338f6c5b6917', '01a211f3-63e2-72e4-976f-2a3f97f0798c', '\x3924a1e6fc0d3d2aa160ced65c2a98277b1b759a07ebb383817de7fee508f895', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7bb1-aee1-51c1c49fa7bb', '01a211f3-63e2-7c4e-8193-860e83062ca7', '\xdecc6a0a0a21d10fc07b2b6061ace8c546e2dff8edfa3de50db57a4f79ccbab3', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-70c1-ac3c-c471976e3864', '01a211f3-63e2-709c-8424-d8ce0148532e', '\xdecc6a0a0a21d10fc07b2b6061ace8c546e2dff8edfa3de50db57a4f79ccbab3', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-75ab-b2b2-c0d92fa47245', '01a211f3-63e2-790c-b3b4-eb63d017a3f8', '\x8b477265561b0c3eb2cc93320a8ad55f6e0a67959bf64aaa5df10922fdd8407a', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-79a8-bde9-36f950e34284', '01a211f3-63e2-703f-ae46-c2c45334c97e', '\x2a2bb0255755fc5acd7267597a85643688d1a9dbec6e54705bb1bc0fab0fe893', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-78ad-83ed-0654db2971cb', '01a211f3-63e2-7905-9d8c-f13154cfbc67', '\x7ddaca340b40caad44f0da95d845c3fdce32e235e3bbc7673281e569f130e4d9', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-74b6-bdb6-d7c691ff2c36', '01a211f3-63e2-7249-b13a-59f08ef19c57', '\x73f813556eb4afc49193039c62c75f6b504af8e759b4cd20e0aafee27c527bf6', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7ae1-9ab7-993f744a4bfb', '01a211f3-63e2-72eb-ad76-97102b1485c4', '\xc342e2aaad1c458397ac69af2dae5aa7bf7efacf34d050aa66ebee72aade5bab', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-724e-a407-2fab2b600db5', '01a211f3-63e2-7a19-ac35-1a2697021185', '\xe9eb41dc05680e349e8565cc342abf507ac4b8c5eafa34da4474771aaeb44a0a', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7928-8458-7b34852bc2ed', '01a211f3-63e2-761a-be5d-f01250e4a1c3', '\x700b810ce8b3d16adf5887bbadc540796f1021f52c8a69468fd3fdab8d8b9d2b', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.client_secrets VALUES ('01a211f3-63e2-7ce0-a2f7-1e49cca3a696', '01a211f3-63e2-708c-afc1-bc45788c2036', '\xfc735d78e969ce8a8e2510ed63ba8229e37431a2608c34f9629d54acc82ffe39', 'e2e', NULL, 'active', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7e76-b29e-7212a985a7b1', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-conformance-1', 'Conformance One', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', false, NULL, 'RS256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7fbc-8187-01ffe1c2d404', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-conformance-2', 'Conformance Two', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', false, NULL, 'RS256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7155-9d78-2a263f0995ff', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-conformance-post', 'Conformance Post', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_post', '[]', false, NULL, 'RS256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7b3b-af68-19477d2c8f89', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-es256', 'Web ES256', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7782-a0b6-00d96acf8d63', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-rs256', 'Web RS256', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', true, NULL, 'RS256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-72e4-976f-2a3f97f0798c', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-eddsa', 'Web EdDSA', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', true, NULL, 'EdDSA', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7c4e-8193-860e83062ca7', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-post', 'Web Post', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_post', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-709c-8424-d8ce0148532e', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-odd-secret', 'Web Odd Secret', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-790c-b3b4-eb63d017a3f8', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-userinfo-jwt', 'Web Signed UserInfo', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', 'RS256', 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-703f-ae46-c2c45334c97e', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-no-pkce', 'Web Without PKCE', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', false, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7905-9d8c-f13154cfbc67', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-second', 'Web Second', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7249-b13a-59f08ef19c57', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-suspended', 'Web To Suspend', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token", "client_credentials"]', '["code"]', 'openid profile email address phone offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7d08-b839-d5097f6c0f82', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-native', 'Native', 'public', 'native', '["http://127.0.0.1/callback", "com.example.porta:/callback"]', '["http://127.0.0.1/after-logout"]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email offline_access', 'none', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7a92-92a2-969416d1eba5', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-spa', 'Single Page', 'public', 'spa', '["https://rp.example.test/spa/callback"]', '["https://rp.example.test/spa/after-logout"]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email offline_access', 'none', '["https://rp.example.test"]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-72eb-ad76-97102b1485c4', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7811-9543-98d6a188dc44', 'e2e-machine', 'Machine', 'confidential', 'web', '[]', '[]', '["client_credentials"]', '["code"]', 'openid', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-7a19-ac35-1a2697021185', '01a211f3-63e2-737b-84fb-d1c5b14992df', '01a211f3-63e2-7290-8612-3c4948674921', 'e2e-beta', 'Beta Web', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-761a-be5d-f01250e4a1c3', '01a211f3-63e2-737b-84fb-d1c5b14992df', '01a211f3-63e2-7290-8612-3c4948674921', 'e2e-third-party', 'Beta Partner Portal', 'confidential', 'web', '["https://rp.example.test/callback"]', '["https://rp.example.test/after-logout"]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.clients VALUES ('01a211f3-63e2-708c-afc1-bc45788c2036', '01a211f3-63e2-72a3-aeb9-1d228a47923d', '01a211f3-63e2-79f2-9a9c-b0513438e158', 'e2e-gamma', 'Gamma Web', 'confidential', 'web', '["https://rp.example.test/callback"]', '[]', '["authorization_code", "refresh_token"]', '["code"]', 'openid profile email offline_access', 'client_secret_basic', '[]', true, NULL, 'ES256', NULL, 'active', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.custom_claim_definitions VALUES ('01a211f3-63e2-76e7-ab4c-454241e6af75', '01a211f3-63e2-7811-9543-98d6a188dc44', 'branch_code', 'string', 'Branch', true, true, true, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.custom_claim_definitions VALUES ('01a211f3-63e2-7600-baf1-2989456bd088', '01a211f3-63e2-7811-9543-98d6a188dc44', 'discount_limit', 'number', 'Discount', false, true, true, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.custom_claim_values VALUES ('01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-63e2-76e7-ab4c-454241e6af75', '"LON-1"', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.custom_claim_values VALUES ('01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-63e2-7600-baf1-2989456bd088', '15', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.grants VALUES ('01a211f3-6529-7aa8-95ce-1832ab70af56', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-63e2-7b3b-af68-19477d2c8f89', '["openid", "email", "offline_access"]', '2026-11-25 09:04:53.545691+00', '2026-12-25 09:04:53.545691+00');
INSERT INTO public.grants VALUES ('01a211f3-6576-77cb-bf9b-504f6162ff52', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7b1f-a86d-6c69803e5290', '01a211f3-63e2-7b3b-af68-19477d2c8f89', '["openid", "email", "offline_access"]', '2026-11-25 09:04:53.622842+00', '2026-12-25 09:04:53.622842+00');
INSERT INTO public.organizations VALUES ('00000000-0000-7000-8000-000000000001', 'Porta Admin', 'porta-admin', 'active', true, NULL, NULL, NULL, 'Porta', NULL, 'en', 'optional', '["password", "magic_link"]', '1970-01-01 00:00:00+00', '1970-01-01 00:00:00+00');
INSERT INTO public.organizations VALUES ('01a211f3-63e2-73af-b00b-86db4d4dc86e', 'Demo', 'demo', 'active', false, NULL, NULL, '#0B6E4F', 'Demo Works', NULL, 'en', 'optional', '["password"]', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.organizations VALUES ('01a211f3-63e2-737b-84fb-d1c5b14992df', 'Beta', 'beta', 'active', false, NULL, NULL, NULL, NULL, NULL, 'en', 'optional', '["password"]', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.organizations VALUES ('01a211f3-63e2-72a3-aeb9-1d228a47923d', 'Gamma', 'gamma', 'active', false, NULL, NULL, NULL, NULL, NULL, 'en', 'optional', '["password"]', '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.permissions VALUES ('01a211f3-63e2-76a8-9171-5502da00e0a3', '01a211f3-63e2-7811-9543-98d6a188dc44', NULL, 'Read orders', 'store:orders:read', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.permissions VALUES ('01a211f3-63e2-7551-b3e2-e23b6f8d10fd', '01a211f3-63e2-7811-9543-98d6a188dc44', NULL, 'Change orders', 'store:orders:write', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.porta_migrations VALUES (1, '0001_organizations', '\x72201e780b019c9e0217099e894050f47ee920ea4e84350006ec6ff8bbbecded', '2026-11-25 09:04:52.778223+00');
INSERT INTO public.porta_migrations VALUES (2, '0002_applications', '\x7aaed2b8152341c7c2f893fe5d83127c84d21e6fd92bb50e028865269d821f1e', '2026-11-25 09:04:52.788159+00');
INSERT INTO public.porta_migrations VALUES (3, '0003_clients', '\x16b784d7b3b66255f13468b168e1885a6bd0e2925bd07de9d666a1ce22f93747', '2026-11-25 09:04:52.802639+00');
INSERT INTO public.porta_migrations VALUES (4, '0004_users', '\x5a83dcfda266031c1f3b8a91a97f8c27b6d3059950b06dd420dffce95e09b1ae', '2026-11-25 09:04:52.818018+00');
INSERT INTO public.porta_migrations VALUES (5, '0005_rights', '\x08d812e2293ed4e2d5341fce08348782528855c54bb43c4a60a206cb24be3562', '2026-11-25 09:04:52.844162+00');
INSERT INTO public.porta_migrations VALUES (6, '0006_tokens', '\x5202fedf35d49c2e0e01c8659fb5cf367c9759b429a219d22943d4cf6ace9a2d', '2026-11-25 09:04:52.876701+00');
INSERT INTO public.porta_migrations VALUES (7, '0007_signing_keys', '\x24547d5ff078be62c72a5ec91d6600047f3ec9214d6d1a073cf4d0728366c446', '2026-11-25 09:04:52.884607+00');
INSERT INTO public.porta_migrations VALUES (8, '0008_audit', '\x88ddf563bd5692aabb2f67967f544f203e9ec9ba8aee3382a7847fb06e1aa6ca', '2026-11-25 09:04:52.892423+00');
INSERT INTO public.porta_migrations VALUES (9, '0009_second_factors', '\xf4e433ce63e1fad1f3b3eb25d0e369b49b04388243b92dd3cd82a083422a9699', '2026-11-25 09:04:52.906037+00');
INSERT INTO public.porta_migrations VALUES (10, '0010_background', '\x1f7ca899804138aab7b201c262295b2cd4d4427b930c954b70dd20b6cb879843', '2026-11-25 09:04:52.917572+00');
INSERT INTO public.porta_migrations VALUES (11, '0011_seed', '\x3079768ee3bec08755f591465131f4c191723ee9a16185c07bd33b840ae4faa2', '2026-11-25 09:04:52.919213+00');
INSERT INTO public.refresh_tokens VALUES ('\x4a69d1ad44f03451db5bf04b41f02eb0375f4419bf3cb7be1f936a0c78700f40', '01a211f3-652a-7cef-a39b-bde8da92b649', '2026-12-25 09:04:53.545691+00', '2026-11-25 09:04:53.553394+00', '2026-11-25 09:04:53.593277+00', '\xa8a3ae941feb44162e2de250ee9c44deef57a3d27fba6a8a52765d68ed8b0e63');
INSERT INTO public.refresh_tokens VALUES ('\xa8a3ae941feb44162e2de250ee9c44deef57a3d27fba6a8a52765d68ed8b0e63', '01a211f3-652a-7cef-a39b-bde8da92b649', '2026-12-25 09:04:53.545691+00', '2026-11-25 09:04:53.593277+00', NULL, NULL);
INSERT INTO public.refresh_tokens VALUES ('\x219d7f4da21d96f71229201c3450f439992ac77db2046a78025547276ce8efd4', '01a211f3-6577-7577-9e71-fed783ff815a', '2026-12-25 09:04:53.622842+00', '2026-11-25 09:04:53.626597+00', '2026-11-25 09:04:53.629509+00', '\xd8bff7fe73949fcd855f07f00f120ea6f506463c28edf6a59a0830493dc6f144');
INSERT INTO public.refresh_tokens VALUES ('\xd8bff7fe73949fcd855f07f00f120ea6f506463c28edf6a59a0830493dc6f144', '01a211f3-6577-7577-9e71-fed783ff815a', '2026-12-25 09:04:53.622842+00', '2026-11-25 09:04:53.629509+00', NULL, NULL);
INSERT INTO public.role_permissions VALUES ('01a211f3-63e2-7389-88c8-7f5bdb343ada', '01a211f3-63e2-76a8-9171-5502da00e0a3', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.role_permissions VALUES ('01a211f3-63e2-7de8-9dde-2cff9d30f850', '01a211f3-63e2-76a8-9171-5502da00e0a3', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.role_permissions VALUES ('01a211f3-63e2-7de8-9dde-2cff9d30f850', '01a211f3-63e2-7551-b3e2-e23b6f8d10fd', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.roles VALUES ('01a211f3-63e2-7389-88c8-7f5bdb343ada', '01a211f3-63e2-7811-9543-98d6a188dc44', 'Clerk', 'clerk', NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.roles VALUES ('01a211f3-63e2-7de8-9dde-2cff9d30f850', '01a211f3-63e2-7811-9543-98d6a188dc44', 'Manager', 'manager', NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.sessions VALUES ('01a211f3-6521-7112-9cf6-f1f5ebac2596', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', '127.245.90.17', 'porta-e2e', '2026-11-25 09:04:53.537988+00', '2026-11-25 09:04:53.537988+00', '2026-11-26 09:04:53.537988+00', NULL);
INSERT INTO public.sessions VALUES ('01a211f3-6571-75d3-b596-6522ef860046', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7b1f-a86d-6c69803e5290', '127.23.48.44', 'porta-e2e', '2026-11-25 09:04:53.617822+00', '2026-11-25 09:04:53.617822+00', '2026-11-26 09:04:53.617822+00', NULL);
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-73e1-b7b5-e7f6417dc6b1', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '6fTaoqkS0S0a1F3jmo4fcuhp2rIhEwKp8p_cSbypGHU', 'ES256', '{"x": "mKJ1WHqzhX_c0ugeqrN0Ge1bVas3ETCKChXU7e52tcY", "y": "Zqg5pQ5CCuecCux3LpTKBdP1ctlpGlFP61rMy78iwmY", "alg": "ES256", "crv": "P-256", "kid": "6fTaoqkS0S0a1F3jmo4fcuhp2rIhEwKp8p_cSbypGHU", "kty": "EC", "use": "sig"}', '\x7189f4539614e0d9b3d8580c926b103f6543c5e479a3de15fed7069074489a70f6c01c121cbbf59efbdd070a7c618853c3c1b1be6a284d202d489e693fa39e6943000d88e7f6c47167c1933825d0ba9a45f0a6b3652e3778ec45c2fa8f687807becbbf0a3e2116bf5b3a256dd8f2ee821ff3018bbd20216461ca81278a88001f1002a44f4539c169966b221a5132ff7550f80750bf303d1104cb8c7b237f52bd7802cdf6a153', '3a38049c', 'active', '2026-11-25 09:04:53.218169+00', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-711a-b5bc-b1023d2d6d95', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'RN5_d6cj5X-fnL4v4rRSxl5fUp4UFdi6fSBDS5flNnk', 'ES256', '{"x": "ReeQiRcVBYs3jR09dPTVM3lro92nNapD0ry1gYq3p9g", "y": "OedzaIbPCp-24Swuji4btCajyYLSpci6ThSlGreu-Pc", "alg": "ES256", "crv": "P-256", "kid": "RN5_d6cj5X-fnL4v4rRSxl5fUp4UFdi6fSBDS5flNnk", "kty": "EC", "use": "sig"}', '\xb2c44157f678b786c87b1b293ae4278aa88b39022cbb5a2712a38291bb31d05db98b560a5705f07516321de5f73c0fdb57151764494440704d59111f442b1cfb0a9252b13e23eb4f46dd790087fd60436bff6dd3603f04c714fb244edfdd97e569c62b360b3306634dc18c515bd7760f5c95b23d0593f1a5a39b4e5c9b21d1330376bfb62e1955646a89e1c346a83a86b683945859ee5ab28e51ca95de6121cf942f2a8dcfdd', '3a38049c', 'next', NULL, NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-7d57-87b3-4df9beb66a5e', '01a211f3-63e2-737b-84fb-d1c5b14992df', '7ktlP9vKIJ5QSCvGvZek-mMWKF7BUfjgmaL9oio1edc', 'ES256', '{"x": "FN_ytwYcVN4eLXHLOkYZ639swCqO9NabHKkV87VFOp8", "y": "GheNRK8cwB5ysQdWlF42UBj6mw_TkL7XfIASBO0sMFY", "alg": "ES256", "crv": "P-256", "kid": "7ktlP9vKIJ5QSCvGvZek-mMWKF7BUfjgmaL9oio1edc", "kty": "EC", "use": "sig"}', '\xe76c6f39d9ab0088eb3a7097d0e1bfb27a8c48cba20b254202c933614fbdb11cb40f84873ecd41ff08fe1b419daf45524299674bb0282ee452287185dd481fea61fe63010e957cb9aeae279f517fc3aa685d3db298068bfdf0eacd4e8c9d10cef1b654c95bef7bebdae42fafbd8c1aeb9d07068fd1db4e623bb0b7ecdb9548cc0a6ba5707ca2e2a3bafa2f6a1748d1a1574861fad19a55ba1f01f1df640433796a74e1995958', '3a38049c', 'active', '2026-11-25 09:04:53.218169+00', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-7b08-8c87-1b7b7fc5e9f8', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'Wt8OB7jwkpcLspAXdgyzn187mEBokyc576TIgzlNmhM', 'ES256', '{"x": "TwViFG0XEQntUFp9dD31YVXYBYYdDMGMg9ZDci6VjlQ", "y": "V1kv8375ks6S9Erh0I-GoxubDZxPkIQ6ys7JPNdj5uA", "alg": "ES256", "crv": "P-256", "kid": "Wt8OB7jwkpcLspAXdgyzn187mEBokyc576TIgzlNmhM", "kty": "EC", "use": "sig"}', '\x98dc99a64170bfacd6948db8153884da15ffef330da0dc2add886dd87276bfaaf796495e00fe31cdeb7c00553e491a02ac69b1d3ce684b59760cc6c99b85319e4936626c072e5f2af2ca7aaa8f0d9b369b78199e26383464a07ce0b9e97324648e4aa2c74c56849748e6324f9358d96d39e36e2a3615fc8a92bca2c70860a71e953e7bfa36f4f949fb03d415917c105328d4399b465b69724c288371d63cb0181d0c8a7e004d', '3a38049c', 'next', NULL, NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-72ce-ace5-e102589120a3', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'rz0-xqt3H97ZiydHH9H4fLX0Ea10Nw1rl6OEP2_9JoY', 'ES256', '{"x": "1n6VEKK-yPsWXUY6J0c0szSAXxiAx9NE7kJUsAfaYIA", "y": "WkUCxw4148Hsp8DrHQ0QeLZ8FajqmlEFXlDMzjxuX9U", "alg": "ES256", "crv": "P-256", "kid": "rz0-xqt3H97ZiydHH9H4fLX0Ea10Nw1rl6OEP2_9JoY", "kty": "EC", "use": "sig"}', '\xedb8ad37f1697aaab7aeef562c030c0ff56dbfc3db9fbaf7873d4b76ca081d05a4ebbeef2e01822fa5c05e9874311c100a10a540c76518c48c8242ebeece6b56cd5109ee129a38c6771f39a995914008d19705e6e6fbcd2e3c9ac1449d35b86d81383e27cb92b5a4b89e7e3694202df4b872f4ce5699bb68b00f02dc3ec3a2e0c29d758afbc117ba210240c9f83de7ee32087bf79a99bcf15936307734b441f0313b263c81ef', '3a38049c', 'active', '2026-11-25 09:04:53.218169+00', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-7068-bd78-02ce1387314a', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'dI7EI2lBqyerYf3md79NwI-112Hl8WDKJ5av6gJ_Rqw', 'ES256', '{"x": "O02j-Bma4iN17kZebOprpEzmi-qp3_WVOMp9t1LVu0I", "y": "Ke-ABcEUWW4uxWL6kXQYCoP2G5DxDvhCHWUmpM1txXc", "alg": "ES256", "crv": "P-256", "kid": "dI7EI2lBqyerYf3md79NwI-112Hl8WDKJ5av6gJ_Rqw", "kty": "EC", "use": "sig"}', '\x72fa1462eaea1ae6a792df321441fa5149d4330ae1426996e6192bb141a9f164e736b057d62b0577709ea177698ba5bc9296d3a93343849480c9184eded14670fab424ec7c4d3048099e841df9ea7864dbe6ac7879e5fede70269e8c4ac413b67ce6116297492de6ad7513a50ceaca243e2a9f4f71cf9813848d8a3e8c9317cde5a0813d15d50fa3ba019143bc4e16147e9081a2e0441788dc72d648332c006b2f9f630ef53a', '3a38049c', 'next', NULL, NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-7d44-aacb-06e29a506abc', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '_WLPA_M3WxBL3h_ssaj1vxuGY0V93n8vEdUwmq_1DZA', 'RS256', '{"e": "AQAB", "n": "nGMIb1YEv_uYv6QS4m4-fFgbPC7WqvKhrDpW6QumU0g0fZpKaTGgMf55L0n9GAKGFfVRQqYZq6Tki4SwBYntN7zHpaw1eILbZP8SqzGP1KDA20QQz5yLXWjTalmYyaFU4vQzTh_nKax5pi4BPwcGubADPVIIug3AClESC-eVzxLMbOfVOsy-Si2XUyoKcyPXGX4jh7rWmm14BcBJ4fnwGwnhRi0RV2MDD4ilFlrPebNdc39pr-BdsNmukCsaRkYfuHtEBnBT6Mi6XtCmK-OhypYT68dmb2mfvV8Pqw14CpAflXARTAlgatpnBvtT5aRSvCIn3kDw3THv4icERuRCQQ", "alg": "RS256", "kid": "_WLPA_M3WxBL3h_ssaj1vxuGY0V93n8vEdUwmq_1DZA", "kty": "RSA", "use": "sig"}', '\xbb588b915e3e3c65b6fb4811139aabf06d80d0f00f6aa1bf0ebe6b17b52c0d64627b314e3cabe8d028f34073b4c8d9ffda29db4dcd92c33a461303e5fd0a89e0a078811d6c530ad69b1be004d029272306e55c2d80ba1c2227f9f475406e329253b8c6ac2c5653d71c94f0fc7971b73f9aafb26edcf6e95d57372d459fff1b106abe2311f414b53c289740730cea271065fe6cc386ef66bef630d8bce86c9591f0535aad4dc476481e65fb58352db9325e588afc0c7fa0033339702a8ee44f52cc8cd23410918a73388ff569b45bb9f69a1c01e039ca535cdbba044e6741d79236b30f5a5a9d620ea186162279bbed955a0efdc0b3f0e421439d92269231e6b4fd8cf6deeb95cfb5b467f43894b7b3d12c3de1fa523009f13592133933ba04995b9e0c77e81c94d9ecfbdc7549822e3fc7c50b070103969d1e926ed736b6b17e556757b66c0130c1d531cee752f2954d3235af736a3f3bdca5bd95e0ca7db2a9001fc70bf20abd664829ce40ab95016e6e4509ec2176487fc0e2569aabe405a80ca34b0bb4a7bdcaffecb96ed8cfa9f6089c2c6a6bebf3f6840bae87adccd2f16e05d6dc661447922f9f7ba2bb594aaa79ca192f88b49282d5373894f3a00dbaa465ddcad4cf169fa98ff23ec72d3c2bde52b7617c433c893cdf93312696dea2a96dc2b1f8182a3db9f14942b9ccf94dbff1a59223dbdf17d44afdf1e3c7ee0a3644cb2aaddee68b868a388fecf4dc352e4310be1c19e79c1a11e4539111d8be9667137abfed42b01c8b27fb25cf1e209b2f71f3b1be9a210691aa365330273c8b25a2daff6a1428eaea6b18f75aa5625354187e9a23487c03516b473271f190561049ada245d9947a3c5dfad32d6c2a3aa8c17c4fb166fcac2924b6dfe11127edc01cda59909adbe5e3cf007244d6b6d87d41a4f83ed2d42d873d37d83d92e410a23cb313287138e608562e95a13f2732fe8f52f74ac683ca127822bdbbb3e82d3190715c09982107b6946df49fcb40a2c090f67c03260b67168cdd2ef8c4f159d1e58e2c0218dc48ece9951177cf585591ada9749da5f7572f3db04537e6bf907668431d20233002fc387591cc85bd8bd4cd743eb6f389a569c814c80c1d690ce14bfdf27a92e3c3c53865d9e828431a6e5802d6fe543c791d3823be56e7d6f1e8b44e424a411871309c9e3f536609431a01b2963209e763567dbc2a4dbacb794de267cef87a22f7f11b3323cdb02a5efb933187f286f8c114b0244753ad60846850a2db45c692b19783f6459a39be8bc2f6dcd650d767f2b1fefa6cbd332f759bfe9c8caa997dfb5f63e6687bdc5f6b95d60c326bc0ff9b7e56f4e430d3d40812ad77974f6da65100701c095a7a4ba1c053312c5d03a4e03bf81b65402862118aeb596e20aebb047623fad52defdca75b305c8d558ae96f06db99c87843ea1855c78bba879fa3af77f1ad7472049937eafedc49d399367907622cf3eb211a5383c82a318ea8c3e63431bc04a2856fd91e0448be4d8a281a6e8664139f951cd91493a2b1659c4b5fac77f5e3cd6828c5aef47aea3536fe3bd68e63a13e17445b9f976fd9bffe9ad638ee1ebe1b6a1bbe106782ce757250bca0eb3c8bc89846d08965f9c8ef4338313554164ad16e160bbe60b81466b2eb85d05c5925ba8228199504447094e49991816faba8f9339d6240fe79f7cc5ce18e45e1f160669a356948a1d4eee826fae3f2ab922f290793d84507ec4ea01ef464c39d667f', '3a38049c', 'active', '2026-11-25 09:04:53.218169+00', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-7102-9d55-c75936f9d6a8', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'Qe35oE1FCemAcoRjRG7g0Vl280oVhbQXaXIGlRssfC8', 'RS256', '{"e": "AQAB", "n": "s_OQuoinc144UP_S0fwRK3fEFu8WcHO84a-sURGJUQ9WUCwXofbr0_-yZMd1wBCBg-4GK6Io7mY9mddLcPFXLOlUMpB-5k1Ev2hB6QTauDXgEsjU93Fr1GaVzdledMeU4bwA9R1wJhOo1rrZL5Yt9X8gAIc6zHy4Lh116COYKAuAQorjn6nMGvJMEKqjTSxlAGmKosfFzgGnz2ZfnJwP9AVmrJxyuImLCHNFUCzOSOfohB30MPdRZPkWEQMzTsnpBhDD4LUELPmufIPyoXkJbtBAEPsvEksoNL8WBupUfEhUXRDBGznZG7jLPuPJTCD83WbE1UPUvaabiL9v_ThKPw", "alg": "RS256", "kid": "Qe35oE1FCemAcoRjRG7g0Vl280oVhbQXaXIGlRssfC8", "kty": "RSA", "use": "sig"}', '\xe50d461dd9553dc1aea9677426b8749a68573407cc26b66c3401908dcdaa3aa003c14bfc4ebd06f644c096aa9d26f6e37435ae76b80ab4e9c01462d25acd18a6dfb80189d7457260216a029e3d586f2c1d42005034bf17075e1f7ce6f46dfa29f3395dd31237300d875a6019be3ae9721f48100ef12cc077a522436ec0a79e05c2d2b841ace7bf246d0587b2585d2e27bea6d043463fc0ef7abc9cebd6574acdb9710ddacb456fdf04f116374ffaa11e18e35917d2c71f26d456f6a494dbfc4ce5050e48903151ac906241ddf5fc68897da0d35159c53ae86fd986a32b6ad47d8ddd8ce384188a2d8eb495b0b82c7f66a6f2895dee9cb714d7b95e434e3796efee7942437404e7b91f06793f3cde81d0245bb253ea41e87fcd59aa88b59524ae7727881306319a54f41453974aa4a867b2e93d79041de027349f4cde2538a151e901a6db8a6ff4234a42132c65ea6b4104ed130d7fc581e3d0cffd5fd17d8fcdf67ea1e8e396a38e4e1816c49701fa6fc08e1af6af7e29997d1cc024824899d676c32a36170fa8ac572ff899a9fbf780900a15b178bc920331fed6068b9022f2c45392479fccecd9dc8fa764b963a4a612b0a9a303ebc09a9a90e5cbb0679d9d9cbe00256d31bb38f7a99bd17bbda918c4cf7c789c64bea923afc10a8bda9178086980e9c5014ef11fcaadabf603f45ba2a45d79c1bab3dc549e47cf003c8a5f453265a635727f4f952d882318e2c3e2a3f1c773114da4d190cf7a8c4d27186129262aff04eb05d63e3c4bca7439e73d079b6f71c7e994a763e7d1d9d7dbe0fc1a99f9b45d0d5afe7d90c8dd2e375f5dd8b92b6e1ad0df639fc81efb5b5cda3c469a2f8c4691ecc69cc87471fcd48702ba5eddf4e85ab19ef94554e9ef4dddf33bfd104f679963b08d87a5966e1f9e2988997460c07305576513bb87b7f5409f8c07fda15b42c605f39894da68e3430443cb0ba2ef47a2db1dca9c01137c0f257b9d4c62b6d60d287dd7624b20becc4aa0b23c1e13f8ab6824f7f533dddb2656f26552d8fa6bd651758ad8ec01773121d10fe57637d8dda5ffb6a83a69b2554bfaa4e9020409fff9b79039b6a22ad2870e7974d50120d63dbf67595b45524ce6cae32e7ef6561f3a18734b35cea34a86d90c0205a8c60c0e45182b42bb798b03c5b99e8d6ee6d4eb944499987cbb6fe1277b14da80f3c75048b8dcc917e31424df331b4c52df4207c66d9e6081174ac3f1e3cf00e2918f0808056aa746d356f403d3af87a52102ae7b66dfd5093263a57ac168f3717c4ae83ccaed983427470d519e991dcc7a691697e9d42d8035351cca4310ae7e7aed01f0e44f835a75bfce4aeef9b000cd64524a39b3909e57b5774a160f4265d31c926eeacc66a516b61860ac674ec29a5c57362896f70d1e9899678bf38d9b5989e2ce51c5c4c3994bb52090d76b6a5e71476e4fd828b7889851aa84e59a37821c0e36b1a4335d001e3cd29590f56b1ffe0a017cbf1352e05ca262cca82a5d4c21a21b1c765c0979e11c6fcf21e358fe7746b7f938f066d4f884ead59a32969ff840c3aeb0ee78db59ca671269be94447ae27c4250addce1d7c53e4075f35b2b970240ffc4c90df2cb98d6130c00dc5bfab6d954841a9ffdbff3242954069f221c7d191c8f6659a988dbacf278cf782f95dd8f3ee1a4a559b0611dd1d9e4e32861a79c04dea38ad1f224dec3e9f39d7ec21ab12c77f3801ff9853a57cb40ef4292c1285f287ed4', '3a38049c', 'next', NULL, NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-7d2d-99d2-60b431c2b089', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'fRjHRyOVEWcK3VZz-RfpbsMkG6XpgQtnrcX23MaNDmM', 'EdDSA', '{"x": "cKMbpZzfofDPayS6-qesd1NaVOnRdCiqrYobOp-hkEo", "alg": "EdDSA", "crv": "Ed25519", "kid": "fRjHRyOVEWcK3VZz-RfpbsMkG6XpgQtnrcX23MaNDmM", "kty": "OKP", "use": "sig"}', '\xca14bdc14c863e12e0847e27c190a0f58409aaf80d2307fe9624ca5a9977f2a6801b5f85e3199769708dd4bfd5872e1f7c264f3debe63a4989ec722c69124f370a30254d830dbcd751f2e31d', '3a38049c', 'active', '2026-11-25 09:04:53.218169+00', NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.signing_keys VALUES ('01a211f3-63e2-7c66-968b-80f52e2c5b2e', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'V5jevnUFGv56bjQ1GK3Q29QSXitXLs_QoWOE-aAOnoI', 'EdDSA', '{"x": "E-d-PD_9B1-TJ7Iur-C_BMxSVjkUU5qkhHr9ob-cSJs", "alg": "EdDSA", "crv": "Ed25519", "kid": "V5jevnUFGv56bjQ1GK3Q29QSXitXLs_QoWOE-aAOnoI", "kty": "OKP", "use": "sig"}', '\x81ea770b57f5d6bc15880076dbf4d6e1450b65b657bb454b22de877d060964b0a7653c0595953dad61f68c69a1031dd3363b87493966768d6bd05ebf5a2f284793f623d6a4244f023f658388', '3a38049c', 'next', NULL, NULL, NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.token_families VALUES ('01a211f3-652a-7cef-a39b-bde8da92b649', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7b3b-af68-19477d2c8f89', '01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-6529-7aa8-95ce-1832ab70af56', '01a211f3-6521-7112-9cf6-f1f5ebac2596', true, 'openid email offline_access', 'pxCpvkbCaZWO4H7xX_RA70Djd7JwQFXM', '2026-11-25 09:04:53.537988+00', 'urn:porta:acr:1fa', '["pwd"]', NULL, '2026-12-25 09:04:53.545691+00', '2026-11-25 09:04:53.546905+00', NULL);
INSERT INTO public.token_families VALUES ('01a211f3-6577-7577-9e71-fed783ff815a', '01a211f3-63e2-73af-b00b-86db4d4dc86e', '01a211f3-63e2-7b3b-af68-19477d2c8f89', '01a211f3-63e2-7b1f-a86d-6c69803e5290', '01a211f3-6576-77cb-bf9b-504f6162ff52', '01a211f3-6571-75d3-b596-6522ef860046', true, 'openid email offline_access', 'ygH3jpYR5V_iDjTi5gYHcn0fYHCSOgp5', '2026-11-25 09:04:53.617822+00', 'urn:porta:acr:1fa', '["pwd"]', NULL, '2026-12-25 09:04:53.622842+00', '2026-11-25 09:04:53.62356+00', NULL);
INSERT INTO public.user_roles VALUES ('01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-63e2-7de8-9dde-2cff9d30f850', NULL, '2026-11-25 09:04:53.218169+00');
INSERT INTO public.users VALUES ('01a211f3-63e2-7799-b7c4-a712e95149ce', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'cleo@demo.example', 'cleo@demo.example', true, '$argon2id$v=19$m=19456,t=2,p=1$aWjz8UYzWCH5wWv++jbnnQ$1dSELVydBor1IIuOG5t9n0E3SMtthcffsrdQasrds0U', '2026-11-25 09:04:53.218169+00', 'Cleo', 'Suspended', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, 'active', NULL, NULL, NULL, 0, 0, NULL, NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.users VALUES ('01a211f3-63e2-71ae-84c7-329712f981f8', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'dora@demo.example', 'dora@demo.example', true, '$argon2id$v=19$m=19456,t=2,p=1$jF6UT+ZJiokCH9QW+gnA5A$xfDAlY6KFgylbtdtrhQxgUlWVQtdXkxnU/0PVKWwtRc', '2026-11-25 09:04:53.218169+00', 'Dora', 'Locked', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, 'active', NULL, NULL, NULL, 0, 0, NULL, NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.users VALUES ('01a211f3-63e2-7e40-a5eb-6d44e3dce33c', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'eve@demo.example', 'eve@demo.example', true, '$argon2id$v=19$m=19456,t=2,p=1$tOiVh85C8gOp4LabjXVw2A$WLkgXtJVKSXurHYHOTvDaAIWNVByLa4Agm9ez/Iq6RY', '2026-11-25 09:04:53.218169+00', 'Eve', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, 'inactive', NULL, NULL, NULL, 0, 0, NULL, NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.users VALUES ('01a211f3-63e2-7954-a95a-e19881aca2f4', '01a211f3-63e2-737b-84fb-d1c5b14992df', 'ada@demo.example', 'ada@demo.example', true, '$argon2id$v=19$m=19456,t=2,p=1$L9WrHXrR6iu9lndwBH864Q$c/TGKb6d8eyKtVKAXd2O3Lbj5A5D15Yn/2S4mp8KKgs', '2026-11-25 09:04:53.218169+00', 'Adele', 'Beta', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, 'active', NULL, NULL, NULL, 0, 0, NULL, NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.users VALUES ('01a211f3-63e2-7e55-aecf-af1d8e0e1279', '01a211f3-63e2-72a3-aeb9-1d228a47923d', 'gil@gamma.example', 'gil@gamma.example', true, '$argon2id$v=19$m=19456,t=2,p=1$oN1ZWSra0tMiRJfeEcEk0A$xh7x+BP3uQU8vbjCSEdIbxO8JdshFJTq2Fuh7MfmTOo', '2026-11-25 09:04:53.218169+00', 'Gil', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, 'active', NULL, NULL, NULL, 0, 0, NULL, NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.users VALUES ('01a211f3-63e2-786a-9a0e-77b64e2c24ea', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'ada@demo.example', 'ada@demo.example', true, '$argon2id$v=19$m=19456,t=2,p=1$8MRUd29uwleZ7V2aOAosuA$DZYdX0ogIkJqb0Q5XmQWW9oI+YOt6+0Jbt9opxsgll0', '2026-11-25 09:04:53.218169+00', 'Ada', 'Byron', 'Augusta', 'Ada', 'ada', 'https://people.example.test/ada', 'https://people.example.test/ada.png', 'https://ada.example.test/', 'female', '1985-12-10', 'Europe/London', 'en-GB', '+442071234567', true, '12 St James''s Square', 'London', 'Greater London', 'SW1Y 4JH', 'GB', 'active', NULL, NULL, '2026-11-25 09:04:53.537988+00', 1, 0, NULL, NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
INSERT INTO public.users VALUES ('01a211f3-63e2-7b1f-a86d-6c69803e5290', '01a211f3-63e2-73af-b00b-86db4d4dc86e', 'ben@demo.example', 'ben@demo.example', true, '$argon2id$v=19$m=19456,t=2,p=1$K1PZXcsqUKH6rdkCc7WM8A$BEwKW5Nnt0DaEnJVL2QvUsT85XxvYpyhavGppJ3lrsA', '2026-11-25 09:04:53.218169+00', 'Ben', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, false, NULL, NULL, NULL, NULL, NULL, 'active', NULL, NULL, '2026-11-25 09:04:53.617822+00', 1, 0, NULL, NULL, '2026-11-25 09:04:53.218169+00', '2026-11-25 09:04:53.218169+00');
ALTER TABLE ONLY public.access_tokens
    ADD CONSTRAINT access_tokens_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.application_modules
    ADD CONSTRAINT application_modules_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.applications
    ADD CONSTRAINT applications_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_log
    ADD CONSTRAINT audit_log_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.branding_assets
    ADD CONSTRAINT branding_assets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.client_organizations
    ADD CONSTRAINT client_organizations_pkey PRIMARY KEY (client_id, organization_id);
ALTER TABLE ONLY public.client_secrets
    ADD CONSTRAINT client_secrets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.custom_claim_definitions
    ADD CONSTRAINT custom_claim_definitions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.custom_claim_values
    ADD CONSTRAINT custom_claim_values_pkey PRIMARY KEY (user_id, claim_id);
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.one_time_tokens
    ADD CONSTRAINT one_time_tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.organizations
    ADD CONSTRAINT organizations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.permissions
    ADD CONSTRAINT permissions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.porta_migrations
    ADD CONSTRAINT porta_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pkey PRIMARY KEY (digest);
ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_pkey PRIMARY KEY (role_id, permission_id);
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.token_families
    ADD CONSTRAINT token_families_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.two_factor_email_codes
    ADD CONSTRAINT two_factor_email_codes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.two_factor_recovery_codes
    ADD CONSTRAINT two_factor_recovery_codes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role_id);
ALTER TABLE ONLY public.user_totp
    ADD CONSTRAINT user_totp_pkey PRIMARY KEY (user_id);
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);
CREATE INDEX access_tokens_expires ON public.access_tokens USING btree (expires_at);
CREATE INDEX access_tokens_family ON public.access_tokens USING btree (family_id);
CREATE UNIQUE INDEX application_modules_slug ON public.application_modules USING btree (application_id, slug);
CREATE INDEX applications_created ON public.applications USING btree (created_at, id);
CREATE UNIQUE INDEX applications_owner_slug ON public.applications USING btree (organization_id, slug);
CREATE UNIQUE INDEX applications_platform_slug ON public.applications USING btree (slug) WHERE (organization_id IS NULL);
CREATE INDEX audit_log_actor ON public.audit_log USING btree (actor_id, created_at) WHERE (actor_id IS NOT NULL);
CREATE INDEX audit_log_created ON public.audit_log USING btree (created_at, id);
CREATE INDEX audit_log_organization ON public.audit_log USING btree (organization_id, created_at, id);
CREATE INDEX audit_log_user ON public.audit_log USING btree (user_id, created_at) WHERE (user_id IS NOT NULL);
CREATE UNIQUE INDEX branding_assets_owner_type ON public.branding_assets USING btree (organization_id, asset_type);
CREATE INDEX client_organizations_organization ON public.client_organizations USING btree (organization_id);
CREATE INDEX client_secrets_client ON public.client_secrets USING btree (client_id, created_at, id);
CREATE INDEX clients_application ON public.clients USING btree (application_id);
CREATE UNIQUE INDEX clients_client_id ON public.clients USING btree (client_id);
CREATE INDEX clients_owner_created ON public.clients USING btree (organization_id, created_at, id);
CREATE UNIQUE INDEX custom_claim_definitions_name ON public.custom_claim_definitions USING btree (application_id, claim_name);
CREATE INDEX custom_claim_values_claim ON public.custom_claim_values USING btree (claim_id);
CREATE INDEX grants_client ON public.grants USING btree (client_id);
CREATE INDEX grants_expires ON public.grants USING btree (expires_at);
CREATE UNIQUE INDEX grants_owner ON public.grants USING btree (organization_id, user_id, client_id);
CREATE UNIQUE INDEX one_time_tokens_digest ON public.one_time_tokens USING btree (digest);
CREATE INDEX one_time_tokens_expires ON public.one_time_tokens USING btree (expires_at);
CREATE INDEX one_time_tokens_invited_by ON public.one_time_tokens USING btree (invited_by) WHERE (invited_by IS NOT NULL);
CREATE INDEX one_time_tokens_user ON public.one_time_tokens USING btree (organization_id, user_id, purpose);
CREATE INDEX organizations_created ON public.organizations USING btree (created_at, id);
CREATE UNIQUE INDEX organizations_slug ON public.organizations USING btree (slug);
CREATE UNIQUE INDEX organizations_super_admin ON public.organizations USING btree (is_super_admin) WHERE is_super_admin;
CREATE INDEX outbox_due ON public.outbox USING btree (next_attempt_at, id) WHERE (state = 'pending'::text);
CREATE INDEX outbox_finished ON public.outbox USING btree (updated_at) WHERE (state <> 'pending'::text);
CREATE UNIQUE INDEX outbox_idempotency_key ON public.outbox USING btree (idempotency_key);
CREATE INDEX outbox_organization ON public.outbox USING btree (organization_id, created_at, id);
CREATE INDEX permissions_module ON public.permissions USING btree (module_id) WHERE (module_id IS NOT NULL);
CREATE UNIQUE INDEX permissions_slug ON public.permissions USING btree (application_id, slug);
CREATE INDEX refresh_tokens_expires ON public.refresh_tokens USING btree (expires_at);
CREATE INDEX refresh_tokens_family ON public.refresh_tokens USING btree (family_id);
CREATE INDEX role_permissions_permission ON public.role_permissions USING btree (permission_id);
CREATE UNIQUE INDEX roles_slug ON public.roles USING btree (application_id, slug);
CREATE INDEX sessions_expires ON public.sessions USING btree (expires_at);
CREATE INDEX sessions_user ON public.sessions USING btree (organization_id, user_id);
CREATE UNIQUE INDEX settings_owner_key ON public.settings USING btree (organization_id, key);
CREATE UNIQUE INDEX settings_platform_key ON public.settings USING btree (key) WHERE (organization_id IS NULL);
CREATE UNIQUE INDEX signing_keys_kid ON public.signing_keys USING btree (kid);
CREATE INDEX signing_keys_owner ON public.signing_keys USING btree (organization_id);
CREATE UNIQUE INDEX signing_keys_vacancy ON public.signing_keys USING btree (organization_id, algorithm, status) WHERE (status = ANY (ARRAY['next'::text, 'active'::text]));
CREATE INDEX token_families_client ON public.token_families USING btree (client_id);
CREATE INDEX token_families_expires ON public.token_families USING btree (expires_at);
CREATE INDEX token_families_grant ON public.token_families USING btree (grant_id);
CREATE INDEX token_families_session ON public.token_families USING btree (session_id);
CREATE INDEX token_families_user ON public.token_families USING btree (organization_id, user_id);
CREATE INDEX two_factor_email_codes_expires ON public.two_factor_email_codes USING btree (expires_at);
CREATE INDEX two_factor_email_codes_user ON public.two_factor_email_codes USING btree (user_id, created_at);
CREATE UNIQUE INDEX two_factor_recovery_codes_code ON public.two_factor_recovery_codes USING btree (user_id, code_hmac);
CREATE INDEX user_roles_assigned_by ON public.user_roles USING btree (assigned_by) WHERE (assigned_by IS NOT NULL);
CREATE INDEX user_roles_role ON public.user_roles USING btree (role_id);
CREATE UNIQUE INDEX users_email ON public.users USING btree (organization_id, email_key);
CREATE UNIQUE INDEX users_owner ON public.users USING btree (organization_id, id);
CREATE INDEX users_owner_created ON public.users USING btree (organization_id, created_at, id);
ALTER TABLE ONLY public.access_tokens
    ADD CONSTRAINT access_tokens_family_id_fkey FOREIGN KEY (family_id) REFERENCES public.token_families(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.application_modules
    ADD CONSTRAINT application_modules_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.applications(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.applications
    ADD CONSTRAINT applications_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.branding_assets
    ADD CONSTRAINT branding_assets_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.client_organizations
    ADD CONSTRAINT client_organizations_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.client_organizations
    ADD CONSTRAINT client_organizations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.client_secrets
    ADD CONSTRAINT client_secrets_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.applications(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.custom_claim_definitions
    ADD CONSTRAINT custom_claim_definitions_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.applications(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.custom_claim_values
    ADD CONSTRAINT custom_claim_values_claim_id_fkey FOREIGN KEY (claim_id) REFERENCES public.custom_claim_definitions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.custom_claim_values
    ADD CONSTRAINT custom_claim_values_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_organization_id_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.users(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.one_time_tokens
    ADD CONSTRAINT one_time_tokens_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.one_time_tokens
    ADD CONSTRAINT one_time_tokens_organization_id_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.users(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.permissions
    ADD CONSTRAINT permissions_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.applications(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.permissions
    ADD CONSTRAINT permissions_module_id_fkey FOREIGN KEY (module_id) REFERENCES public.application_modules(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_family_id_fkey FOREIGN KEY (family_id) REFERENCES public.token_families(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_permission_id_fkey FOREIGN KEY (permission_id) REFERENCES public.permissions(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.role_permissions
    ADD CONSTRAINT role_permissions_role_id_fkey FOREIGN KEY (role_id) REFERENCES public.roles(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.roles
    ADD CONSTRAINT roles_application_id_fkey FOREIGN KEY (application_id) REFERENCES public.applications(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_organization_id_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.users(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.settings
    ADD CONSTRAINT settings_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.token_families
    ADD CONSTRAINT token_families_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.token_families
    ADD CONSTRAINT token_families_organization_id_user_id_fkey FOREIGN KEY (organization_id, user_id) REFERENCES public.users(organization_id, id) ON DELETE CASCADE;
ALTER TABLE ONLY public.two_factor_email_codes
    ADD CONSTRAINT two_factor_email_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.two_factor_recovery_codes
    ADD CONSTRAINT two_factor_recovery_codes_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_assigned_by_fkey FOREIGN KEY (assigned_by) REFERENCES public.users(id) ON DELETE SET NULL;
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_role_id_fkey FOREIGN KEY (role_id) REFERENCES public.roles(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_roles
    ADD CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.user_totp
    ADD CONSTRAINT user_totp_user_id_fkey FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES public.organizations(id) ON DELETE CASCADE;
