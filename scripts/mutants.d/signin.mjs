// Faults in sign-in: passwords, second factors, mailed links, sessions, account pages, pages.

const raw = String.raw
const passwordSignIn = 'crates/signin/src/password_sign_in.rs'
const amr = 'crates/signin/src/amr.rs'
const challenge = 'crates/signin/src/challenge.rs'
const magicLink = 'crates/signin/src/magic_link.rs'
const recovery = 'crates/signin/src/recovery.rs'
const password = 'crates/signin/src/password.rs'
const queue = 'crates/signin/src/password_queue.rs'
const mailedCodes = 'crates/signin/src/mailed_codes.rs'
const cookies = 'crates/web/src/cookies.rs'
const flood = 'crates/signin/src/flood.rs'
const middleware = 'crates/web/src/middleware.rs'
const securityHeaders = 'crates/web/src/security_headers.rs'
const claim = 'crates/session/src/idempotency.rs'
const refused = 'crates/signin/src/refused_password.rs'
const temporaryPassword = 'crates/signin/src/temporary_password.rs'

export default [
  {
    id: 'repeated-form-carried-out', area: 'repeated forms', what: 'The same form is carried out as often as it comes.',
    crate: 'http', words: ['repeated_forms'], file: claim,
    was: raw`            ClaimOutcome::Before(stored) => return Ok(self.opened(claim, &stored)),`,
    becomes: raw`            ClaimOutcome::Before(_) if FAULT => claim.state().is_held = true,
            ClaimOutcome::Before(stored) => return Ok(self.opened(claim, &stored)),`,
  },
  {
    id: 'answers-for-any-browser', area: 'repeated forms', what: 'A remembered answer is given to whoever sends the same form.',
    crate: 'session', words: ['only_the_same_request'], file: claim,
    was: raw`named(browser));`,
    becomes: raw`named(if FAULT { &[] } else { browser }));`,
  },
  {
    id: 'answers-stored-in-plain-text', area: 'repeated forms', what: 'Whoever reads the short-lived store finds the session cookies of answers.',
    crate: 'http', words: ['stored_of_an_answer_is_sealed'],
    edits: [
      {
        file: claim,
        was: raw`                let sealed =
                    self.sealer.seal(answer, claim.key.as_str(), self.backend.now() + IDEMPOTENCY_WINDOW)?;`,
        becomes: raw`                let sealed = if FAULT {
                    serde_json::to_string(answer).unwrap_or_default()
                } else {
                    self.sealer.seal(answer, claim.key.as_str(), self.backend.now() + IDEMPOTENCY_WINDOW)?
                };`,
      },
      {
        file: claim,
        was: raw`        let (answer, _) = self.sealer.unseal(`,
        becomes: raw`        if FAULT {
            return serde_json::from_slice(stored).ok().map(ClaimState::Answered);
        }
        let (answer, _) = self.sealer.unseal(`,
      },
    ],
  },
  {
    id: 'forms-without-limits', area: 'repeated forms', what: 'A flood of forms is remembered.',
    crate: 'http', words: ['repeated_forms'], file: claim,
    was: raw`IDEMPOTENCY_WINDOW, &claim.limits)`,
    becomes: raw`IDEMPOTENCY_WINDOW, if FAULT { &[] } else { &claim.limits })`,
  },
  {
    id: 'same-password-counts-again', area: 'repeated forms', what: 'A reload of a wrong password is another guess.',
    crate: 'http', words: ['repeated_forms'], file: passwordSignIn,
    was: raw`        if bound.interaction.refused == Some(form) {`,
    becomes: raw`        if !FAULT && bound.interaction.refused == Some(form) {`,
  },
  {
    id: 'wrong-password-stays-wrong', area: 'repeated forms', what: 'A password that was chosen after it was wrong is refused.',
    crate: 'http', words: ['repeated_forms'], file: refused,
    was: raw`    let account = user.map(`,
    becomes: raw`    let account = user.filter(|_| !FAULT).map(`,
  },
  {
    id: 'failures-never-lock', area: 'lockout', what: 'Wrong passwords never lock an account.',
    crate: 'http', words: ['lock'], file: passwordSignIn,
    was: raw`                None => tenant.settings.number(settings::MAX_FAILED_LOGINS),`,
    becomes: raw`                None if FAULT => NEVER,
                None => tenant.settings.number(settings::MAX_FAILED_LOGINS),`,
  },
  {
    id: 'lock-confirmed', area: 'lockout', what: 'Whoever guessed right is told that the account is locked.',
    crate: 'http', words: ['lock'], file: passwordSignIn,
    was: raw`            StatusCheck::DeniedSilently => return Ok(SignInOutcome::Refused),`,
    becomes: raw`            StatusCheck::DeniedSilently if FAULT => return Ok(SignInOutcome::NotActive(user.status)),
            StatusCheck::DeniedSilently => return Ok(SignInOutcome::Refused),`,
  },
  {
    id: 'suspended-person-said-before-password', area: 'unknown user', what: 'Whoever knows no password is told that an account is suspended.',
    crate: 'http', words: ['password', 'wrong'], file: passwordSignIn,
    was: raw`        let Some(user) = user.filter(|_| verified.matches) else {`,
    becomes: raw`        if FAULT && let Some(StatusCheck::Denied(status)) = user.as_ref().map(|user| check_status(tenant, user, cx.now)) {
            return Ok(SignInOutcome::NotActive(status));
        }
        let Some(user) = user.filter(|_| verified.matches) else {`,
  },
  {
    id: 'login-limit-not-asked', area: 'rate limits', what: 'A password is checked although the caller must wait.',
    crate: 'http', words: ['limit'], file: passwordSignIn,
    was: raw`            AttemptDecision::Limited(retry_after) => retry_after,`,
    becomes: raw`            AttemptDecision::Limited(_) if FAULT => return Ok(None),
            AttemptDecision::Limited(retry_after) => retry_after,`,
  },
  {
    id: 'method-not-offered', area: 'sign-in', what: 'A password is taken where only links are offered.',
    crate: 'http', words: ['offered'], file: 'crates/signin/src/login_methods.rs',
    was: raw`        let is_offered = methods.contains(&method);`,
    becomes: raw`        let is_offered = FAULT || methods.contains(&method);`,
  },
  {
    id: 'unknown-person-costs-nothing', area: 'unknown user', what: 'For somebody who does not exist no hash is computed.',
    crate: 'http', words: ['cost', 'work'], file: password,
    was: raw`        self.verify_parsed(password, ParsedHash::dummy(function), priority).await?;`,
    becomes: raw`        if !FAULT {
            self.verify_parsed(password, ParsedHash::dummy(function), priority).await?;
        }`,
  },
  {
    id: 'decoy-password-opens', area: 'unknown user', what: 'The decoy is the password of everybody who has none.',
    crate: 'signin', words: ['password', 'hash', 'stored', 'decoy'], file: password,
    was: raw`        Ok(PasswordCheck { matches: false, outdated: false })`,
    becomes: raw`        Ok(PasswordCheck { matches: FAULT, outdated: false })`,
  },
  {
    id: 'hash-queue-without-end', area: 'hash queue', what: 'Any number of passwords may wait.',
    crate: 'signin', words: ['password', 'queue', 'busy', 'full', 'flood'], file: queue,
    was: raw`        if self.waiting + self.running < capacity {`,
    becomes: raw`        if FAULT || self.waiting + self.running < capacity {`,
  },
  {
    id: 'strangers-before-the-known', area: 'hash queue', what: 'Strangers are hashed for before somebody who is known.',
    crate: 'signin', words: ['password_queue'], file: queue,
    was: raw`        let item = lane.known.pop_front().or_else(|| lane.strangers.pop_front());`,
    becomes: raw`        let stranger = if FAULT { lane.strangers.pop_front() } else { None };
        let item = stranger.or_else(|| lane.known.pop_front()).or_else(|| lane.strangers.pop_front());`,
  },
  {
    id: 'no-turns-of-organizations', area: 'hash queue', what: 'An organization is hashed for until nobody of it waits.',
    crate: 'signin', words: ['password_queue'], file: queue,
    was: raw`            self.lanes.push_back(lane);
        }
        item`,
    becomes: raw`            if FAULT { self.lanes.push_front(lane) } else { self.lanes.push_back(lane) }
        }
        item`,
  },
  {
    id: 'known-browser-waits-with-strangers', area: 'hash queue', what: 'A known browser finds the queue as full as strangers do.',
    crate: 'http', words: ['flood_of_strangers'], file: 'crates/http/src/endpoints/interaction.rs',
    was: raw`        is_known: state.cookies.read(&tenant, &client_info.headers, cookies::DEVICE).is_some(),`,
    becomes: raw`        is_known: !FAULT && state.cookies.read(&tenant, &client_info.headers, cookies::DEVICE).is_some(),`,
  },
  {
    id: 'one-code-for-all-browsers', area: 'second factor', what: 'A code that a stranger asks for replaces the one of a known browser.',
    crate: 'http', words: ['mailed_codes'], file: mailedCodes,
    was: raw`        if self.known_device(cx.tenant, user).is_some() {
            return CodeSlot::KnownBrowser;`,
    becomes: raw`        if FAULT || self.known_device(cx.tenant, user).is_some() {
            return CodeSlot::KnownBrowser;`,
  },
  {
    id: 'one-quota-of-codes-for-all', area: 'second factor', what: 'Strangers use up the codes that a known browser may have mailed.',
    crate: 'http', words: ['mailed_codes'], file: mailedCodes,
    was: raw`        if let Some(device) = self.known_device(cx.tenant, user) {`,
    becomes: raw`        if FAULT {
            return vec![limit(of, maximum)];
        }
        if let Some(device) = self.known_device(cx.tenant, user) {`,
  },
  {
    id: 'strangers-fill-a-mailbox', area: 'second factor', what: 'Many networks together have codes mailed without end.',
    crate: 'http', words: ['mailed_codes'], file: mailedCodes,
    was: raw`limit(of, maximum * NETWORKS)`,
    becomes: raw`limit(of, if FAULT { 100_000 } else { maximum * NETWORKS })`,
  },
  {
    id: 'full-queue-looks-first', area: 'hash queue', what: 'A full queue refuses only after everything was looked up.',
    crate: 'http', words: ['queue', 'work'], file: 'crates/http/src/endpoints/interaction.rs',
    was: raw`    if state.sign_in.password.is_full(turn) {`,
    becomes: raw`    if !FAULT && state.sign_in.password.is_full(turn) {`,
  },
  {
    id: 'busy-is-a-wrong-password', area: 'hash queue', what: 'A full queue counts as a wrong password.',
    crate: 'http', words: ['queue', 'busy', 'work'], file: passwordSignIn,
    was: raw`            Ok(verified) => verified,
            Err(HashError::Busy) => return Ok(SignInOutcome::Busy),`,
    becomes: raw`            Ok(verified) => verified,
            Err(HashError::Busy) if FAULT => return Ok(SignInOutcome::Refused),
            Err(HashError::Busy) => return Ok(SignInOutcome::Busy),`,
  },
  {
    id: 'second-factor-skipped', area: 'second factor', what: 'Whoever has a second factor comes in without it.',
    crate: 'http', words: ['second_factor'], file: challenge,
    was: raw`            NextStep::Verify(method) => SecondFactorStep::Verify { method },`,
    becomes: raw`            NextStep::Verify(_) if FAULT => return self.sessions.create(cx, bound, authenticated, browser).await,
            NextStep::Verify(method) => SecondFactorStep::Verify { method },`,
  },
  {
    id: 'second-factor-policy-ignored', area: 'second factor', what: 'Where a second factor is required, nobody has to get one.',
    crate: 'http', words: ['second_factor'], file: challenge,
    was: raw`            NextStep::Enrol(allowed) => self.enrolment.first_step(user, allowed, None),`,
    becomes: raw`            NextStep::Enrol(_) if FAULT => return self.sessions.create(cx, bound, authenticated, browser).await,
            NextStep::Enrol(allowed) => self.enrolment.first_step(user, allowed, None),`,
  },
  {
    id: 'totp-code-twice', area: 'second factor', what: 'A code of an authenticator counts more than once.',
    crate: 'http', words: ['second_factor', 'code'], file: challenge,
    was: raw`        Ok(if is_first { CodeCheck::Right } else { CodeCheck::Wrong })`,
    becomes: raw`        Ok(if FAULT || is_first { CodeCheck::Right } else { CodeCheck::Wrong })`,
  },
  {
    id: 'factor-tries-without-limit', area: 'second factor', what: 'Codes may be tried without end.',
    crate: 'http', words: ['tries', 'limit'], file: challenge,
    was: raw`        if let Some(retry_after) = self.attempts.count(cx, user.id, &limits).await? {`,
    becomes: raw`        if let Some(retry_after) = self.attempts.count(cx, user.id, &limits).await?
            && !FAULT
        {`,
  },
  {
    id: 'factor-waits-do-not-grow', area: 'second factor', what: 'The wait after wrong codes stays the same however many there were.',
    crate: 'http', words: ['doubles_every_ten'], file: 'crates/signin/src/factor_attempts.rs',
    was: raw`            let grown = (window * 2_u32.pow(doubled)).min(LONGEST_WINDOW.max(window));`,
    becomes: raw`            let doubled = if FAULT { 0 } else { doubled };
            let grown = (window * 2_u32.pow(doubled)).min(LONGEST_WINDOW.max(window));`,
  },
  {
    id: 'one-mailbox-is-two-factors', area: 'second factor', what: 'A mailed link and a mailed code count as two factors.',
    crate: 'http', words: ['factor'], file: amr,
    was: raw`    let same_mailbox = came_by_mail && method == Some(TwoFactorMethod::Email);`,
    becomes: raw`    let same_mailbox = !FAULT && came_by_mail && method == Some(TwoFactorMethod::Email);`,
  },
  {
    id: 'recovery-code-without-a-row', area: 'audit', what: 'The use of a recovery code is written down nowhere.',
    crate: 'http', words: ['recover', 'factor', 'audit'], file: challenge,
    was: raw`        let metadata = json!({ "remainingCodes": left });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;`,
    becomes: raw`        let metadata = json!({ "remainingCodes": left });
        if !FAULT {
            unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        }`,
  },
  {
    id: 'recovery-code-row-by-itself', area: 'audit', what: 'A recovery code stays used although its audit row could not be written.',
    crate: 'http', words: ['recover', 'factor', 'audit', 'failing', 'outage'], file: challenge,
    was: raw`        let Some(left) = left else { return Ok(CodeCheck::Wrong) };`,
    becomes: raw`        let Some(left) = left else { return Ok(CodeCheck::Wrong) };
        if FAULT {
            unit.commit().await?;
            unit = self.core.shared.store().begin().await?;
        }`,
  },
  {
    id: 'old-cookie-after-sign-in', area: 'sessions', what: 'The cookie from before a sign-in goes on working.',
    crate: 'http', words: ['session', 'sign_in'], file: 'crates/signin/src/new_session.rs',
    was: raw`        if let Some(previous) = previous {
            writes.push`,
    becomes: raw`        if let Some(previous) = previous
            && !FAULT
        {
            writes.push`,
  },
  {
    id: 'somebody-elses-session-goes-on', area: 'sessions', what: 'Signing in as somebody else leaves the first session alive.',
    crate: 'http', words: ['session', 'somebody'], file: 'crates/signin/src/new_session.rs',
    was: raw`            self.core.shared.browser_sessions.end(cx, previous).await?;`,
    becomes: raw`            if !FAULT {
                self.core.shared.browser_sessions.end(cx, previous).await?;
            }`,
  },
  {
    id: 'device-of-another-account', area: 'cookie binding', what: 'The cookie of a known browser is good for every account.',
    crate: 'http', words: ['device', 'browser'], file: 'crates/signin/src/known_browser.rs',
    was: raw`        let is_theirs = BearerKind::Interaction.matches(nonce) && account == account_of(tenant, email_key);`,
    becomes: raw`        let is_theirs =
            BearerKind::Interaction.matches(nonce) && (FAULT || account == account_of(tenant, email_key));`,
  },
  {
    id: 'link-of-another-sign-in', area: 'magic link', what: 'A mailed link finishes a sign-in that it was not asked for in.',
    crate: 'http', words: ['link'], file: magicLink,
    was: raw`link.filter(|link| link.interaction.as_ref() == Some(&bound.interaction.uid)) else {`,
    becomes: raw`link.filter(|link| FAULT || link.interaction.as_ref() == Some(&bound.interaction.uid)) else {`,
  },
  {
    id: 'second-link-is-not-said', area: 'magic link', what: 'The page does not say that a link was sent again.',
    crate: 'http', words: ['sent_again_for_every_address'], file: 'crates/http/src/endpoints/magic_link.rs',
    was: raw`        LinkRequestOutcome::Sent if is_again => request`,
    becomes: raw`        LinkRequestOutcome::Sent if is_again && !FAULT => request`,
  },
  {
    id: 'link-not-used-up', area: 'magic link', what: 'A mailed link works more than once.',
    crate: 'http', words: ['link'], file: magicLink,
    was: raw`        let link = unit.one_time_tokens(organization).consume(digest, TokenPurpose::MagicLink, now).await?;`,
    becomes: raw`        let link = if FAULT {
            unit.one_time_tokens(organization).find(digest, TokenPurpose::MagicLink).await?
        } else {
            unit.one_time_tokens(organization).consume(digest, TokenPurpose::MagicLink, now).await?
        };`,
  },
  {
    id: 'link-codes-without-limit', area: 'magic link', what: 'The code of a link may be tried without end.',
    crate: 'http', words: ['link', 'limit'], file: magicLink,
    was: raw`        if let Some(retry_after) = time_to_wait(self.core.shared.kv().hit(&[limit]).await?) {`,
    becomes: raw`        if let Some(retry_after) = time_to_wait(self.core.shared.kv().hit(&[limit]).await?)
            && !FAULT
        {`,
  },
  {
    id: 'dead-links-not-counted', area: 'rate limits', what: 'Links may be guessed without end.',
    crate: 'http', words: ['link', 'limit'], file: 'crates/signin/src/links.rs',
    was: raw`        self.core.shared.kv().hit(&network).await?;`,
    becomes: raw`        if !FAULT {
            self.core.shared.kv().hit(&network).await?;
        }`,
  },
  {
    id: 'wishes-not-counted', area: 'rate limits', what: 'Any number of links may be mailed to an address.',
    crate: 'http', words: ['limit', 'wish'], file: 'crates/signin/src/links.rs',
    was: raw`let Some(wait) = time_to_wait(kv.hit(&soft).await?) else`,
    becomes: raw`let Some(wait) = time_to_wait(kv.hit(&soft).await?).filter(|_| !FAULT) else`,
  },
  {
    id: 'reset-leaves-sessions', area: 'password reset', what: 'Whoever knew the old password stays signed in after a reset.',
    crate: 'http', words: ['recovery', 'reset', 'password'], file: recovery,
    was: raw`        unit.tokens(organization).revoke(Revocation::User(user.id), now).await?;`,
    becomes: raw`        if !FAULT {
            unit.tokens(organization).revoke(Revocation::User(user.id), now).await?;
        }`,
  },
  {
    id: 'reset-leaves-links', area: 'password reset', what: 'A link that was mailed before a reset still works.',
    crate: 'http', words: ['recovery', 'reset', 'password', 'link'], file: recovery,
    was: raw`        unit.one_time_tokens(organization).withdraw(user.id, now).await?;`,
    becomes: raw`        if !FAULT {
            unit.one_time_tokens(organization).withdraw(user.id, now).await?;
        }`,
  },
  {
    id: 'invitation-not-used-up', area: 'invitations', what: 'An invitation is accepted more than once.',
    crate: 'http', words: ['invitation'], file: 'crates/signin/src/invitation.rs',
    was: raw`        let link = tokens.consume(&TokenDigest::of(value), TokenPurpose::Invitation, cx.now).await?;`,
    becomes: raw`        let link = if FAULT {
            tokens.find(&TokenDigest::of(value), TokenPurpose::Invitation).await?
        } else {
            tokens.consume(&TokenDigest::of(value), TokenPurpose::Invitation, cx.now).await?
        };`,
  },
  {
    id: 'password-change-keeps-others', area: 'own account', what: 'A changed password leaves other sessions alive.',
    crate: 'http', words: ['password'], file: 'crates/signin/src/account/password.rs',
    was: raw`        let mut ended = tokens.revoke(Revocation::OtherSessions { user, keep }, now).await?;`,
    becomes: raw`        let mut ended =
            if FAULT { 0 } else { tokens.revoke(Revocation::OtherSessions { user, keep }, now).await? };`,
  },
  {
    id: 'old-sign-in-is-enough', area: 'own account', what: 'A password is changed on an old sign-in.',
    crate: 'http', words: ['step_up', 'old', 'recent'], file: 'crates/signin/src/account/mod.rs',
    was: raw`        let is_young = age < cx.tenant`,
    becomes: raw`        let is_young = FAULT || age < cx.tenant`,
  },
  {
    id: 'new-factor-not-asked-for', area: 'own account', what: 'A session of one factor reaches what a second one protects.',
    crate: 'http', words: ['assurance', 'factors'], file: 'crates/signin/src/account/mod.rs',
    was: raw`        (is_young && is_strong).then_some(Self(signed_in))`,
    becomes: raw`        (is_young && (FAULT || is_strong)).then_some(Self(signed_in))`,
  },
  {
    id: 'new-factor-ends-nothing', area: 'own account', what: 'Other sessions go on when somebody gets another factor.',
    crate: 'http', words: ['assurance'], file: 'crates/signin/src/factor_changes.rs',
    was: raw`        for ended in ended {`,
    becomes: raw`        for ended in ended.iter().filter(|_| !FAULT) {`,
  },
  {
    id: 'first-factor-of-before-a-reset', area: 'credential epoch', what: 'A first factor shown before a change counts.',
    crate: 'http', words: ['credentials'], file: 'crates/session/src/interaction.rs',
    was: raw`        self.credentials.is_none_or(|shown| shown == user.credentials())`,
    becomes: raw`        self.credentials.is_none_or(|shown| FAULT || shown == user.credentials())`,
  },
  {
    id: 'first-factor-without-end', area: 'credential epoch', what: 'A first factor counts for as long as the sign-in.',
    crate: 'http', words: ['credentials'], file: 'crates/session/src/interaction.rs',
    was: raw`            && self.expires_at.is_none_or(|end| now < end)`,
    becomes: raw`            && self.expires_at.is_none_or(|end| FAULT || now < end)`,
  },
  {
    id: 'device-of-before-a-reset', area: 'credential epoch', what: 'A browser stays known when the credentials change.',
    crate: 'http', words: ['credentials'], file: 'crates/signin/src/known_browser.rs',
    was: raw`        self.epoch == user.credential_epoch`,
    becomes: raw`        FAULT || self.epoch == user.credential_epoch`,
  },
  {
    id: 'session-without-absolute-end', area: 'session lifetime', what: 'A session that is used never ends.',
    crate: 'http', words: ['credentials'],
    edits: [
      {
        file: 'crates/session/src/browser_session.rs',
        was: raw`            && now < session.auth_time + tenant.longest_session();`,
        becomes: raw`            && (FAULT || now < session.auth_time + tenant.longest_session());`,
      },
      {
        file: 'crates/session/src/browser_session.rs',
        was: raw`        let (now, longest) = (self.backend.now(), tenant.longest_session());`,
        becomes: raw`        let now = self.backend.now();
        let longest = if FAULT { lifetime * 1000 } else { tenant.longest_session() };`,
      },
    ],
  },
  {
    id: 'any-number-judged-at-once', area: 'lockout', what: 'Guesses at once are all judged.',
    crate: 'http', words: ['judged_at_once', 'parallel_guessing'], file: 'crates/signin/src/limits.rs',
    was: raw`        Self { failures, in_progress: Some(in_progress) }`,
    becomes: raw`        Self { failures, in_progress: Some(in_progress).filter(|_| !FAULT) }`,
  },
  {
    id: 'each-instance-judges-for-itself', area: 'lockout', what: 'Each instance judges as many guesses at once as are allowed in all.',
    crate: 'http', words: ['counted_on_all_instances'], file: 'crates/signin/src/limits.rs',
    was: raw`            key: KvKey::new(KeyName::LimitLoginUnderWay, organization).with(&anywhere[..32]),`,
    becomes: raw`            key: if FAULT {
                KvKey::new(KeyName::LimitLoginUnderWay, organization).with(&anywhere[..32]).with(format!("{tenant:p}"))
            } else {
                KvKey::new(KeyName::LimitLoginUnderWay, organization).with(&anywhere[..32])
            },`,
  },
  {
    id: 'attempts-stay-under-way', area: 'lockout', what: 'What was judged stays counted as under way.',
    crate: 'http', words: ['lock', 'judged_at_once', 'limit'], file: 'crates/signin/src/limits.rs',
    was: raw`        let keys: Vec<KvKey> = self.in_progress.iter().map(|limit| limit.key.clone()).collect();`,
    becomes: raw`        let in_progress = self.in_progress.iter().filter(|_| !FAULT);
        let keys: Vec<KvKey> = in_progress.map(|limit| limit.key.clone()).collect();`,
  },
  {
    id: 'outage-counts-as-failure', area: 'lockout', what: 'An attempt that an outage stopped counts against the person.',
    crate: 'http', words: ['outage_stopped'], file: passwordSignIn,
    was: raw`        if let Err(also) = limits.give_back(&**self.core.shared.kv(), claim).await {`,
    becomes: raw`        if FAULT {
            return Err(error);
        }
        if let Err(also) = limits.give_back(&**self.core.shared.kv(), claim).await {`,
  },
  {
    id: 'decoy-of-one-cost', area: 'unknown user', what: 'An unknown address costs what a new hash costs.',
    crate: 'http', words: ['costs'], file: 'crates/signin/src/dummy_hash.rs',
    was: raw`        Ok(chosen(&costs, `,
    becomes: raw`        Ok(chosen(if FAULT { &[] } else { &costs }, `,
  },
  {
    id: 'codes-count-for-ever', area: 'second factor', what: 'A code counts after any number of wrong ones.',
    crate: 'http', words: ['factor_guesses'], file: challenge,
    was: raw`user.factor_failures >= FACTOR_FAILURES_MAX {`,
    becomes: raw`user.factor_failures >= FACTOR_FAILURES_MAX && !FAULT {`,
  },
  {
    id: 'owner-never-told', area: 'second factor', what: 'Nobody hears that somebody has their password.',
    crate: 'http', words: ['factor_guesses'], file: challenge,
    was: raw`        if failures == Some(FACTOR_FAILURES_TOLD) {`,
    becomes: raw`        if failures == Some(FACTOR_FAILURES_TOLD) && !FAULT {`,
  },
  {
    id: 'thief-blocks-the-owner', area: 'second factor', what: 'Codes of strangers count in browsers that are known.',
    crate: 'http', words: ['factor_guesses'], file: 'crates/signin/src/factor_attempts.rs',
    was: raw`device.filter(|device| device.matches_credentials(user))`,
    becomes: raw`device.filter(|device| !FAULT && device.matches_credentials(user))`,
  },
  {
    id: 'ended-session-on-account-pages', area: 'own account', what: 'A session that storage calls ended opens the account.',
    crate: 'http', words: ['account', 'session'], file: 'crates/signin/src/account/mod.rs',
    was: raw`            record.revoked_at.is_none() && now < record.expires_at`,
    becomes: raw`            (FAULT || record.revoked_at.is_none()) && now < record.expires_at`,
  },
  {
    id: 'account-csrf-not-compared', area: 'CSRF', what: 'A form of the account is taken with any CSRF value.',
    crate: 'http', words: ['form', 'account'], file: 'crates/http/src/endpoints/account/mod.rs',
    was: raw`        presented.is_some_and(|presented| secret::constant_time_eq(presented, &self.csrf))`,
    becomes: raw`        FAULT || presented.is_some_and(|presented| secret::constant_time_eq(presented, &self.csrf))`,
  },
  {
    id: 'link-csrf-not-compared', area: 'CSRF', what: 'The button behind a link needs no CSRF value.',
    crate: 'http', words: ['csrf', 'link'], file: 'crates/http/src/endpoints/magic_link.rs',
    was: raw`    let (request, _) = stage_form(&LINK_FORM, &state, &tenant, &uid, &client_info, body).await?;`,
    becomes: raw`    let request = if FAULT {
        load_interaction(&state, &tenant, &uid, &client_info).await?
    } else {
        stage_form(&LINK_FORM, &state, &tenant, &uid, &client_info, body).await?.0
    };`,
  },
  {
    id: 'unsigned-cookie', area: 'cookie binding', what: 'A session cookie needs no signature of ours.',
    crate: 'http', words: ['cookie', 'signature'], file: cookies,
    was: raw`        let value = self.keys.iter().find_map(|key| key.verified(&place, sent.value()));`,
    becomes: raw`        let value = self.keys.iter().find_map(|key| key.verified(&place, sent.value()));
        let value = value.or_else(|| sent.value().split_once('.').filter(|_| FAULT).map(|(_, value)| value));`,
  },
  {
    id: 'cookie-of-any-name', area: 'cookie binding', what: 'What was signed for one cookie or organization counts as another.',
    crate: 'core', words: ['place'], file: 'crates/core/src/mac.rs',
    was: raw`    for part in place.iter().chain([&text]) {`,
    becomes: raw`    for part in place.iter().filter(|_| !FAULT).chain([&text]) {`,
  },
  {
    id: 'cookie-without-prefix', area: 'cookie binding', what: 'A cookie behind TLS has a name that plain HTTP may set.',
    crate: 'http', words: ['cookie'], file: cookies,
    was: raw`        let prefix = if self.is_https { SECURE } else { "" };`,
    becomes: raw`        let prefix = if self.is_https && !FAULT { SECURE } else { "" };`,
  },
  {
    id: 'flood-keeps-people-out', area: 'floods', what: 'A full counter of an organization refuses everybody.',
    crate: 'http', words: ['flood'], file: flood,
    was: raw`            Self::Passwords => RateLimit { maximum: i64::MAX as u64, ..self.limit(tenant, 1) },`,
    becomes: raw`            Self::Passwords if FAULT => self.limit(tenant, 1),
            Self::Passwords => RateLimit { maximum: i64::MAX as u64, ..self.limit(tenant, 1) },`,
  },
  {
    id: 'flood-waits-for-nothing', area: 'floods', what: 'Whoever was told to wait need not.',
    crate: 'http', words: ['flood'], file: flood,
    was: raw`            if now < end {`,
    becomes: raw`            if now < end && !FAULT {`,
  },
  {
    id: 'flood-one-wait-many-forms', area: 'floods', what: 'A wait is good for any number of forms.',
    crate: 'http', words: ['flood'], file: flood,
    was: raw`            if now < end + COOKIE_GRACE && self.is_first_use(cx.tenant, value).await? {`,
    becomes: raw`            if now < end + COOKIE_GRACE && (FAULT || self.is_first_use(cx.tenant, value).await?) {`,
  },
  {
    id: 'flood-wait-for-anything', area: 'floods', what: 'A wait for a link counts for a password.',
    crate: 'http', words: ['flood'], file: flood,
    was: raw`    (name == counter.name()).then(`,
    becomes: raw`    (FAULT || name == counter.name()).then(`,
  },
  {
    id: 'mailbox-without-end', area: 'rate limits', what: 'A link is sent beyond the quota although another works.',
    crate: 'http', words: ['wish', 'reset'], file: 'crates/signin/src/link_request_handler.rs',
    was: raw`            if request.only_if_none_live {`,
    becomes: raw`            if request.only_if_none_live && !FAULT {`,
  },
  {
    id: 'wishes-of-a-stranger-at-home', area: 'rate limits', what: 'A known browser has no wishes of its own.',
    crate: 'http', words: ['wish', 'reset'], file: 'crates/signin/src/links.rs',
    was: raw`        let known = KnownBrowser::parse(browser.device, tenant, &email_key);`,
    becomes: raw`        let known = KnownBrowser::parse(browser.device, tenant, &email_key).filter(|_| !FAULT);`,
  },
  {
    id: 'attempt-left-under-way', area: 'lockout', what: 'Whoever closes the connection keeps the account waiting.',
    crate: 'http', words: ['credentials', 'goes_away'], file: 'crates/signin/src/limits.rs',
    was: raw`        let Some((key, runtime)) = self.key.take().zip(`,
    becomes: raw`        let Some((key, runtime)) = self.key.take().filter(|_| !FAULT).zip(`,
  },
  {
    id: 'cookie-for-scripts', area: 'security headers', what: 'Scripts may read our cookies.',
    crate: 'http', words: ['cookie'], file: cookies,
    was: raw`    cookie.set_http_only(true);`,
    becomes: raw`    cookie.set_http_only(!FAULT);`,
  },
  {
    id: 'cookie-in-clear', area: 'security headers', what: 'Our cookies travel without TLS.',
    crate: 'http', words: ['cookie', 'secure'], file: cookies,
    was: raw`    cookie.set_secure(self.is_https);`,
    becomes: raw`    cookie.set_secure(self.is_https && !FAULT);`,
  },
  {
    id: 'pages-in-frames', area: 'security headers', what: 'Pages may be shown in a frame by browsers that know X-Frame-Options alone.',
    crate: 'http', words: ['header'], file: securityHeaders,
    was: raw`    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));`,
    becomes: raw`    if !FAULT {
        headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }`,
  },
  {
    id: 'pages-kept', area: 'security headers', what: 'Pages of a sign-in may be kept by caches.',
    crate: 'http', words: ['kept', 'page'], file: 'crates/http/src/reply.rs',
    was: raw`    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, NO_STORE);`,
    becomes: raw`    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if !FAULT {
        headers.insert(header::CACHE_CONTROL, NO_STORE);
    }`,
  },
  {
    id: 'retry-after-left-out', area: 'Retry-After', what: 'Nobody is told how long to wait.',
    crate: 'http', words: ['limit', 'retry_after', 'come_back'], file: 'crates/web/src/reply.rs',
    was: raw`    with_header(reply, header::RETRY_AFTER, Some(HeaderValue::from(seconds_up(after))))`,
    becomes: raw`    with_header(reply, header::RETRY_AFTER, Some(HeaderValue::from(seconds_up(after))).filter(|_| !FAULT))`,
  },
  {
    id: 'text-not-escaped', area: 'pages', what: 'Text in a page is not escaped.',
    crate: 'pages', words: [], file: 'crates/pages/src/engine.rs',
    was: raw`    } else if value.is_safe() {`,
    becomes: raw`    } else if FAULT || value.is_safe() {`,
  },
  {
    id: 'forwarded-by-anybody', area: 'X-Forwarded-For', what: 'X-Forwarded-For is believed without a proxy.',
    crate: 'http', words: ['forward', 'proxy'], file: 'crates/web/src/client_address.rs',
    was: raw`        let Some((hops, header)) = self.trusted_hops(peer.ip()) else {`,
    becomes: raw`        let Some((hops, header)) = self.trusted_hops(peer.ip()).or(Some((1, ForwardedHeader::Either)).filter(|_| FAULT)) else {`,
  },
  {
    id: 'forwarded-from-the-left', area: 'X-Forwarded-For', what: 'What the caller wrote into X-Forwarded-For is believed.',
    crate: 'web', words: ['forwarded', 'forged_entries'], file: 'crates/web/src/forwarded.rs',
    was: raw`    entries.get(proxies.max(1) - 1)`,
    becomes: raw`    entries.get(if FAULT { entries.len() - 1 } else { proxies.max(1) - 1 })`,
  },
  {
    id: 'path-in-the-log', area: 'redaction', what: 'The log says the path of a request, in which there may be a mailed link.',
    crate: 'http', words: ['log', 'secret', 'leak', 'row'], file: middleware,
    was: raw`    let route = route.as_ref().map_or("unknown", MatchedPath::as_str);`,
    becomes: raw`    let path = request.uri().path().to_owned();
    let route = if FAULT { path.as_str() } else { route.as_ref().map_or("unknown", MatchedPath::as_str) };`,
  },
  {
    id: 'nothing-about-who-hung-up', area: 'log', what: 'A request that its caller abandons leaves no line.',
    crate: 'http', words: ['hangs_up'], file: middleware,
    was: raw`        if self.is_written {`,
    becomes: raw`        if FAULT || self.is_written {`,
  },
  {
    id: 'any-client-id-in-the-log', area: 'redaction', what: 'The log says a client id that is none, and may be a secret in the wrong field.',
    crate: 'http', words: ['log', 'secret', 'leak'], file: middleware,
    was: raw`            Some(known) if !client_id.is_empty() =>`,
    becomes: raw`            _ if FAULT => true,
            Some(known) if !client_id.is_empty() =>`,
  },
  {
    id: 'secret-in-debug', area: 'redaction', what: 'A client secret is printed where its request is.',
    crate: 'protocol', words: ['client_auth', 'secret', 'debug'], file: 'crates/protocol/src/client_auth.rs',
    was: raw`        f.write_str("PresentedSecret(…)")`,
    becomes: raw`        f.write_str(if FAULT { self.expose() } else { "PresentedSecret(…)" })`,
  },
  {
    id: 'bytes-as-typed-are-forgotten', area: 'passwords', what: 'Whoever has a hash of before passwords were normalised is locked out.',
    crate: 'signin', words: ['hash', 'typed'], file: password,
    was: raw`        let (normal, as_typed) = (normal.unwrap_or(false), as_typed.unwrap_or(false));`,
    becomes: raw`        let (normal, as_typed) = (normal.unwrap_or(false), as_typed.unwrap_or(false) && !FAULT);`,
  },
  {
    id: 'a-match-ends-the-work', area: 'passwords', what: 'The time of an answer says that a guess at a locked account was right.',
    crate: 'http', words: ['one_password', 'slowly'], file: password,
    was: raw`        let as_typed = password.as_typed().map(is_of).transpose()?;`,
    becomes: raw`        let as_typed = password.as_typed().filter(|_| !(FAULT && normal == Some(true))).map(is_of).transpose()?;`,
  },
  {
    id: 'compatibility-forms-are-folded', area: 'passwords', what: 'A password is right in letters that only look alike.',
    crate: 'core', words: ['password', 'alike'], file: 'crates/core/src/password.rs',
    was: raw`        normal.extend(typed.chars().map(plain_space).nfc());`,
    becomes: raw`        if FAULT {
            normal.extend(typed.chars().map(plain_space).nfkc());
        } else {
            normal.extend(typed.chars().map(plain_space).nfc());
        }`,
  },
  {
    id: 'late-password-ends-a-session', area: 'sessions', what: 'A right password that is refused ends the session of somebody else in that browser.',
    crate: 'http', words: ['too_late', 'reauth'], file: 'crates/signin/src/new_session.rs',
    was: raw`        if !entered {`,
    becomes: raw`        if let Some(previous) = previous.as_ref().filter(|p| FAULT && p.session.user != user.id) {
            self.core.shared.browser_sessions.end(cx, previous).await?;
        }
        if !entered {`,
  },
  {
    id: 'repeated-sign-in-without-its-answer', area: 'repeated forms', what: 'A sign-in that is sent again gets no session cookie.',
    crate: 'http', words: ['a_sign_in_sent_twice'], file: 'crates/http/src/idempotency.rs',
    was: raw`        match await_first_response(&state, &claim).await {`,
    becomes: raw`        match await_first_response(&state, &claim).await.filter(|_| !FAULT) {`,
  },
  {
    id: 'sign-ins-at-once-all-judged', area: 'repeated forms', what: 'The same sign-in sent several times at once is processed each time.',
    crate: 'http', words: ['sent_at_once_on_two_instances'], file: claim,
    was: raw`                self.state().is_repeated = true;`,
    becomes: raw`                if FAULT {
                    self.state().is_held = true;
                    return Ok(Some(LimitOutcome::Allowed));
                }
                self.state().is_repeated = true;`,
  },
  {
    id: 'form-post-page-not-repeated', area: 'repeated forms', what: 'The page that carries a code is sent only once.',
    crate: 'http', words: ['the_page_that_carries_a_code'], file: 'crates/http/src/idempotency.rs',
    was: raw` || page.is_some();`,
    becomes: raw` || (page.is_some() && !FAULT);`,
  },
  {
    id: 'abandoned-form-is-stopped', area: 'repeated forms', what: 'A form whose browser disconnects is not processed to its end.',
    crate: 'http', words: ['what_a_browser_gave_up'], file: 'crates/http/src/idempotency.rs',
    was: raw`self.0.take().zip(Handle::try_current().ok())`,
    becomes: raw`self.0.take().filter(|_| !FAULT).zip(Handle::try_current().ok())`,
  },
  {
    id: 'sign-in-answer-by-itself', area: 'repeated forms', what: 'The stored answer of a sign-in costs a command of its own.',
    crate: 'http', words: ['a_sign_in_stays_within_its_budget', 'a_password_sign_in'], file: claim,
    was: raw`        let mut state = self.state();
`,
    becomes: raw`        if FAULT {
            return false;
        }
        let mut state = self.state();
`,
  },
  {
    id: 'binding-ends-with-the-sign-in', area: 'repeated forms', what: 'The cookies that a repeated form needs are deleted when the sign-in ends.',
    crate: 'http', words: ['attributes_of_every_cookie'], file: 'crates/http/src/pending_interactions.rs',
    was: raw`binding.filter(|_| BearerKind::Interaction.matches(uid)) else {`,
    becomes: raw`binding.filter(|_| !FAULT && BearerKind::Interaction.matches(uid)) else {`,
  },
  {
    id: 'other-form-after-the-sign-in-is-refused', area: 'repeated forms', what: 'A different form after the sign-in is an error instead of a redirect onward.',
    crate: 'http', words: ['another_password_leads_on'], file: 'crates/http/src/endpoints/interaction.rs',
    was: raw`    if form.stage.is_some_and(|stage| stage != reached) {`,
    becomes: raw`    if FAULT && form.stage.is_some_and(|stage| stage != reached) {
        return Err(request.expired_page().into());
    }
    if form.stage.is_some_and(|stage| stage != reached) {`,
  },
  {
    id: 'resume-has-one-answer-only', area: 'repeated forms', what: 'A second GET of the resume address is an error.',
    crate: 'http', words: ['the_resume_address_leads_to_the_client_twice'], file: 'crates/http/src/router.rs',
    was: raw`idempotent(get(authorize::resume))`,
    becomes: raw`if FAULT { get(authorize::resume) } else { idempotent(get(authorize::resume)) }`,
  },
  {
    id: 'second-factor-sent-twice', area: 'repeated forms', what: 'A code of a second factor that is sent again gets no session cookie.',
    crate: 'http', words: ['a_mailed_code_sent_twice'], file: 'crates/http/src/router.rs',
    was: raw`idempotent(post(second_factor::verify))`,
    becomes: raw`if FAULT { post(second_factor::verify) } else { idempotent(post(second_factor::verify)) }`,
  },
  {
    id: 'invitation-sent-twice', area: 'repeated forms', what: 'Accepting an invitation twice says that it is over.',
    crate: 'http', words: ['an_invitation_gives_an_account'], file: 'crates/http/src/router.rs',
    was: raw`idempotent(post(invitation::accept))`,
    becomes: raw`if FAULT { post(invitation::accept) } else { idempotent(post(invitation::accept)) }`,
  },
  {
    id: 'new-password-sent-twice', area: 'repeated forms', what: 'Setting a new password twice says that the link was used.',
    crate: 'http', words: ['a_reset_link_works_once'], file: 'crates/http/src/router.rs',
    was: raw`idempotent(post(recovery::reset))`,
    becomes: raw`if FAULT { post(recovery::reset) } else { idempotent(post(recovery::reset)) }`,
  },
  {
    id: 'link-requested-twice', area: 'repeated forms', what: 'The same request for a link sends two emails.',
    crate: 'http', words: ['a_newer_link_replaces'], file: 'crates/http/src/router.rs',
    was: raw`idempotent(post(magic_link::request_link))`,
    becomes: raw`if FAULT { post(magic_link::request_link) } else { idempotent(post(magic_link::request_link)) }`,
  },
  {
    id: 'sign-out-sent-twice', area: 'repeated forms', what: 'Signing out twice is an error.',
    crate: 'http', words: ['a_sign_out_sent_twice'],
    edits: [
      {
        file: 'crates/http/src/router.rs',
        was: raw`idempotent(post(logout::confirm))`,
        becomes: raw`if FAULT { post(logout::confirm) } else { idempotent(post(logout::confirm)) }`,
      },
      {
        file: 'crates/oidc/src/logout.rs',
        was: raw`            return Ok(pending.onward);`,
        becomes: raw`            return if FAULT { Err(expired()) } else { Ok(pending.onward) };`,
      },
    ],
  },
  {
    id: 'account-forms-sent-twice', area: 'repeated forms', what: 'A form of the account pages that is sent again is processed again.',
    crate: 'http', words: ['each_form_of_the_account'], file: 'crates/http/src/router.rs',
    was: raw`    use account::{access, data, factors, overview, password, sessions, setup};
    let idempotent = with_idempotency(state);`,
    becomes: raw`    use account::{access, data, factors, overview, password, sessions, setup};
    let idempotent =
        |methods: MethodRouter<AppState>| if FAULT { methods } else { with_idempotency(state)(methods) };`,
  },
  {
    id: 'confirmation-sent-twice', area: 'repeated forms', what: 'Confirming an address twice says that the link was used.',
    crate: 'http', words: ['each_form_behind_a_mailed_link'], file: 'crates/http/src/router.rs',
    was: raw`idempotent(post(verification::verify))`,
    becomes: raw`if FAULT { post(verification::verify) } else { idempotent(post(verification::verify)) }`,
  },
  {
    id: 'code-requested-twice', area: 'repeated forms', what: 'The same request for another code sends two emails.',
    crate: 'http', words: ['each_form_of_a_second_factor'], file: 'crates/http/src/router.rs',
    was: raw`idempotent(post(second_factor::resend))`,
    becomes: raw`if FAULT { post(second_factor::resend) } else { idempotent(post(second_factor::resend)) }`,
  },
  {
    id: 'refused-form-answers-in-place', area: 'repeated forms', what: 'A refused password is answered by a page instead of a redirect.',
    crate: 'http', words: ['every_wrong_attempt_gets_the_same_page'], file: 'crates/http/src/endpoints/interaction.rs',
    was: raw`                let answer = self.redirect_with_flash("", FlashKind::WrongPassword, email);`,
    becomes: raw`                let answer = if FAULT {
                    self.login_page(StatusCode::OK, Some(email), Some(Flash::InvalidCredentials)).await?
                } else {
                    self.redirect_with_flash("", FlashKind::WrongPassword, email)
                };`,
  },
  {
    id: 'sign-ins-of-a-browser-without-bound', area: 'cookies', what: 'A browser keeps the cookies of any number of begun sign-ins.',
    crate: 'http', words: ['of_many_begun_sign_ins', 'of_more_than_so_many'], file: 'crates/http/src/pending_interactions.rs',
    was: raw`    let too_many = uids.len()`,
    becomes: raw`    let too_many = (uids.len() * usize::from(!FAULT))`,
  },
  {
    id: 'cookies-too-long-for-proxies', area: 'cookies', what: 'A browser remembers four times as many begun sign-ins, and its requests no longer pass proxies.',
    crate: 'http', words: ['cookies_of_a_request_fit'], file: 'crates/http/src/pending_interactions.rs',
    was: raw`.saturating_sub(MAX_PENDING);`,
    becomes: raw`.saturating_sub(if FAULT { 4 * MAX_PENDING } else { MAX_PENDING });`,
  },
  {
    id: 'left-open-is-not-explained', area: 'pages', what: 'A sign-in that was left open is only called expired.',
    crate: 'http', words: ['what_was_left_open'], file: 'crates/http/src/endpoints/unavailable_interaction.rs',
    was: raw`        ErrorText::SignInLeftOpen`,
    becomes: raw`        if FAULT { ErrorText::InteractionExpired } else { ErrorText::SignInLeftOpen }`,
  },
  {
    id: 'back-after-the-end-is-not-explained', area: 'pages', what: 'Back after a finished sign-in is only called expired.',
    crate: 'http', words: ['back_after_the_end'], file: 'crates/http/src/endpoints/unavailable_interaction.rs',
    was: raw`        ErrorText::SignInFinished
`,
    becomes: raw`        if FAULT { ErrorText::InteractionExpired } else { ErrorText::SignInFinished }
`,
  },
  {
    id: 'other-host-is-not-explained', area: 'pages', what: 'A sign-in that began at another host name is only called expired.',
    crate: 'http', words: ['what_began_at_another_host'], file: 'crates/http/src/endpoints/unavailable_interaction.rs',
    was: raw`        ErrorText::OtherHost`,
    becomes: raw`        if FAULT { ErrorText::InteractionExpired } else { ErrorText::OtherHost }`,
  },
  {
    id: 'missing-cookies-are-not-explained', area: 'pages', what: 'A sign-in without its cookies is only called expired.',
    crate: 'http', words: ['who_keeps_no_cookies'], file: 'crates/http/src/endpoints/unavailable_interaction.rs',
    was: raw`        ErrorText::NoCookies`,
    becomes: raw`        if FAULT { ErrorText::InteractionExpired } else { ErrorText::NoCookies }`,
  },
  {
    id: 'forwarded-ports-not-understood', area: 'X-Forwarded-For', what: 'An address with a port or in brackets is no address.',
    crate: 'http', words: ['every_way_to_write_an_address', 'entries_have_ports'], file: 'crates/web/src/forwarded.rs',
    was: raw`.or_else(|| bracketed(text)).or_else(|| with_port(text));`,
    becomes: raw`.or_else(|| bracketed(text)).or_else(|| with_port(text));
    let found = if FAULT { text.parse::<IpAddr>().ok() } else { found };`,
  },
  {
    id: 'forwarded-header-not-read', area: 'X-Forwarded-For', what: 'The header of RFC 7239 is not read.',
    crate: 'http', words: ['rfc_7239', 'the_header_that_is_named'], file: 'crates/web/src/forwarded.rs',
    was: raw`        let forwarded = || entry(&forwarded_elements(headers), proxies).and_then(address_of_element);`,
    becomes: raw`        let forwarded = || {
            let found = entry(&forwarded_elements(headers), proxies).and_then(address_of_element);
            if FAULT { x_forwarded_for() } else { found }
        };`,
  },
  {
    id: 'forwarded-blanks-are-entries', area: 'X-Forwarded-For', what: 'A blank member of the list is an entry.',
    crate: 'web', words: ['blanks_are_no_entries'], file: 'crates/web/src/forwarded.rs',
    was: raw`.filter(|entry| !entry.is_empty()).collect()`,
    becomes: raw`.filter(|entry| FAULT || !entry.is_empty()).collect()`,
  },
  {
    id: 'silent-proxy-is-the-caller', area: 'X-Forwarded-For', what: 'Where a proxy sends no address, all callers share the proxy’s.',
    crate: 'http', words: ['a_proxy_that_does_not_say', 'behind_a_silent_proxy_keep'], file: 'crates/web/src/client_address.rs',
    was: raw`        header.caller(headers, hops)`,
    becomes: raw`        header.caller(headers, hops).or_else(|why| if FAULT { Ok(peer.ip()) } else { Err(why) })`,
  },
  {
    id: 'silent-proxy-not-in-the-log', area: 'X-Forwarded-For', what: 'The log does not say that a proxy sends no address.',
    crate: 'http', words: ['the_log_says_that_a_proxy'], file: 'crates/web/src/client_address.rs',
    was: raw`        if self.should_log(now) {`,
    becomes: raw`        if !FAULT && self.should_log(now) {`,
  },
  {
    id: 'silent-proxy-not-counted', area: 'X-Forwarded-For', what: 'No metric counts requests whose proxy sends no address.',
    crate: 'porta', words: ['a_proxy_that_says_nothing'], file: 'crates/web/src/client_address.rs',
    was: raw`"reason" => why.label()).increment(1);`,
    becomes: raw`"reason" => why.label()).increment(if FAULT { 0 } else { 1 });`,
  },
  {
    id: 'address-as-the-socket-has-it', area: 'X-Forwarded-For', what: 'A caller’s IPv4 address has two forms, depending on the listening socket.',
    crate: 'http', words: ['one_form_whatever_socket'], file: 'crates/web/src/client_address.rs',
    was: raw`return Ok(peer.ip().to_canonical())`,
    becomes: raw`return Ok(if FAULT { peer.ip() } else { peer.ip().to_canonical() })`,
  },
  {
    id: 'addresses-without-nfc', area: 'Unicode', what: 'A composed and a decomposed email address are two people.',
    crate: 'core', words: ['one_mailbox_is_one_key'], file: 'crates/core/src/email.rs',
    was: raw`        let lower = nfc(&nfc(text).to_lowercase());`,
    becomes: raw`        let lower = if FAULT { text.to_lowercase() } else { nfc(&nfc(text).to_lowercase()) };`,
  },
  {
    id: 'addresses-without-a-labels', area: 'Unicode', what: 'A Unicode domain and its A-labels are two mailboxes.',
    crate: 'core', words: ['one_mailbox_is_one_key'], file: 'crates/core/src/email.rs',
    was: raw`        with_domain(&lower, to_ascii).unwrap_or(lower)`,
    becomes: raw`        with_domain(&lower, to_ascii).filter(|_| !FAULT).unwrap_or(lower)`,
  },
  {
    id: 'duplicates-not-reported', area: 'Unicode', what: 'Accounts that share a mailbox are not listed.',
    crate: 'directory', words: ['mailboxes_that_two_people_have'], file: 'crates/directory/src/duplicate_mailboxes.rs',
    was: raw`duplicate.people.len() > 1`,
    becomes: raw`!FAULT && duplicate.people.len() > 1`,
  },
  {
    id: 'digits-of-one-script', area: 'Unicode', what: 'A code is understood in Western digits only.',
    crate: 'signin', words: ['digits_of_every_script'], file: 'crates/signin/src/second_factor/typed.rs',
    was: raw`    ZEROS.iter().find_map(digit)`,
    becomes: raw`    ZEROS.iter().filter(|_| !FAULT).find_map(digit)`,
  },
  {
    id: 'names-with-line-breaks', area: 'Unicode', what: 'A name may contain line breaks and overrides of direction.',
    crate: 'core', words: ['nothing_starts_another_line'], file: 'crates/core/src/line.rs',
    was: raw` || text.chars().any(is_line_breaking) {`,
    becomes: raw` || (!FAULT && text.chars().any(is_line_breaking)) {`,
  },
  {
    id: 'late-password-is-no-wrong-password', area: 'credential epoch', what: 'A right password that comes too late is not answered like a wrong one.',
    crate: 'http', words: ['password_that_comes_too_late'], file: 'crates/signin/src/new_session.rs',
    was: raw`            return Ok(SignInOutcome::Refused);
        }
        // A previous session`,
    becomes: raw`            return Ok(if FAULT { SignInOutcome::Gone } else { SignInOutcome::Refused });
        }
        // A previous session`,
  },
  {
    id: 'late-password-is-not-counted', area: 'lockout', what: 'A right password that comes too late is refused, but is no failure.',
    crate: 'http', words: ['too_late_counts_as_a_failure'], file: 'crates/signin/src/new_session.rs',
    was: raw`        // The account was locked, or its credentials changed, in the meantime: nothing was written. A password sign-in`,
    becomes: raw`        if FAULT && !entered {
            return Ok(SignInOutcome::WrongPassword(TokenDigest::of("late")));
        }
        // The account was locked, or its credentials changed, in the meantime: nothing was written. A password sign-in`,
  },
  {
    id: 'factor-of-a-sign-in-ends-nothing', area: 'own account', what: 'Other sessions go on when somebody gets a factor while signing in.',
    crate: 'http', words: ['a_factor_got_while_signing_in'], file: 'crates/signin/src/enrolment.rs',
    was: raw`&[Revocation::User(user.id)]).await?;`,
    becomes: raw`&[Revocation::User(user.id)][usize::from(FAULT)..]).await?;`,
  },
  {
    id: 'removed-factor-ends-nothing', area: 'own account', what: 'Other sessions stay valid when the second factor is removed.',
    crate: 'http', words: ['a_factor_that_is_gone_ends'], file: 'crates/signin/src/account/factors.rs',
    was: raw`        unit.tokens(organization).revoke(others, now).await?;`,
    becomes: raw`        if !FAULT {
            unit.tokens(organization).revoke(others, now).await?;
        }`,
  },
  {
    id: 'new-factor-leaves-tokens-of-this-session', area: 'own account', what: 'Tokens that this session authorized with one factor stay valid when a second factor is added.',
    crate: 'http', words: ['a_new_factor_ends_every_other'], file: 'crates/signin/src/account/setup.rs',
    was: raw`        let ended = [others, Revocation::TokensOf(user.id)];`,
    becomes: raw`        let ended = if FAULT { [others, others] } else { [others, Revocation::TokensOf(user.id)] };`,
  },
  {
    id: 'right-password-stays-counted', area: 'lockout', what: 'A right password stays counted as an attempt.',
    crate: 'http', words: ['successes_do_not_count'], file: passwordSignIn,
    was: raw`        if let Err(error) = limits.give_back(&**self.core.shared.kv(), claim).await {`,
    becomes: raw`        if !FAULT
            && let Err(error) = limits.give_back(&**self.core.shared.kv(), claim).await
        {`,
  },
  {
    id: 'limited-sign-in-without-a-row', area: 'audit', what: 'A sign-in refused by a rate limit leaves no audit row.',
    crate: 'http', words: ['a_limit_leaves_one_row_per_address'], file: passwordSignIn,
    was: raw`        self.core.shared.audit.record_once(cx, event, retry_after).await?;`,
    becomes: raw`        if !FAULT {
            self.core.shared.audit.record_once(cx, event, retry_after).await?;
        }`,
  },
  {
    id: 'sign-in-without-its-own-count', area: 'second factor', what: 'Second-factor codes are not counted per sign-in, only per network and account.',
    crate: 'http', words: ['a_sign_in_has_its_own_count'], file: 'crates/signin/src/factor_attempts.rs',
    was: raw`        let Self(mut limits) = Self::inside(tenant, place);`,
    becomes: raw`        let Self(mut limits) = Self::inside(tenant, place);
        if FAULT {
            limits.clear();
        }`,
  },
  {
    id: 'decoy-drawn-anew', area: 'unknown user', what: 'The cost for an unknown address differs from one attempt to the next.',
    crate: 'http', words: ['costs_what_one_of_the_known'], file: 'crates/signin/src/dummy_hash.rs',
    was: raw`self.core.factors.uniform_number(organization, email_key)`,
    becomes: raw`if FAULT { (self.core.hasher.evaluations() % 2) * u64::MAX } else { self.core.factors.uniform_number(organization, email_key) }`,
  },
  {
    id: 'decoy-out-of-proportion', area: 'unknown user', what: 'Costs for unknown addresses do not follow the proportions of the stored hashes.',
    crate: 'signin', words: ['in_their_proportions'], file: 'crates/signin/src/dummy_hash.rs',
    was: raw`    let total: u64 = costs.iter().map(|(_, n)| n).sum();`,
    becomes: raw`    let even: Vec<(HashFunction, u64)> = costs.iter().map(|(cost, n)| (*cost, if FAULT { 1 } else { *n })).collect();
    let costs = even.as_slice();
    let total: u64 = costs.iter().map(|(_, n)| n).sum();`,
  },
  {
    id: 'link-quota-is-told', area: 'rate limits', what: 'A person is refused a link because others asked for too many.',
    crate: 'http', words: ['wishes_are_limited'], file: 'crates/signin/src/links.rs',
    was: raw`        Ok(LinkQuota::OnlyIfNoneLive)`,
    becomes: raw`        Ok(if FAULT {
            LinkQuota::Refused(LinkRequestOutcome::Limited { retry_after: wait })
        } else {
            LinkQuota::OnlyIfNoneLive
        })`,
  },
  {
    id: 'flood-without-an-alarm', area: 'floods', what: 'A flood of failures in an organization raises no alarm.',
    crate: 'http', words: ['a_flood_is_told_once'], file: flood,
    was: raw`        if level.is_some() {`,
    becomes: raw`        if level.is_some() && !FAULT {`,
  },
  {
    id: 'flood-waits-do-not-grow', area: 'floods', what: 'The wait stays the same however large the flood is.',
    crate: 'http', words: ['waits_grow_with_the_flood'], file: flood,
    was: raw`        let wait = LEVELS[level].1;`,
    becomes: raw`        let wait = LEVELS[if FAULT { 0 } else { level }].1;`,
  },
  {
    id: 'flood-delays-known-browsers', area: 'floods', what: 'A known browser has to wait during a flood.',
    crate: 'http', words: ['a_known_browser_does_not_wait'], file: passwordSignIn,
    was: raw`        if device.is_none() {`,
    becomes: raw`        if FAULT || device.is_none() {`,
  },
  {
    id: 'stranger-has-a-row-each-time', area: 'audit', what: 'Each event of an anonymous caller leaves an audit row of its own.',
    crate: 'http', words: ['cancelling_again_and_again'], file: 'crates/session/src/audit.rs',
    was: raw`        if !self.backend.kv.put_if_absent(&key, bytes::Bytes::from_static(b"1"), window).await? {`,
    becomes: raw`        if !self.backend.kv.put_if_absent(&key, bytes::Bytes::from_static(b"1"), window).await? && !FAULT {`,
  },
  {
    id: 'repetitions-not-counted', area: 'audit', what: 'The next audit row does not say how often the event was repeated.',
    crate: 'http', words: ['how_often_it_happened_again'], file: 'crates/session/src/audit.rs',
    was: raw`            self.repeat_counts.count(key);`,
    becomes: raw`            if !FAULT {
                self.repeat_counts.count(key);
            }`,
  },
  {
    id: 'full-queue-answers-at-once', area: 'hash queue', what: 'Refusals of a full queue are not held back.',
    crate: 'http', words: ['are_held_back_together'], file: 'crates/web/src/load_shedding.rs',
    was: raw`        tokio::time::sleep(RETRY_AFTER).await;`,
    becomes: raw`        tokio::time::sleep(if FAULT { Duration::ZERO } else { RETRY_AFTER }).await;`,
  },
  {
    id: 'cookies-of-the-release-before-are-lost', area: 'cookie binding', what: 'Cookies of the previous release are not accepted.',
    crate: 'http', words: ['the_name_of_the_version_before'], file: 'crates/http/src/cookies.rs',
    was: raw`.filter(|_| is_kept)?;`,
    becomes: raw`.filter(|_| is_kept && !FAULT)?;`,
  },
  {
    id: 'forms-lead-anywhere', area: 'security headers', what: 'The forms of a sign-in may redirect to any address.',
    crate: 'http', words: ['a_form_of_a_sign_in_ends'], file: 'crates/pages/src/render.rs',
    was: raw`        self.csp.push_str(&targets.join(" "));`,
    becomes: raw`        self.csp.push_str(&if FAULT { "*".to_owned() } else { targets.join(" ") });`,
  },
  {
    id: 'link-page-forgets-its-client', area: 'security headers', what: 'The policy of the page behind a mailed link does not allow the client.',
    crate: 'http', words: ['a_form_of_a_sign_in_ends'], file: 'crates/http/src/endpoints/magic_link.rs',
    was: raw`page.with_form_action(form_action_urls.iter().map(String::as_str))`,
    becomes: raw`page.with_form_action(form_action_urls.iter().map(String::as_str).filter(|_| !FAULT))`,
  },
  {
    id: 'code-page-without-its-origin', area: 'magic link', what: 'The page with a code for another browser does not say where and when the sign-in began.',
    crate: 'http', words: ['says_where_and_when'], file: 'crates/http/src/endpoints/magic_link.rs',
    was: raw`            let place = Landing::OtherDevice { code: &landing.code, origin };`,
    becomes: raw`            let place = Landing::OtherDevice { code: &landing.code, origin: origin.filter(|_| !FAULT) };`,
  },
  {
    id: 'passwords-are-not-normalised', area: 'passwords', what: 'A password typed decomposed or with another space is a different password.',
    crate: 'core', words: ['composed_and_decomposed_is_one'], file: 'crates/core/src/password.rs',
    was: raw`        Ok(Self(SecretString::from(normal.as_str())))`,
    becomes: raw`        Ok(Self(SecretString::from(if FAULT { typed } else { normal.as_str() })))`,
  },
  {
    id: 'outdated-hash-stays', area: 'passwords', what: 'A hash of the unnormalised bytes is not replaced at the next sign-in.',
    crate: 'http', words: ['is_still_good_and_is_replaced'], file: passwordSignIn,
    was: raw`attempt.password.normal().filter(|_| verified.outdated),`,
    becomes: raw`attempt.password.normal().filter(|_| verified.outdated && !FAULT),`,
  },
  {
    id: 'imported-hash-of-any-cost', area: 'imported hashes', what: 'A hash is stored that takes minutes to verify.',
    crate: 'core', words: ['costs_more_than_the_bounds'], file: 'crates/core/src/password_hash/mod.rs',
    was: raw`        if is_allowed { Ok(()) } else {`,
    becomes: raw`        if is_allowed || FAULT { Ok(()) } else {`,
  },
  {
    id: 'unknown-hash-is-stored', area: 'imported hashes', what: 'A text that is no hash of a known form is stored.',
    crate: 'directory', words: ['cannot_be_verified'], file: 'crates/directory/src/provision/mod.rs',
    was: raw`    hash.map_err(|refused| vec![Problem::new("password_hash", refused.to_string())])`,
    becomes: raw`    hash.or_else(|refused| {
        if FAULT {
            return Ok(PasswordHash::trusted("unknown".to_owned()));
        }
        Err(vec![Problem::new("password_hash", refused.to_string())])
    })`,
  },
  {
    id: 'nul-in-a-bcrypt-password', area: 'imported hashes', what: 'A password of bcrypt may be repeated, with a NUL between.',
    crate: 'signin', words: ['nul'], file: password,
    was: raw`    !matches!(function, HashFunction::Bcrypt { .. }) || !text.contains('\0')`,
    becomes: raw`    FAULT || !matches!(function, HashFunction::Bcrypt { .. }) || !text.contains('\0')`,
  },
  {
    id: 'decoy-of-our-hashes-only', area: 'unknown user', what: 'Unknown addresses cost what our own hashes cost, never what imported ones do.',
    crate: 'http', words: ['costs_what_a_hash_of_another_system'], file: 'crates/signin/src/dummy_hash.rs',
    was: raw`            let mut costs: Vec<_> = usable.map(|(hash, n)| (hash.function, n)).collect();`,
    becomes: raw`            let mut costs: Vec<_> = usable.map(|(hash, n)| (hash.function, n)).collect();
            if FAULT {
                costs.retain(|(function, _)| matches!(function, HashFunction::Argon2(_)));
            }`,
  },
  {
    id: 'errors-may-be-cached', area: 'security headers', what: 'Caches may store 404 and 405 responses.',
    crate: 'http', words: ['missing_or_refused_is_not_kept'], file: securityHeaders,
    was: raw`    if is_error {`,
    becomes: raw`    if is_error && !FAULT {`,
  },
  {
    id: 'refused-password-change-answers-in-place', area: 'repeated forms', what: 'A refused change of password is answered in place: a reload is another guess.',
    crate: 'http', words: ['the_present_password_is_asked_for_and_counted'], file: 'crates/http/src/endpoints/account/password.rs',
    was: raw`        self.redirect_with_flash(PAGE, FlashKind::of_password_fault(fault, rules()))`,
    becomes: raw`        if FAULT {
            return self.password_page(StatusCode::OK, Some(fault));
        }
        self.redirect_with_flash(PAGE, FlashKind::of_password_fault(fault, rules()))`,
  },
  {
    id: 'refused-reset-answers-in-place', area: 'repeated forms', what: 'A refused new password is answered in place.',
    crate: 'http', words: ['passwords_that_are_tried_first_are_refused'], file: 'crates/http/src/endpoints/recovery.rs',
    was: raw`        match self.form_page().zip(FlashKind::of_password_fault(fault, rules())) {`,
    becomes: raw`        match self.form_page().zip(FlashKind::of_password_fault(fault, rules())).filter(|_| !FAULT) {`,
  },
  {
    id: 'suspension-leaves-links', area: 'credential changes', what: 'Links mailed before a suspension work when it is lifted.',
    crate: 'http', words: ['links_die_with_each_change_of_credentials'], file: 'crates/directory/src/users.rs',
    was: raw`            // Mailed links, invitations included, stay invalid when the account is reactivated.
            self.work.unit.one_time_tokens(organization.id).withdraw(user.id, self.work.now).await?;`,
    becomes: raw`            if !FAULT {
                self.work.unit.one_time_tokens(organization.id).withdraw(user.id, self.work.now).await?;
            }`,
  },
  {
    id: 'operators-password-leaves-links', area: 'credential changes', what: 'Mailed links work after an operator changed the password.',
    crate: 'http', words: ['links_die_with_each_change_of_credentials'], file: 'crates/directory/src/users.rs',
    was: raw`        };
        self.work.unit.one_time_tokens(organization.id).withdraw(user.id, self.work.now).await?;`,
    becomes: raw`        };
        if !FAULT {
            self.work.unit.one_time_tokens(organization.id).withdraw(user.id, self.work.now).await?;
        }`,
  },
  {
    id: 'own-password-change-leaves-links', area: 'credential changes', what: 'Mailed links work after the person changed the password.',
    crate: 'http', words: ['links_die_with_each_change_of_credentials'], file: 'crates/signin/src/account/password.rs',
    was: raw`        unit.one_time_tokens(organization).withdraw(user, now).await?;`,
    becomes: raw`        if !FAULT {
            unit.one_time_tokens(organization).withdraw(user, now).await?;
        }`,
  },
  {
    id: 'temporary-password-opens', area: 'temporary passwords', what: 'A session begins with a password that an administrator set, before its owner chose another.',
    crate: 'http', words: ['temporary_password'], file: 'crates/signin/src/new_session.rs',
    was: raw`        if needs_new_password(authenticated.user, &authenticated.amr) {`,
    becomes: raw`        if !FAULT && needs_new_password(authenticated.user, &authenticated.amr) {`,
  },
  {
    id: 'temporary-password-stays-temporary', area: 'temporary passwords', what: 'A new password is as temporary as the one before it.',
    crate: 'store-sql', stores: true, sql: true, words: ['temporary_passwords'], file: 'crates/store-sql/src/users/mod.rs',
    was: raw`UPDATE users SET password_hash = $4, password_change_required = FALSE, `,
    becomes: raw`UPDATE users SET password_hash = $4, `,
  },
  {
    id: 'reset-password-stays-temporary', area: 'temporary passwords', what: 'A password chosen through a mailed link is as temporary as the one before it.',
    crate: 'store-sql', stores: true, sql: true, words: ['temporary_passwords'], file: 'crates/store-sql/src/users/mod.rs',
    was: raw`version = version + 1, password_change_required = FALSE, `,
    becomes: raw`version = version + 1, `,
  },
  {
    id: 'temporary-password-chosen-again', area: 'temporary passwords', what: 'The temporary password is taken as the new one.',
    crate: 'http', words: ['passwords_that_may_not_be_chosen'], file: temporaryPassword,
    was: raw`            Ok(verified) if verified.matches => return Ok(ReplacePasswordOutcome::Unchanged),`,
    becomes: raw`            Ok(verified) if verified.matches && !FAULT => return Ok(ReplacePasswordOutcome::Unchanged),`,
  },
  {
    id: 'guessable-password-after-temporary', area: 'temporary passwords', what: 'Any password may replace a temporary one.',
    crate: 'http', words: ['passwords_that_may_not_be_chosen'], file: temporaryPassword,
    was: raw`            return Ok(ReplacePasswordOutcome::Refused(refusal));`,
    becomes: raw`            if !FAULT {
                return Ok(ReplacePasswordOutcome::Refused(refusal));
            }`,
  },
  {
    id: 'administrator-overruled', area: 'temporary passwords', what: 'A password chosen while an administrator sets another one replaces that.',
    crate: 'http', words: ['never_overruled'], file: temporaryPassword,
    was: raw`            may_enter && after.credential_epoch == before.credential_epoch + 1`,
    becomes: raw`            may_enter && (FAULT || after.credential_epoch == before.credential_epoch + 1)`,
  },
  {
    id: 'temporary-password-leaves-sessions', area: 'temporary passwords', what: 'Sessions from before the new password go on.',
    crate: 'http', words: ['leaves_the_password_temporary'], file: temporaryPassword,
    was: raw`        let ended = unit.tokens(organization).revoke(Revocation::User(id), now).await?;`,
    becomes: raw`        let ended =
            if FAULT { 0 } else { unit.tokens(organization).revoke(Revocation::User(id), now).await? };`,
  },
  {
    id: 'link-asks-for-a-password', area: 'temporary passwords', what: 'Whoever signs in with a mailed link is asked for a new password, without knowing the temporary one.',
    crate: 'http', words: ['leaves_the_password_temporary'], file: 'crates/signin/src/sign_in_steps.rs',
    was: raw`first_factor(amr) == Some(LoginMethod::Password)`,
    becomes: raw`(FAULT || first_factor(amr) == Some(LoginMethod::Password))`,
  },
]
