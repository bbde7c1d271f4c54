-- Number of the changes of what operators edit: an update that is based on an older state is refused. Versions before this
-- one neither read nor raise it.

ALTER TABLE organizations ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE applications ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE application_modules ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE clients ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE roles ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE permissions ADD COLUMN version bigint NOT NULL DEFAULT 0;
ALTER TABLE custom_claim_definitions ADD COLUMN version bigint NOT NULL DEFAULT 0;
