-- each statement by itself
-- Lists of organizations and applications sorted by name, and applications by their slug alone. An earlier attempt that
-- was cut off leaves an index that is not valid.

DROP INDEX CONCURRENTLY IF EXISTS organizations_name;
CREATE INDEX CONCURRENTLY organizations_name ON organizations (name COLLATE "C", id);
DROP INDEX CONCURRENTLY IF EXISTS applications_name;
CREATE INDEX CONCURRENTLY applications_name ON applications (name COLLATE "C", id);
DROP INDEX CONCURRENTLY IF EXISTS applications_slug;
CREATE INDEX CONCURRENTLY applications_slug ON applications (slug);
