-- What somebody verified counts only while their credentials are the same: every change raises the epoch. Wrong second
-- factors in a row are counted beside it. A session ends some time after the last full sign-in in it, however much it is
-- used. Null: written by a version before this one; then its beginning counts.

ALTER TABLE users ADD COLUMN credential_epoch bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN factor_failures bigint NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN authenticated_at timestamptz;
