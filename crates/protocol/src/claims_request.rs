//! The `claims` request parameter (OpenID Connect Core §5.5).

use std::collections::BTreeMap;

use crate::claims::scope_of_claim;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ErrorCode, OAuthError};

const MAX_BYTES: usize = 8 * 1024;
/// Maximum number of claims in one section, and of values of one claim.
const MAX_MEMBERS: usize = 64;

/// Why a `claims` parameter was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsRequestError {
    #[error("claims is longer than 8 KiB")]
    TooLong,
    #[error("claims is not a JSON object")]
    NotAnObject,
    #[error("userinfo and id_token in claims must be JSON objects")]
    Section,
    #[error(
        "a requested claim must be null or a JSON object with a boolean essential and an array of values"
    )]
    Claim,
    #[error("claims asks for too many claims or values")]
    TooMany,
}

impl From<ClaimsRequestError> for OAuthError {
    fn from(error: ClaimsRequestError) -> Self {
        Self::new(ErrorCode::InvalidRequest, error.to_string())
    }
}

/// Individually requested claims, for UserInfo and for the ID token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Value", try_from = "Value")]
pub struct ClaimsRequest {
    pub userinfo: Section,
    pub id_token: Section,
}

/// The claims requested for one of the two.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    claims: BTreeMap<String, RequestedClaim>,
}

/// How one claim is requested. Unknown members are ignored (OpenID Connect Core §5.5.1).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestedClaim {
    pub essential: bool,
    pub value: Option<Value>,
    pub values: Option<Vec<Value>>,
}

impl ClaimsRequest {
    /// Reads the parameter within size limits. Unknown claims are kept; they never have a value.
    pub fn parse(text: &str) -> Result<Self, ClaimsRequestError> {
        if text.len() > MAX_BYTES {
            return Err(ClaimsRequestError::TooLong);
        }
        let value: Value = serde_json::from_str(text).map_err(|_| ClaimsRequestError::NotAnObject)?;
        Self::from_value(&value)
    }

    /// Reads what [`ClaimsRequest::to_value`] wrote.
    pub fn from_value(value: &Value) -> Result<Self, ClaimsRequestError> {
        let object = value.as_object().ok_or(ClaimsRequestError::NotAnObject)?;
        Ok(Self {
            userinfo: Section::from_value(object.get("userinfo"))?,
            id_token: Section::from_value(object.get("id_token"))?,
        })
    }

    pub fn to_value(&self) -> Value {
        let mut object = serde_json::Map::new();
        for (name, section) in [("userinfo", &self.userinfo), ("id_token", &self.id_token)] {
            if !section.is_empty() {
                object.insert(name.to_owned(), section.to_value());
            }
        }
        Value::Object(object)
    }

    pub fn is_empty(&self) -> bool {
        self.userinfo.is_empty() && self.id_token.is_empty()
    }

    /// The scopes of the requested standard claims, each once, so that consent and the client's list of scopes hold for
    /// individually requested claims too.
    pub fn implied_scopes(&self) -> Vec<&'static str> {
        let mut scopes: Vec<&'static str> = self
            .userinfo
            .iter()
            .chain(self.id_token.iter())
            .filter_map(|(name, _)| scope_of_claim(name))
            .collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    /// Removes the standard claims whose scope `keep` refuses.
    #[must_use]
    pub fn within(mut self, keep: impl Fn(&str) -> bool) -> Self {
        for section in [&mut self.userinfo, &mut self.id_token] {
            section.claims.retain(|name, _| scope_of_claim(name).is_none_or(&keep));
        }
        self
    }

    /// Whether this person may answer (§3.1.2.2): if a `sub` is requested for the ID token, only that one.
    ///
    /// A `sub` in `userinfo` means the same: both describe the one who signs in.
    pub fn accepts_subject(&self, subject: &str) -> bool {
        let subject = Value::from(subject);
        [&self.id_token, &self.userinfo]
            .iter()
            .all(|s| s.get("sub").is_none_or(|claim| claim.accepts(&subject)))
    }

