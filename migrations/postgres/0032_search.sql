-- each statement by itself
-- Lists are searched by trigrams: each index is on the text that the program compares, in which two separators stand before
-- each column. Without the list of pending entries, because a search would read it from beginning to end.

CREATE EXTENSION IF NOT EXISTS pg_trgm;
DROP INDEX CONCURRENTLY IF EXISTS organizations_search;
CREATE INDEX CONCURRENTLY organizations_search ON organizations USING gin
    (lower((chr(31) || chr(31) || name || chr(31) || chr(31) || slug) COLLATE "C") gin_trgm_ops) WITH (fastupdate = off);
DROP INDEX CONCURRENTLY IF EXISTS applications_search;
CREATE INDEX CONCURRENTLY applications_search ON applications USING gin
    (lower((chr(31) || chr(31) || name || chr(31) || chr(31) || slug) COLLATE "C") gin_trgm_ops) WITH (fastupdate = off);
DROP INDEX CONCURRENTLY IF EXISTS clients_search;
CREATE INDEX CONCURRENTLY clients_search ON clients USING gin
    (lower((chr(31) || chr(31) || client_name || chr(31) || chr(31) || client_id) COLLATE "C") gin_trgm_ops) WITH (fastupdate = off);
DROP INDEX CONCURRENTLY IF EXISTS users_search;
CREATE INDEX CONCURRENTLY users_search ON users USING gin
    (lower((chr(31) || chr(31) || email || chr(31) || chr(31) || COALESCE(given_name, '') || chr(31) || chr(31) || COALESCE(family_name, '')) COLLATE "C") gin_trgm_ops) WITH (fastupdate = off);
