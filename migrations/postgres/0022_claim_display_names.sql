-- What operators call a claim, if it is not the name that the claim has in tokens. Versions before this one write rows
-- without it, and leave it as it is.

ALTER TABLE custom_claim_definitions ADD COLUMN display_name text;
