-- Who has a role, newest first, a page at a time, although a million may have it. An application by its slug, whoever
-- owns it. The new index of user_roles begins with the only column of the old one.

CREATE INDEX user_roles_assigned ON user_roles (role_id, created_at, user_id);
DROP INDEX user_roles_role;
CREATE INDEX applications_slug ON applications (slug);
