-- Rows of the tables that the first version left empty, and of columns that came later, with values that are easily lost:
-- nothing and empty, keys and numbers of JSON in an order and a form of their own, every byte, the largest numbers.
INSERT INTO settings (organization_id, key, value, updated_at, version) VALUES
    (NULL, 'id_token_ttl', '600', 1750000000000001, 3),
    (NULL, 'access_token_ttl', '1e3', -1, 0),
    ((SELECT min(id) FROM organizations), 'id_token_ttl', '{"zz":1,"a":{"y":1.50,"x":-0.0}}', 1750000000999999, 0),
    ((SELECT max(id) FROM organizations), 'id_token_ttl', '["\u00e9", "a b", null, true]', 0, 9223372036854775807);
INSERT INTO branding_assets (id, organization_id, asset_type, content_type, data, created_at, updated_at)
    SELECT randomblob(16), id, 'logo', 'image/png', randomblob(20000), 1, 2 FROM organizations;
INSERT INTO application_modules (id, application_id, name, slug, description, status, created_at, updated_at)
    SELECT randomblob(16), id, 'Berths', 'berths', '', 'active', 1, 2 FROM applications;
UPDATE permissions SET module_id = (SELECT m.id FROM application_modules m WHERE m.application_id = permissions.application_id);
INSERT INTO one_time_tokens (id, organization_id, user_id, purpose, digest, interaction_id, details, invited_by, expires_at, used_at, created_at)
    SELECT randomblob(16), organization_id, id, 'invitation', randomblob(32), NULL, '{"by":"Ana","roles":[]}', id, 9, NULL, 1 FROM users;
INSERT INTO user_totp (user_id, secret, secret_key_id, algorithm, digits, period, last_step, verified_at, created_at, updated_at)
    SELECT id, randomblob(48), '0a1b2c3d', 'SHA1', 6, 30, NULL, 5, 1, 2 FROM users;
INSERT INTO two_factor_email_codes (id, user_id, purpose, interaction_id, code_hmac, attempts, expires_at, used_at, created_at)
    SELECT randomblob(16), id, 'sign_in', 'journey', randomblob(32), 2, 9, 8, 1 FROM users;
INSERT INTO two_factor_recovery_codes (id, user_id, code_hmac, used_at, created_at, key_id)
    SELECT randomblob(16), id, randomblob(32), NULL, 1, 'k1' FROM users;
INSERT INTO outbox (id, organization_id, kind, payload, idempotency_key, state, attempts, next_attempt_at, last_error, created_at, updated_at, sendable_until)
    SELECT randomblob(16), id, 'mail', '{"sealed":"AAEC","key_id":"0a1b2c3d"}', slug, 'pending', 0, 1, NULL, 1, 2, 3 FROM organizations;
INSERT INTO outbox (id, organization_id, kind, payload, idempotency_key, state, attempts, next_attempt_at, last_error, created_at, updated_at)
    VALUES (randomblob(16), NULL, 'mail', 'null', 'É é', 'given_up', 7, 1, 'refused', 1, 2);
INSERT INTO installation (id, issuer_base, updated_at) VALUES (1, 'https://id.example', 1750000000000001);
UPDATE users SET given_name = 'Zoë 🦀', family_name = '', middle_name = 'a\b"c''d', birthdate = '2000-01-31', login_count = 9223372036854775807;
UPDATE custom_claim_definitions SET display_name = 'A name';
UPDATE refresh_tokens SET rotated_by = randomblob(32), shared_at = 1750000000000001;
