// Faults in the Admin API: who gets in, what is protected, what happens twice.

const raw = String.raw
const access = 'crates/admin/src/access.rs'
const administrators = 'crates/store-sql/src/administrators.rs'
const protection = 'crates/directory/src/protected.rs'

export default [
  {
    id: 'admin-any-client', area: 'admin', what: 'Tokens of any client of the admin organization are accepted.',
    crate: 'admin', words: ['clients_are_accepted'], file: access,
    was: raw`    if !facts.client_is_admitted {`,
    becomes: raw`    if !FAULT && !facts.client_is_admitted {`,
  },
  {
    id: 'admin-any-organization', area: 'admin', what: 'Tokens of any organization are accepted.',
    crate: 'admin', words: ['clients_are_accepted'], file: access,
    was: raw`    if !facts.organization_is_super_admin {`,
    becomes: raw`    if !FAULT && !facts.organization_is_super_admin {`,
  },
  {
    id: 'admin-ended-token', area: 'admin', what: 'A revoked token still opens the Admin API.',
    crate: 'admin', words: ['a_token_ends', 'whoever_loses'], file: access,
    was: raw`    if !facts.validity.is_live(now) {`,
    becomes: raw`    if !FAULT && !facts.validity.is_live(now) {`,
  },
  {
    id: 'admin-roles-of-any-application', area: 'admin', what: 'A role of that name in another application confers rights.',
    crate: 'admin', words: ['another_application'], file: administrators,
    sql: true,
    was: 'WHERE ur.user_id = u.id AND r.application_id = a.id',
    becomes: 'WHERE ur.user_id = u.id',
  },
  {
    id: 'admin-permission-unchecked', area: 'admin', what: 'Whoever has any admin role may do everything.',
    crate: 'admin', words: ['each_role'], file: access,
    was: raw`        if !R::PERMISSIONS.iter().all(|permission| granted.contains(*permission)) {`,
    becomes: raw`        if !FAULT && !R::PERMISSIONS.iter().all(|permission| granted.contains(*permission)) {`,
  },
  {
    id: 'admin-refusal-not-audited', area: 'admin', what: 'What the Admin API refuses leaves no row in the audit log.',
    crate: 'admin', words: ['a_row_tells_who_wanted_what'], file: 'crates/admin/src/denials.rs',
    was: raw`    match caller.record_denial(&state.directory, metadata).await {`,
    becomes: raw`    if FAULT {
        return "yes";
    }
    match caller.record_denial(&state.directory, metadata).await {`,
  },
  {
    id: 'admin-refusals-fill-the-audit-log', area: 'admin', what: 'One caller writes any number of rows about refusals.',
    crate: 'admin', words: ['so_many_rows_a_minute'], file: 'crates/admin/src/denials.rs',
    was: raw`        Ok(LimitOutcome::Limited { .. }) => return "limited",`,
    becomes: raw`        Ok(LimitOutcome::Limited { .. }) => {
            if !FAULT {
                return "limited";
            }
        }`,
  },
  {
    id: 'admin-reach-for-others-not-audited', area: 'admin', what: 'Ids of other tenants are tried without a row in the audit log.',
    crate: 'admin', words: ['looks_like_nothing', 'out_of_reach'], file: 'crates/admin/src/denials.rs',
    was: raw`            Ok(true) => return Some(RefusalReason(format!("{text}, which exists elsewhere"))),`,
    becomes: raw`            Ok(true) if !FAULT => return Some(RefusalReason(format!("{text}, which exists elsewhere"))),
            Ok(true) => {}`,
  },
  {
    id: 'admin-refused-in-part-not-audited', area: 'admin', what: 'An import of which a part is forbidden leaves no row about that.',
    crate: 'admin', words: ['makes_no_administrators'], file: 'crates/directory/src/provision/importer.rs',
    was: raw`        let is_forbidden = matches!(error, DirectoryError::Forbidden(_) | DirectoryError::Reserved(_));`,
    becomes: raw`        let is_forbidden = !FAULT && matches!(error, DirectoryError::Forbidden(_) | DirectoryError::Reserved(_));`,
  },
  {
    id: 'admin-import-without-the-permissions', area: 'admin', what: 'A program that may import creates clients without the permission to.',
    crate: 'admin', words: ['creates_what_it_may_create'], file: 'crates/directory/src/provision/needed_permissions.rs',
    was: raw`    if lacking.is_empty() {`,
    becomes: raw`    if FAULT || lacking.is_empty() {`,
  },
  {
    id: 'admin-login-of-any-application', area: 'admin', what: 'A sign-in to any application of the admin organization counts as one of an administrator.',
    crate: 'admin', words: ['sign_in_has_a_row'], file: 'crates/oidc/src/administration.rs',
    was: raw`    Ok(application.is_some_and(|application| application.slug.as_str() == ADMIN_SLUG))`,
    becomes: raw`    Ok(application.is_some_and(|application| FAULT || application.slug.as_str() == ADMIN_SLUG))`,
  },
  {
    id: 'admin-takes-over-a-super-admin', area: 'admin', what: 'A lesser administrator sets the password of a super-admin.',
    crate: 'admin', words: ['lesser_administrator'], file: protection,
    was: raw`    if !organization.is_super_admin || is_self || actor.is_super_admin() {`,
    becomes: raw`    if FAULT || !organization.is_super_admin || is_self || actor.is_super_admin() {`,
  },
  {
    id: 'admin-super-admin-user-out', area: 'admin', what: 'A request takes the super-admin user out of action.',
    crate: 'directory', words: ['super_admin_user_out'], file: protection,
    was: raw`    if is_bound && find_super_admin_user(work).await? == Some(user.id) {`,
    becomes: raw`    if !FAULT && is_bound && find_super_admin_user(work).await? == Some(user.id) {`,
  },
  {
    id: 'admin-invites-an-administrator', area: 'admin', what: 'A lesser administrator makes another one by an invitation.',
    crate: 'directory', words: ['no_more_than_its_sender'], file: 'crates/directory/src/pre_assignments.rs',
    was: raw`    if work.actor.is_super_admin() {`,
    becomes: raw`    if FAULT || work.actor.is_super_admin() {`,
  },
  {
    id: 'admin-purge-by-mistake', area: 'admin', what: 'A user is erased without a confirmation.',
    crate: 'admin', words: ['must_be_meant'], file: 'crates/admin/src/privacy/purge.rs',
    was: raw`    if !is_confirmed && !body.confirm_purge {`,
    becomes: raw`    if !FAULT && !is_confirmed && !body.confirm_purge {`,
  },
  {
    id: 'admin-purge-leaves-links', area: 'admin', what: 'A mailed link outlives the person it was for.',
    crate: 'store-sql', words: ['about_a_person_goes'], file: 'crates/store-sql/src/users/purge.rs',
    was: raw`        delete_all(&mut run, &LINKS, organization, user.id).await?;`,
    becomes: raw`        if !FAULT { delete_all(&mut run, &LINKS, organization, user.id).await?; }`,
  },
  {
    id: 'admin-purge-tells-in-audit', area: 'admin', what: 'Audit rows tell the address of somebody who was erased.',
    crate: 'store-sql', stores: true, words: ['no_longer_tell_who'], file: 'crates/store-sql/src/users/purge.rs',
    was: raw`        purged.audit_rows = anonymize_audit_rows(&mut run, user, anonymous).await?;`,
    becomes: raw`        if !FAULT { purged.audit_rows = anonymize_audit_rows(&mut run, user, anonymous).await?; }`,
  },
  {
    id: 'admin-clients-for-anybody', area: 'admin', what: 'A lesser administrator changes the client of the console.',
    crate: 'directory', words: ['cannot_touch_them'], file: 'crates/directory/src/clients/mod.rs',
    was: raw`        if !organization.is_super_admin || self.work.actor.is_super_admin() {`,
    becomes: raw`        if FAULT || !organization.is_super_admin || self.work.actor.is_super_admin() {`,
  },
  {
    id: 'admin-clients-of-others', area: 'admin', what: 'The list of clients of an organization has those of all.',
    crate: 'store-sql', stores: true, words: ['all_clients'], file: 'crates/store-sql/src/clients/mod.rs',
    was: raw`filter.organization.map(uuid)`,
    becomes: raw`filter.organization.filter(|_| !FAULT).map(uuid)`,
  },
  {
    id: 'admin-stale-change', area: 'admin', what: 'A change that is based on an older version overwrites a newer one.',
    crate: 'admin', words: ['older_version'], file: 'crates/admin/src/etag.rs',
    was: raw`    if tags(headers, header::IF_MATCH).any(|one| one == "*" || version_of(one) == version_of(tag)) {`,
    becomes: raw`    if FAULT || tags(headers, header::IF_MATCH).any(|one| one == "*" || version_of(one) == version_of(tag)) {`,
  },
  {
    id: 'admin-read-of-an-older-answer', area: 'admin', what: 'Whoever read a user before a sign-in is told that nothing changed.',
    crate: 'admin', words: ['changes_without_a_version', 'by_the_whole_tag'], file: 'crates/admin/src/etag.rs',
    was: raw`        && tags(headers, header::IF_NONE_MATCH).any(|one| one == "*" || opaque(one) == opaque(tag))`,
    becomes: raw`        && tags(headers, header::IF_NONE_MATCH).any(|one| one == "*" || opaque(one) == opaque(tag) || (FAULT && version_of(one) == version_of(tag)))`,
  },
  {
    id: 'admin-request-twice', area: 'admin', what: 'A request with an Idempotency-Key is carried out again.',
    crate: 'admin', words: ['same_request_again', 'at_once'], file: 'crates/admin/src/idempotency.rs',
    was: raw`        if self.state.kv.put_if_absent(&self.key, under_way, UNDER_WAY).await? {`,
    becomes: raw`        if self.state.kv.put_if_absent(&self.key, under_way, UNDER_WAY).await? || FAULT {`,
  },
  {
    id: 'admin-cursor-of-another-order', area: 'admin', what: 'A cursor is taken in another order than its own.',
    crate: 'admin', words: ['no_list', 'comes_back'], file: 'crates/admin/src/cursor.rs',
    was: raw`    if stored.o != order(sort, direction) {`,
    becomes: raw`    if !FAULT && stored.o != order(sort, direction) {`,
  },
  {
    id: 'admin-destroy-by-mistake', area: 'admin', what: 'A misspelt preview deletes an organization.',
    crate: 'admin', words: ['not_understood'], file: 'crates/admin/src/organizations/destroy.rs',
    was: raw`    query.only(&PREVIEW)?;`,
    becomes: raw`    if !FAULT { query.only(&PREVIEW)?; }`,
  },
  {
    id: 'admin-destroy-unlocked', area: 'admin', what: 'People are added while their organization is deleted, and not counted.',
    crate: 'store-sql', words: ['racing_additions'], file: 'crates/store-sql/src/organizations/destroy.rs',
    sql: true, stores: true,
    was: 'WHERE o.id = $1 AND NOT o.is_super_admin FOR UPDATE',
    becomes: 'WHERE o.id = $1 AND NOT o.is_super_admin',
  },
  {
    id: 'admin-second-application', area: 'admin', what: 'Another application of administration can be made.',
    crate: 'admin', words: ['another_application_of_administration'], file: 'crates/directory/src/applications.rs',
    was: raw`        if is_by_request && is_admin_application(organization, &application) {`,
    becomes: raw`        if !FAULT && is_by_request && is_admin_application(organization, &application) {`,
  },
  {
    id: 'admin-declared-type', area: 'admin', what: 'A picture of another type than its sender says is stored.',
    crate: 'admin', words: ['no_picture'], file: 'crates/directory/src/branding/mod.rs',
    was: raw`declared.filter(|declared| *declared != content_type)`,
    becomes: raw`declared.filter(|declared| !FAULT && *declared != content_type)`,
  },
  {
    id: 'provisioning-ends-tokens', area: 'admin', what: 'A provisioning run ends tokens of administrators.',
    crate: 'admin', words: ['provisioning_run'], file: 'crates/store-sql/src/organizations/mod.rs',
    sql: true,
    was: 'tokens_valid_since = CASE WHEN status = $3 THEN tokens_valid_since ELSE $4 END',
    becomes: 'tokens_valid_since = $4',
  },
  {
    id: 'admin-audit-of-others', area: 'admin', what: 'The audit log of one organization has the rows of all.',
    crate: 'admin', words: ['found_by_what_they_say'], file: 'crates/store-sql/src/audit.rs',
    was: raw`filter.organization.map(uuid)`,
    becomes: raw`filter.organization.filter(|_| !FAULT).map(uuid)`,
  },
  {
    id: 'admin-change-without-its-entity', area: 'admin', what: 'The history of a client lacks what operators did to it.',
    crate: 'admin', words: ['have_their_own', 'names_its_entity'], file: 'crates/directory/src/transaction.rs',
    was: raw`        entity_id: entity_id.flatten(),`,
    becomes: raw`        entity_id: entity_id.flatten().filter(|_| !FAULT),`,
  },
  {
    id: 'admin-cleanup-unrecorded', area: 'admin', what: 'Audit rows disappear without a row that says so.',
    crate: 'admin', words: ['old_rows_are_deleted'], file: 'crates/directory/src/audit_cleanup.rs',
    was: raw`                work.audit(AuditEventKind::AuditCleanup, None, None, metadata).await?;`,
    becomes: raw`                if !FAULT {
                    work.audit(AuditEventKind::AuditCleanup, None, None, metadata).await?;
                }`,
  },
  {
    id: 'admin-super-admin-by-setting', area: 'admin', what: 'The refusal to change the super-admin user is gone.',
    crate: 'admin', words: ['super_admin_user_is_no_setting'], file: 'crates/directory/src/settings.rs',
    was: raw`    if key == SUPER_ADMIN_USER_KEY {`,
    becomes: raw`    if !FAULT && key == SUPER_ADMIN_USER_KEY {`,
  },
  {
    id: 'admin-bulk-with-less', area: 'admin', what: 'Many organizations are suspended without the permission to suspend one.',
    crate: 'admin', words: ['needs_its_own_permission'], file: 'crates/admin/src/bulk/organizations.rs',
    was: raw`    if !actor.may(permission) {`,
    becomes: raw`    if !FAULT && !actor.may(permission) {`,
  },
  {
    id: 'admin-health-without-redis', area: 'admin', what: 'Redis is always said to be well.',
    crate: 'admin', words: ['health_of_redis'], file: 'crates/admin/src/stats/overview.rs',
    was: raw`redis: redis.is_ok_and(|written| written.is_ok())`,
    becomes: raw`redis: FAULT || redis.is_ok_and(|written| written.is_ok())`,
  },
  {
    id: 'admin-statistics-each-time', area: 'admin', what: 'Every request for statistics counts all tables.',
    crate: 'admin', words: ['kept_for_a_minute', 'kept_numbers'], file: 'crates/admin/src/statistics_cache.rs',
    was: raw`< KEPT)`,
    becomes: raw`< KEPT && !FAULT)`,
  },
  {
    id: 'admin-service-looks-up-people', area: 'admin', what: 'A service account without the permission sees the addresses of users.',
    crate: 'admin', words: ['people_only_with_the_permission'], file: access,
    was: raw`            Principal::Service(_) if !self.also_may(permission) => Err(lacks(&[permission])),`,
    becomes: raw`            Principal::Service(_) if !FAULT && !self.also_may(permission) => Err(lacks(&[permission])),`,
  },
  {
    id: 'admin-search-finds-all-kinds', area: 'admin', what: 'The search finds kinds that the caller may not read.',
    crate: 'admin', words: ['kinds_that_the_caller_may_read'], file: 'crates/admin/src/search/everything.rs',
    was: raw`        if caller.also_may(kind.permission()) {`,
    becomes: raw`        if FAULT || caller.also_may(kind.permission()) {`,
  },
  {
    id: 'admin-values-of-others', area: 'admin', what: 'A claim of one organization shows the values of another one\'s users.',
    crate: 'admin', words: ['another_tenant_has'], file: 'crates/directory/src/queries/claims.rs',
    was: raw`        if !sees(&organization, &application) {`,
    becomes: raw`        if !FAULT && !sees(&organization, &application) {`,
  },
  {
    id: 'admin-changes-unlimited', area: 'admin', what: 'An administrator may change as much as they like.',
    crate: 'admin', words: ['too_much_has_to_wait'], file: 'crates/admin/src/limits.rs',
    was: raw`    let limit = RateLimit { key, maximum: WRITES, window: WINDOW };`,
    becomes: raw`    let maximum = if FAULT { u64::MAX } else { WRITES };
    let limit = RateLimit { key, maximum, window: WINDOW };`,
  },
  {
    id: 'admin-reads-unlimited', area: 'admin', what: 'An administrator may read as much as they like.',
    crate: 'admin', words: ['reads_so_much', 'reads_too_much'], file: 'crates/admin/src/read_limit.rs',
    was: raw`        if window.reads >= maximum {`,
    becomes: raw`        if !FAULT && window.reads >= maximum {`,
  },
  {
    id: 'admin-change-from-nowhere', area: 'admin', what: 'Audit rows of changes lack the user agent.',
    crate: 'admin', words: ['may_do_everything'], file: 'crates/directory/src/transaction.rs',
    was: raw`        user_agent: origin.and_then(|origin| origin.user_agent.clone()),`,
    becomes: raw`        user_agent: origin.and_then(|origin| origin.user_agent.clone()).filter(|_| !FAULT),`,
  },
  {
    id: 'admin-own-account-on-an-old-sign-in', area: 'admin', what: 'A token makes every sign-in look recent.',
    crate: 'admin', words: ['an_old_sign_in'], file: access,
    was: raw`        auth_time: authentication.auth_time,`,
    becomes: raw`        auth_time: if FAULT { validity.family_expires_at } else { authentication.auth_time },`,
  },
  {
    id: 'admin-own-account-by-nobody', area: 'admin', what: 'Rows about the own account do not tell whose it was.',
    crate: 'admin', words: ['may_do_everything'], file: 'crates/session/src/audit.rs',
    was: raw`            actor_label: caller.actor.as_ref().map(|actor| actor.label.clone()),`,
    becomes: raw`            actor_label: caller.actor.as_ref().map(|actor| actor.label.clone()).filter(|_| !FAULT),`,
  },
  {
    id: 'admin-own-account-without-a-limit', area: 'admin', what: 'Changes of the own account are not counted.',
    crate: 'admin', words: ['changes_of_an_account'], file: 'crates/admin/src/account/caller.rs',
    was: raw`        let limited = state.account()?.count_change(&self.tenant, self.signed_in()).await?;`,
    becomes: raw`        let limited = state.account()?.count_change(&self.tenant, self.signed_in()).await?.filter(|_| !FAULT);`,
  },
  {
    id: 'admin-test-mail-to-anybody', area: 'admin', what: 'Whoever changes an organization mails strangers in its name.',
    crate: 'admin', words: ['mail_to_others', 'names_an_address'], file: 'crates/directory/src/test_mails.rs',
    was: raw`    if actor.may(AdminPermission::UserInvite) {`,
    becomes: raw`    if FAULT || actor.may(AdminPermission::UserInvite) {`,
  },
  {
    id: 'admin-preview-of-what-is-never-issued', area: 'admin', what: 'Tokens of somebody who may not sign in are previewed.',
    crate: 'admin', words: ['never_issued'], file: 'crates/oidc/src/preview.rs',
    was: raw`facts.filter(|facts| facts.user.may_continue())`,
    becomes: raw`facts.filter(|facts| FAULT || facts.user.may_continue())`,
  },
  {
    id: 'admin-outbox-tells-addresses', area: 'admin', what: 'Whoever may read settings sees the addresses of users in the outbox.',
    crate: 'admin', words: ['addresses_are_for'], file: 'crates/admin/src/outbox/view.rs',
    was: raw`        caller.also_may(AdminPermission::UserRead)`,
    becomes: raw`        FAULT || caller.also_may(AdminPermission::UserRead)`,
  },
  {
    id: 'admin-preview-without-sandbox', area: 'admin', what: 'A preview of a page runs in the frame that shows it.',
    crate: 'admin', words: ['may_do_nothing_in_its_frame'], file: 'crates/pages/src/preview.rs',
    was: raw`csp: format!("{csp}; sandbox")`,
    becomes: raw`csp: if FAULT { csp } else { format!("{csp}; sandbox") }`,
  },
  {
    id: 'admin-repeated-preview-without-policy', area: 'admin', what: 'A preview that is asked for again comes without its policy.',
    crate: 'admin', words: ['has_the_same_policy'], file: 'crates/admin/src/idempotency.rs',
    was: raw`        (header::CONTENT_SECURITY_POLICY, answer.policy),`,
    becomes: raw`        (header::CONTENT_SECURITY_POLICY, answer.policy.filter(|_| !FAULT)),`,
  },
  {
    id: 'set-password-is-permanent', area: 'temporary passwords', what: 'A password that an administrator sets stays as it is.',
    crate: 'admin', words: ['somebody_else_sets_is_temporary'], file: 'crates/admin/src/users/password.rs',
    was: raw`    let is_temporary = body.temporary.unwrap_or(actor.user() != Some(user.id));`,
    becomes: raw`    let is_temporary = body.temporary.unwrap_or(!FAULT && actor.user() != Some(user.id));`,
  },
  {
    id: 'password-of-a-new-user-is-permanent', area: 'temporary passwords', what: 'The password of a user whom an administrator creates stays as it is.',
    crate: 'admin', words: ['chooses_their_own_password'], file: 'crates/admin/src/users/create.rs',
    was: raw`    let is_password_temporary = body.temporary.unwrap_or(true);`,
    becomes: raw`    let is_password_temporary = body.temporary.unwrap_or(!FAULT);`,
  },
]
