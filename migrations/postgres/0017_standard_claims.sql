-- A client may have the standard claims of its scopes in ID tokens, too, and not at UserInfo alone. Versions before this one
-- write rows without it, and leave it as it is.

ALTER TABLE clients ADD COLUMN standard_claims_in_id_token boolean NOT NULL DEFAULT false;
