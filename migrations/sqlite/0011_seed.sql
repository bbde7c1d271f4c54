-- The tenant of the operators themselves. Its id is fixed so that every installation agrees on it.

INSERT INTO organizations (id, name, slug, status, is_super_admin, branding_company_name, default_locale,
                           two_factor_policy, default_login_methods, created_at, updated_at)
VALUES (x'00000000000070008000000000000001', 'Porta Admin', 'porta-admin', 'active', 1, 'Porta', 'en',
        'optional', '["password","magic_link"]', 0, 0);
