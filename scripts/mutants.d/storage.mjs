// Faults in storage. With `sql`, `was` is part of a statement as sent to the database: on one line.

const raw = String.raw
const kv = 'crates/kv/src'
const sql = 'crates/store-sql/src'

export default [
  {
    id: 'memory-value-used-twice', area: 'single use', what: 'In memory, a code is taken more than once.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/memory/commands.rs`,
    was: raw`let kind = shard.put(key, Kept::Used(value.clone()), `,
    becomes: raw`let again = if FAULT { Kept::Live } else { Kept::Used };
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
    was: raw`held.shard(self.number(key)).place(key, now) == Place::Used,`,
    becomes: raw`!FAULT && held.shard(self.number(key)).place(key, now) == Place::Used,`,
  },
  {
    id: 'redis-replaces-what-is-gone', area: 'single use', what: 'In Redis, a late form brings an interaction back that was taken.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/redis/scripts.rs`,
    was: raw`    write: Script::new(WRITE),`,
    becomes: raw`    write: Script::new(if FAULT { WRITE.replace("'replace'", "'never'").leak() } else { WRITE }),`,
  },
  {
    id: 'memory-sessions-go-first', area: 'ceilings', what: 'In memory, sessions go before what strangers wrote.',
    crate: 'kv', words: ['crowds', 'order'], file: raw`${kv}/memory/ledger.rs`,
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
    was: raw`        while self.ledger.is_over(kind)`,
    becomes: raw`        while !FAULT && self.ledger.is_over(kind)`,
  },
  {
    id: 'codes-wait-without-end', area: 'ceilings', what: 'In Redis, any number of codes of a session and client may wait.',
    crate: 'kv', stores: true, words: ['contract'], file: raw`${kv}/redis/scripts.rs`,
    was: raw`    put_among: Script::new(PUT_AMONG),`,
    becomes: raw`    put_among: Script::new(if FAULT { PUT_AMONG.replace("#kept >= ", "#kept > 9 + ").leak() } else { PUT_AMONG }),`,
  },
  {
    id: 'migrations-without-lock', area: 'migration lock', what: 'Two instances migrate PostgreSQL at once.',
    crate: 'store-sql', stores: true, words: ['migration', 'side_by_side'], file: raw`${sql}/migrate/mod.rs`,
    was: raw`    if kernel.flavor() == Flavor::Sqlite {
        return Ok(None);`,
    becomes: raw`    if FAULT || kernel.flavor() == Flavor::Sqlite {
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
    crate: 'store-sql', stores: true, words: [], file: raw`${sql}/unit.rs`,
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
    crate: 'store-sql', stores: true, sql: true, words: ['one_time'], file: raw`${sql}/one_time.rs`,
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
    was: raw`$9 FROM clients c WHERE c.organization_id = $1 AND c.id = $2`,
    becomes: raw`$9 FROM clients c WHERE (c.organization_id = $1) IS NOT NULL AND c.id = $2`,
  },
  {
    id: 'clients-of-any-organization', area: 'tenant scope', what: 'A client is used under an organization that it is none of.',
    crate: 'store-sql', stores: true, sql: true, words: ['clients'], file: raw`${sql}/clients/protocol.rs`,
    was: raw`(c.organization_id = $1 OR EXISTS`,
    becomes: raw`((c.organization_id = $1) IS NOT NULL OR EXISTS`,
  },
  {
    id: 'letters-of-any-organization', area: 'tenant scope', what: 'Operators see the letters of another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['outbox'], file: raw`${sql}/outbox.rs`,
    was: raw`updated_at FROM outbox WHERE organization_id = $3 AND`,
    becomes: raw`updated_at FROM outbox WHERE (organization_id = $3) IS NOT NULL AND`,
  },
  {
    id: 'audit-of-any-organization', area: 'tenant scope', what: 'A person reads audit rows of another organization.',
    crate: 'store-sql', stores: true, sql: true, words: ['audit', 'own_account'], file: raw`${sql}/audit.rs`,
    was: raw`FROM audit_log WHERE organization_id = $1 AND (user_id = $2`,
    becomes: raw`FROM audit_log WHERE (organization_id = $1) IS NOT NULL AND (user_id = $2`,
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
    crate: 'store-sql', stores: true, sql: true, words: ['one_time', 'consum'], file: raw`${sql}/one_time.rs`,
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
    was: raw`        let is_served = self.came_back_at().is_some_and(|at| at.elapsed() < CONNECT);`,
    becomes: raw`        let is_served = FAULT || self.came_back_at().is_some_and(|at| at.elapsed() < CONNECT);`,
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
    crate: 'store-sql', stores: true, sql: true, words: ['one_time', 'address'], file: raw`${sql}/one_time.rs`,
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
    id: 'claim-not-exclusive', area: 'outbox', what: 'Two workers send the same letter.',
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
]
