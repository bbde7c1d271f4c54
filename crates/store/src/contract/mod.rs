//! What every store must do, as functions over any store. An implementation runs all of it:
//!
//! ```text
//! mod sqlite {
//!     porta_store::contract_tests!(my_store().await);
//! }
//! ```
//!
//! where the expression gives a value whose field `store` is an `Arc<dyn Store>` on a freshly migrated database.
#![expect(
    clippy::unwrap_used,
    reason = "a test suite that lives in a library so that implementations share it"
)]
#![expect(
    clippy::assigning_clones,
    clippy::many_single_char_names,
    reason = "short cases read better plainly"
)]

pub mod administered_rights;
pub mod all_clients;
pub mod applications;
pub mod audit;
pub mod branding;
pub mod clients;
pub mod counts;
pub mod credentials;
pub mod destroying;
pub mod exports;
pub mod factor_races;
pub mod fixture;
pub mod installation;
pub mod keys;
pub mod lists;
pub mod lookups;
pub mod one_time;
pub mod organizations;
pub mod outbox;
pub mod own_account;
pub mod people;
pub mod purging;
pub mod races;
pub mod sealed;
pub mod searching;
pub mod second_factors;
pub mod sending_again;
pub mod sessions;
pub mod sign_in;
pub mod statistics;
pub mod sweeping;
pub mod tokens;
pub mod units;
pub mod users;
pub mod versions;

/// One test per case, on a fresh store each.
#[macro_export]
macro_rules! contract_tests {
    ($fresh:expr) => {
        $crate::contract_tests! { @cases $fresh;
            all_clients: found_by_key_or_identifier, pages_of_all_organizations, filters;
            administered_rights: who_may_change_a_role, single_ones, links, deletions, deletions_in_a_unit,
                racing_to_assign_what_is_deleted, holders, what_a_user_has;
            applications: own_before_shared, what_a_slug_means, only_the_super_admin_writes_shared, children, foreign_children,
                roles_and_claims_of_people;
            audit: round_trip, names, filters, pages, old_rows_are_deleted;
            branding: round_trip, summaries, units_decide, limits, another_organization_sees_nothing;
            clients: round_trip, another_organization_sees_nothing, what_a_protocol_request_sees,
                what_counts_since_when, secrets, origins;
            credentials: every_change_voids_what_was_verified, the_time_of_a_change_counts_as_well,
                what_is_no_change_voids_nothing, wrong_factors_in_a_row, a_recovery_a_day_forgets_wrong_factors,
                lifting_a_lock_of_guessing_voids_nothing, racing_a_reset, racing_a_challenge;
            counts: of_organizations, of_applications, of_roles_permissions_and_claims, of_secrets;
            destroying: everything_goes_and_nothing_else, what_stays, many_people, racing_additions,
                racing_to_destroy;
            exports: roles_of_users, values_of_users;
            factor_races: enrolling, disabling, steps, recovery_codes, replacements, email_codes;
            installation: the_address_it_is_served_at, racing_to_remember;
            keys: one_place_each, of_the_installation, promotion, another_organization_sees_nothing, racing_for_the_first_key,
                racing_to_promote;
            lists: pages_in_every_order, rows_inserted_meanwhile, filters, a_search_is_literal,
                organizations_applications_clients, applications_of_all_owners;
            lookups: roles_of_all_applications, clients_by_their_oauth_id, a_key_of_any_organization, ids_of_all_kinds;
            one_time: round_trip, looking_consumes_nothing, clock_edges, a_newer_one_replaces, withdrawing,
                in_a_unit, another_organization_sees_nothing, racing_to_consume, racing_to_issue,
                racing_for_the_only_one,
                only_to_ones_own_address, racing_a_change_of_address, invitations, racing_to_withdraw;
            organizations: round_trip, status_moves_are_guarded, pages, settings_have_owners;
            outbox: a_known_key_adds_nothing, a_claim_is_exclusive_until_it_ends, only_the_kinds_asked_for_are_claimed, outcomes,
                a_late_delivery_counts, what_came_to_nothing_is_gone,
                another_organization_sees_nothing, units_decide, finished_rows_are_swept, racing_workers;
            own_account: sessions, other_sessions, grants, ending_grants, audit_rows, claims, passwords,
                temporary_passwords, racing_passwords;
            people: users_of_all_organizations, sessions_in_every_order, filtered_sessions, ending_sessions, ending_many_sessions,
                racing_to_end_sessions;
            purging: everything_about_a_person_goes, nobody_else_is_touched, audit_rows_no_longer_tell_who,
                racing_to_purge;
            races: issuing, rotating, forbidding_while_issuing, withdrawing_a_grant_while_issuing,
                ending_the_tokens_of_a_person_while_issuing;
            sealed: found_and_replaced, emails_that_are_over, emails_that_may_be_sent_again, a_new_authenticator_wins, racing_an_enrolment, recovery_codes;
            searching: people_are_found_by_every_field, a_short_text_is_a_beginning, changes_are_found_at_once,
                a_frequent_text_has_pages_in_order, counts_stop_where_they_are_told, other_kinds_are_found;
            second_factors: authenticator, an_enrolled_person_keeps_their_factor, steps,
                mailed_codes_as_factor, disabling, recovery_codes, email_codes, email_codes_end,
                email_codes_side_by_side, units, counts,
                another_organization_sees_nothing;
            sending_again: a_given_up_item_is_sent_again, an_old_claim_stays_old, what_cannot_be_sent_again, what_is_over_is_forgotten,
                withdrawing, items_of_all_organizations, pages, racing_to_send_again, racing_to_withdraw;
            sessions: facts, lifetime, absolute_lifetime, ending, grants_grow, racing_consents, another_organization_sees_nothing;
            sign_in: success, the_session_must_be_ones_own, failures_lock, a_lock_may_follow_a_lock, nobody_there,
                racing_failures;
            statistics: entities, users, logins, series, pending;
            sweeping: expired_rows_go_in_batches, families_without_tokens_go, expired_links_and_codes_go, one_sweeper_at_a_time;
            tokens: issuing, access_facts, refresh_and_rotation, shared_tokens, late_families, userinfo_and_rights, endings, forbidden_families,
                another_organization_sees_nothing;
            units: commit_and_drop, savepoints, a_failed_unit_keeps_nothing;
            users: round_trip, addresses_are_unique_per_organization, one_mailbox_is_found_however_it_is_typed,
                keys_of_versions_before_are_found, status_and_password,
                mail_that_arrived, hashes_of_equal_cost, pages,
                another_organization_sees_nothing;
            versions: organizations, applications, parts_of_applications, clients, users, settings, pictures,
                racing_writers, racing_for_settings_and_guests;
        }
    };
    (@cases $fresh:expr; $($module:ident: $($case:ident),+;)+) => { $(
        mod $module {
            #[expect(unused_imports, reason = "the expression may name anything around it")]
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let fresh = $fresh;
                    $crate::contract::$module::$case(fresh.store.clone()).await;
                }
            )+
        }
    )+ };
}
