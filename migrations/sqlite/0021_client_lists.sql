-- Operators list the clients of all organizations by time or by name, and those with a secret that ends soon.

CREATE INDEX clients_created ON clients (created_at, id);
CREATE INDEX clients_name ON clients (client_name, id);
CREATE INDEX client_secrets_expiry ON client_secrets (expires_at) WHERE status = 'active';
