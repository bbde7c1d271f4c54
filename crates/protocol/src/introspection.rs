//! The introspection answer (RFC 7662 §2.2).

use serde::ser::{Serialize, SerializeMap, Serializer};

/// The response about a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntrospectionResponse {
    /// Unknown, expired, revoked or of another owner: no further details (RFC 7662 §2.2).
    Inactive,
    Active(Box<ActiveToken>),
}

/// The members of the response about an active token.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ActiveToken {
    pub client_id: String,
    pub iss: String,
    pub exp: i64,
    pub iat: i64,
    /// Absent for tokens without a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Absent for refresh tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
}

impl Serialize for IntrospectionResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct ActiveResponse<'a> {
            active: bool,
            #[serde(flatten)]
            token: &'a ActiveToken,
        }
        match self {
            Self::Inactive => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("active", &false)?;
                map.end()
            }
            Self::Active(token) => ActiveResponse { active: true, token }.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rfc_7662_section_2_2_an_inactive_token_tells_nothing() {
        assert_eq!(serde_json::to_string(&IntrospectionResponse::Inactive).unwrap(), r#"{"active":false}"#);
    }

    #[test]
    fn an_active_token_tells_what_is_set() {
        let token = ActiveToken {
            client_id: "app".to_owned(),
            iss: "https://id.example/acme".to_owned(),
            exp: 2,
            iat: 1,
            sub: Some("ana".to_owned()),
            ..ActiveToken::default()
        };
        let expected = json!({
            "active": true, "client_id": "app", "iss": "https://id.example/acme", "exp": 2, "iat": 1, "sub": "ana",
        });
        let answer = IntrospectionResponse::Active(Box::new(token));
        assert_eq!(serde_json::to_value(answer).unwrap(), expected);
    }
}
