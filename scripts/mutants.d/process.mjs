// Faults in operation: mail, provisioning, settings, keys, configuration, start and stop.

const raw = String.raw
const directory = 'crates/directory/src'

export default [
  {
    id: 'email-not-tried-again', area: 'outbox', what: 'An email that failed once is given up.',
    crate: 'mail', words: ['worker', 'again'], file: 'crates/outbox/src/worker.rs',
    was: raw`        let is_ours = if will_retry {`,
    becomes: raw`        let is_ours = if will_retry && !FAULT {`,
  },
  {
    id: 'email-tried-for-ever', area: 'outbox', what: 'An email is tried for ever.',
    crate: 'mail', words: ['worker', 'day'], file: 'crates/outbox/src/worker.rs',
    was: raw`is_some_and(|until| retry_at < until);`,
    becomes: raw`is_some_and(|until| FAULT || retry_at < until);`,
  },
  {
    id: 'email-not-written-down', area: 'outbox', what: 'An email that was sent stays due and is sent again.',
    crate: 'mail', words: ['worker', 'once'], file: 'crates/outbox/src/worker.rs',
    was: raw`        if unit.outbox().deliver(claim.id, event.created_at).await? {`,
    becomes: raw`        if FAULT || unit.outbox().deliver(claim.id, event.created_at).await? {`,
  },
  {
    id: 'relay-stops-every-kind', area: 'outbox', what: 'While the mail relay is away, no other kind of item is executed.',
    crate: 'mail', words: ['holds_up_mail_only'], file: 'crates/outbox/src/worker.rs',
    was: raw`            let kinds = self.available_kinds();`,
    becomes: raw`            let kinds = if FAULT && !waiting.is_empty() { Vec::new() } else { self.available_kinds() };`,
  },
  {
    id: 'mail-of-a-suspended-organization', area: 'suspended organization', what: 'Mail goes out in the name of a suspended organization.',
    crate: 'mail', words: ['worker', 'suspended'], file: 'crates/mail/src/handler.rs',
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
    crate: 'directory', words: ['audit'], file: raw`${directory}/transaction.rs`,
    was: raw`        self.unit.audit().record(&event).await?;`,
    becomes: raw`        if !FAULT {
            self.unit.audit().record(&event).await?;
        }`,
  },
  {
    id: 'instances-not-told', area: 'caches', what: 'Other instances are not told of a change.',
    crate: 'directory', words: ['elsewhere', 'everywhere', 'tell', 'end', 'audit'], file: raw`${directory}/transaction.rs`,
    was: raw`        if !self.changes.is_empty() {`,
    becomes: raw`        if !FAULT && !self.changes.is_empty() {`,
  },
  {
    id: 'key-signs-before-it-is-known', area: 'key rotation', what: 'A key signs before every verifier can know it.',
    crate: 'directory', words: ['key'], file: raw`${directory}/keys.rs`,
    was: raw`        if urgency == Urgency::Emergency || self.work.now >= known_from {`,
    becomes: raw`        if FAULT || urgency == Urgency::Emergency || self.work.now >= known_from {`,
  },
  {
    id: 'retired-key-leaves-early', area: 'key rotation', what: 'A retired key leaves before the last token it signed is over.',
    crate: 'directory', words: ['key'], file: raw`${directory}/keys.rs`,
    was: raw`        let retired_until = self.work.now + self.longest_token_lifetime(organization).await?;`,
    becomes: raw`        let lifetime = self.longest_token_lifetime(organization).await?;
        let retired_until = self.work.now + if FAULT { lifetime / 2 } else { lifetime };`,
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
    id: 'repairs-side-by-side', area: 'administration', what: 'Two repairs of an installation at once create a client twice.',
    crate: 'directory', stores: true, words: ['repairs_at_once'], file: raw`${directory}/installation/mod.rs`,
    was: raw`            Some(application) if new.is_repair => self.begin_repair(&organization, application).await?,`,
    becomes: raw`            Some(application) if FAULT && new.is_repair => application,
            Some(application) if new.is_repair => self.begin_repair(&organization, application).await?,`,
  },
  {
    id: 'built-in-roles-are-like-others', area: 'administration', what: 'A built-in role of administration can be changed.',
    crate: 'directory', words: ['what_is_built_in_cannot_be_changed'], file: raw`${directory}/protected.rs`,
    was: raw`    if is_built_in && is_admin_application(organization, application) {`,
    becomes: raw`    if !FAULT && is_built_in && is_admin_application(organization, application) {`,
  },
  {
    id: 'tenants-roles-look-built-in', area: 'administration', what: 'A tenant creates a role that is called like a built-in one.',
    crate: 'directory', words: ['what_is_built_in_cannot_be_changed', 'a_tenants_application_of_that_name'], file: raw`${directory}/roles.rs`,
    was: raw`        if slug_of(new.slug.clone(), &new.name).starts_with(BUILT_IN_ROLE_PREFIX) {`,
    becomes: raw`        if !FAULT && slug_of(new.slug.clone(), &new.name).starts_with(BUILT_IN_ROLE_PREFIX) {`,
  },
  {
    id: 'lesser-administrator-makes-administrators', area: 'administration', what: 'Whoever may assign roles makes administrators.',
    crate: 'directory', words: ['only_a_super_admin_decides'], file: raw`${directory}/assignments.rs`,
    was: raw`        if is_admin_application(organization, &application) {`,
    becomes: raw`        if !FAULT && is_admin_application(organization, &application) {`,
  },
  {
    id: 'super-admin-user-loses-its-role', area: 'administration', what: 'The super-admin user loses the role that makes it one.',
    crate: 'directory', words: ['keeps_its_role'], file: raw`${directory}/assignments.rs`,
    was: raw`    if is_administration && is_protected {`,
    becomes: raw`    if !FAULT && is_administration && is_protected {`,
  },
  {
    id: 'role-in-use-is-deleted', area: 'administration', what: 'A role that people have is deleted without being forced.',
    crate: 'directory', words: ['deleted_by_force_only'], file: 'crates/store-sql/src/rights/deletion.rs',
    was: raw`            if counted > 0 {`,
    becomes: raw`            if !FAULT && counted > 0 {`,
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
    id: 'listener-closed-at-once', area: 'drain', what: 'A process that was told to stop lets nobody in while it drains.',
    crate: 'porta', words: ['stop', 'drain', 'serve'], file: 'crates/web/src/shutdown.rs',
    was: raw`        tokio::time::sleep(time).await;`,
    becomes: raw`        if !FAULT {
            tokio::time::sleep(time).await;
        }`,
  },
  {
    id: 'requests-cut-off', area: 'drain', what: 'Requests under way are cut off when the listener closes.',
    crate: 'web', words: ['listen::tests'], file: 'crates/web/src/listen/mod.rs',
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
    crate: 'web', words: ['listen::tests', 'lingering_close'], file: 'crates/web/src/listen/lingering_close.rs',
    was: raw`        if !this.may_skip() {`,
    becomes: raw`        if !FAULT && !this.may_skip() {`,
  },
  {
    id: 'refused-body-for-ever', area: 'proxies', what: 'Who sends a body that nobody reads byte by byte is never cut.',
    crate: 'web', words: ['listen::tests', 'lingering_close'], file: 'crates/web/src/listen/lingering_close.rs',
    was: raw`        if lingering.end.as_mut().poll(context).is_ready() {`,
    becomes: raw`        if !FAULT && lingering.end.as_mut().poll(context).is_ready() {`,
  },
  {
    id: 'small-body-ends-the-connection', area: 'proxies', what: 'A small body that was not read costs its connection.',
    crate: 'web', words: ['listen::tests', 'unread_body'], file: 'crates/web/src/listen/unread_body.rs',
    was: raw`        if !self.may_be_drained() {`,
    becomes: raw`        if FAULT || !self.may_be_drained() {`,
  },
  {
    id: 'one-stranger-takes-all', area: 'connections', what: 'One address may have every connection.',
    crate: 'web', words: ['listen::tests', 'peer_limits'], file: 'crates/web/src/listen/peer_limits.rs',
    was: raw`        if of_network >= self.max_per_network {`,
    becomes: raw`        if !FAULT && of_network >= self.max_per_network {`,
  },
  {
    id: 'half-a-head-stays', area: 'connections', what: 'A connection with half a request head stays as long as an idle one.',
    crate: 'web', words: ['half_a_request_head'], file: 'crates/web/src/listen/mod.rs',
    was: raw`            self.timeouts.headers,`,
    becomes: raw`            if FAULT { self.timeouts.keep_alive } else { self.timeouts.headers },`,
  },
  {
    id: 'headers-byte-by-byte', area: 'connections', what: 'Headers may take for ever, byte by byte.',
    crate: 'web', words: ['header_timeout'], file: 'crates/web/src/listen/header_timeout.rs',
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
  {
    id: 'password-of-a-file-is-sent', area: 'provisioning', what: 'The password in a file is sent, and not only its hash.',
    crate: 'porta', words: ['items_name_what_they_were_in'], file: 'crates/porta/src/cli/files/flatten.rs',
    was: raw`        values.remove("password");`,
    becomes: raw`        if !FAULT {
            values.remove("password");
        }`,
  },
  {
    id: 'wrong-file-is-quoted', area: 'provisioning', what: 'Messages about a wrong file show what is in it.',
    crate: 'directory', words: ['a_wrong_file_is_not_quoted'], file: raw`${directory}/provision/read.rs`,
    was: raw`    if name.len() <= 100 && name.chars().all(is_plain) { name } else { "…" }`,
    becomes: raw`    if FAULT || name.len() <= 100 && name.chars().all(is_plain) { name } else { "…" }`,
  },
  {
    id: 'bom-in-a-provisioning-file', area: 'Unicode', what: 'A file with a byte order mark is not provisioned.',
    crate: 'directory', words: ['byte_order_mark'], file: raw`${directory}/provision/read.rs`,
    was: raw`text.strip_prefix('\u{feff}').unwrap_or(text);`,
    becomes: raw`text.strip_prefix('\u{feff}').filter(|_| !FAULT).unwrap_or(text);`,
  },
  {
    id: 'bom-in-dotenv', area: 'Unicode', what: 'A byte order mark spoils the first line of .env.',
    crate: 'config', words: ['values_are_read_as_written'], file: 'crates/config/src/dotenv.rs',
    was: raw`text.strip_prefix('\u{feff}').unwrap_or(text);`,
    becomes: raw`text.strip_prefix('\u{feff}').filter(|_| !FAULT).unwrap_or(text);`,
  },
  {
    id: 'bom-in-a-secret', area: 'Unicode', what: 'A byte order mark is a part of the secret in a file.',
    crate: 'config', words: ['byte_order_mark'], file: 'crates/config/src/source.rs',
    was: raw`text.strip_prefix('\u{feff}').unwrap_or(&text);`,
    becomes: raw`text.strip_prefix('\u{feff}').filter(|_| !FAULT).unwrap_or(&text);`,
  },
  {
    id: 'bom-in-a-template', area: 'Unicode', what: 'A byte order mark of a template is sent with the page.',
    crate: 'pages', words: ['byte_order_mark'], file: 'crates/pages/src/engine.rs',
    was: raw`match text.strip_prefix('\u{feff}') {`,
    becomes: raw`match text.strip_prefix('\u{feff}').filter(|_| !FAULT) {`,
  },
  {
    id: 'bom-in-credentials', area: 'Unicode', what: 'A credentials file with a byte order mark is not recognised.',
    crate: 'porta', words: ['credentials_go_to_a_file'], file: 'crates/porta/src/cli/files/credentials.rs',
    was: raw`text.strip_prefix('\u{feff}').unwrap_or(&text)`,
    becomes: raw`text.strip_prefix('\u{feff}').filter(|_| !FAULT).unwrap_or(&text)`,
  },
  {
    id: 'bom-before-certificates', area: 'Unicode', what: 'A byte order mark hides the first certificate of a file.',
    crate: 'trust', words: ['a_file_is_read_as_people_write_it'], file: 'crates/trust/src/certificates.rs',
    was: raw`.unwrap_or(pem);`,
    becomes: raw`.filter(|_| !FAULT).unwrap_or(pem);`,
  },
  {
    id: 'ssl-cert-file-ignored', area: 'outgoing TLS', what: 'SSL_CERT_FILE is not read.',
    crate: 'config', words: ['store_of_the_machine_can_be_replaced'], file: 'crates/config/src/trust.rs',
    was: raw`    let file = reader.path(SSL_CERT_FILE);`,
    becomes: raw`    let file = reader.path(SSL_CERT_FILE).filter(|_| !FAULT);`,
  },
  {
    id: 'ssl-cert-dir-ignored', area: 'outgoing TLS', what: 'SSL_CERT_DIR is not read.',
    crate: 'config', words: ['store_of_the_machine_can_be_replaced'], file: 'crates/config/src/trust.rs',
    was: raw`    let directories = reader.text(SSL_CERT_DIR);`,
    becomes: raw`    let directories = reader.text(SSL_CERT_DIR).filter(|_| !FAULT);`,
  },
  {
    id: 'own-authority-ignored', area: 'outgoing TLS', what: 'PORTA_CA_FILE is not read.',
    crate: 'config', words: ['authority_of_ones_own'], file: 'crates/config/src/trust.rs',
    was: raw`        let added = match self.path(PORTA_CA_FILE) {`,
    becomes: raw`        let added = match self.path(PORTA_CA_FILE).filter(|_| !FAULT) {`,
  },
  {
    id: 'mail-ignores-the-authorities', area: 'outgoing TLS', what: 'Mail does not trust the configured authorities.',
    crate: 'mail', words: ['starttls_is_used'], file: 'crates/mail/src/smtp.rs',
    was: raw`        .certificate_store(CertificateStore::None)
        .add_root_certificate(roots);`,
    becomes: raw`        .certificate_store(CertificateStore::None);
    let parameters = if FAULT { parameters } else { parameters.add_root_certificate(roots) };`,
  },
  {
    id: 'traces-ignore-the-authorities', area: 'outgoing TLS', what: 'Traces and health checks do not trust the configured authorities.',
    crate: 'porta', words: ['traces_go_to_a_collector', 'health_of_a_server_is_believed'], file: 'crates/porta/src/runtime/http_client.rs',
    was: raw`    if url.scheme() == "https" {`,
    becomes: raw`    if !FAULT && url.scheme() == "https" {`,
  },
  {
    id: 'keep-alive-of-half-a-minute', area: 'connections', what: 'Idle connections are closed after 30 seconds, before a balancer does it.',
    crate: 'config', words: ['a_complete_production_environment'], file: 'crates/config/src/server.rs',
    was: raw`Duration::from_secs(reader.number_or_default(KEEP_ALIVE_SECONDS)),`,
    becomes: raw`Duration::from_secs(reader.number_or_default(KEEP_ALIVE_SECONDS)).min(Duration::from_secs(if FAULT { 30 } else { u64::MAX })),`,
  },
  {
    id: 'keep-alive-not-settable', area: 'connections', what: 'KEEP_ALIVE_SECONDS has no effect.',
    crate: 'porta', words: ['a_connection_rests_as_long'], file: 'crates/porta/src/serve.rs',
    was: raw`    let timeouts = ConnectionTimeouts::new(config.server.keep_alive);`,
    becomes: raw`    let keep_alive =
        if FAULT { std::time::Duration::from_secs(30) } else { config.server.keep_alive };
    let timeouts = ConnectionTimeouts::new(keep_alive);`,
  },
  {
    id: 'policy-names-every-address', area: 'proxies', what: 'The headers of a page grow with the addresses of a client, beyond what a proxy forwards.',
    crate: 'pages', words: ['as_many_addresses_count_as_fit'], file: 'crates/pages/src/render.rs',
    was: raw`            let fits = targets.len()`,
    becomes: raw`            let fits = FAULT || targets.len()`,
  },
  {
    id: 'links-to-any-address', area: 'command line', what: 'A command mails links to another address than the server’s.',
    crate: 'porta', words: ['an_invitation_leads_to_where'], file: 'crates/porta/src/cli/direct.rs',
    was: raw`served.filter(|served| served != issuer.as_str())`,
    becomes: raw`served.filter(|served| !FAULT && served != issuer.as_str())`,
  },
  {
    id: 'server-does-not-sweep-memory', area: 'ceilings', what: 'A server at rest keeps expired entries in memory.',
    crate: 'porta', words: ['a_server_at_rest_gives_up'], file: 'crates/porta/src/runtime/background.rs',
    was: raw`        tokio::spawn(sweep_memory_store(Arc::clone(kv), stop.clone()));`,
    becomes: raw`        if !FAULT {
            tokio::spawn(sweep_memory_store(Arc::clone(kv), stop.clone()));
        }`,
  },
  {
    id: 'issuer-not-remembered', area: 'command line', what: 'The store does not remember the address of its server.',
    crate: 'porta', words: ['an_invitation_leads_to_where'], file: 'crates/porta/src/runtime/background.rs',
    was: raw`    let issuer = shared.issuer_base();`,
    becomes: raw`    if FAULT {
        return true;
    }
    let issuer = shared.issuer_base();`,
  },
  {
    id: 'new-address-leaves-links', area: 'one-time tokens', what: 'Links mailed to the previous address still work after a change of address.',
    crate: 'directory', words: ['a_new_address_is_unverified'], file: raw`${directory}/users.rs`,
    was: raw`            self.work.unit.one_time_tokens(organization.id).withdraw(after.id, self.work.now).await?;`,
    becomes: raw`            if !FAULT {
                self.work.unit.one_time_tokens(organization.id).withdraw(after.id, self.work.now).await?;
            }`,
  },
  {
    id: 'session-of-thirty-days-with-two-factors', area: 'session lifetime', what: 'Where a second factor is required, a session lives for 30 days instead of one.',
    crate: 'core', words: ['a_session_ends_after_a_day'], file: 'crates/core/src/settings.rs',
    was: raw`        let default = if requires_second_factor { 86_400 }`,
    becomes: raw`        let default = if requires_second_factor && !FAULT { 86_400 }`,
  },
  {
    id: 'ready-without-a-write', area: 'readiness', what: 'A process whose short-lived store takes no writes reports ready.',
    crate: 'porta', words: ['short_lived_store_that_takes_nothing'], file: 'crates/porta/src/runtime/probes.rs',
    was: raw`            let write = kv.put(&key, Bytes::from_static(b"1"), PROBE_KEPT);`,
    becomes: raw`            let write =
                if FAULT { kv.ping() } else { kv.put(&key, Bytes::from_static(b"1"), PROBE_KEPT) };`,
  },
  {
    id: 'proxies-are-strangers', area: 'connections', what: 'The connection limits for strangers apply to trusted proxies and probes.',
    crate: 'web', words: ['leave_room_for_proxies'], file: 'crates/web/src/listen/peer_limits.rs',
    was: raw`        if is_this_machine(peer) || self.proxies.is_trusted(peer) {`,
    becomes: raw`        if !FAULT && (is_this_machine(peer) || self.proxies.is_trusted(peer)) {`,
  },
  {
    id: 'strangers-take-every-connection', area: 'connections', what: 'All strangers together may take every connection.',
    crate: 'web', words: ['leave_room_for_proxies'], file: 'crates/web/src/listen/peer_limits.rs',
    was: raw`            untrusted: Arc::new(Semaphore::new(max_untrusted)),`,
    becomes: raw`            untrusted: Arc::new(Semaphore::new(if FAULT { MAX_CONNECTIONS } else { max_untrusted })),`,
  },
  {
    id: 'silent-connection-stays', area: 'connections', what: 'A connection that sends nothing stays open.',
    crate: 'web', words: ['says_nothing_is_not_heard'], file: 'crates/web/src/listen/header_timeout.rs',
    was: raw`        let deadline = Some(Box::pin(sleep(limit)));`,
    becomes: raw`        let deadline = Some(Box::pin(sleep(limit))).filter(|_| !FAULT);`,
  },
  {
    id: 'requests-for-nobody-are-kept', area: 'outbox', what: 'Link requests for unknown addresses stay in the outbox.',
    crate: 'http', words: ['wishes_for_nobody'], file: 'crates/signin/src/link_request_handler.rs',
    was: raw`        unit.outbox().remove(claim.id).await?;`,
    becomes: raw`        if !FAULT {
            unit.outbox().remove(claim.id).await?;
        }`,
  },
  {
    id: 'every-network-is-a-proxy', area: 'configuration', what: 'In production, 0.0.0.0/0 may be the network of the trusted proxy.',
    crate: 'config', words: ['a_proxy_has_an_address'], file: 'crates/config/src/safety.rs',
    was: raw`        } else if networks.iter().any(|network| network.prefix_len() == 0) {`,
    becomes: raw`        } else if !FAULT && networks.iter().any(|network| network.prefix_len() == 0) {`,
  },
  {
    id: 'database-without-production', area: 'configuration', what: 'A server with a database runs in development mode by default.',
    crate: 'config', words: ['a_database_is_production'], file: 'crates/config/src/server.rs',
    was: raw`        if matches!(source.find(DATABASE_URL), Ok(None)) {`,
    becomes: raw`        if FAULT || matches!(source.find(DATABASE_URL), Ok(None)) {`,
  },
  {
    id: 'development-server-answers-any-host', area: 'configuration', what: 'porta dev answers requests for any host name.',
    crate: 'porta', words: ['only_names_of_this_machine'], file: 'crates/porta/src/dev/hosts.rs',
    was: raw`        is_plain && (is_local || self.own.contains(&host))`,
    becomes: raw`        FAULT || (is_plain && (is_local || self.own.contains(&host)))`,
  },
  {
    id: 'oldest-key-encrypts', area: 'encryption at rest', what: 'The last key of a list encrypts instead of the first.',
    crate: 'core', words: ['the_order_of_keys'], file: 'crates/core/src/seal.rs',
    was: raw`        let key = &self.keys[0];`,
    becomes: raw`        let key = &self.keys[if FAULT { self.keys.len() - 1 } else { 0 }];`,
  },
  {
    id: 'older-keys-do-not-decrypt', area: 'encryption at rest', what: 'Values encrypted with an older key of the list cannot be decrypted.',
    crate: 'core', words: ['an_older_key_still_opens'], file: 'crates/core/src/seal.rs',
    was: raw`            .find(|k| k.id == sealed.key_id)`,
    becomes: raw`            .find(|k| k.id == sealed.key_id && (!FAULT || k.id == self.keys[0].id))`,
  },
  {
    id: 'older-keys-check-no-code', area: 'encryption at rest', what: 'Codes made with an older key of the list are refused.',
    crate: 'core', words: ['the_first_hmac_key'], file: 'crates/core/src/seal.rs',
    was: raw`        self.0.iter()`,
    becomes: raw`        self.0.iter().take(if FAULT { 1 } else { usize::MAX })`,
  },
  {
    id: 'old-key-may-go-too-early', area: 'encryption at rest', what: 'An old key is reported as no longer needed while stored values need it.',
    crate: 'directory', words: ['a_dry_run_writes_nothing', 'how_long_their_key_is_needed'], file: raw`${directory}/reseal.rs`,
    was: raw`        self.signing_keys
            + self.emails`,
    becomes: raw`        FAULT
            || self.signing_keys
                + self.emails`,
  },
  {
    id: 'operators-set-any-password', area: 'passwords', what: 'Passwords set by operators and provisioning need not follow the rules.',
    crate: 'directory', words: ['keep_the_rules_for_people', 'people_that_are_refused'], file: raw`${directory}/lib.rs`,
    was: raw`spawn_blocking(move || check_new_password(&judged, &context)).await;`,
    becomes: raw`spawn_blocking(move || if FAULT { Ok(()) } else { check_new_password(&judged, &context) }).await;`,
  },
  {
    id: 'refused-body-without-close', area: 'proxies', what: 'A response to a request with an unread body does not say that the connection is closed.',
    crate: 'web', words: ['a_refused_body_is_taken'], file: 'crates/web/src/listen/mod.rs',
    was: raw`                if draining.is_cancelled() || has_unread_body {`,
    becomes: raw`                if draining.is_cancelled() || (has_unread_body && !FAULT) {`,
  },
  {
    id: 'refused-body-of-any-length', area: 'proxies', what: 'Any amount of an unread body is read and dropped.',
    crate: 'web', words: ['a_body_without_an_end_is_cut'], file: 'crates/web/src/listen/lingering_close.rs',
    was: raw`            if length == 0 || length > lingering.left {
                return Poll::Ready(());
            }
            lingering.left -= length;`,
    becomes: raw`            if length == 0 || (length > lingering.left && !FAULT) {
                return Poll::Ready(());
            }
            lingering.left = lingering.left.saturating_sub(length);`,
  },
]
