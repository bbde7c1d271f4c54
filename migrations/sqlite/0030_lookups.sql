-- Roles of all applications, and clients, in the order of their names. The other index of clients by name is the same:
-- PostgreSQL needed a new one.

CREATE INDEX roles_name ON roles (name, id);
CREATE INDEX clients_client_name ON clients (client_name, id);
DROP INDEX clients_name;
