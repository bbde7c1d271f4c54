-- Which key is behind a recovery code. Only its HMAC is kept, so it works as long as that key is configured; codes of
-- before this have no id.

ALTER TABLE two_factor_recovery_codes ADD COLUMN key_id TEXT;
