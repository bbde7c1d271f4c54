-- each statement by itself
-- Lists of people in all organizations, of their sessions by activity, of second factors and of invitations.

DROP INDEX CONCURRENTLY IF EXISTS sessions_activity;
CREATE INDEX CONCURRENTLY sessions_activity ON sessions (last_activity_at, id);
DROP INDEX CONCURRENTLY IF EXISTS sessions_owner_activity;
CREATE INDEX CONCURRENTLY sessions_owner_activity ON sessions (organization_id, last_activity_at, id);
DROP INDEX CONCURRENTLY IF EXISTS users_created;
CREATE INDEX CONCURRENTLY users_created ON users (created_at, id);
DROP INDEX CONCURRENTLY IF EXISTS users_second_factor;
CREATE INDEX CONCURRENTLY users_second_factor ON users (organization_id, two_factor_method) WHERE two_factor_method IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS one_time_tokens_invitations;
CREATE INDEX CONCURRENTLY one_time_tokens_invitations ON one_time_tokens (organization_id, created_at, id) WHERE purpose = 'invitation';
