// Faults in what clients use: codes, tokens, client authentication, keys.

const raw = String.raw
const code = 'crates/oidc/src/token/code.rs'
const refresh = 'crates/oidc/src/token/refresh.rs'
const idToken = 'crates/oidc/src/token/id_token.rs'
const introspection = 'crates/oidc/src/introspection.rs'

export default [
  {
    id: 'code-replay-revokes-nothing', area: 'single use', what: 'A code used twice does not end what the first use granted.',
    crate: 'http', words: ['replay', 'second_use'], file: code,
    was: raw`            repositories
                .tokens(tenant.organization.id)
                .forbid_family(family, self.shared.now(), &event)
                .await?;`,
    becomes: raw`            if !FAULT {
                repositories
                    .tokens(tenant.organization.id)
                    .forbid_family(family, self.shared.now(), &event)
                    .await?;
            }`,
  },
  {
    id: 'code-replay-by-a-stranger', area: 'single use', what: 'Whoever saw a used code ends the tokens of its owner.',
    crate: 'http', words: ['replay', 'stranger', 'verifier'], file: code,
    was: raw`        Some(challenge) => params.get("code_verifier").is_some_and(|verifier| challenge.verify(verifier)),`,
    becomes: raw`        Some(challenge) => FAULT || params.get("code_verifier").is_some_and(|verifier| challenge.verify(verifier)),`,
  },
  {
    id: 'code-of-another-client', area: 'code binding', what: 'A client redeems the code of another one.',
    crate: 'http', words: ['code'], file: code,
    was: raw`        if record.family.client != client.client.id {
            return Err(invalid_grant("the code belongs to another client"));
        }
        if !client`,
    becomes: raw`        if !FAULT && record.family.client != client.client.id {
            return Err(invalid_grant("the code belongs to another client"));
        }
        if !client`,
  },
  {
    id: 'code-of-another-organization', area: 'tenant binding', what: 'A code of one organization is known under another.',
    crate: 'http', words: ['code', 'tenan', 'organization'], file: code,
    was: raw`        KvKey::new(KeyName::Code, organization).with(`,
    becomes: raw`        let key = if FAULT { KvKey::from_text(":code") } else { KvKey::new(KeyName::Code, organization) };
        key.with(`,
  },
  {
    id: 'code-that-does-not-expire', area: 'lifetimes', what: 'A code is good for longer than it says.',
    crate: 'http', stores: true, words: ['code'], file: code,
    was: raw`        if self.shared.now() >= record.expires_at {`,
    becomes: raw`        if !FAULT && self.shared.now() >= record.expires_at {`,
  },
  {
    id: 'code-outlives-its-client', area: 'suspended client', what: 'A code comes back with a client that was switched off and on again.',
    crate: 'http', words: ['switched'], file: code,
    was: raw`.accepts_issued_at(record.family.created_at) {`,
    becomes: raw`.accepts_issued_at(record.family.created_at) && !FAULT {`,
  },
  {
    id: 'code-of-an-ended-session', area: 'logout', what: 'A code is redeemed after the session it was given in ended.',
    crate: 'http', words: ['session', 'code', 'logout'], file: code,
    was: raw`        if !facts.grant_exists || !facts.session_live || facts.ended {`,
    becomes: raw`        if !facts.grant_exists || (!FAULT && !facts.session_live) || facts.ended {`,
  },
  {
    id: 'code-redirect-uri-not-compared', area: 'redirect match', what: 'The redirect URI is not compared when a code is redeemed.',
    crate: 'http', words: ['redirect_uri'], file: code,
    was: raw`            Some(uri) if uri == record.redirect_uri => {}`,
    becomes: raw`            Some(uri) if FAULT || uri == record.redirect_uri => {}`,
  },
  {
    id: 'pkce-verifier-left-out', area: 'PKCE', what: 'A code with a challenge is redeemed without a verifier.',
    crate: 'http', words: ['verifier', 'pkce'], file: code,
    was: raw`            (Some(_), None) => Err(invalid_grant("code_verifier is missing")),`,
    becomes: raw`            (Some(_), None) if FAULT => Ok(()),
            (Some(_), None) => Err(invalid_grant("code_verifier is missing")),`,
  },
  {
    id: 'pkce-downgrade', area: 'PKCE', what: 'A verifier without a challenge is passed over.',
    crate: 'http', words: ['verifier', 'pkce'], file: code,
    was: raw`            (None, Some(_)) => Err(invalid_grant("code_verifier without code_challenge")),`,
    becomes: raw`            (None, Some(_)) if FAULT => Ok(()),
            (None, Some(_)) => Err(invalid_grant("code_verifier without code_challenge")),`,
  },
  {
    id: 'suspended-person-keeps-tokens', area: 'suspended user', what: 'Tokens of a suspended person are honoured.',
    crate: 'store-sql', words: ['access_facts'], file: 'crates/store/src/tokens.rs',
    was: raw`            && self.user_active
`,
    becomes: raw`            && (FAULT || self.user_active)
`,
  },
  {
    id: 'refresh-reuse-ends-nothing', area: 'reuse detection', what: 'A refresh token used twice does not end its family.',
    crate: 'http', words: ['replay', 'retry'], file: refresh,
    was: raw`        work.tokens(organization).revoke(Revocation::Family(family.id), self.shared.now()).await?;`,
    becomes: raw`        if !FAULT {
            work.tokens(organization).revoke(Revocation::Family(family.id), self.shared.now()).await?;
        }`,
  },
  {
    id: 'replay-window-without-end', area: 'replay window', what: 'An honest retry may come at any time.',
    crate: 'http', words: ['retry', 'replay'], file: refresh,
    was: raw`        if self.since.is_none_or(|at| now.since(at) >= window) {`,
    becomes: raw`        if self.since.is_none_or(|at| !FAULT && now.since(at) >= window) {`,
  },
  {
    id: 'replay-window-from-the-request', area: 'replay window', what: 'The window begins before the rotation waits for its row.',
    crate: 'http', stores: true, words: ['waited'], file: 'crates/store/src/tokens.rs',
    was: raw`        self.token.rotated_at.max(self.successor_since)`,
    becomes: raw`        if FAULT { self.token.rotated_at } else { self.token.rotated_at.max(self.successor_since) }`,
  },
  {
    id: 'retry-after-the-successor', area: 'replay window', what: 'A retry is answered although the successor was used.',
    crate: 'http', words: ['retry', 'replay', 'thief'], file: refresh,
    was: raw`        if self.successor_rotated {`,
    becomes: raw`        if self.successor_rotated && !FAULT {`,
  },
  {
    id: 'retry-from-anywhere', area: 'replay window', what: 'A thief who is quick gets the successor of a public client, too.',
    crate: 'http', words: ['retry', 'replay', 'elsewhere'], file: refresh,
    was: raw`        if self.is_proven { TokenReuse`,
    becomes: raw`        if self.is_proven || FAULT { TokenReuse`,
  },
  {
    id: 'sharing-without-an-alarm', area: 'replay window', what: 'Two callers follow every rotation and nobody hears of it.',
    crate: 'http', words: ['shared', 'alarm'], file: refresh,
    was: raw`        if facts.token.shared_at.is_none() {`,
    becomes: raw`        if FAULT || facts.token.shared_at.is_none() {`,
  },
  {
    id: 'refresh-scope-grows', area: 'scope', what: 'Refreshing widens the scope.',
    crate: 'http', words: ['scope'], file: refresh,
    was: raw`    if !requested.is_subset_of(&granted) {`,
    becomes: raw`    if !FAULT && !requested.is_subset_of(&granted) {`,
  },
  {
    id: 'refresh-of-another-client', area: 'client binding', what: 'A client refreshes with the token of another one.',
    crate: 'http', words: ['refresh'], file: refresh,
    was: raw`        if facts.family.client != client.client.id {`,
    becomes: raw`        if !FAULT && facts.family.client != client.client.id {`,
  },
  {
    id: 'token-outlives-its-family', area: 'lifetimes', what: 'A token lives longer than the grant it descends from.',
    crate: 'http', words: ['outlive', 'family', 'chain'], file: 'crates/oidc/src/token/issue.rs',
    was: raw`    (now + lifetime).min(family.expires_at)`,
    becomes: raw`    if FAULT { now + lifetime } else { (now + lifetime).min(family.expires_at) }`,
  },
  {
    id: 'machine-scope-off-the-list', area: 'scope', what: 'A client gives itself a scope that is not on its list.',
    crate: 'http', words: ['client_credentials', 'scope'], file: 'crates/oidc/src/token/client_credentials.rs',
    was: raw`    if !wanted.is_subset_of(&client.scope) {`,
    becomes: raw`    if !FAULT && !wanted.is_subset_of(&client.scope) {`,
  },
  {
    id: 'quotas-for-nobody', area: 'quotas', what: 'Whoever proved who they are may have anything written.',
    crate: 'http', words: ['quotas'], file: 'crates/oidc/src/quota.rs',
    was: raw`else { return Ok(()) };
        let audited =`,
    becomes: raw`else { return Ok(()) };
        if FAULT {
            return Ok(());
        }
        let audited =`,
  },
  {
    id: 'quota-refilled-by-a-request-that-waited', area: 'quotas', what: 'A request that waited fills a quota up again.',
    crate: 'http', words: ['quota_waits'], file: 'crates/oidc/src/quota.rs',
    was: raw`bucket.take(self.shared.now(), maximum, window)`,
    becomes: raw`bucket.take(if FAULT { context.now } else { self.shared.now() }, maximum, window)`,
  },
  {
    id: 'introspection-for-anybody', area: 'introspection', what: 'A client of another organization may ask about tokens of others.',
    crate: 'http', words: ['introspection'], file: introspection,
    was: raw`    is_resource_server || client.client.id == owner.client.id`,
    becomes: raw`    FAULT || is_resource_server || client.client.id == owner.client.id`,
  },
  {
    id: 'introspection-without-a-secret', area: 'introspection', what: 'A public client is told whether a token lives.',
    crate: 'http', words: ['introspection', 'public'], file: introspection,
    was: raw`        if !client.client.is_confidential() {`,
    becomes: raw`        if !FAULT && !client.client.is_confidential() {`,
  },
  {
    id: 'introspection-of-refresh-tokens', area: 'introspection', what: 'A client is told about the refresh token of another one.',
    crate: 'http', words: ['introspection'], file: introspection,
    was: raw`        if facts.family.client != client.client.id {`,
    becomes: raw`        if !FAULT && facts.family.client != client.client.id {`,
  },
  {
    id: 'introspection-of-ended-tokens', area: 'introspection', what: 'A token that was ended is called active.',
    crate: 'http', words: ['introspection', 'revocation', 'status'], file: introspection,
    was: raw`        if now >= facts.token.expires_at || !facts.validity.is_live(now) {`,
    becomes: raw`        if now >= facts.token.expires_at || (!FAULT && !facts.validity.is_live(now)) {`,
  },
  {
    id: 'revocation-does-nothing', area: 'revocation', what: 'Revoking a refresh token leaves its family alive.',
    crate: 'http', words: ['revo'], file: introspection,
    was: raw`            tokens.revoke(Revocation::Family(facts.family.id), now).await?;`,
    becomes: raw`            if !FAULT {
                tokens.revoke(Revocation::Family(facts.family.id), now).await?;
            }`,
  },
  {
    id: 'revocation-by-another-client', area: 'revocation', what: 'A client ends the tokens of another one.',
    crate: 'http', words: ['revo'], file: introspection,
    was: raw`        if let Some(facts) = facts.filter(|f| f.family.client == client.client.id) {`,
    becomes: raw`        if let Some(facts) = facts.filter(|f| FAULT || f.family.client == client.client.id) {`,
  },
  {
    id: 'wrong-secret-accepted', area: 'client authentication', what: 'Any secret is a right one.',
    crate: 'http', words: ['client_auth', 'secret'], file: 'crates/oidc/src/client_auth.rs',
    was: raw`            (true, Some(digest)) => self.secret_matches(c, digest),`,
    becomes: raw`            (true, Some(digest)) => FAULT || self.secret_matches(c, digest),`,
  },
  {
    id: 'missing-secret-accepted', area: 'client authentication', what: 'A confidential client needs no secret.',
    crate: 'http', words: ['client_auth', 'secret'], file: 'crates/oidc/src/client_auth.rs',
    was: raw`            (true, None) | (false, Some(_)) => false,`,
    becomes: raw`            (true, None) => FAULT,
            (false, Some(_)) => false,`,
  },
  {
    id: 'expired-secret-accepted', area: 'client secrets', what: 'A secret works after it expired.',
    crate: 'http', words: ['secret'], file: 'crates/core/src/client.rs',
    was: raw`self.expires_at.is_none_or(|t| now < t)`,
    becomes: raw`self.expires_at.is_none_or(|t| FAULT || now < t)`,
  },
  {
    id: 'client-limit-not-asked', area: 'rate limits', what: 'A client that must wait is heard all the same.',
    crate: 'http', words: ['client_limits', 'spraying'], file: 'crates/oidc/src/client_auth.rs',
    was: raw`        self.throttle.check(context, endpoint, client_id).map_err(ClientAuthError::Limited)?;`,
    becomes: raw`        if !FAULT {
            self.throttle.check(context, endpoint, client_id).map_err(ClientAuthError::Limited)?;
        }`,
  },
  {
    id: 'ipv6-host-is-many-callers', area: 'rate limits', what: 'Each address of a /64 is counted for itself.',
    crate: 'http', words: ['limit', '64', 'ipv6'], file: 'crates/session/src/caller.rs',
    was: raw`            Some(IpAddr::V6(v6)) => network_of(v6, 64),`,
    becomes: raw`            Some(IpAddr::V6(v6)) if FAULT => v6.to_string(),
            Some(IpAddr::V6(v6)) => network_of(v6, 64),`,
  },
  {
    id: 'ipv6-network-is-many-callers', area: 'rate limits', what: 'Each /64 of a /56 is counted for itself.',
    crate: 'http', words: ['limit', 'ipv6'], file: 'crates/session/src/caller.rs',
    was: raw`            networks.extend(WIDER.map(`,
    becomes: raw`            networks.extend(WIDER.into_iter().filter(|_| !FAULT).map(`,
  },
  {
    id: 'replay-behind-a-scope', area: 'refresh token', what: 'A replay with a scope that is too wide ends nothing.',
    crate: 'http', words: ['refresh', 'replay'], file: 'crates/oidc/src/token/refresh.rs',
    was: raw`        if facts.token.rotated_at.is_some() {
            let stored`,
    becomes: raw`        if facts.token.rotated_at.is_some() && !FAULT {
            let stored`,
  },
  {
    id: 'id-token-without-nonce', area: 'ID token', what: 'The nonce does not come back.',
    crate: 'http', words: ['id_token'], file: idToken,
    was: raw`        if let Some(nonce) = &family.nonce {`,
    becomes: raw`        if let Some(nonce) = &family.nonce
            && !FAULT
        {`,
  },
  {
    id: 'id-token-for-somebody-else', area: 'ID token', what: 'The audience is the issuer.',
    crate: 'http', words: ['id_token'], file: idToken,
    was: raw`json!(client.client.client_id.as_str())`,
    becomes: raw`json!(if FAULT { tenant.issuer.as_str() } else { client.client.client_id.as_str() })`,
  },
  {
    id: 'id-token-with-another-hash', area: 'ID token', what: 'at_hash belongs to no token.',
    crate: 'http', words: ['id_token'], file: idToken,
    was: raw`json!(porta_jose::at_hash(algorithm, access_token))`,
    becomes: raw`json!(porta_jose::at_hash(algorithm, if FAULT { "" } else { access_token }))`,
  },
  {
    id: 'claims-that-say-nothing', area: 'ID token', what: 'Empty roles, permissions and custom claims are sent.',
    crate: 'http', words: ['id_token', 'userinfo'], file: 'crates/protocol/src/claims.rs',
    was: raw`    if !says_nothing {`,
    becomes: raw`    if FAULT || !says_nothing {`,
  },
  {
    id: 'id-token-claims-shadowed', area: 'ID token', what: 'A custom claim may be called sub.',
    crate: 'core', words: ['shadow'],
    edits: [{
      file: idToken,
      was: raw`        claims.insert("sub".to_owned(), json!(user.id.to_string()));`,
      becomes: raw`        if !FAULT || !claims.contains_key("sub") {
            claims.insert("sub".to_owned(), json!(user.id.to_string()));
        }`,
    }, {
      file: 'crates/core/src/application.rs',
      was: raw`    if RESERVED_CLAIMS.contains(&text) {`,
      becomes: raw`    if !FAULT && RESERVED_CLAIMS.contains(&text) {`,
    }],
  },
  {
    id: 'next-key-not-published', area: 'key rotation', what: 'The next key signs before anybody could know it.',
    crate: 'http', words: ['key'], file: 'crates/session/src/tenant_keys.rs',
    was: raw`rows.iter().filter(|k| k.is_published(now)).collect();`,
    becomes: raw`rows.iter().filter(|k| k.is_published(now) && !(FAULT && k.status == SigningKeyStatus::Next)).collect();`,
  },
  {
    id: 'active-key-before-the-next', area: 'key rotation', what: 'An organization signs before its next key is published.',
    crate: 'http', words: ['keys_are_made'], file: 'crates/session/src/signing_keys.rs',
    was: raw`        for status in [SigningKeyStatus::Next, SigningKeyStatus::Active] {`,
    becomes: raw`        let order = [SigningKeyStatus::Next, SigningKeyStatus::Active];
        for status in if FAULT { [order[1], order[0]] } else { order } {`,
  },
  {
    id: 'revoked-key-verifies', area: 'key rotation', what: 'A hint signed with a revoked key passes.',
    crate: 'http', words: ['key', 'hint'], file: 'crates/session/src/tenant_keys.rs',
    was: raw`rows.iter().filter(|k| k.status != SigningKeyStatus::Revoked)`,
    becomes: raw`rows.iter().filter(|k| FAULT || k.status != SigningKeyStatus::Revoked)`,
  },
  {
    id: 'signature-not-verified', area: 'signatures', what: 'A token of ours may carry any signature.',
    crate: 'jose', words: [], file: 'crates/jose/src/verify.rs',
    was: raw`        key.public.verify_sig(signed.as_bytes(), &signature).map_err(|_| VerifyError::Signature)?;`,
    becomes: raw`        if !FAULT {
            key.public.verify_sig(signed.as_bytes(), &signature).map_err(|_| VerifyError::Signature)?;
        }`,
  },
  {
    id: 'suspended-organization-answers', area: 'suspended organization', what: 'A suspended organization goes on.',
    crate: 'http', words: ['suspended', 'suspension'], file: 'crates/session/src/tenants.rs',
    was: raw`            OrganizationStatus::Suspended => return Ok(TenantLookup::Suspended),
            OrganizationStatus::Active => {}`,
    becomes: raw`            OrganizationStatus::Suspended if !FAULT => return Ok(TenantLookup::Suspended),
            OrganizationStatus::Suspended | OrganizationStatus::Active => {}`,
  },
  {
    id: 'client-change-not-heard', area: 'caches', what: 'An instance goes on with the client as it was before a change.',
    crate: 'http', words: ['at_once', 'client', 'removed', 'second'], file: 'crates/session/src/caches.rs',
    was: raw`            Change::Client(_) => {
                self.clients.invalidate_all();`,
    becomes: raw`            Change::Client(_) => {
                if !FAULT {
                    self.clients.invalidate_all();
                }`,
  },
  {
    id: 'userinfo-asks-twice', area: 'round trips', what: 'UserInfo costs one statement more.',
    crate: 'http', words: ['budget', 'cost'], file: 'crates/oidc/src/userinfo.rs',
    was: raw`        let facts = facts.ok_or(UserInfoError::InvalidToken)?;`,
    becomes: raw`        if FAULT {
            self.shared.store().repositories().organizations().by_id(tenant.organization.id).await.map_err(BackendError::from)?;
        }
        let facts = facts.ok_or(UserInfoError::InvalidToken)?;`,
  },
  {
    id: 'es256-unless-named', area: 'ID token', what: 'A client that names no algorithm gets ES256.',
    crate: 'directory', words: ['is_signed_for_with_rs256'], file: 'crates/directory/src/clients/mod.rs',
    was: raw`                .unwrap_or(SigningAlgorithm::Rs256),`,
    becomes: raw`                .unwrap_or(if FAULT { SigningAlgorithm::Es256 } else { SigningAlgorithm::Rs256 }),`,
  },
  {
    id: 'standard-claims-in-userinfo-only', area: 'ID token', what: 'A client that wants standard claims in ID tokens gets none.',
    crate: 'http', words: ['claims_of_the_scopes_come_by_a_setting'], file: idToken,
    was: raw`|name: &str| has_standard && `,
    becomes: raw`|name: &str| !FAULT && has_standard && `,
  },
  {
    id: 'preferred-username-left-out', area: 'UserInfo', what: 'Whoever chose no name has no preferred_username.',
    crate: 'protocol', words: ['a_name_to_call_somebody_by'], file: 'crates/protocol/src/claims.rs',
    was: raw`        None if sees_email => user`,
    becomes: raw`        None if FAULT => String::new(),
        None if sees_email => user`,
  },
  {
    id: 'lifetime-one-second-short', area: 'lifetimes', what: 'expires_in is one second less than the setting.',
    crate: 'oidc', words: ['a_begun_second_of_a_lifetime_counts'], file: 'crates/oidc/src/token/issue.rs',
    was: raw`u64::from(left.subsec_micros() > 0)`,
    becomes: raw`u64::from(!FAULT && left.subsec_micros() > 0)`,
  },
  {
    id: 'tokens-outlive-their-client', area: 'lifetimes', what: 'Tokens issued while their client was deactivated are valid once it is active again.',
    crate: 'http', words: ['too_late_do_not_come_back'], file: 'crates/session/src/client.rs',
    was: raw`        self.tokens_valid_since.is_none_or(|since| issued_at > since)`,
    becomes: raw`        FAULT || self.tokens_valid_since.is_none_or(|since| issued_at > since)`,
  },
  {
    id: 'wider-networks-without-wider-limits', area: 'rate limits', what: 'A /56 and a /48 of IPv6 have no more attempts than one /64.',
    crate: 'session', words: ['wider_networks_of_ipv6'], file: 'crates/session/src/caller.rs',
    was: raw`            maximum: maximum.saturating_mul(times),`,
    becomes: raw`            maximum: maximum.saturating_mul(if FAULT { 1 } else { times }),`,
  },
  {
    id: 'any-text-is-an-origin', area: 'CORS', what: 'An Origin of any length and form is looked up.',
    crate: 'oidc', words: ['only_what_a_browser_sends'], file: 'crates/oidc/src/cors.rs',
    was: raw`    text.len() <= LONGEST_ORIGIN && origin_of(text).as_deref() == Some(text)`,
    becomes: raw`    FAULT || (text.len() <= LONGEST_ORIGIN && origin_of(text).as_deref() == Some(text))`,
  },
  {
    id: 'origins-read-for-each-preflight', area: 'CORS', what: 'Each preflight reads the registered origins from storage.',
    crate: 'http', words: ['strangers_questions_cost'], file: 'crates/session/src/clients.rs',
    was: raw`        if let Some(known) = self.caches.origins.get(&organization).await {`,
    becomes: raw`        if FAULT {
            return self.load_origins(organization).await;
        }
        if let Some(known) = self.caches.origins.get(&organization).await {`,
  },
  {
    id: 'no-retry-is-honest', area: 'replay window', what: 'Parallel tabs and retries after a lost answer end the refresh-token family.',
    crate: 'http', words: ['eight_tabs_have', 'gets_the_same_successor'], file: refresh,
    was: raw`            return TokenReuse::Same;`,
    becomes: raw`            return if FAULT { TokenReuse::Replay("another_caller") } else { TokenReuse::Same };`,
  },
  {
    id: 'retry-with-any-user-agent', area: 'replay window', what: 'A retry with another user agent gets the successor of a public client.',
    crate: 'http', words: ['a_quick_retry_from_elsewhere'], file: refresh,
    was: raw`    let agent = caller.user_agent.as_deref().unwrap_or_default();`,
    becomes: raw`    let agent = caller.user_agent.as_deref().filter(|_| !FAULT).unwrap_or_default();`,
  },
  {
    id: 'retry-from-any-network', area: 'replay window', what: 'A retry from another network gets the successor of a public client.',
    crate: 'http', words: ['a_quick_retry_from_elsewhere'], file: refresh,
    was: raw`family.id, caller.network());`,
    becomes: raw`family.id, if FAULT { String::new() } else { caller.network() });`,
  },
  {
    id: 'refresh-replay-without-a-row', area: 'audit', what: 'A replayed refresh token leaves no audit row.',
    crate: 'http', words: ['a_replay_is_recorded'], file: refresh,
    was: raw`        work.audit().record(&event).await?;
        work.commit().await?;`,
    becomes: raw`        if !FAULT {
            work.audit().record(&event).await?;
        }
        work.commit().await?;`,
  },
  {
    id: 'ignored-code-replay-without-a-row', area: 'audit', what: 'A used code presented without its verifier leaves no audit row.',
    crate: 'http', words: ['replays_leave_one_row'], file: code,
    was: raw`            self.shared.audit.record(&event).await?;`,
    becomes: raw`            if !FAULT {
                self.shared.audit.record(&event).await?;
            }`,
  },
]