    /// How the authentication context class is requested (§5.5.1.1).
    pub fn acr(&self) -> Option<&RequestedClaim> {
        self.id_token.get("acr")
    }
}

impl From<ClaimsRequest> for Value {
    fn from(request: ClaimsRequest) -> Self {
        request.to_value()
    }
}

impl TryFrom<Value> for ClaimsRequest {
    type Error = ClaimsRequestError;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Self::from_value(&value)
    }
}

impl Section {
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    pub fn contains(&self, name: &str) -> bool {
        self.claims.contains_key(name)
    }

    pub fn get(&self, name: &str) -> Option<&RequestedClaim> {
        self.claims.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &RequestedClaim)> {
        self.claims.iter().map(|(name, claim)| (name.as_str(), claim))
    }

    fn from_value(value: Option<&Value>) -> Result<Self, ClaimsRequestError> {
        let object = match value {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(value) => value.as_object().ok_or(ClaimsRequestError::Section)?,
        };
        if object.len() > MAX_MEMBERS {
            return Err(ClaimsRequestError::TooMany);
        }
        let mut claims = BTreeMap::new();
        for (name, value) in object {
            claims.insert(name.clone(), RequestedClaim::from_value(value)?);
        }
        Ok(Self { claims })
    }

    fn to_value(&self) -> Value {
        Value::Object(self.claims.iter().map(|(name, claim)| (name.clone(), claim.to_value())).collect())
    }
}

impl RequestedClaim {
    /// Whether a value satisfies the request; without `value` or `values` every value does.
    pub fn accepts(&self, candidate: &Value) -> bool {
        (self.value.is_none() && self.values.is_none()) || self.wanted().any(|wanted| wanted == candidate)
    }

    /// The requested value, or the requested values in order of preference.
    fn wanted(&self) -> impl Iterator<Item = &Value> {
        self.value.iter().chain(self.values.iter().flatten())
    }

    fn from_value(value: &Value) -> Result<Self, ClaimsRequestError> {
        let object = match value {
            Value::Null => return Ok(Self::default()),
            value => value.as_object().ok_or(ClaimsRequestError::Claim)?,
        };
        let essential = match object.get("essential") {
            None => false,
            Some(value) => value.as_bool().ok_or(ClaimsRequestError::Claim)?,
        };
        let values = match object.get("values") {
            None => None,
            Some(values) => Some(values.as_array().ok_or(ClaimsRequestError::Claim)?.clone()),
        };
        if values.as_ref().is_some_and(|values| values.len() > MAX_MEMBERS) {
            return Err(ClaimsRequestError::TooMany);
        }
        Ok(Self { essential, value: object.get("value").cloned(), values })
    }

