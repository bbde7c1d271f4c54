-- A newer link or code takes the place of the unused one before it: a person has at most one of each purpose that works,
-- however many are asked for at once. Nothing wrote these tables before.

CREATE UNIQUE INDEX one_time_tokens_live ON one_time_tokens (organization_id, user_id, purpose) WHERE used_at IS NULL;
CREATE UNIQUE INDEX two_factor_email_codes_live ON two_factor_email_codes (user_id, purpose) WHERE used_at IS NULL;
