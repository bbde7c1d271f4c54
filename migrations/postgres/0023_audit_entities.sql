-- What an operator's change was about, and under which id the access log has its request. Null: not an operator's change,
-- or written by a version before this one.

ALTER TABLE audit_log ADD COLUMN request_id text;
ALTER TABLE audit_log ADD COLUMN entity_type text;
ALTER TABLE audit_log ADD COLUMN entity_id uuid;