    fn to_value(&self) -> Value {
        let mut object = serde_json::Map::new();
        if self.essential {
            object.insert("essential".to_owned(), Value::Bool(true));
        }
        if let Some(value) = &self.value {
            object.insert("value".to_owned(), value.clone());
        }
        if let Some(values) = &self.values {
            object.insert("values".to_owned(), Value::Array(values.clone()));
        }
        if object.is_empty() { Value::Null } else { Value::Object(object) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(value: &Value) -> Result<ClaimsRequest, ClaimsRequestError> {
        ClaimsRequest::parse(&value.to_string())
    }

    #[test]
    fn openid_connect_core_section_5_5_example() {
        let value = json!({
            "userinfo": {
                "given_name": { "essential": true }, "nickname": null, "email": { "essential": true },
                "http://example.info/claims/groups": null,
            },
            "id_token": {
                "auth_time": { "essential": true },
                "acr": { "values": ["urn:mace:incommon:iap:silver"] },
            },
        });
        let request = parse(&value).unwrap();
        assert!(request.userinfo.get("given_name").unwrap().essential);
        assert!(!request.userinfo.get("nickname").unwrap().essential);
        assert!(request.id_token.contains("auth_time") && !request.id_token.contains("email"));
        assert!(request.acr().unwrap().accepts(&json!("urn:mace:incommon:iap:silver")));
        assert!(!request.acr().unwrap().accepts(&json!("urn:porta:acr:1fa")));
        assert_eq!(request.to_value(), value);
        assert_eq!(serde_json::to_value(&request).unwrap(), value);
    }

    #[test]
    fn unknown_members_are_ignored() {
        let request = parse(&json!({
            "verified_claims": 7, "userinfo": null, "id_token": { "x": { "essential": false, "purpose": 1 } },
        }))
        .unwrap();
        assert!(request.userinfo.is_empty());
        assert_eq!(request.to_value(), json!({ "id_token": { "x": null } }));
        assert!(parse(&json!({})).unwrap().is_empty());
    }

    #[test]
    fn refusals() {
        use ClaimsRequestError::{Claim, NotAnObject, Section, TooLong, TooMany};
        let many: serde_json::Map<_, _> = (0..65).map(|i| (i.to_string(), Value::Null)).collect();
        let values: Vec<Value> = (0..65).map(Value::from).collect();
        let cases = [
            (json!([]), NotAnObject),
            (json!(null), NotAnObject),
            (json!("x"), NotAnObject),
            (json!({ "userinfo": [] }), Section),
            (json!({ "id_token": "email" }), Section),
            (json!({ "id_token": { "acr": true } }), Claim),
            (json!({ "id_token": { "acr": [] } }), Claim),
            (json!({ "id_token": { "acr": { "essential": "true" } } }), Claim),
            (json!({ "id_token": { "acr": { "essential": null } } }), Claim),
            (json!({ "id_token": { "acr": { "values": "1" } } }), Claim),
            (json!({ "userinfo": many }), TooMany),
            (json!({ "userinfo": { "acr": { "values": values } } }), TooMany),
            (json!({ "x": "a".repeat(MAX_BYTES) }), TooLong),
        ];
        for (value, expected) in cases {
            assert_eq!(parse(&value), Err(expected), "{value}");
        }
        for text in ["", "{", "{}x", "{'a':1}", &"[".repeat(8000), &"{\"a\":".repeat(1600)] {
            assert_eq!(ClaimsRequest::parse(text), Err(NotAnObject), "{text}");
        }
    }

    #[test]
    fn openid_connect_core_section_3_1_2_2_subject() {
        let request = parse(&json!({ "id_token": { "sub": { "value": "ana" } } })).unwrap();
        assert!(request.accepts_subject("ana") && !request.accepts_subject("ben"));
        let either = parse(&json!({ "id_token": { "sub": { "values": ["ana", "ben"] } } })).unwrap();
        assert!(either.accepts_subject("ben") && !either.accepts_subject("eve"));
        let nobody = parse(&json!({ "id_token": { "sub": { "values": [] } } })).unwrap();
        assert!(!nobody.accepts_subject("ana"));
        let other_type = parse(&json!({ "userinfo": { "sub": { "value": 7 } } })).unwrap();
        assert!(!other_type.accepts_subject("7"));
        assert!(parse(&json!({ "id_token": { "sub": null } })).unwrap().accepts_subject("ana"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 5, |inner| {
            let name = "userinfo|id_token|essential|value|values|sub|[a-z]{0,4}";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((name, inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_json_is_read_or_refused(value in any_json(), text in "\\PC{0,60}") {
            let _ = ClaimsRequest::parse(&text);
            for wrapped in [value.clone(), json!({ "userinfo": value, "id_token": { "acr": value } })] {
                if let Ok(request) = parse(&wrapped) {
                    prop_assert_eq!(ClaimsRequest::from_value(&request.to_value()).unwrap(), request);
                }
            }
        }
    }
}
