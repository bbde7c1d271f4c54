-- Somebody else set the password: whoever signs in with it chooses a new one first.

ALTER TABLE users ADD COLUMN password_change_required boolean NOT NULL DEFAULT false;
