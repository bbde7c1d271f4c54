-- Who has a role, newest first, a page at a time, although a million may have it. The new index begins with the only
-- column of the old one.

CREATE INDEX user_roles_assigned ON user_roles (role_id, created_at, user_id);
DROP INDEX user_roles_role;
