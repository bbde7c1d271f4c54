//! `porta org branding`.

use std::path::PathBuf;

use clap::Args;
use porta_client::Client;
use porta_client::types::{Branding, BrandingChange};

use super::look::Look;
use super::pictures::{self, Kind, Picture};
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::Field;
use crate::failure::Failure;
use crate::output::or_dash;

/// Shows the branding when no option is given. An empty value clears a field.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
    #[command(flatten)]
    look: Look,
    /// A PNG, JPEG, WebP, ICO or SVG file of at most 512 KiB.
    #[arg(long, value_name = "FILE")]
    logo_file: Option<PathBuf>,
    /// The same, for tabs of browsers.
    #[arg(long, value_name = "FILE")]
    favicon_file: Option<PathBuf>,
    /// Remove the uploaded logo.
    #[arg(long, conflicts_with = "logo_file")]
    remove_logo: bool,
    /// Remove the uploaded favicon.
    #[arg(long, conflicts_with = "favicon_file")]
    remove_favicon: bool,
}

pub(super) async fn run(global: Global, access: &Access, arguments: Arguments) -> Result<(), Failure> {
    // Everything is read before anything is changed.
    let pictures = arguments.pictures()?;
    let change = arguments.look.into_change()?;
    let admin = access.admin().await?;
    let found = admin.organizations.get_organization(&arguments.organization).await?;
    let mut report = Vec::new();
    if change != BrandingChange::default() {
        admin.branding.update_branding(found.id, &change, found.etag()).await?;
        report.push(format!("branding of {} is updated", found.slug));
    }
    for picture in pictures {
        report.push(pictures::apply(&admin, &found, picture).await?);
    }
    tell(global, &admin, &found.slug, &report).await
}

async fn tell(global: Global, admin: &Client, slug: &str, report: &[String]) -> Result<(), Failure> {
    let branding = admin.branding.get_branding(slug).await?;
    if report.is_empty() {
        return global.detailed(&branding, fields(&branding));
    }
    global.changed(&branding, report.join("; "))
}

impl Arguments {
    fn pictures(&self) -> Result<Vec<Picture>, Failure> {
        let files = [(Kind::Logo, &self.logo_file), (Kind::Favicon, &self.favicon_file)];
        let given = files.into_iter().filter_map(|(kind, path)| Some((kind, path.as_ref()?)));
        let mut all: Vec<Picture> =
            given.map(|(kind, path)| pictures::read(kind, path)).collect::<Result<_, _>>()?;
        let removed = [(Kind::Logo, self.remove_logo), (Kind::Favicon, self.remove_favicon)];
        all.extend(
            removed.into_iter().filter(|(_, is_removed)| *is_removed).map(|(kind, _)| Picture::None(kind)),
        );
        Ok(all)
    }
}

fn fields(branding: &Branding) -> Vec<Field> {
    let uploaded =
        |kind: &str| or_dash(branding.assets.iter().find(|a| a.asset_type == kind).map(|a| &a.url));
    vec![
        ("Company Name", or_dash(branding.company_name.as_ref())),
        ("Primary Color", or_dash(branding.primary_color.as_ref())),
        ("Logo URL", or_dash(branding.logo_url.as_ref())),
        ("Favicon URL", or_dash(branding.favicon_url.as_ref())),
        ("Uploaded Logo", uploaded("logo")),
        ("Uploaded Favicon", uploaded("favicon")),
        ("Custom CSS", or_dash(branding.custom_css.as_ref().map(|css| format!("{} characters", css.len())))),
    ]
}
