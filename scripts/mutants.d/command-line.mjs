// Faults in the command line: where tokens go, whose answers are taken, what is lost when two run at once.

const raw = String.raw
const cli = 'crates/porta/src/cli'
const copy = 'crates/store-sql/src/copy'

export default [
  {
    id: 'cli-token-for-any-server', area: 'command line', what: 'A sign-in is used at whichever server --server names.',
    crate: 'porta', words: ['a_sign_in_is_not_used_at_another', 'a_token_is_not_sent_to_another'],
    file: `${cli}/server/target.rs`,
    was: raw`self.server.as_ref().filter(|server| **server != profile.server)`,
    becomes: raw`self.server.as_ref().filter(|server| !FAULT && **server != profile.server)`,
  },
  {
    id: 'cli-any-answer', area: 'command line', what: 'The answer to somebody else’s sign-in is taken.',
    crate: 'porta', words: ['only_the_answer_to_this_request', 'an_answer_to_another_sign_in'],
    file: `${cli}/login/request.rs`,
    was: raw`        if value("state").as_deref() != Some(self.state.as_str()) {`,
    becomes: raw`        if !FAULT && value("state").as_deref() != Some(self.state.as_str()) {`,
  },
  {
    id: 'cli-any-nonce', area: 'command line', what: 'An ID token of another sign-in is taken.',
    crate: 'porta', words: ['every_claim_is_checked'], file: `${cli}/server/identity.rs`,
    was: raw`    if !is("nonce", expected.nonce) {`,
    becomes: raw`    if !FAULT && !is("nonce", expected.nonce) {`,
  },
  {
    id: 'cli-refresh-token-twice', area: 'command line', what: 'Two commands at once use the same refresh token.',
    crate: 'porta', words: ['commands_that_run_at_once'], file: `${cli}/server/token.rs`,
    was: raw`        if stored.access_token != profile.access_token && !stored.is_expired(SystemClock.now()) {`,
    becomes: raw`        if !FAULT && stored.access_token != profile.access_token && !stored.is_expired(SystemClock.now()) {`,
  },
  {
    id: 'cli-rotated-token-lost', area: 'command line', what: 'A rotated refresh token is not saved.',
    crate: 'porta', words: ['an_ended_token_is_replaced_and_saved'], file: `${cli}/server/token.rs`,
    was: raw`        self.file.fill(file, &all)?;`,
    becomes: raw`        if !FAULT {
            self.file.fill(file, &all)?;
        }`,
  },
  {
    id: 'cli-logout-keeps-tokens', area: 'command line', what: 'Signing out leaves the tokens as they are at the server.',
    crate: 'porta', words: ['an_operator_signs_in_by_browser_and_out'], file: `${cli}/logout.rs`,
    was: raw`    let revoked = revoke(target, &profile).await;`,
    becomes: raw`    let revoked = if FAULT { Ok(()) } else { revoke(target, &profile).await };`,
  },
  {
    id: 'cli-direct-creates-a-database', area: 'command line', what: 'A direct command in a wrong directory creates an empty database.',
    crate: 'porta', words: ['a_direct_command_creates_no_database'], file: `${cli}/access.rs`,
    was: raw`            check(&file)?;`,
    becomes: raw`            if !FAULT {
                check(&file)?;
            }`,
  },
  {
    id: 'cli-terminal-obeys-names', area: 'command line', what: 'Escape sequences in names reach the terminal.',
    crate: 'porta', words: ['a_terminal_gets_no_orders', 'a_server_gives_the_terminal_no_orders'],
    file: 'crates/porta/src/output/plain.rs',
    was: raw`        if is_line_breaking(c) && !is_kept(c) {`,
    becomes: raw`        if !FAULT && is_line_breaking(c) && !is_kept(c) {`,
  },
  {
    id: 'cli-terminal-obeys-exports', area: 'command line', what: 'Escape sequences in an exported file reach the terminal.',
    crate: 'porta', words: ['an_export_gives_the_terminal_no_orders'], file: `${cli}/files/export.rs`,
    was: raw`    if output::is_seen() {`,
    becomes: raw`    if !FAULT && output::is_seen() {`,
  },
  {
    id: 'cli-closes-a-foreign-directory', area: 'command line', what: 'The permissions of a directory like /tmp are changed.',
    crate: 'porta', words: ['a_directory_that_was_chosen'], file: `${cli}/server/credentials.rs`,
    was: raw`        if self.is_own {`,
    becomes: raw`        if FAULT || self.is_own {`,
  },
  {
    id: 'cli-credentials-of-everybody', area: 'command line', what: 'A credentials file that others may read is used.',
    crate: 'porta', words: ['only_the_owner_reads'], file: `${cli}/server/credentials.rs`,
    was: raw`            Ok((mode, _)) if mode & 0o077 != 0 => {`,
    becomes: raw`            Ok((mode, _)) if !FAULT && mode & 0o077 != 0 => {`,
  },
  {
    id: 'cli-credentials-of-somebody-else', area: 'command line', what: 'Root uses a credentials file that somebody else put into /tmp.',
    crate: 'porta', words: ['only_an_own_file_is_used'], file: `${cli}/server/credentials.rs`,
    was: raw`        !self.is_own && owner != us`,
    becomes: raw`        !FAULT && !self.is_own && owner != us`,
  },
  {
    id: 'cli-issuer-of-another-server', area: 'command line', what: 'A server gets the code of a sign-in at another one.',
    crate: 'porta', words: ['a_server_names_no_issuer_but_its_own'], file: `${cli}/login/issuer.rs`,
    was: raw`    if asked.origin() == told.origin() || is_this_machine(&asked) {`,
    becomes: raw`    if FAULT || asked.origin() == told.origin() || is_this_machine(&asked) {`,
  },
  {
    id: 'cli-destroy-for-a-preview', area: 'command line', what: 'The preview of a deletion deletes.',
    crate: 'porta', words: ['an_organization_is_destroyed_only_when'], file: `${cli}/org/destroy.rs`,
    was: raw`    let preview = DestroyOrganizationQuery { dry_run: Some(true) };`,
    becomes: raw`    let preview = DestroyOrganizationQuery { dry_run: (!FAULT).then_some(true) };`,
  },
  {
    id: 'copy-overwrites', area: 'command line', what: 'A store is copied into one that holds another installation.',
    crate: 'store-sql', stores: true, words: ['a_target_with_data_is_refused'], file: `${copy}/mod.rs`,
    was: raw`    if found.is_empty() { Ok(()) }`,
    becomes: raw`    if FAULT || found.is_empty() { Ok(()) }`,
  },
  {
    id: 'copy-of-several-moments', area: 'command line', what: 'What is written during a copy is in a part of it.',
    crate: 'store-sql', stores: true, words: ['is_of_one_moment'], file: 'crates/store-sql/src/kernel/pool.rs',
    was: raw`                self.command("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await`,
    becomes: raw`                if FAULT {
                    Ok(())
                } else {
                    self.command("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").await
                }`,
  },
  {
    id: 'copy-unverified', area: 'command line', what: 'A copy that differs from its source is kept.',
    crate: 'store-sql', stores: true, words: ['that_differs_is_not_kept'], file: `${copy}/mod.rs`,
    was: raw`.find(|(copied, found)| copied != found)`,
    becomes: raw`.find(|(copied, found)| !FAULT && copied != found)`,
  },
  {
    id: 'copy-without-platform-settings', area: 'command line', what: 'A page that begins after a setting of the platform is empty.',
    crate: 'store-sql', words: ['a_row_without_owner'], file: 'crates/store-sql/src/tables.rs',
    was: raw`            ColumnType::Owner => format!("COALESCE({name}, {nothing})"),`,
    becomes: raw`            ColumnType::Owner if FAULT => (*name).to_owned(),
            ColumnType::Owner => format!("COALESCE({name}, {nothing})"),`,
  },
  {
    id: 'copy-of-a-newer-schema', area: 'command line', what: 'A store of a newer version is copied without its new columns.',
    crate: 'store-sql', stores: true, words: ['other_schemas_are_refused'], file: `${copy}/mod.rs`,
    was: raw`        if !schema.unknown.is_empty() {`,
    becomes: raw`        if !FAULT && !schema.unknown.is_empty() {`,
  },
  {
    id: 'restore-under-a-server', area: 'command line', what: 'The store of a running server is replaced.',
    crate: 'porta', words: ['nothing_is_replaced_under_a_server'], file: `${cli}/restore/mod.rs`,
    was: raw`    if is_served(&data_dir) {`,
    becomes: raw`    if !FAULT && is_served(&data_dir) {`,
  },
  {
    id: 'restore-of-a-damaged-copy', area: 'command line', what: 'A damaged copy takes the place of a store.',
    crate: 'porta', words: ['only_a_whole_store'], file: `${cli}/restore/mod.rs`,
    was: raw`    if !damage.is_empty() {`,
    becomes: raw`    if !FAULT && !damage.is_empty() {`,
  },
  {
    id: 'restore-of-a-newer-store', area: 'command line', what: 'A store that this version cannot use takes the place of one.',
    crate: 'porta', words: ['only_a_whole_store'], file: `${cli}/restore/mod.rs`,
    was: raw`    if !schema.unknown.is_empty() {`,
    becomes: raw`    if !FAULT && !schema.unknown.is_empty() {`,
  },
  {
    id: 'restore-with-the-old-log', area: 'command line', what: 'The log of the store of before is applied to the restored one.',
    crate: 'porta', words: ['what_was_there_stays_with_its_log'], file: `${cli}/restore/exchange.rs`,
    was: raw`            remove(&path)?;`,
    becomes: raw`            if !FAULT {
                remove(&path)?;
            }`,
  },
  {
    id: 'restore-keeps-nothing', area: 'command line', what: 'The store of before is gone after a restore.',
    crate: 'porta', words: ['what_was_there_stays_with_its_log'], file: `${cli}/restore/exchange.rs`,
    was: raw`        keep(store, &kept)?;`,
    becomes: raw`        if !FAULT {
            keep(store, &kept)?;
        }`,
  },
  {
    id: 'restore-without-the-journal', area: 'command line', what: 'What a killed process left of the store of before is kept without its log.',
    crate: 'porta', words: ['what_was_there_stays_with_its_log'], file: `${cli}/restore/exchange.rs`,
    was: raw`            keep(&with_suffix(store, log), &with_suffix(&kept, log))?;`,
    becomes: raw`            if !FAULT {
                keep(&with_suffix(store, log), &with_suffix(&kept, log))?;
            }`,
  },
  {
    id: 'cli-replaces-a-device', area: 'command line', what: 'A result takes the place of a device such as /dev/null.',
    crate: 'porta', words: ['what_is_no_regular_file'], file: `${cli}/private_file.rs`,
    was: raw`        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {`,
    becomes: raw`        if !FAULT && fs::metadata(path).is_ok_and(|found| !found.is_file()) {`,
  },
  {
    id: 'cli-password-shown', area: 'command line', what: 'A password is shown while it is typed.',
    crate: 'porta', words: ['the_password_is_not_shown', 'a_password_is_typed_twice_and_not_shown'],
    file: `${cli}/prompt.rs`,
    was: raw`    hidden.local_modes.remove(LocalModes::ECHO);`,
    becomes: raw`    if !FAULT {
        hidden.local_modes.remove(LocalModes::ECHO);
    }`,
  },
  {
    id: 'cli-any-certificate', area: 'command line', what: 'Every certificate of a server is accepted.',
    crate: 'porta', words: ['a_certificate_is_accepted', 'a_token_is_not_sent_to_whom'], file: `${cli}/server/connection.rs`,
    was: raw`.tls_danger_accept_invalid_certs(self.accepts_any)`,
    becomes: raw`.tls_danger_accept_invalid_certs(FAULT || self.accepts_any)`,
  },
  {
    id: 'cli-believes-a-directory', area: 'command line', what: 'A .env in the working directory names an authority that a server is believed by.',
    crate: 'porta', words: ['a_directory_does_not_say'], file: `${cli}/server/connection.rs`,
    was: raw`        let roots = Config::load_roots(&Source::without_dotenv())?;`,
    becomes: raw`        let roots = Config::load_roots(&if FAULT { Source::process() } else { Source::without_dotenv() })?;`,
  },
  {
    id: 'cli-secrets-lost', area: 'command line', what: 'Nobody is told of new secrets that could not be printed.',
    crate: 'porta', words: ['secrets_that_cannot_be_printed'], file: `${cli}/files/provision.rs`,
    was: raw`        if !output::is_complete() {`,
    becomes: raw`        if !FAULT && !output::is_complete() {`,
  },
]
