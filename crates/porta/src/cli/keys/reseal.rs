//! `porta keys reseal`: re-encrypts with the current keys what older encryption keys encrypted, and reports which older
//! keys are still needed (decision 0039).

use clap::Args;
use porta_config::{Secrets, Source};
use porta_core::settings;
use porta_directory::{KeyList, KindReport, OlderKey, Report, ResealMode, SealingKeys};
use porta_store::SealedKind;
use serde_json::{Value, json};

use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::direct::actor;
use crate::failure::Failure;
use crate::output;

/// Maximum of rows printed; `--json` lists all.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Show what would be re-encrypted, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    access.require_direct()?;
    let secrets = Secrets::load_sealing(&Source::process())?;
    let keys = SealingKeys::new(secrets.signing.expose(), secrets.two_factor.expose());
    let direct = access.database().await?;
    let mode = if arguments.dry_run { ResealMode::DryRun } else { ResealMode::Reseal };
    let report = direct.directory.reseal(actor(), &keys, mode).await?;
    if global.json {
        output::json(&report_json(&report, mode));
    } else {
        show(&report, mode);
    }
    let unopened = report.unopened().count();
    if unopened == 0 {
        return Ok(());
    }
    if !global.json {
        for one in report.unopened().take(NAMED) {
            output::error(format_args!("{} {}: {}", name(one.kind), one.id, one.why));
        }
        if unopened > NAMED {
            output::error(format_args!("and {} more: --json names all of them", unopened - NAMED));
        }
    }
    output::error(format_args!("{unopened} values could not be opened; they were left as they are"));
    Err(Failure::Partial)
}

const fn name(kind: SealedKind) -> &'static str {
    match kind {
        SealedKind::SigningKey => "signing key",
        SealedKind::OutgoingEmail => "email",
        SealedKind::Authenticator => "authenticator of person",
    }
}

const fn variable(list: KeyList) -> &'static str {
    match list {
        KeyList::Signing => "SIGNING_KEY_ENCRYPTION_KEY",
        KeyList::TwoFactor => "TWO_FACTOR_ENCRYPTION_KEY",
    }
}

/// Longest lifetime, in hours, of encrypted values outside the database: interactions, mailed codes and links.
fn short_lived_hours() -> i64 {
    let longest = [
        settings::INTERACTION_TTL,
        settings::UNANSWERED_INTERACTION_TTL,
        settings::MAGIC_LINK_TTL,
        settings::TWO_FACTOR_CODE_TTL,
        settings::SECOND_FACTOR_TTL,
        settings::REFRESH_REPLAY_WINDOW,
    ];
    longest.iter().map(|setting| setting.maximum).max().unwrap_or(0).div_euclid(3600)
}

fn show(report: &Report, mode: ResealMode) {
    let rows: Vec<Vec<String>> = report.kinds.iter().map(kind_row).collect();
    let done = if mode == ResealMode::DryRun { "To reseal" } else { "Resealed" };
    output::table(&["Sealed", done, "Current already", "Not opened"], &rows);
    for key in &report.older {
        show_key(key, mode);
    }
    if report.lost_codes > 0 {
        output::warning(format_args!(
            "{} unused recovery codes were made with a key that is not in TWO_FACTOR_ENCRYPTION_KEY: they do not work",
            report.lost_codes
        ));
    }
    if report.older.is_empty() {
        output::line("One key each: there is none to take out.");
    }
}

fn kind_row(kind: &KindReport) -> Vec<String> {
    let words = match kind.kind {
        SealedKind::SigningKey => "signing keys",
        SealedKind::OutgoingEmail => "waiting emails",
        SealedKind::Authenticator => "authenticators",
    };
    vec![
        words.to_owned(),
        kind.resealed.to_string(),
        kind.current.to_string(),
        kind.unopened.len().to_string(),
    ]
}

fn show_key(key: &OlderKey, mode: ResealMode) {
    let which = format!("key {} of {}", key.place, variable(key.list));
    if key.is_removable() {
        output::done(format_args!("{which}: nothing that is stored needs it"));
        output::line(format_args!(
            "   Take it out {} hours after the last process was started with the key that is first now, not before: \
             begun sign-ins, mailed codes and links may need it so long.",
            short_lived_hours()
        ));
        return;
    }
    let needs = needs(key);
    let needs: Vec<String> =
        needs.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")).collect();
    output::warning(format_args!("{which}: still needed by {}", needs.join(", ")));
    if mode == ResealMode::Reseal && key.signing_keys + key.emails + key.authenticators > 0 {
        output::line("   Run this again once every process was started with the key that is first now.");
    }
    if key.recovery_codes + key.codes_without_key_id > 0 {
        output::line(
            "   Recovery codes cannot be sealed anew. Without the key these stop working; people make new ones on \
             their account page.",
        );
    }
}

fn needs(key: &OlderKey) -> [(&'static str, u64); 5] {
    [
        ("signing keys", key.signing_keys),
        ("waiting emails", key.emails),
        ("authenticators", key.authenticators),
        ("unused recovery codes", key.recovery_codes),
        ("unused recovery codes that do not say which key made them", key.codes_without_key_id),
    ]
}

fn report_json(report: &Report, mode: ResealMode) -> Value {
    let kinds = report.kinds.iter().map(|kind| {
        let unopened =
            kind.unopened.iter().map(|c| json!({ "id": c.id.to_string(), "why": c.why.to_string() }));
        json!({
            "kind": kind.kind.as_str(), "resealed": kind.resealed, "current": kind.current,
            "notOpened": unopened.collect::<Vec<_>>(),
        })
    });
    let older = report.older.iter().map(|key| {
        json!({
            "variable": variable(key.list), "place": key.place, "mayGo": key.is_removable(),
            "neededBy": {
                "signingKeys": key.signing_keys, "emails": key.emails, "authenticators": key.authenticators,
                "recoveryCodes": key.recovery_codes, "recoveryCodesOfUnknownKey": key.codes_without_key_id,
            },
        })
    });
    json!({
        "dryRun": mode == ResealMode::DryRun,
        "kinds": kinds.collect::<Vec<_>>(),
        "olderKeys": older.collect::<Vec<_>>(),
        "shortLivedHours": short_lived_hours(),
        "lostRecoveryCodes": report.lost_codes,
    })
}
