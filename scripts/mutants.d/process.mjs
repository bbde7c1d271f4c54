// Faults in operation: mail, provisioning, settings, keys, configuration, start and stop.

const raw = String.raw
const directory = 'crates/directory/src'

export default [
  {
    id: 'letter-not-tried-again', area: 'outbox', what: 'A letter that failed once is given up.',
    crate: 'mail', words: ['worker', 'again'], file: 'crates/mail/src/worker.rs',
    was: raw`        let is_ours = if will_retry {`,
    becomes: raw`        let is_ours = if will_retry && !FAULT {`,
  },
  {
    id: 'letter-tried-for-ever', area: 'outbox', what: 'A letter is tried for ever.',
    crate: 'mail', words: ['worker', 'day'], file: 'crates/mail/src/worker.rs',
    was: raw`is_some_and(|until| retry_at < until);`,
    becomes: raw`is_some_and(|until| FAULT || retry_at < until);`,
  },
  {
    id: 'letter-not-written-down', area: 'outbox', what: 'A letter that was sent stays due and is sent again.',
    crate: 'mail', words: ['worker', 'once'], file: 'crates/mail/src/worker.rs',
    was: raw`        if unit.outbox().deliver(claim.id, now).await? {`,
    becomes: raw`        if FAULT || unit.outbox().deliver(claim.id, now).await? {`,
  },
  {
    id: 'mail-of-a-suspended-organization', area: 'suspended organization', what: 'Mail goes out in the name of a suspended organization.',
    crate: 'mail', words: ['worker', 'suspended'], file: 'crates/mail/src/worker.rs',
    was: raw`            Ok(Some(organization)) if organization.status == OrganizationStatus::Active => organization,`,
    becomes: raw`            Ok(Some(organization)) if FAULT || organization.status == OrganizationStatus::Active => organization,`,
  },
  {
    id: 'mail-without-tls', area: 'mail', what: 'Mail goes out in clear although TLS is required.',
    crate: 'mail', words: ['smtp'], file: 'crates/mail/src/connection.rs',
    was: raw`            Security::StartTls => true,`,
    becomes: raw`            Security::StartTls => !FAULT || connection.can_starttls(),`,
  },
  {
    id: 'change-without-its-row', area: 'audit', what: 'A change of an operator leaves no audit row.',
    crate: 'directory', words: ['audit'], file: raw`${directory}/work.rs`,
    was: raw`        self.unit.audit().record(&event).await?;`,
    becomes: raw`        if !FAULT {
            self.unit.audit().record(&event).await?;
        }`,
  },
  {
    id: 'instances-not-told', area: 'caches', what: 'Other instances are not told of a change.',
    crate: 'directory', words: ['elsewhere', 'everywhere', 'tell', 'end', 'audit'], file: raw`${directory}/work.rs`,
    was: raw`        if !self.changes.is_empty() {`,
    becomes: raw`        if !FAULT && !self.changes.is_empty() {`,
  },
  {
    id: 'key-signs-before-it-is-known', area: 'key rotation', what: 'A key signs before every verifier can know it.',
    crate: 'directory', words: ['key'], file: raw`${directory}/keys.rs`,
    was: raw`        if self.now < known_from {`,
    becomes: raw`        if !FAULT && self.now < known_from {`,
  },
  {
    id: 'retired-key-leaves-early', area: 'key rotation', what: 'A retired key leaves before the last token it signed is over.',
    crate: 'directory', words: ['key'], file: raw`${directory}/keys.rs`,
    was: raw`        let retired_until = self.now + self.longest_token_lifetime(organization).await?;`,
    becomes: raw`        let lifetime = self.longest_token_lifetime(organization).await?;
        let retired_until = self.now + if FAULT { lifetime / 2 } else { lifetime };`,
  },
  {
    id: 'dry-run-stands', area: 'provisioning', what: 'A dry run changes something.',
    crate: 'directory', words: ['provision', 'dry'], file: raw`${directory}/provision/mod.rs`,
    was: raw`        report.applied = !options.dry_run && (`,
    becomes: raw`        report.applied = (FAULT || !options.dry_run) && (`,
  },
  {
    id: 'secret-added-each-time', area: 'provisioning', what: 'Each run of the same file gives a client the same secret once more.',
    crate: 'directory', words: ['provision', 'second', 'secret', 'again'], file: raw`${directory}/clients/secrets.rs`,
    was: raw`        Ok(secrets.iter().any(|s| s.is_usable(now)`,
    becomes: raw`        Ok(!FAULT && secrets.iter().any(|s| s.is_usable(now)`,
  },
  {
    id: 'runs-side-by-side', area: 'provisioning', what: 'Two runs of the same file at once make things twice.',
    crate: 'directory', stores: true, words: ['provision', 'once'], file: raw`${directory}/provision/mod.rs`,
    was: raw`        one_run_at_a_time(&mut work).await?;`,
    becomes: raw`        if !FAULT {
            one_run_at_a_time(&mut work).await?;
        }`,
  },
  {
    id: 'setting-out-of-bounds', area: 'settings', what: 'A setting takes any number.',
    crate: 'core', words: ['setting', 'bound', 'minimum', 'check'], file: 'crates/core/src/settings.rs',
    was: raw`        if !(self.minimum..=self.maximum).contains(&number) {`,
    becomes: raw`        if !FAULT && !(self.minimum..=self.maximum).contains(&number) {`,
  },
  {
    id: 'platform-setting-for-one', area: 'settings', what: 'An organization sets what is the platform’s.',
    crate: 'directory', words: ['setting'], file: raw`${directory}/settings.rs`,
    was: raw`        if organization.is_some() && !definition.per_organization {`,
    becomes: raw`        if !FAULT && organization.is_some() && !definition.per_organization {`,
  },
  {
    id: 'sealed-for-any-row', area: 'encryption at rest', what: 'What was sealed for one row opens in another.',
    crate: 'core', words: ['seal'],
    edits: [
      {
        file: 'crates/core/src/seal.rs',
        was: raw`                Aad::from(identity.as_bytes()),
                &mut body,`,
        becomes: raw`                Aad::from(if FAULT { &[][..] } else { identity.as_bytes() }),
                &mut body,`,
      },
      {
        file: 'crates/core/src/seal.rs',
        was: raw`Aad::from(identity.as_bytes()), &mut body)`,
        becomes: raw`Aad::from(if FAULT { &[][..] } else { identity.as_bytes() }), &mut body)`,
      },
    ],
  },
  {
    id: 'placeholder-in-production', area: 'configuration', what: 'Production starts with a cookie key from the documentation.',
    crate: 'config', words: [], file: 'crates/config/src/safety.rs',
    was: raw`        } else if PUBLISHED_KEYS.contains(&key.to_ascii_lowercase().as_str()) {`,
    becomes: raw`        } else if !FAULT && PUBLISHED_KEYS.contains(&key.to_ascii_lowercase().as_str()) {`,
  },
  {
    id: 'ready-without-redis', area: 'readiness', what: 'A process is ready while its Redis is away.',
    crate: 'porta', words: ['ready'], file: 'crates/porta/src/runtime/probes.rs',
    was: raw`ReadyReport { database, redis, process`,
    becomes: raw`ReadyReport { database, redis: redis.filter(|_| !FAULT), process`,
  },
  {
    id: 'ready-while-draining', area: 'drain', what: 'A process that was told to stop still says that it is ready.',
    crate: 'porta', words: ['stop', 'drain', 'serve', 'ready'], file: 'crates/porta/src/serve.rs',
    was: raw`        probes.drain();`,
    becomes: raw`        if !FAULT {
            probes.drain();
        }`,
  },
  {
    id: 'door-closed-at-once', area: 'drain', what: 'A process that was told to stop lets nobody in while it drains.',
    crate: 'porta', words: ['stop', 'drain', 'serve'], file: 'crates/porta/src/serve.rs',
    was: raw`        tokio::time::sleep(drain).await;`,
    becomes: raw`        if !FAULT {
            tokio::time::sleep(drain).await;
        }`,
  },
  {
    id: 'requests-cut-off', area: 'drain', what: 'Requests under way are cut off when the door closes.',
    crate: 'porta', words: ['stop', 'listen', 'request', 'end'], file: 'crates/porta/src/runtime/listen.rs',
    was: raw`    if timeout(grace / 2, &mut ends).await.is_ok() {`,
    becomes: raw`    if FAULT || timeout(grace / 2, &mut ends).await.is_ok() {`,
  },
  {
    id: 'libraries-in-the-log', area: 'redaction', what: 'Libraries write their debug lines, with statements and headers, into the log.',
    crate: 'porta', words: ['log'], file: 'crates/porta/src/runtime/log.rs',
    was: raw`    let ours = Targets::new().with_default(level.min(LevelFilter::WARN))`,
    becomes: raw`    let ours = Targets::new().with_default(if FAULT { level } else { level.min(LevelFilter::WARN) })`,
  },
  {
    id: 'refused-body-is-reset', area: 'proxies', what: 'A connection is closed while a body that nobody reads still comes.',
    crate: 'porta', words: ['listen', 'linger'], file: 'crates/porta/src/runtime/linger.rs',
    was: raw`        if !this.is_for_nothing() {`,
    becomes: raw`        if !FAULT && !this.is_for_nothing() {`,
  },
  {
    id: 'refused-body-for-ever', area: 'proxies', what: 'Who sends a body that nobody reads byte by byte is never cut.',
    crate: 'porta', words: ['listen', 'linger'], file: 'crates/porta/src/runtime/linger.rs',
    was: raw`        if lingering.end.as_mut().poll(context).is_ready() {`,
    becomes: raw`        if !FAULT && lingering.end.as_mut().poll(context).is_ready() {`,
  },
  {
    id: 'small-body-ends-the-connection', area: 'proxies', what: 'A small body that was not read costs its connection.',
    crate: 'porta', words: ['listen', 'unread'], file: 'crates/porta/src/runtime/unread.rs',
    was: raw`        if !self.is_little() {`,
    becomes: raw`        if FAULT || !self.is_little() {`,
  },
  {
    id: 'one-stranger-takes-all', area: 'connections', what: 'One address may have every connection.',
    crate: 'porta', words: ['listen', 'peers'], file: 'crates/porta/src/runtime/peers.rs',
    was: raw`        if of_this_one >= self.of_one {`,
    becomes: raw`        if !FAULT && of_this_one >= self.of_one {`,
  },
  {
    id: 'headers-byte-by-byte', area: 'connections', what: 'Headers may take for ever, byte by byte.',
    crate: 'porta', words: ['heard'], file: 'crates/porta/src/runtime/heard.rs',
    was: raw`                this.deadline.get_or_insert_with(|| Box::pin(sleep(this.limit)));`,
    becomes: raw`                if FAULT {
                    this.deadline = None;
                }
                this.deadline.get_or_insert_with(|| Box::pin(sleep(this.limit)));`,
  },
  {
    id: 'every-peer-is-believed', area: 'configuration', what: 'In production everybody may write the address that limits see.',
    crate: 'config', words: [], file: 'crates/config/src/safety.rs',
    was: raw`        let message = if networks.is_empty() {`,
    becomes: raw`        let message = if !FAULT && networks.is_empty() {`,
  },
  {
    id: 'mail-in-clear', area: 'configuration', what: 'In production mail goes in clear when the offer to encrypt was taken out.',
    crate: 'config', words: [], file: 'crates/config/src/smtp.rs',
    was: raw`            SmtpTls::Auto if environment.is_production() => SmtpTls::Required,`,
    becomes: raw`            SmtpTls::Auto if !FAULT && environment.is_production() => SmtpTls::Required,`,
  },
  {
    id: 'unknown-organization-by-method', area: 'tenants', what: 'The wrong method tells an unknown organization from one that is there.',
    crate: 'http', words: ['method', 'unknown'], file: 'crates/http/src/tenancy.rs',
    was: raw`        if !slug(parts, state).await?.is_empty() {`,
    becomes: raw`        if !FAULT && !slug(parts, state).await?.is_empty() {`,
  },
]
