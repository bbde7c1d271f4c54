-- Lists of people in all organizations, of their sessions by activity, of second factors and of invitations.

CREATE INDEX sessions_activity ON sessions (last_activity_at, id);
CREATE INDEX sessions_owner_activity ON sessions (organization_id, last_activity_at, id);
CREATE INDEX users_created ON users (created_at, id);
CREATE INDEX users_second_factor ON users (organization_id, two_factor_method) WHERE two_factor_method IS NOT NULL;
CREATE INDEX one_time_tokens_invitations ON one_time_tokens (organization_id, created_at, id) WHERE purpose = 'invitation';
