-- The tenant of the operators themselves. Its id is fixed so that every installation agrees on it.

INSERT INTO organizations (id, name, slug, status, is_super_admin, branding_company_name, default_locale,
                           two_factor_policy, default_login_methods, created_at, updated_at)
VALUES ('00000000-0000-7000-8000-000000000001', 'Porta Admin', 'porta-admin', 'active', true, 'Porta', 'en',
        'optional', '["password","magic_link"]', 'epoch', 'epoch');
