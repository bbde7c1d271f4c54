//! Options that say how the pages of an organization look.

use std::path::PathBuf;

use clap::Args;
use porta_client::types::BrandingChange;

use crate::cli::patch;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(super) struct Look {
    /// #RRGGBB.
    #[arg(long, value_name = "COLOR")]
    primary_color: Option<String>,
    /// What pages call the organization, if not by its name.
    #[arg(long, value_name = "NAME")]
    company_name: Option<String>,
    /// A style sheet that neither loads nor runs anything.
    #[arg(long, value_name = "CSS", conflicts_with = "custom_css_file")]
    custom_css: Option<String>,
    /// The same, from a file.
    #[arg(long, value_name = "FILE")]
    custom_css_file: Option<PathBuf>,
    /// Address of a logo that is elsewhere; shown instead of an uploaded one.
    #[arg(long, value_name = "URL")]
    logo_url: Option<String>,
    /// The same, for tabs of browsers.
    #[arg(long, value_name = "URL")]
    favicon_url: Option<String>,
}

impl Look {
    pub(super) fn into_change(self) -> Result<BrandingChange, Failure> {
        let css = match self.custom_css_file {
            Some(path) => Some(
                std::fs::read_to_string(&path)
                    .map_err(|e| Failure::general(format!("{} cannot be read: {e}", path.display())))?,
            ),
            None => self.custom_css,
        };
        Ok(BrandingChange {
            logo_url: patch::or_cleared(self.logo_url),
            favicon_url: patch::or_cleared(self.favicon_url),
            primary_color: patch::or_cleared(self.primary_color),
            company_name: patch::or_cleared(self.company_name),
            custom_css: patch::or_cleared(css),
        })
    }
}
