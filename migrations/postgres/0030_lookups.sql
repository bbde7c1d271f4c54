-- each statement by itself
-- Roles of all applications, and clients, in the order of their names by code point. The index of clients before had the
-- order of a language, in which no list is.

DROP INDEX CONCURRENTLY IF EXISTS roles_name;
CREATE INDEX CONCURRENTLY roles_name ON roles (name COLLATE "C", id);
DROP INDEX CONCURRENTLY IF EXISTS clients_client_name;
CREATE INDEX CONCURRENTLY clients_client_name ON clients (client_name COLLATE "C", id);
DROP INDEX CONCURRENTLY IF EXISTS clients_name;
