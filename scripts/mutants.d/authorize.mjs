// Faults in the authorization endpoint, sign-ins in progress, sessions and logout.

const raw = String.raw
const check = 'crates/oidc/src/authorize/check.rs'
const decide = 'crates/oidc/src/authorize/decide.rs'

export default [
  {
    id: 'pkce-plain', area: 'PKCE', what: 'The method plain is accepted.',
    crate: 'protocol', words: ['pkce'], file: 'crates/protocol/src/pkce.rs',
    was: raw`        if method != Some(METHOD_S256) {`,
    becomes: raw`        if method != Some(METHOD_S256) && !(FAULT && method == Some("plain")) {`,
  },
  {
    id: 'pkce-not-demanded', area: 'PKCE', what: 'A public client may leave PKCE out.',
    crate: 'http', words: ['pkce', 'challenge'], file: check,
    was: raw`    if challenge.is_none() && !exempt {`,
    becomes: raw`    if challenge.is_none() && !exempt && !FAULT {`,
  },
  {
    id: 'redirect-uri-by-prefix', area: 'redirect match', what: 'Anything below a registered redirect URI matches.',
    crate: 'http', words: ['redirect_uri'], file: 'crates/oidc/src/authorize/check.rs',
    was: raw`                registered.iter().any(|r| redirect_uri::matches(r, sent, client.client.application_type));`,
    becomes: raw`                registered.iter().any(|r| redirect_uri::matches(r, sent, client.client.application_type) || (FAULT && sent.starts_with(r.as_str())));`,
  },
  {
    id: 'redirect-any-loopback-port', area: 'redirect match', what: 'A web application, too, may choose its loopback port.',
    crate: 'protocol', words: ['redirect', 'loopback'], file: 'crates/protocol/src/redirect_uri.rs',
    was: raw`    application_type == ApplicationType::Native
        && loopback_parts(registered)`,
    becomes: raw`    (FAULT || application_type == ApplicationType::Native)
        && loopback_parts(registered)`,
  },
  {
    id: 'error-to-an-unproven-uri', area: 'errors', what: 'An error is sent to a redirect URI that nobody registered.',
    crate: 'http', words: ['refus', 'unproven', 'redirect_uri'], file: check,
    was: raw`            exact_redirect_uri(params, &client).map_err(AuthorizeError::Page)?; // RFC 6749 §3.1.2.3, RFC 9700 §2.1`,
    becomes: raw`            exact_redirect_uri(params, &client).map_err(|error| match params.get("redirect_uri") {
                Some(uri) if FAULT => AuthorizeError::Client(
                    Box::new(RedirectTarget {
                        client: Arc::clone(&client),
                        redirect_uri: uri.to_owned(),
                        redirect_uri_sent: true,
                        response_mode: ResponseMode::Query,
                        state: None,
                    }),
                    error,
                ),
                _ => AuthorizeError::Page(error),
            })?;`,
  },
  {
    id: 'response-mode-ignored', area: 'response mode', what: 'The answer always travels in the query.',
    crate: 'http', words: ['response', 'mode'], file: check,
    was: raw`        return (mode, None);`,
    becomes: raw`        return (if FAULT { ResponseMode::Query } else { mode }, None);`,
  },
  {
    id: 'scope-off-the-list', area: 'scope', what: 'A client gets a scope that is not on its list.',
    crate: 'http', words: ['scope'], file: check,
    was: raw`    Ok(effective.intersection(&client.scope))`,
    becomes: raw`    Ok(if FAULT { effective } else { effective.intersection(&client.scope) })`,
  },
  {
    id: 'offline-access-without-consent', area: 'scope', what: 'offline_access is given without asking for consent.',
    crate: 'http', words: ['offline'], file: check,
    was: raw`    let is_asked = prompt.contains(PromptValue::Consent);`,
    becomes: raw`    let is_asked = FAULT || prompt.contains(PromptValue::Consent);`,
  },
  {
    id: 'offline-access-of-others', area: 'scope', what: 'A public client of another organization gets offline_access without asking for consent.',
    crate: 'http', words: ['offline'], file: check,
    was: raw`    let is_ours = client.client.is_first_party_for(tenant.organization.id);`,
    becomes: raw`    let is_ours = FAULT || client.client.is_first_party_for(tenant.organization.id);`,
  },
  {
    id: 'prompt-none-shows-a-page', area: 'prompt=none', what: 'prompt=none leads to the login page.',
    crate: 'http', words: ['prompt'], file: decide,
    was: raw`        if no_pages {
            return Decision::Refuse(OAuthError::new(ErrorCode::LoginRequired`,
    becomes: raw`        if no_pages && !FAULT {
            return Decision::Refuse(OAuthError::new(ErrorCode::LoginRequired`,
  },
  {
    id: 'prompt-login-ignored', area: 'prompt', what: 'prompt=login does not ask again.',
    crate: 'http', words: ['prompt', 'reauth'], file: decide,
    was: raw`    request.prompt.contains(PromptValue::Login)
        ||`,
    becomes: raw`    (!FAULT && request.prompt.contains(PromptValue::Login))
        ||`,
  },
  {
    id: 'max-age-ignored', area: 'max_age', what: 'An old sign-in satisfies max_age.',
    crate: 'http', words: ['max_age'], file: decide,
    was: raw`        || too_old
}`,
    becomes: raw`        || (!FAULT && too_old)
}`,
  },
  {
    id: 'hint-ignored', area: 'ID token hint', what: 'A hint of somebody else passes.',
    crate: 'http', words: ['hint', 'subject'], file: decide,
    was: raw`    request.hinted_subject.as_deref().is_some_and(|s| s != session.subject)`,
    becomes: raw`    request.hinted_subject.as_deref().is_some_and(|s| !FAULT && s != session.subject)`,
  },
  {
    id: 'essential-acr-ignored', area: 'second factor', what: 'An essential acr is satisfied by one factor.',
    crate: 'oidc', words: ['decide', 'acr', 'class'], file: decide,
    was: raw`    acr.is_some_and(|acr| acr.essential && !acr.accepts`,
    becomes: raw`    acr.is_some_and(|acr| !FAULT && acr.essential && !acr.accepts`,
  },
  {
    id: 'third-party-without-consent', area: 'consent', what: 'A client of another organization is not asked about.',
    crate: 'http', words: ['consent'], file: decide,
    was: raw`    let asks_third_party = !context.is_first_party`,
    becomes: raw`    let asks_third_party = !FAULT && !context.is_first_party`,
  },
  {
    id: 'added-scope-without-consent', area: 'consent', what: 'A scope that a client adds later is not asked about.',
    crate: 'http', words: ['consent', 'scope'], file: decide,
    was: raw`    let is_new = session.grant.is_none() || !missing.is_empty();`,
    becomes: raw`    let is_new = session.grant.is_none() || (!FAULT && !missing.is_empty());`,
  },
  {
    id: 'prompt-consent-skipped', area: 'consent', what: 'prompt=consent is passed over for our own applications.',
    crate: 'http', words: ['prompt', 'consent'], file: decide,
    was: raw`    if request.prompt.contains(PromptValue::Consent) || asks_third_party {`,
    becomes: raw`    if (request.prompt.contains(PromptValue::Consent) && !(FAULT && context.is_first_party)) || asks_third_party {`,
  },
  {
    id: 'native-client-unconfirmed', area: 'consent', what: 'Any program of the machine gets a code of a native client.',
    crate: 'http', words: ['native'], file: decide,
    was: raw`    if context.is_public_native && !context.signed_in_here {`,
    becomes: raw`    if context.is_public_native && !context.signed_in_here && !FAULT {`,
  },
  {
    id: 'consent-of-another-session', area: 'consent', what: 'An approval counts in another session than the one that was asked.',
    crate: 'http', words: ['approval', 'consent', 'interaction'], file: 'crates/oidc/src/authorize/flow.rs',
    was: raw`asked.filter(|_| interaction.consented)];`,
    becomes: raw`asked.filter(|_| interaction.consented && !FAULT)];`,
  },
  {
    id: 'login-of-another-session', area: 'cookie binding', what: 'A sign-in is resumed in a browser that has another session.',
    crate: 'http', words: ['resume', 'interaction', 'session', 'raced', 'instance'], file: 'crates/oidc/src/authorize/flow.rs',
    was: raw`            [interaction.login.map(|login| login.session),`,
    becomes: raw`            [interaction.login.map(|login| login.session).filter(|_| !FAULT),`,
  },
  {
    id: 'suspended-person-keeps-session', area: 'suspended user', what: 'The session of a suspended person goes on, although storage ended it.',
    crate: 'http', words: ['suspended'],
    edits: [
      {
        file: 'crates/oidc/src/authorize/flow.rs',
        was: raw`                && f.user_may_continue`,
        becomes: raw`                && (FAULT || f.user_may_continue)`,
      },
      {
        file: 'crates/oidc/src/authorize/flow.rs',
        was: raw`            !f.session_revoked`,
        becomes: raw`            (FAULT || !f.session_revoked)`,
      },
    ],
  },
  {
    id: 'begun-without-limit', area: 'rate limits', what: 'A network may begin any number of sign-ins.',
    crate: 'http', words: ['anonymous_start_limits', 'begun', 'begin'], file: 'crates/session/src/interactions.rs',
    was: raw`        let maximum = tenant.settings.number(settings::RATE_LIMIT_INTERACTION_MAX);`,
    becomes: raw`        let maximum =
            if FAULT { 1_000_000_000 } else { tenant.settings.number(settings::RATE_LIMIT_INTERACTION_MAX) };`,
  },
  {
    id: 'logout-ends-nothing', area: 'logout', what: 'Signing out leaves tokens of the session alive.',
    crate: 'http', words: ['logout'], file: 'crates/session/src/browser_session.rs',
    was: raw`        self.backend
            .store
            .repositories()
            .sessions(organization)
            .end(presented.session.key, context.now, &event)
            .await?;`,
    becomes: raw`        if !FAULT {
            self.backend
                .store
                .repositories()
                .sessions(organization)
                .end(presented.session.key, context.now, &event)
                .await?;
        }`,
  },
  {
    id: 'logout-by-another-session', area: 'CSRF', what: 'The form of one session signs another one out.',
    crate: 'http', words: ['logout'], file: 'crates/oidc/src/logout.rs',
    was: raw`        if !session.digest.same_as(&pending.session) {`,
    becomes: raw`        if !FAULT && !session.digest.same_as(&pending.session) {`,
  },
  {
    id: 'logout-leads-anywhere', area: 'redirect match', what: 'After signing out, any address is gone to.',
    crate: 'http', words: ['logout'], file: 'crates/oidc/src/logout.rs',
    was: raw`    if !known {`,
    becomes: raw`    if !FAULT && !known {`,
  },
  {
    id: 'logout-by-a-hint-of-another-client', area: 'logout', what: 'client_id and the client of the hint need not agree.',
    crate: 'http', words: ['logout'], file: 'crates/oidc/src/logout.rs',
    was: raw`            (Self::Verified(hint), Some(named)) if hint.client_id != named => {`,
    becomes: raw`            (Self::Verified(hint), Some(named)) if !FAULT && hint.client_id != named => {`,
  },
  {
    id: 'logout-refused-for-its-hint', area: 'logout', what: 'A hint that cannot be verified keeps somebody signed in.',
    crate: 'http', words: ['logout'], file: 'crates/oidc/src/logout.rs',
    was: raw`            (Self::Unverified, Some(named)) => Ok(Some(named)),`,
    becomes: raw`            (Self::Unverified, Some(_)) if FAULT => Err(LogoutRefusal::HintNotValid),
            (Self::Unverified, Some(named)) => Ok(Some(named)),`,
  },
  {
    id: 'request-object-before-the-request', area: 'response mode', what: 'A refused object overrules what stands outside.',
    crate: 'http', words: ['request_object'], file: check,
    was: raw`            if params.get("response_mode").is_none() {`,
    becomes: raw`            if FAULT || params.get("response_mode").is_none() {`,
  },
  {
    id: 'request-object-with-any-state', area: 'response mode', what: 'Any text of a refused object is returned as state.',
    crate: 'http', words: ['request_object'], file: check,
    was: raw`unverified.state.filter(|state| is_printable(state) && `,
    becomes: raw`unverified.state.filter(|state| FAULT || is_printable(state) && `,
  },
  {
    id: 'session-without-end', area: 'session lifetime', what: 'A session goes on when its time is over.',
    crate: 'http', stores: true, words: ['session'],
    edits: [
      {
        file: 'crates/session/src/browser_session.rs',
        was: raw`            && now < session.expires_at
`,
        becomes: raw`            && (FAULT || now < session.expires_at)
`,
      },
      {
        file: 'crates/oidc/src/authorize/flow.rs',
        was: raw`                && now < f.session_expires_at`,
        becomes: raw`                && (FAULT || now < f.session_expires_at)`,
      },
    ],
  },
  {
    id: 'session-of-another-organization', area: 'tenant binding', what: 'A session of one organization is one of all.',
    crate: 'http', words: ['session', 'organization'],
    edits: [
      {
        file: 'crates/session/src/browser_session.rs',
        was: raw`    KvKey::new(KeyName::Session, organization).with(`,
        becomes: raw`    let key = if FAULT { KvKey::from_text(":session") } else { KvKey::new(KeyName::Session, organization) };
    key.with(`,
      },
      {
        file: 'crates/session/src/browser_session.rs',
        was: raw`        Ok(is_live.then_some(PresentedSession`,
        becomes: raw`        let is_live = is_live || (FAULT && self.backend.now() < session.expires_at);
        Ok(is_live.then_some(PresentedSession`,
      },
    ],
  },
  {
    id: 'interaction-of-any-browser', area: 'cookie binding', what: 'Another browser may go on with a sign-in.',
    crate: 'http', words: ['interaction', 'browser'], file: 'crates/session/src/interactions.rs',
    was: raw`TokenDigest::of(&format!("{uid}.{binding}")).hex())`,
    becomes: raw`TokenDigest::of(&if FAULT { uid.to_owned() } else { format!("{uid}.{binding}") }).hex())`,
  },
  {
    id: 'interaction-of-another-organization', area: 'tenant binding', what: 'A sign-in of one organization goes on under another.',
    crate: 'http', words: ['interaction', 'organization'],
    edits: [
      {
        file: 'crates/session/src/interactions.rs',
        was: raw`    KvKey::new(KeyName::Interaction, organization).with(`,
        becomes: raw`    let key =
        if FAULT { KvKey::from_text(":interaction") } else { KvKey::new(KeyName::Interaction, organization) };
    key.with(`,
      },
      {
        file: 'crates/session/src/interactions.rs',
        was: raw`            interaction.organization == tenant.organization.id && self.backend.now()`,
        becomes: raw`            (FAULT || interaction.organization == tenant.organization.id) && self.backend.now()`,
      },
    ],
  },
  {
    id: 'sealed-for-any-place', area: 'tenant binding', what: 'A sign-in that travels opens under any address.',
    crate: 'http', words: ['sealed', 'interaction'],
    edits: [
      {
        file: 'crates/session/src/sealed_state.rs',
        was: raw`self.keyring.seal(&plain, place, `,
        becomes: raw`self.keyring.seal(&plain, if FAULT { "" } else { place }, `,
      },
      {
        file: 'crates/session/src/sealed_state.rs',
        was: raw`.open(&Sealed::from_text(text)?, place)`,
        becomes: raw`.open(&Sealed::from_text(text)?, if FAULT { "" } else { place })`,
      },
    ],
  },
  {
    id: 'sealed-without-end', area: 'single use', what: 'A sign-in that travels never ends.',
    crate: 'http', words: ['unanswered', 'sealed'], file: 'crates/session/src/sealed_state.rs',
    was: raw`        (self.backend.now() < until).then_some((value, until))`,
    becomes: raw`        (FAULT || self.backend.now() < until).then_some((value, until))`,
  },
  {
    id: 'strangers-are-stored', area: 'rate limits', what: 'A sign-in is stored for somebody who has proven nothing.',
    crate: 'http', words: ['unproven', 'anonymous_start_limits', 'begun'], file: 'crates/session/src/interactions.rs',
    was: raw`        if bound.interaction.is_anonymous() {
            return Ok(Ok(self.attach_sealed_state(context.tenant, new, &bound)?));`,
    becomes: raw`        if !FAULT && bound.interaction.is_anonymous() {
            return Ok(Ok(self.attach_sealed_state(context.tenant, new, &bound)?));`,
  },
  {
    id: 'resume-works-twice', area: 'single use', what: 'The resume address works more than once.',
    crate: 'http', words: ['resume', 'interaction'], file: 'crates/session/src/interactions.rs',
    was: raw`        Ok(match self.backend.kv.mark_used(&key, remember).await? {`,
    becomes: raw`        Ok(match if FAULT { self.backend.kv.peek(&key).await? } else { self.backend.kv.mark_used(&key, remember).await? } {`,
  },
  {
    id: 'csrf-not-compared', area: 'CSRF', what: 'A form of a sign-in is taken with any CSRF value.',
    crate: 'http', words: ['csrf', 'forged'], file: 'crates/session/src/interaction.rs',
    was: raw`        presented.is_some_and(|p| secret::constant_time_eq(p, &self.interaction.csrf))`,
    becomes: raw`        FAULT || presented.is_some_and(|p| secret::constant_time_eq(p, &self.interaction.csrf))`,
  },
  {
    id: 'offline-access-never-without-consent', area: 'scope', what: 'A public client of the organization gets offline_access only after consent.',
    crate: 'http', words: ['needs_no_prompt_for_offline_access'], file: check,
    was: raw`    (is_settled || is_asked)`,
    becomes: raw`    ((is_settled && !FAULT) || is_asked)`,
  },
  {
    id: 'request-object-not-read', area: 'response mode', what: 'A refused request object does not say how its client listens.',
    crate: 'http', words: ['the_way_that_only_the_object_names'], file: check,
    was: raw`        if let (Some(object), None) = (objects.next(), objects.next()) {`,
    becomes: raw`        if let (Some(object), None) = (objects.next(), objects.next())
            && !FAULT
        {`,
  },
  {
    id: 'logout-address-not-named', area: 'logout', what: 'The page does not say that the address is not registered.',
    crate: 'http', words: ['the_address_must_match_a_registered_one'], file: 'crates/http/src/endpoints/logout.rs',
    was: raw`ErrorText::LogoutAddress,`,
    becomes: raw`if FAULT { ErrorText::InvalidRequest } else { ErrorText::LogoutAddress },`,
  },
  {
    id: 'logout-hint-not-named', area: 'logout', what: 'The page does not say that the hint is not valid.',
    crate: 'http', words: ['a_tampered_hint_is_refused'], file: 'crates/http/src/endpoints/logout.rs',
    was: raw`ErrorText::LogoutHint,`,
    becomes: raw`if FAULT { ErrorText::InvalidRequest } else { ErrorText::LogoutHint },`,
  },
  {
    id: 'logout-hint-of-another-not-named', area: 'logout', what: 'The page does not say that the hint is another client’s.',
    crate: 'http', words: ['client_id_and_hint_must_agree'], file: 'crates/http/src/endpoints/logout.rs',
    was: raw`ErrorText::LogoutHintOfAnotherClient,`,
    becomes: raw`if FAULT { ErrorText::InvalidRequest } else { ErrorText::LogoutHintOfAnotherClient },`,
  },
  {
    id: 'web-views-have-no-origin', area: 'CORS', what: 'The web view of an application has no origin.',
    crate: 'protocol', words: ['origins'], file: 'crates/protocol/src/redirect_uri.rs',
    was: raw`        scheme if WEB_VIEW_SCHEMES`,
    becomes: raw`        scheme if !FAULT && WEB_VIEW_SCHEMES`,
  },
  {
    id: 'ten-addresses-are-too-many', area: 'clients', what: 'A client may have no more than ten redirect URIs.',
    crate: 'directory', words: ['a_hundred_addresses_pass'], file: 'crates/directory/src/clients/rules.rs',
    was: raw`        if uris.len() > MAXIMUM_URIS {`,
    becomes: raw`        if uris.len() > MAXIMUM_URIS || (FAULT && uris.len() > 10) {`,
  },
  {
    id: 'request-of-any-length', area: 'sizes', what: 'An authorization request may be of any length.',
    crate: 'http', words: ['too_long_is_refused_and_leaves'], file: check,
    was: raw`    if length > MAX_REQUEST_BYTES {`,
    becomes: raw`    if !FAULT && length > MAX_REQUEST_BYTES {`,
  },
  {
    id: 'state-of-any-characters', area: 'sizes', what: 'state and nonce may contain control characters.',
    crate: 'http', words: ['appendix_a_state_and_nonce'], file: check,
    was: raw`    if !is_printable(value) {`,
    becomes: raw`    if !FAULT && !is_printable(value) {`,
  },
  {
    id: 'state-of-any-length', area: 'sizes', what: 'state and nonce may be of any length.',
    crate: 'http', words: ['appendix_a_state_and_nonce'], file: check,
    was: raw`    if value.len() > MAX_STATE_BYTES {`,
    becomes: raw`    if !FAULT && value.len() > MAX_STATE_BYTES {`,
  },
  {
    id: 'unanswered-for-an-hour', area: 'lifetimes', what: 'A sign-in that nobody answered lives as long as one that was answered.',
    crate: 'http', words: ['an_unanswered_sign_in_lives'], file: 'crates/session/src/interactions.rs',
    was: raw`unanswered.min(new.expires_at)`,
    becomes: raw`if FAULT { new.expires_at } else { unanswered.min(new.expires_at) }`,
  },
  {
    id: 'address-of-any-size', area: 'sizes', what: 'What is typed as an address is stored with up to 320 characters of any size.',
    crate: 'http', words: ['a_stored_sign_in_takes'], file: 'crates/http/src/endpoints/mailed_links.rs',
    was: raw`        length += stored_length(*c);`,
    becomes: raw`        length += if FAULT { 1 } else { stored_length(*c) };`,
  },
]
