//! `porta org preview`: a page or a mail as it would look with branding that is not saved.

use std::path::PathBuf;

use clap::Args;
use porta_client::types::{BrandingChange, BrandingPreview};
use serde_json::json;

use super::look::Look;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::private_file::{PrivateFile, chosen};
use crate::failure::Failure;
use crate::output;

/// Bytes of a page; Porta's are shorter.
const LONGEST: usize = 4 * 1024 * 1024;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
    /// login, login_password, login_magic_link, consent, error, invitation_mail, magic_link_mail or password_reset_mail.
    #[arg(long, default_value = "login")]
    page: String,
    /// Language of the page; that of the organization when left out.
    #[arg(long)]
    locale: Option<String>,
    #[command(flatten)]
    look: Look,
    /// A file that only its owner reads; standard output when it is left out or -.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    let Arguments { organization, page, locale, look, output } = arguments;
    let cannot = |e: std::io::Error| Failure::general(format!("the page cannot be written: {e}"));
    // Opened before anything is asked for.
    let file = chosen(output.as_deref()).map(PrivateFile::open).transpose().map_err(cannot)?;
    let change = look.into_change()?;
    let branding = (change != BrandingChange::default()).then_some(change);
    let body = BrandingPreview { branding, page, locale };
    let admin = access.admin().await?;
    let html = admin.branding.preview_branding(&organization, &body).await?.bytes(LONGEST).await?;
    let Some(mut file) = file else { return print(global, &body.page, &html) };
    let shown = file.path().display().to_string();
    file.append(&html).and_then(|()| file.finish()).map_err(cannot)?;
    let value = json!({ "page": body.page, "file": shown, "bytes": html.len() });
    global.happened(&value, format_args!("the page {} of {organization} is in {shown}", body.page));
    Ok(())
}

/// As it is, for programs; at a terminal without what the terminal would obey.
fn print(global: Global, page: &str, html: &[u8]) -> Result<(), Failure> {
    let text = String::from_utf8_lossy(html);
    if global.json {
        output::json(&json!({ "page": page, "html": text }));
        return Ok(());
    }
    if output::is_seen() {
        output::text(text.trim_end());
        return Ok(());
    }
    output::raw(html).map_err(|e| Failure::general(format!("the page cannot be printed: {e}")))
}
