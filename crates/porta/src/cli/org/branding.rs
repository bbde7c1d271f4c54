//! `porta org branding`.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use porta_core::branding::{AssetKind, BrandingAsset};

use crate::cli::DirectFlag;
use crate::cli::direct::Direct;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
    /// A PNG, JPEG, WebP, ICO or SVG file of at most 512 KiB.
    #[arg(long, group = "change", value_name = "FILE")]
    logo_file: Option<PathBuf>,
    /// The same, for tabs of browsers.
    #[arg(long, group = "change", value_name = "FILE")]
    favicon_file: Option<PathBuf>,
    /// Remove the uploaded logo.
    #[arg(long, group = "change", conflicts_with = "logo_file")]
    remove_logo: bool,
    /// Remove the uploaded favicon.
    #[arg(long, group = "change", conflicts_with = "favicon_file")]
    remove_favicon: bool,
    #[command(flatten)]
    direct_flag: DirectFlag,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    arguments.direct_flag.require_direct()?;
    let mut files = Vec::new();
    for (kind, path) in [(AssetKind::Logo, arguments.logo_file), (AssetKind::Favicon, arguments.favicon_file)]
    {
        if let Some(path) = path {
            files.push((kind, read(&path)?));
        }
    }
    let removed = [(AssetKind::Logo, arguments.remove_logo), (AssetKind::Favicon, arguments.remove_favicon)];
    let direct = Direct::open().await?;
    let mut work = direct.begin().await?;
    let organization = work.organization(&arguments.organization).await?;
    let mut report = Vec::new();
    for (kind, file) in &files {
        let (_, is_new) = work.branding().put(&organization, *kind, file, None).await?;
        report.push(format!(
            "{kind} of {} {}",
            organization.slug,
            if is_new { "is uploaded" } else { "is that already" }
        ));
    }
    for (kind, _) in removed.into_iter().filter(|(_, is_removed)| *is_removed) {
        let was_there = work.branding().remove(&organization, kind).await?;
        report.push(format!(
            "{kind} of {} {}",
            organization.slug,
            if was_there { "is removed" } else { "was not there" }
        ));
    }
    work.commit().await?;
    report.iter().for_each(output::done);
    Ok(())
}

/// Reads at most one byte more than is allowed, enough to detect a file that is too large.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BrandingAsset::MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|e| Failure::general(format!("{} cannot be read: {e}", path.display())))?;
    Ok(bytes)
}
