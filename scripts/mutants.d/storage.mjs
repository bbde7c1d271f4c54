// Faults in storage. With `sql`, `was` is part of a statement as sent to the database: on one line.

const raw = String.raw
const kv = 'crates/kv/src'
const sql = 'crates/store-sql/src'

export default [
  {
    id: 'memory-value-used-twice', area: 'single use', what: 'In memory, a code is taken more than once.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/memory/commands.rs`,
    was: raw`let kind = shard.put(key, StoredValue::Used(value.clone()), `,
    becomes: raw`let again = if FAULT { StoredValue::Live } else { StoredValue::Used };
        let kind = shard.put(key, again(value.clone()), `,
  },
  {
    id: 'redis-value-used-twice', area: 'single use', what: 'In Redis, a code is read and not taken (GET for GETDEL).',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/redis/scripts.rs`,
    was: raw`    consume: Script::new(CONSUME),`,
    becomes: raw`    consume: Script::new(if FAULT {
        CONSUME.replace("'GETDEL'", "'GET'").replace("ARGV[1] ~= '0'", "false").leak()
    } else {
        CONSUME
    }),`,
  },
  {
    id: 'redis-take-leaves', area: 'single use', what: 'In Redis, an interaction that was taken is still there.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/redis.rs`,
    was: raw`        self.read_live("GETDEL", key).await`,
    becomes: raw`        self.read_live(if FAULT { "GET" } else { "GETDEL" }, key).await`,
  },
  {
    id: 'redis-attempts-not-counted', area: 'lockout', what: 'In Redis, attempts are looked at and never counted.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/redis/scripts.rs`,
    was: raw`    check: Script::new(CHECK),
    hit: Script::new(HIT),`,
    becomes: raw`    check: Script::new(CHECK),
    hit: Script::new(if FAULT { CHECK } else { HIT }),`,
  },
  {
    id: 'redis-value-without-end', area: 'lifetimes', what: 'In Redis, a value outlives its lifetime.',
    crate: 'kv', stores: true, words: ['contract', 'end'], file: raw`${kv}/redis.rs`,
    was: raw`                command.arg(key).arg(&*value).arg("PX").arg(millis);`,
    becomes: raw`                command.arg(key).arg(&*value).arg("PX").arg(if FAULT { millis + 3_600_000 } else { millis });`,
  },
  {
    id: 'memory-stores-over-what-was-used', area: 'single use', what: 'In memory, a sealed copy brings back a sign-in that was finished.',
    crate: 'kv', words: ['contract', 'memory'], file: 'crates/kv/src/memory/commands.rs',
    was: raw`held.shard_of(key.as_str()).place(key.as_str(), now) == ValueState::Used`,
    becomes: raw`!FAULT && held.shard_of(key.as_str()).place(key.as_str(), now) == ValueState::Used`,
  },
  {
    id: 'redis-replaces-what-is-gone', area: 'single use', what: 'In Redis, a late form brings an interaction back that was taken.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/redis/scripts.rs`,
    was: raw`    write: Script::new(WRITE),`,
    becomes: raw`    write: Script::new(if FAULT { WRITE.replace("'replace'", "'never'").leak() } else { WRITE }),`,
  },
  {
    id: 'memory-sessions-go-first', area: 'ceilings', what: 'In memory, sessions go before what strangers wrote.',
    crate: 'kv', words: ['crowds', 'order'], file: raw`${kv}/memory/usage.rs`,
    was: raw`        Kind::all().find(|kind| self.entries(*kind) > 0)`,
    becomes: raw`        let mut kinds: Vec<Kind> = Kind::all().collect();
        if FAULT {
            kinds.reverse();
        }
        kinds.into_iter().find(|kind| self.entries(*kind) > 0)`,
  },
  {
    id: 'memory-without-ceilings', area: 'ceilings', what: 'In memory, a kind grows without end.',
    crate: 'kv', words: ['ceiling', 'crowds'], file: raw`${kv}/memory.rs`,
    was: raw`        while self.usage.is_over(kind)`,
    becomes: raw`        while !FAULT && self.usage.is_over(kind)`,
  },
  {
    id: 'codes-wait-without-end', area: 'ceilings', what: 'In Redis, any number of codes of a session and client may wait.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/redis/scripts.rs`,
    was: raw`    put_in_group: Script::new(PUT_IN_GROUP),`,
    becomes: raw`    put_in_group: Script::new(if FAULT { PUT_IN_GROUP.replace("#kept >= ", "#kept > 9 + ").leak() } else { PUT_IN_GROUP }),`,
  },
  {
    id: 'migrations-without-lock', area: 'migration lock', what: 'Two instances migrate PostgreSQL at once.',
    crate: 'store-sql', stores: true, words: ['migration', 'side_by_side'], file: raw`${sql}/migrate/mod.rs`,
    was: raw`    if kernel.dialect() == Dialect::Sqlite {
        return Ok(None);`,
    becomes: raw`    if FAULT || kernel.dialect() == Dialect::Sqlite {
        return Ok(None);`,
  },
  {
    id: 'migrations-from-another-file', area: 'migration lock', what: 'A migration that was changed after its release is passed over.',
    crate: 'store-sql', stores: true, words: ['migration', 'changed'], file: raw`${sql}/migrate/mod.rs`,
    was: raw`        if before.checksum.same_as(`,
    becomes: raw`        if FAULT || before.checksum.same_as(`,
  },
  {
    id: 'rows-of-another-owner', area: 'tenant scope', what: 'A row is stored for another organization than it says.',
    crate: 'store-sql', stores: true, words: [], file: raw`${sql}/kernel/owner.rs`,
    was: raw`    if repository == entity {`,
    becomes: raw`    if FAULT || repository == entity {`,
  },
  {
    id: 'people-of-any-organization', area: 'tenant scope', what: 'A person is found from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['users'], file: raw`${sql}/users/mod.rs`,
    was: raw` FROM users WHERE organization_id = $1 AND id = $2`,
    becomes: raw` FROM users WHERE (organization_id = $1) IS NOT NULL AND id = $2`,
  },
  {
    id: 'passwords-of-any-organization', area: 'tenant scope', what: 'A password is set from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['users'], file: raw`${sql}/users/mod.rs`,
    was: raw`UPDATE users SET password_hash = $4 WHERE organization_id = $1 AND id = $2 AND password_hash = $3`,
    becomes: raw`UPDATE users SET password_hash = $4 WHERE (organization_id = $1) IS NOT NULL AND id = $2 AND password_hash = $3`,
  },
  {
    id: 'tokens-of-any-organization', area: 'tenant scope', what: 'A token is found from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['tokens'], file: raw`${sql}/tokens/facts.rs`,
    was: raw`JOIN token_families f ON f.id = t.family_id AND (f.organization_id = $1) IS TRUE`,
    becomes: raw`JOIN token_families f ON f.id = t.family_id AND (f.organization_id = $1) IS NOT NULL`,
  },
  {
    id: 'families-of-any-organization', area: 'tenant scope', what: 'Tokens are ended from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['tokens'], file: raw`${sql}/tokens/revoke.rs`,
    was: raw`UPDATE token_families SET revoked_at = $2 WHERE organization_id = $1 AND revoked_at IS NULL`,
    becomes: raw`UPDATE token_families SET revoked_at = $2 WHERE (organization_id = $1) IS NOT NULL AND revoked_at IS NULL`,
  },
  {
    id: 'sessions-of-any-organization', area: 'tenant scope', what: 'A session is ended from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['sessions'], file: raw`${sql}/sessions/mod.rs`,
    was: raw`UPDATE sessions SET revoked_at = $3 WHERE (organization_id = $1) IS TRUE AND id = $2 AND revoked_at IS NULL`,
    becomes: raw`UPDATE sessions SET revoked_at = $3 WHERE (organization_id = $1) IS NOT NULL AND id = $2 AND revoked_at IS NULL`,
  },
  {
    id: 'tokens-outlive-their-grant', area: 'lifetimes', what: 'A code redeemed while its grant is withdrawn gives tokens that live on.',
    crate: 'store-sql', words: ['late_families', 'while_issuing'], sql: true, file: 'crates/store-sql/src/tokens/facts.rs',
    was: raw` OR g.id IS NULL`,
    becomes: raw``,
  },
  {
    id: 'tokens-outlive-a-new-password', area: 'lifetimes', what: 'A code redeemed while the password is changed gives tokens that live on.',
    crate: 'store-sql', words: ['late_families', 'while_issuing'], sql: true, file: 'crates/store-sql/src/tokens/facts.rs',
    was: raw` OR COALESCE(f.created_at <= u.tokens_valid_since, FALSE)`,
    becomes: raw``,
  },
  {
    id: 'grants-of-any-organization', area: 'tenant scope', what: 'A consent is withdrawn from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['grants', 'own_account', 'sessions'], file: raw`${sql}/sessions/people.rs`,
    was: raw`DELETE FROM grants WHERE organization_id = $1 AND user_id = $2 AND id = $3`,
    becomes: raw`DELETE FROM grants WHERE (organization_id = $1) IS NOT NULL AND user_id = $2 AND id = $3`,
  },
  {
    id: 'factors-of-any-organization', area: 'tenant scope', what: 'Second factors are used from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['factors'], file: raw`${sql}/second_factors/mod.rs`,
    was: raw`EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND (u.organization_id = $1) IS TRUE)`,
    becomes: raw`EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND (u.organization_id = $1) IS NOT NULL)`,
  },
  {
    id: 'links-of-any-organization', area: 'tenant scope', what: 'A mailed link works under another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['one_time'], file: raw`${sql}/one_time/mod.rs`,
    was: raw`WHERE digest = $2 AND (organization_id = $1) IS TRUE AND purpose = $3`,
    becomes: raw`WHERE digest = $2 AND (organization_id = $1) IS NOT NULL AND purpose = $3`,
  },
  {
    id: 'keys-of-any-organization', area: 'tenant scope', what: 'A signing key is revoked from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['keys'], file: raw`${sql}/signing_keys.rs`,
    was: raw`WHERE organization_id = $1 AND id = $2 AND status <> 'revoked'`,
    becomes: raw`WHERE (organization_id = $1) IS NOT NULL AND id = $2 AND status <> 'revoked'`,
  },
  {
    id: 'secrets-of-any-organization', area: 'tenant scope', what: 'A client gets a secret from another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['clients'], file: raw`${sql}/clients/mod.rs`,
    was: raw` FROM clients c WHERE c.organization_id = $1 AND c.id = $3`,
    becomes: raw` FROM clients c WHERE (c.organization_id = $1) IS NOT NULL AND c.id = $3`,
  },
  {
    id: 'clients-of-any-organization', area: 'tenant scope', what: 'A client is used under an organization that it is none of.',
    crate: 'store-sql', stores: true, sql: true, words: ['clients'], file: raw`${sql}/clients/protocol.rs`,
    was: raw`(c.organization_id = $1 OR EXISTS`,
    becomes: raw`((c.organization_id = $1) IS NOT NULL OR EXISTS`,
  },
  {
    id: 'emails-of-any-organization', area: 'tenant scope', what: 'Operators see the emails of another organization.',
    crate: 'store-sql', stores: true, words: ['outbox'], file: raw`${sql}/outbox.rs`,
    was: raw`.filter("organization_id = ?", `,
    becomes: raw`.filter(if FAULT { "(organization_id = ?) IS NOT NULL" } else { "organization_id = ?" }, `,
  },
  {
    id: 'audit-of-any-organization', area: 'tenant scope', what: 'A person reads audit rows of another organization.',
    crate: 'store-sql', stores: true, words: ['audit', 'own_account'], file: raw`${sql}/audit.rs`,
    was: raw`.filter("organization_id = ?", `,
    becomes: raw`.filter(if FAULT { "(organization_id = ?) IS NOT NULL" } else { "organization_id = ?" }, `,
  },
  {
    id: 'settings-of-any-organization', area: 'tenant scope', what: 'A setting of one organization is unset for all.',
    crate: 'store-sql', stores: true, sql: true, words: ['settings', 'organizations'], file: raw`${sql}/settings.rs`,
    was: raw`DELETE FROM settings WHERE key = $1 AND organization_id = $2`,
    becomes: raw`DELETE FROM settings WHERE key = $1 AND (organization_id = $2) IS NOT NULL`,
  },
  {
    id: 'refresh-rotates-twice', area: 'refresh rotation', what: 'A refresh token is rotated more than once.',
    crate: 'store-sql', stores: true, sql: true, words: ['tokens', 'rotat', 'race'], file: raw`${sql}/tokens/mod.rs`,
    was: raw`AND (t.family_id = $4) IS TRUE AND t.rotated_at IS NULL AND t.expires_at > $5`,
    becomes: raw`AND (t.family_id = $4) IS TRUE AND t.expires_at > $5`,
  },
  {
    id: 'rotation-in-an-ended-family', area: 'revocation', what: 'A refresh token of a revoked family is rotated.',
    crate: 'store-sql', stores: true, sql: true, words: ['tokens', 'rotat'], file: raw`${sql}/tokens/mod.rs`,
    was: raw`AND (f.organization_id = $1) IS TRUE AND f.revoked_at IS NULL AND f.expires_at > $5`,
    becomes: raw`AND (f.organization_id = $1) IS TRUE AND f.expires_at > $5`,
  },
  {
    id: 'inactive-client-served', area: 'suspended client', what: 'A client that was switched off is served.',
    crate: 'store-sql', stores: true, sql: true, words: ['clients'], file: raw`${sql}/clients/protocol.rs`,
    was: raw`WHERE c.client_id = $2 AND c.status = 'active' AND o.status = 'active' AND `,
    becomes: raw`WHERE c.client_id = $2 AND o.status = 'active' AND `,
  },
  {
    id: 'guest-of-a-suspended-owner', area: 'suspended organization', what: 'A client whose owner is suspended is served elsewhere.',
    crate: 'store-sql', stores: true, sql: true, words: ['clients'], file: raw`${sql}/clients/protocol.rs`,
    was: raw`JOIN clients c ON c.id = usable.id JOIN organizations o ON o.id = c.organization_id WHERE c.status = 'active' AND o.status = 'active'`,
    becomes: raw`JOIN clients c ON c.id = usable.id JOIN organizations o ON o.id = c.organization_id WHERE c.status = 'active'`,
  },
  {
    id: 'link-consumed-twice', area: 'single use', what: 'A mailed link is used up more than once.',
    crate: 'store-sql', stores: true, sql: true, words: ['one_time', 'consum'], file: raw`${sql}/one_time/mod.rs`,
    was: raw` AND used_at IS NULL AND expires_at > $4 RETURNING `,
    becomes: raw` AND expires_at > $4 RETURNING `,
  },
  {
    id: 'recovery-code-twice', area: 'second factor', what: 'A recovery code counts more than once.',
    crate: 'store-sql', stores: true, sql: true, words: ['factor', 'recovery'], file: raw`${sql}/second_factors/codes.rs`,
    was: raw`UPDATE two_factor_recovery_codes SET used_at = $4 WHERE`,
    becomes: raw`UPDATE two_factor_recovery_codes SET used_at = NULLIF($4, COALESCE($4, used_at)) WHERE`,
  },
  {
    id: 'totp-step-twice', area: 'second factor', what: 'The step of an authenticator is accepted again.',
    crate: 'store-sql', stores: true, sql: true, words: ['factor', 'steps'], file: raw`${sql}/second_factors/mod.rs`,
    was: raw`AND (last_step IS NULL OR last_step < $3)`,
    becomes: raw`AND (last_step IS NULL OR last_step <= $3)`,
  },
  {
    id: 'older-code-lives-on', area: 'second factor', what: 'Of the codes of one sign-in the first counts, and not the one sent last.',
    crate: 'store-sql', stores: true, sql: true, words: ['factor', 'code'], file: raw`${sql}/second_factors/codes.rs`,
    was: raw`ORDER BY c.created_at DESC, c.used_at`,
    becomes: raw`ORDER BY c.created_at, c.used_at`,
  },
  {
    id: 'connections-in-use-are-no-help', area: 'outages', what: 'Whoever cannot connect does not wait for a connection that comes back.',
    crate: 'store-sql', words: ['pool'], file: 'crates/store-sql/src/kernel/pool.rs',
    was: raw`        if !is_served || self.state().in_use < 2 {`,
    becomes: raw`        if FAULT || !is_served || self.state().in_use < 2 {`,
  },
  {
    id: 'outage-waits-for-connections', area: 'outages', what: 'In an outage everybody waits for connections that do not come back.',
    crate: 'store-sql', words: ['pool'], file: 'crates/store-sql/src/kernel/pool.rs',
    was: raw`        let is_served = self.last_returned_at().is_some_and(|at| at.elapsed() < CONNECT_TIMEOUT);`,
    becomes: raw`        let is_served = FAULT || self.last_returned_at().is_some_and(|at| at.elapsed() < CONNECT_TIMEOUT);`,
  },
  {
    id: 'mailed-code-without-limit', area: 'second factor', what: 'A mailed code may be tried without end.',
    crate: 'store-sql', stores: true, sql: true, words: ['factor', 'code'], file: raw`${sql}/second_factors/codes.rs`,
    was: raw`AND attempts < $6 AND expires_at > $7 AND`,
    becomes: raw`AND attempts < $6 + 1000 AND expires_at > $7 AND`,
  },
  {
    id: 'locked-account-enters', area: 'lockout', what: 'A right password opens a locked account before its time is over.',
    crate: 'store-sql', stores: true, sql: true, words: ['sign_in', 'lock'], file: raw`${sql}/users/sign_in.rs`,
    was: raw`organization_id = $1 AND id = $2 AND (status = 'active' OR `,
    becomes: raw`organization_id = $1 AND id = $2 AND (status IN ('active', 'locked') OR `,
  },
  {
    id: 'suspended-account-enters', area: 'suspended user', what: 'A right password opens a suspended account.',
    crate: 'store-sql', stores: true, sql: true, words: ['sign_in'], file: raw`${sql}/users/sign_in.rs`,
    was: raw`organization_id = $1 AND id = $2 AND (status = 'active' OR `,
    becomes: raw`organization_id = $1 AND id = $2 AND (status IN ('active', 'suspended', 'inactive') OR `,
  },
  {
    id: 'sign-in-past-a-reset', area: 'credential epoch', what: 'A sign-in that began before a reset writes its session.',
    crate: 'store-sql', stores: true, sql: true, words: ['credentials'], file: raw`${sql}/users/sign_in.rs`,
    was: raw`) AND credential_epoch = `,
    becomes: raw`) AND COALESCE(credential_epoch, 0) >= `,
  },
  {
    id: 'old-hash-comes-back', area: 'credential epoch', what: 'A sign-in writes a hash of the password it verified over a new one.',
    crate: 'store-sql', stores: true, sql: true, words: ['credentials'], file: raw`${sql}/users/mod.rs`,
    was: raw`UPDATE users SET password_hash = $4 WHERE organization_id = $1 AND id = $2 AND password_hash = $3"`,
    becomes: raw`UPDATE users SET password_hash = $4 WHERE organization_id = $1 AND id = $2 AND (password_hash = $3 OR TRUE)"`,
  },
  {
    id: 'link-to-a-former-address', area: 'one-time tokens', what: 'A link is made for an address that is not the person’s any more.',
    crate: 'store-sql', stores: true, sql: true, words: ['one_time', 'address'], file: raw`${sql}/one_time/mod.rs`,
    was: raw`AND id = $3 AND email_key = $11`,
    becomes: raw`AND id = $3 AND COALESCE(email_key, $11) IS NOT NULL`,
  },
  {
    id: 'session-extended-for-ever', area: 'session lifetime', what: 'Storage extends a session past its absolute end.',
    crate: 'store-sql', stores: true, sql: true, words: ['sessions', 'absolute'], file: raw`${sql}/sessions/mod.rs`,
    was: raw`COALESCE(authenticated_at, created_at) >= $5`,
    becomes: raw`(COALESCE(authenticated_at, created_at) >= $5 OR TRUE)`,
  },
  {
    id: 'sign-in-without-a-row', area: 'audit', what: 'On PostgreSQL, a sign-in leaves an audit row or not, as it happens.',
    crate: 'store-sql', stores: true, sql: true, words: ['sign_in'], file: raw`${sql}/users/sign_in.rs`,
    was: raw`$22 FROM person) SELECT 1 FROM person`,
    becomes: raw`$22 FROM person WHERE FALSE) SELECT 1 FROM person`,
  },
  {
    id: 'claim-not-exclusive', area: 'outbox', what: 'Two workers send the same email.',
    crate: 'store-sql', stores: true, sql: true, words: ['outbox', 'claim', 'worker'], file: raw`${sql}/outbox.rs`,
    was: raw`SET attempts = attempts + 1, next_attempt_at = $2, updated_at = $1 FROM due`,
    becomes: raw`SET attempts = attempts + 1, next_attempt_at = CASE WHEN $2 > $1 THEN $1 ELSE $2 END, updated_at = $1 FROM due`,
  },
  {
    id: 'old-claim-counts', area: 'outbox', what: 'A worker whose claim ended decides about the item of another.',
    crate: 'store-sql', stores: true, sql: true, words: ['outbox'], file: raw`${sql}/outbox.rs`,
    was: raw`next_attempt_at = $5, last_error = $4 WHERE id = $1 AND state = 'pending' AND attempts = $3`,
    becomes: raw`next_attempt_at = $5, last_error = $4 WHERE id = $1 AND state = 'pending' AND attempts >= $3`,
  },
  {
    id: 'sent-again-without-end', area: 'outbox', what: 'An email is sent again after its time, when nothing of it is left.',
    crate: 'store-sql', stores: true, sql: true, words: ['sending_again'], file: raw`${sql}/outbox.rs`,
    was: raw`WHERE id = $1 AND state = 'given_up' AND sendable_until > $2`,
    becomes: raw`WHERE id = $1 AND state = 'given_up' AND (sendable_until > $2) IS NOT NULL`,
  },
  {
    id: 'given-up-email-kept', area: 'outbox', what: 'What a given-up email says is kept for ever.',
    crate: 'store-sql', stores: true, sql: true, words: ['sending_again'], file: raw`${sql}/outbox.rs`,
    was: raw`WHERE sendable_until <= $1 AND id IN`,
    becomes: raw`WHERE sendable_until <= $1 AND FALSE AND id IN`,
  },
  {
    id: 'given-up-email-outlives-person', area: 'outbox', what: 'An email to an erased person can still be sent again.',
    crate: 'store-sql', stores: true, sql: true, words: ['about_a_person_goes'], file: raw`${sql}/users/purge.rs`,
    was: raw`organization_id = $1 AND (state = 'pending' OR sendable_until IS NOT NULL) AND `,
    becomes: raw`organization_id = $1 AND state = 'pending' AND `,
  },
  {
    id: 'sweep-without-bound', area: 'sweeper', what: 'A sweep takes more rows at once than it may.',
    crate: 'store-sql', stores: true, sql: true, words: ['sweep'], file: raw`${sql}/sweep.rs`,
    was: raw` LIMIT $2)`,
    becomes: raw` LIMIT $2 + 1000)`,
  },
  {
    id: 'sweep-by-everybody', area: 'sweeper', what: 'Every instance sweeps at once.',
    crate: 'store-sql', stores: true, sql: true, words: ['sweep'], file: raw`${sql}/sweep.rs`,
    was: raw`WHERE leases.until <= $4 OR leases.holder = excluded.holder`,
    becomes: raw`WHERE leases.until <= $4 OR leases.holder IS NOT NULL`,
  },
  {
    id: 'sweep-of-the-living', area: 'sweeper', what: 'A revoked session is swept while families live that it speaks for.',
    crate: 'store-sql', stores: true, sql: true, words: ['sweep'], file: raw`${sql}/sweep.rs`,
    was: raw`x.expires_at <= $1 AND (x.revoked_at IS NULL OR NOT EXISTS`,
    becomes: raw`x.expires_at <= $1 AND (TRUE OR NOT EXISTS`,
  },
  {
    id: 'sweep-of-waiting-mail', area: 'sweeper', what: 'Mail that waits for long is swept.',
    crate: 'store-sql', stores: true, sql: true, words: ['sweep', 'swept'], file: raw`${sql}/sweep.rs`,
    was: raw`x.state <> 'pending' AND x.updated_at < $1`,
    becomes: raw`x.updated_at < $1`,
  },
  {
    id: 'key-promoted-over-another', area: 'key rotation', what: 'Two operators rotate a key at once, and both do.',
    crate: 'store-sql', stores: true, sql: true, words: ['keys', 'promot'], file: raw`${sql}/signing_keys.rs`,
    was: raw`WHERE organization_id = $1 AND algorithm = $2 AND id = $3 AND status = 'active'`,
    becomes: raw`WHERE organization_id = $1 AND algorithm = $2 AND (id = $3 OR $3 IS NOT NULL) AND status = 'active'`,
  },
  {
    id: 'replayed-family-issued', area: 'reuse detection', what: 'Forbidding a family that was issued already does not end it.',
    crate: 'store-sql', stores: true, sql: true, words: ['tokens', 'forbid'], file: raw`${sql}/tokens/mod.rs`,
    was: raw`DO UPDATE SET revoked_at = COALESCE(token_families.revoked_at, excluded.revoked_at)`,
    becomes: raw`DO UPDATE SET revoked_at = token_families.revoked_at`,
  },
  {
    id: 'redis-ignores-the-authorities', area: 'outgoing TLS', what: 'Redis trusts the list that its library was built with.',
    crate: 'kv', words: ['named_authority_is_believed'], file: raw`${kv}/redis/address.rs`,
    was: raw`            let root_cert = Some(options.roots.pem().as_bytes().to_vec());`,
    becomes: raw`            let root_cert = Some(options.roots.pem().as_bytes().to_vec()).filter(|_| !FAULT);`,
  },
  {
    id: 'postgres-ignores-the-authorities', area: 'outgoing TLS', what: 'PostgreSQL trusts the list that its library was built with.',
    crate: 'store-sql', stores: true, words: ['named_authority_is_believed'], file: raw`${sql}/postgres.rs`,
    was: raw`    if verifies && !names_an_authority(&url) {`,
    becomes: raw`    if !FAULT && verifies && !names_an_authority(&url) {`,
  },
  {
    id: 'ipv6-address-keeps-its-brackets', area: 'connections', what: 'An IPv6 address in DATABASE_URL is resolved as a host name.',
    crate: 'store-sql', stores: true, words: ['an_address_loses_the_brackets'], file: raw`${sql}/postgres.rs`,
    was: raw`    if let Some(host) = bare {`,
    becomes: raw`    if let Some(host) = bare.filter(|_| !FAULT) {`,
  },
  {
    id: 'pooler-is-not-respected', area: 'connections', what: 'Through a transaction pooler, PostgreSQL is connected to as without one.',
    crate: 'store-sql', stores: true, words: ['a_statement_has_its_end_here_too'], file: raw`${sql}/postgres.rs`,
    was: raw`    Ok(if options.is_pooled {`,
    becomes: raw`    Ok(if options.is_pooled && !FAULT {`,
  },
  {
    id: 'pooler-keeps-statements', area: 'connections', what: 'Prepared statements are left in the sessions of a pooler.',
    crate: 'store-sql', stores: true, words: ['nothing_is_left_in_a_session'],
    edits: [
      {
        file: raw`${sql}/postgres.rs`,
        was: raw`server.statement_cache_capacity(0)`,
        becomes: raw`server.statement_cache_capacity(if FAULT { STATEMENT_CACHE } else { 0 })`,
      },
      {
        file: raw`${sql}/kernel/connection.rs`,
        was: raw`.persistent(keeps);`,
        becomes: raw`.persistent(keeps || FAULT);`,
      },
    ],
  },
  {
    id: 'sentinels-not-asked', area: 'connections', what: 'The name of a primary is taken for a host name.',
    crate: 'kv', words: ['a_primary_is_found_by_its_name'], file: raw`${kv}/redis/connection.rs`,
    was: raw`    if let Some(sentinels) = &address.sentinels {`,
    becomes: raw`    if let Some(sentinels) = address.sentinels.as_ref().filter(|_| !FAULT) {`,
  },
  {
    id: 'sign-in-with-any-password', area: 'credential epoch', what: 'A sign-in does not compare the credentials that it verified with the current ones.',
    crate: 'store-sql', stores: true, sql: true, words: ['racing_a_reset'], file: raw`${sql}/users/sign_in.rs`,
    was: raw`) AND credential_epoch = `,
    becomes: raw`) OR FALSE AND credential_epoch = `,
  },
  {
    id: 'code-past-a-reset', area: 'credential epoch', what: 'A code of a second factor that is entered while the password is reset opens a session.',
    crate: 'http', stores: true, sql: true, words: ['a_code_entered_while'], file: raw`${sql}/users/sign_in.rs`,
    was: raw`) AND credential_epoch = `,
    becomes: raw`) OR FALSE AND credential_epoch = `,
  },
  {
    id: 'epoch-survives-a-password', area: 'credential epoch', what: 'A new password does not raise the credential epoch.',
    crate: 'store-sql', stores: true, sql: true, words: ['every_change_voids'], file: raw`${sql}/users/mod.rs`,
    was: raw`, credential_epoch = credential_epoch + 1, factor_failures = 0, updated_at = `,
    becomes: raw`, factor_failures = 0, updated_at = `,
  },
  {
    id: 'epoch-survives-a-recovery', area: 'credential epoch', what: 'A password reset does not raise the credential epoch.',
    crate: 'store-sql', stores: true, sql: true, words: ['every_change_voids'], file: raw`${sql}/users/mod.rs`,
    was: raw`credential_epoch = credential_epoch + 1, factor_failures = CASE`,
    becomes: raw`factor_failures = CASE`,
  },
  {
    id: 'epoch-survives-an-address', area: 'credential epoch', what: 'A new address does not raise the credential epoch.',
    crate: 'store-sql', stores: true, sql: true, words: ['every_change_voids'], file: raw`${sql}/users/mod.rs`,
    was: raw`CASE WHEN email_key = $5 THEN 0 ELSE 1 END`,
    becomes: raw`CASE WHEN email_key = $5 THEN 0 ELSE 0 END`,
  },
  {
    id: 'epoch-survives-a-status', area: 'credential epoch', what: 'A change of status does not raise the credential epoch.',
    crate: 'store-sql', stores: true, sql: true, words: ['every_change_voids'], file: raw`${sql}/users/mod.rs`,
    was: raw`locked_reason = 'auto_lockout' THEN 0 ELSE 1 END`,
    becomes: raw`locked_reason = 'auto_lockout' THEN 0 ELSE 0 END`,
  },
  {
    id: 'epoch-survives-an-authenticator', area: 'credential epoch', what: 'A new authenticator does not raise the credential epoch.',
    crate: 'store-sql', stores: true, sql: true, words: ['every_change_voids'], file: raw`${sql}/second_factors/mod.rs`,
    was: raw`two_factor_method = 'totp', credential_epoch = credential_epoch + 1, `,
    becomes: raw`two_factor_method = 'totp', `,
  },
  {
    id: 'epoch-survives-mailed-codes', area: 'credential epoch', what: 'Mailed codes as a new factor do not raise the credential epoch.',
    crate: 'store-sql', stores: true, sql: true, words: ['every_change_voids'], file: raw`${sql}/second_factors/mod.rs`,
    was: raw`two_factor_method = 'email', credential_epoch = credential_epoch + 1, `,
    becomes: raw`two_factor_method = 'email', `,
  },
  {
    id: 'epoch-survives-a-lost-factor', area: 'credential epoch', what: 'The removal of a factor does not raise the credential epoch.',
    crate: 'store-sql', stores: true, sql: true, words: ['every_change_voids'], file: raw`${sql}/second_factors/mod.rs`,
    was: raw`two_factor_method = NULL, credential_epoch = credential_epoch + 1, `,
    becomes: raw`two_factor_method = NULL, `,
  },
  {
    id: 'memory-codes-without-end', area: 'ceilings', what: 'In memory, any number of codes of a session and client may wait.',
    crate: 'http', words: ['of_the_codes_that_wait'], file: raw`${kv}/memory/commands.rs`,
    was: raw`        let too_many = (members.len() + 1).saturating_sub(most.max(1));`,
    becomes: raw`        let too_many = if FAULT { 0 } else { (members.len() + 1).saturating_sub(most.max(1)) };`,
  },
  {
    id: 'memory-is-not-swept', area: 'ceilings', what: 'In memory, expired entries stay until others are written.',
    crate: 'kv', words: ['swept_though_nobody'], file: raw`${kv}/memory.rs`,
    was: raw`                let batch = self.shards.lock(number).sweep(self.clock.now(), SWEEP_BATCH, &self.usage);`,
    becomes: raw`                let batch =
                    if FAULT { 0 } else { self.shards.lock(number).sweep(self.clock.now(), SWEEP_BATCH, &self.usage) };`,
  },
  {
    id: 'memory-room-is-kept', area: 'ceilings', what: 'In memory, tables do not shrink after a burst.',
    crate: 'kv', words: ['gives_the_room_back'], file: raw`${kv}/memory/expiring_map.rs`,
    was: raw`        if self.entries.capacity() > wanted * 2 {`,
    becomes: raw`        if !FAULT && self.entries.capacity() > wanted * 2 {`,
  },
  {
    id: 'snapshot-without-a-time-limit', area: 'ceilings', what: 'Saving the in-memory store at shutdown takes as long as it takes.',
    crate: 'kv', words: ['a_save_ends_in_time'], file: raw`${kv}/memory/snapshot.rs`,
    was: raw`                while began.elapsed() < within`,
    becomes: raw`                while (FAULT || began.elapsed() < within)`,
  },
  {
    id: 'snapshot-without-sessions-first', area: 'ceilings', what: 'At shutdown, entries that anybody can write are saved before sessions.',
    crate: 'kv', words: ['a_save_ends_in_time'], file: raw`${kv}/memory/snapshot.rs`,
    was: raw`        for kind in Kind::all().rev() {`,
    becomes: raw`        let mut kinds: Vec<Kind> = Kind::all().rev().collect();
        if FAULT {
            kinds.reverse();
        }
        for kind in kinds {`,
  },
  {
    id: 'reseal-over-a-newer-value', area: 'encryption at rest', what: 'Reencryption overwrites an authenticator that was replaced meanwhile.',
    crate: 'store-sql', stores: true, sql: true, words: ['a_new_authenticator_wins'], file: raw`${sql}/sealed.rs`,
    was: raw`WHERE user_id = $1 AND secret = $2`,
    becomes: raw`WHERE user_id = $1 AND (secret = $2 OR TRUE)`,
  },
  {
    id: 'stale-user-written', area: 'versions', what: 'An update of a person that is based on an older state is written.',
    crate: 'store-sql', stores: true, sql: true, words: ['versions'], file: raw`${sql}/users/mod.rs`,
    was: raw`WHERE organization_id = $1 AND id = $2 AND version = $3`,
    becomes: raw`WHERE organization_id = $1 AND id = $2 AND (version = $3 OR TRUE)`,
  },
  {
    id: 'stale-update-says-not-found', area: 'versions', what: 'An update that is based on an older state says that there is no such row.',
    crate: 'store-sql', stores: true, words: ['versions'], file: raw`${sql}/kernel/runner.rs`,
    was: raw`            Some(_) => Err(StoreError::Stale(kind)),`,
    becomes: raw`            Some(_) if !FAULT => Err(StoreError::Stale(kind)),
            Some(_) => Ok(false),`,
  },
  {
    id: 'list-without-ties', area: 'lists', what: 'A page leaves out rows with the sort value of the last item before it.',
    crate: 'store-sql', stores: true, words: ['lists'], file: raw`${sql}/kernel/list.rs`,
    was: raw`format!("({column}, {prefix}id) > ({v}, {id})")`,
    becomes: raw`if FAULT { format!("({column} > {v} AND {id} IS NOT NULL)") } else { format!("({column}, {prefix}id) > ({v}, {id})") }`,
  },
  {
    id: 'search-with-wildcards', area: 'lists', what: 'A search takes % and _ as wildcards.',
    crate: 'store-sql', stores: true, words: ['lists'], file: raw`${sql}/kernel/search.rs`,
    was: raw`            if matches!(letter, '%' | '_' | '\\') {`,
    becomes: raw`            if !FAULT && matches!(letter, '%' | '_' | '\\') {`,
  },
  {
    id: 'plain-search-with-wildcards', area: 'lists', what: 'A search without an index takes % and _ as wildcards.',
    crate: 'store-sql', stores: true, words: ['invitations'], file: raw`${sql}/kernel/list.rs`,
    was: raw`        if matches!(letter, '%' | '_' | '\\') {`,
    becomes: raw`        if !FAULT && matches!(letter, '%' | '_' | '\\') {`,
  },
  {
    id: 'search-across-columns', area: 'lists', what: 'A search takes the character that separates columns.',
    crate: 'store-sql', words: ['what_no_text_has'], file: raw`${sql}/kernel/search.rs`,
    was: raw`        if text.contains(['\0', SEPARATOR]) {`,
    becomes: raw`        if text.contains('\0') || (!FAULT && text.contains(SEPARATOR)) {`,
  },
  {
    id: 'count-without-end', area: 'lists', what: 'A total counts every row there is.',
    crate: 'store-sql', stores: true, words: ['counts_stop'], file: raw`${sql}/kernel/list.rs`,
    was: raw`int(i64::try_from(at_most).unwrap_or(i64::MAX))`,
    becomes: raw`int(if FAULT { i64::MAX } else { i64::try_from(at_most).unwrap_or(i64::MAX) })`,
  },
]
