-- each statement by itself
-- Operators list the clients of all organizations by time or by name, and those with a secret that ends soon.

DROP INDEX CONCURRENTLY IF EXISTS clients_created;
CREATE INDEX CONCURRENTLY clients_created ON clients (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS clients_name;
CREATE INDEX CONCURRENTLY clients_name ON clients (client_name, id);
DROP INDEX CONCURRENTLY IF EXISTS client_secrets_expiry;
CREATE INDEX CONCURRENTLY client_secrets_expiry ON client_secrets (expires_at) WHERE status = 'active';
