//! `porta keys reseal`: re-encrypts with the current keys what older encryption keys encrypted, and reports which older
//! keys are still needed (decision 0039).

use clap::Args;
use porta_config::{Secrets, Source};
use porta_core::settings;
use porta_directory::{KeyList, KindReport, OlderKey, Pass, Report, SealingKeys};
use porta_store::SealedKind;
use serde_json::{Value, json};

use crate::cli::direct::{Direct, actor};
use crate::cli::{Failure, Global, Reach};
use crate::output;

/// Maximum of rows printed; `--json` lists all.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Say what would be sealed anew, and write nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(global: Global, arguments: &Arguments) -> Result<(), Failure> {
    arguments.reach.demand_direct()?;
    let secrets = Secrets::load_sealing(&Source::process())?;
    let keys = SealingKeys::new(secrets.signing.expose(), secrets.two_factor.expose());
    let direct = Direct::open().await?;
    let pass = if arguments.dry_run { Pass::Theme } else { Pass::Reseal };
    let report = direct.directory.reseal(actor(), &keys, pass).await?;
    if global.json {
        output::json(&report_json(&report, pass));
    } else {
        show(&report, pass);
    }
    let closed = report.closed().count();
    if closed == 0 {
        return Ok(());
    }
    if !global.json {
        for one in report.closed().take(NAMED) {
            output::error(format_args!("{} {}: {}", name(one.kind), one.id, one.why));
        }
        if closed > NAMED {
            output::error(format_args!("and {} more: --json names all of them", closed - NAMED));
        }
    }
    output::error(format_args!("{closed} values could not be opened; they were left as they are"));
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

fn show(report: &Report, pass: Pass) {
    let rows: Vec<Vec<String>> = report.kinds.iter().map(kind_row).collect();
    let done = if pass == Pass::Theme { "To reseal" } else { "Resealed" };
    output::table(&["Sealed", done, "Current already", "Not opened"], &rows);
    for key in &report.older {
        show_key(key, pass);
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
    vec![words.to_owned(), kind.resealed.to_string(), kind.current.to_string(), kind.closed.len().to_string()]
}

fn show_key(key: &OlderKey, pass: Pass) {
    let which = format!("key {} of {}", key.place, variable(key.list));
    if key.may_go() {
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
    if pass == Pass::Reseal && key.signing_keys + key.emails + key.authenticators > 0 {
        output::line("   Run this again once every process was started with the key that is first now.");
    }
    if key.recovery_codes + key.undated_codes > 0 {
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
        ("unused recovery codes that do not say which key made them", key.undated_codes),
    ]
}

fn report_json(report: &Report, pass: Pass) -> Value {
    let kinds = report.kinds.iter().map(|kind| {
        let closed = kind.closed.iter().map(|c| json!({ "id": c.id.to_string(), "why": c.why.to_string() }));
        json!({
            "kind": kind.kind.as_str(), "resealed": kind.resealed, "current": kind.current,
            "notOpened": closed.collect::<Vec<_>>(),
        })
    });
    let older = report.older.iter().map(|key| {
        json!({
            "variable": variable(key.list), "place": key.place, "mayGo": key.may_go(),
            "neededBy": {
                "signingKeys": key.signing_keys, "emails": key.emails, "authenticators": key.authenticators,
                "recoveryCodes": key.recovery_codes, "recoveryCodesOfUnknownKey": key.undated_codes,
            },
        })
    });
    json!({
        "dryRun": pass == Pass::Theme,
        "kinds": kinds.collect::<Vec<_>>(),
        "olderKeys": older.collect::<Vec<_>>(),
        "shortLivedHours": short_lived_hours(),
        "lostRecoveryCodes": report.lost_codes,
    })
}
