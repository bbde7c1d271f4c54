//! The picture in a request: as JSON, or as it is.

use axum::extract::{FromRequest, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use porta_core::branding::PictureType;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::body::{JSON, media_type, parse, read_body};
use crate::error::{AdminError, Result};

/// Most bytes of a request. A picture of 512 KiB has 699,052 characters in base64.
const BYTES: usize = 1024 * 1024;

/// A picture as JSON.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PictureBody {
    /// Base64.
    #[schema(value_type = String)]
    data: Option<String>,
    /// `image/png`, `image/svg+xml`, `image/x-icon`, `image/vnd.microsoft.icon`, `image/jpeg` or `image/webp`.
    #[schema(value_type = String)]
    content_type: Option<String>,
}

/// An uploaded picture.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(super) bytes: Vec<u8>,
    /// `None`: the content alone decides.
    pub(super) declared: Option<PictureType>,
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = AdminError;

    async fn from_request(request: Request, _: &S) -> Result<Self> {
        let (parts, body) = request.into_parts();
        let bytes = read_body(&parts.headers, body, BYTES).await?;
        let media_type = media_type(&parts.headers);
        if media_type == JSON {
            return Self::of_json(&bytes);
        }
        // Scripts that send bytes name no type, or any.
        Ok(Self { bytes, declared: picture_type(&media_type) })
    }
}

impl Upload {
    fn of_json(text: &[u8]) -> Result<Self> {
        let PictureBody { data: Some(data), content_type: Some(declared) } = parse(text)? else {
            let text = "Request body must include \"data\" (base64) and \"contentType\" fields";
            return Err(AdminError::Rule(text.to_owned()));
        };
        let unsupported = || {
            let allowed =
                "image/png, image/svg+xml, image/x-icon, image/vnd.microsoft.icon, image/jpeg, image/webp";
            AdminError::Rule(format!("Unsupported content type: {declared}. Allowed: {allowed}"))
        };
        let declared = picture_type(&declared).ok_or_else(unsupported)?;
        let bytes = STANDARD.decode(data).map_err(|_| AdminError::invalid("data", "use base64"))?;
        Ok(Self { bytes, declared: Some(declared) })
    }
}

fn picture_type(media_type: &str) -> Option<PictureType> {
    // The registered name of what browsers call `image/x-icon`.
    if media_type == "image/vnd.microsoft.icon" {
        return Some(PictureType::Ico);
    }
    PictureType::parse(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_carries_bytes_and_their_type() {
        let upload = Upload::of_json(br#"{"data":"AAEC","contentType":"image/vnd.microsoft.icon"}"#).unwrap();
        assert_eq!(
            (upload.bytes.as_slice(), upload.declared),
            ([0, 1, 2].as_slice(), Some(PictureType::Ico))
        );
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        for (text, part) in [
            ("{}", "must include"),
            (r#"{"data":"AAEC"}"#, "must include"),
            (r#"{"data":null,"contentType":"image/png"}"#, "must include"),
            (r#"{"data":"AAEC","contentType":"text/html"}"#, "Unsupported content type: text/html."),
            (r#"{"data":"A*","contentType":"image/png"}"#, "use base64"),
            (r#"{"data":7,"contentType":"image/png"}"#, "data"),
        ] {
            let refused = format!("{:?}", Upload::of_json(text.as_bytes()).unwrap_err());
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}
