//! The branding fields of requests.

use porta_core::organization::Branding;
use porta_directory::Problem;
use porta_pages::safe_custom_css;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::body::double_option;
use crate::error::{AdminError, Result};

/// Branding fields. A field that is left out is not changed; `null` clears it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BrandingChange)]
pub(crate) struct BrandingInput {
    /// Address of a picture; begins with `https://` or `http://`.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2048)]
    logo_url: Option<Option<String>>,
    /// Address of a picture; begins with `https://` or `http://`.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2048)]
    favicon_url: Option<Option<String>>,
    /// `#RRGGBB`.
    #[serde(default, deserialize_with = "double_option")]
    primary_color: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    company_name: Option<Option<String>>,
    /// A style sheet that neither loads nor runs anything.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 10000)]
    custom_css: Option<Option<String>>,
}

/// Sets what the request names.
fn set(field: &mut Option<String>, wanted: Option<Option<String>>) {
    if let Some(value) = wanted {
        *field = value;
    }
}

/// What is wrong with a style sheet. Pages leave such a sheet out; whoever sets it should know.
pub(crate) fn style_sheet_problem(sheet: &str) -> Option<&'static str> {
    let is_left_out = !sheet.trim().is_empty() && safe_custom_css(sheet).is_none();
    is_left_out
        .then_some("use at most 10,000 characters of a style sheet that neither loads nor runs anything")
}

impl BrandingInput {
    /// Whether the request names no field.
    pub(super) fn is_empty(&self) -> bool {
        let Self { logo_url, favicon_url, primary_color, company_name, custom_css } = self;
        [logo_url, favicon_url, primary_color, company_name, custom_css].iter().all(|text| text.is_none())
    }

    /// The branding after the change. Mistakes are reported with paths below `parent`.
    pub(super) fn applied_to(self, before: &Branding, parent: &str) -> Result<Branding> {
        let invalid = |problem: Problem| AdminError::Validation(vec![problem.within(parent).into()]);
        if let Some(Some(sheet)) = &self.custom_css
            && let Some(problem) = style_sheet_problem(sheet)
        {
            return Err(invalid(Problem::new("custom_css", problem)));
        }
        let mut after = before.clone();
        set(&mut after.logo_url, self.logo_url);
        set(&mut after.favicon_url, self.favicon_url);
        set(&mut after.primary_color, self.primary_color);
        set(&mut after.company_name, self.company_name);
        set(&mut after.custom_css, self.custom_css);
        after.validate().map_err(|problem| invalid(problem.into()))?;
        Ok(after)
    }
}
