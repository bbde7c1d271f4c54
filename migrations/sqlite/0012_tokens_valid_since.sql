-- Tokens that live outside of this database, a client's own ones above all, count only when they were issued after the
-- last change of status. Null: there was none.

ALTER TABLE organizations ADD COLUMN tokens_valid_since INTEGER;
ALTER TABLE clients ADD COLUMN tokens_valid_since INTEGER;
