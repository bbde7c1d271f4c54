-- What the first use of a refresh token looked like, a keyed digest, so that a retry from elsewhere is told from an honest
-- one; when a token was handed to a second caller; and until when everything a person authorized has ended. Null: not
-- known, never, nothing.

ALTER TABLE refresh_tokens ADD COLUMN rotated_by BLOB;
ALTER TABLE refresh_tokens ADD COLUMN shared_at INTEGER;
ALTER TABLE users ADD COLUMN tokens_valid_since INTEGER;
