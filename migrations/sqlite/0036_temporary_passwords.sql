-- Somebody else set the password: whoever signs in with it chooses a new one first.

ALTER TABLE users ADD COLUMN password_change_required INTEGER NOT NULL DEFAULT 0
    CHECK (password_change_required IN (0, 1));
