//! The settings registry (decision D13): every key has a type, a default, bounds and a description. Changes take effect
//! without a restart; some keys can be overridden per organization.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::{Invalid, string_enum};

string_enum! {
    pub enum SettingType { Duration = "duration", Number = "number" }
}

string_enum! {
    /// What a setting is about, for lists.
    pub enum SettingGroup {
        Tokens = "tokens",
        Sessions = "sessions",
        Links = "links",
        Limits = "limits",
        Protocol = "protocol",
        Audit = "audit",
    }
}

/// Declaration of one setting.
#[derive(Debug)]
pub struct SettingDefinition {
    pub key: &'static str,
    pub group: SettingGroup,
    pub value_type: SettingType,
    /// In seconds for a duration.
    pub default: i64,
    pub minimum: i64,
    pub maximum: i64,
    pub per_organization: bool,
    pub description: &'static str,
}

macro_rules! registry {
    ($($(#[$meta:meta])* $konst:ident = $key:literal, $group:ident, $kind:ident, $default:expr, $min:expr, $max:expr, $org:expr, $text:literal;)+) => {
        $(
            $(#[$meta])*
            pub const $konst: &SettingDefinition = &SettingDefinition {
                key: $key, group: SettingGroup::$group, value_type: SettingType::$kind, default: $default,
                minimum: $min, maximum: $max, per_organization: $org, description: $text,
            };
        )+
        /// Every setting, in the order of the documentation.
        pub const ALL: &[&SettingDefinition] = &[$($konst),+];
    };
}

registry! {
    ACCESS_TOKEN_TTL = "access_token_ttl", Tokens, Duration, 3600, 10, 86_400, true, "Lifetime of an access token.";
    ID_TOKEN_TTL = "id_token_ttl", Tokens, Duration, 3600, 10, 86_400, true, "Lifetime of an ID token.";
    REFRESH_TOKEN_TTL = "refresh_token_ttl", Tokens, Duration, 2_592_000, 60, 31_536_000, true, "Lifetime of a refresh token; restarted by rotation, bounded by the grant.";
    GRANT_TTL = "grant_ttl", Tokens, Duration, 2_592_000, 60, 31_536_000, true, "Absolute lifetime of a grant and of every token chain that descends from it.";
    AUTHORIZATION_CODE_TTL = "authorization_code_ttl", Tokens, Duration, 60, 1, 60, true, "Lifetime of an authorization code (RFC 9700 section 4.5).";
    CLIENT_CREDENTIALS_TTL = "client_credentials_ttl", Tokens, Duration, 600, 10, 86_400, true, "Lifetime of an access token of the client credentials grant.";
    REFRESH_REPLAY_WINDOW = "refresh_replay_window", Tokens, Duration, 60, 0, 300, true, "How long after its rotation a refresh token still answers an honest retry with the same successor: longer than a statement may run and a client waits for an answer, together.";
    SESSION_TTL = "session_ttl", Sessions, Duration, 86_400, 60, 2_592_000, true, "Sliding lifetime of a browser session.";
    SESSION_MAX_TTL = "session_max_ttl", Sessions, Duration, 2_592_000, 60, 31_536_000, true, "Absolute lifetime of a browser session after its last sign-in, however much it is used. Where an organization requires a second factor and nothing is set, 24 hours.";
    INTERACTION_TTL = "interaction_ttl", Sessions, Duration, 3600, 60, 86_400, false, "How long a sign-in may take from the first page to the last.";
    SECOND_FACTOR_TTL = "second_factor_ttl", Sessions, Duration, 600, 60, 3600, true, "How long a sign-in waits for its second factor, and for each step of getting one.";
    UNANSWERED_INTERACTION_TTL = "unanswered_interaction_ttl", Sessions, Duration, 900, 60, 86_400, false, "How long a sign-in waits for the first form to be sent.";
    MAX_FAILED_LOGINS = "max_failed_logins", Limits, Number, 5, 1, 1000, true, "Wrong passwords in a row that lock an account.";
    LOCKOUT_DURATION = "lockout_duration", Limits, Duration, 900, 1, 86_400, true, "How long such a lock lasts.";
    RATE_LIMIT_LOGIN_MAX = "rate_limit_login_max", Limits, Number, 10, 1, 100_000, true, "Failed sign-ins per account and address in the login window; for a known browser, in that browser.";
    RATE_LIMIT_LOGIN_WINDOW = "rate_limit_login_window", Limits, Duration, 900, 1, 86_400, true, "The login window.";
    RATE_LIMIT_LOGIN_ADDRESS_MAX = "rate_limit_login_address_max", Limits, Number, 100, 1, 1_000_000, true, "Failed sign-ins per network address in the login window. IPv6 counts per /64, four times as many per /56 and sixteen times as many per /48.";
    RATE_LIMIT_LOGIN_ORGANIZATION_MAX = "rate_limit_login_organization_max", Limits, Number, 10_000, 1, 10_000_000, true, "Failed sign-ins per organization in the login window. Beyond it an alarm is audited and strangers wait for growing seconds before a password is judged; nobody is refused.";
    RATE_LIMIT_INTERACTION_MAX = "rate_limit_interaction_max", Limits, Number, 2000, 1, 10_000_000, true, "Sign-ins that a signed-in browser begins with a question about consent, per network address in the interaction window; IPv6 counts per /64, four times as many per /56 and sixteen times as many per /48. Those of strangers are not stored, so nobody counts them.";
    RATE_LIMIT_INTERACTION_WINDOW = "rate_limit_interaction_window", Limits, Duration, 600, 1, 86_400, true, "The interaction window.";
    WAITING_CODES_MAX = "waiting_codes_max", Tokens, Number, 10, 1, 1000, true, "Authorization codes of one session and client that may wait to be redeemed; beyond that, the oldest are dropped.";
    QUOTA_CLIENT_MAX = "quota_client_max", Limits, Number, 3000, 1, 10_000_000, true, "Tokens and codes that may be given to a client in the quota window, sign-ins with a form aside.";
    QUOTA_PERSON_MAX = "quota_person_max", Limits, Number, 600, 1, 10_000_000, true, "Codes that may be given for a person in the quota window without their signing in, and refreshes of one chain of tokens.";
    QUOTA_ORGANIZATION_MAX = "quota_organization_max", Limits, Number, 6000, 1, 10_000_000, true, "Tokens and codes that may be given to all clients of an organization together, sign-ins with a form aside.";
    QUOTA_WINDOW = "quota_window", Limits, Duration, 60, 1, 3600, true, "The quota window. Quotas come back evenly, and each process counts for itself.";
    RATE_LIMIT_TOKEN_MAX = "rate_limit_token_max", Limits, Number, 30, 1, 10_000_000, false, "Failed client authentications at the token endpoint per address and client in the token window.";
    RATE_LIMIT_TOKEN_ADDRESS_MAX = "rate_limit_token_address_max", Limits, Number, 300, 1, 10_000_000, false, "Failed client authentications at the token endpoint per network address, whatever the client, in the token window. IPv6 counts per /64, four times as many per /56 and sixteen times as many per /48.";
    RATE_LIMIT_TOKEN_WINDOW = "rate_limit_token_window", Limits, Duration, 300, 1, 86_400, false, "The token window.";
    RATE_LIMIT_INTROSPECT_MAX = "rate_limit_introspect_max", Limits, Number, 100, 1, 10_000_000, false, "Failed client authentications at introspection and revocation per address and client in the introspection window.";
    RATE_LIMIT_INTROSPECT_ADDRESS_MAX = "rate_limit_introspect_address_max", Limits, Number, 1000, 1, 10_000_000, false, "Failed client authentications at introspection and revocation per network address, whatever the client, in the introspection window. IPv6 counts per /64, four times as many per /56 and sixteen times as many per /48.";
    RATE_LIMIT_INTROSPECT_WINDOW = "rate_limit_introspect_window", Limits, Duration, 60, 1, 86_400, false, "The introspection window.";
    TWO_FACTOR_CODE_TTL = "two_factor_code_ttl", Sessions, Duration, 600, 60, 3600, true, "Lifetime of a mailed code.";
    RATE_LIMIT_2FA_VERIFY_MAX = "rate_limit_2fa_verify_max", Limits, Number, 5, 1, 1000, true, "Codes that may be tried in the verification window, in one sign-in and from one network or known browser; from all networks together four times as many.";
    RATE_LIMIT_2FA_VERIFY_WINDOW = "rate_limit_2fa_verify_window", Limits, Duration, 300, 1, 86_400, true, "The verification window.";
    RATE_LIMIT_2FA_RESEND_MAX = "rate_limit_2fa_resend_max", Limits, Number, 3, 1, 1000, true, "Codes a person may have sent again in the resend window, from one network or known browser; from all networks together four times as many.";
    RATE_LIMIT_2FA_RESEND_WINDOW = "rate_limit_2fa_resend_window", Limits, Duration, 300, 1, 86_400, true, "The resend window.";
    RATE_LIMIT_2FA_MAIL_MAX = "rate_limit_2fa_mail_max", Limits, Number, 10, 1, 1000, true, "Mailed codes per person in the mail window, from one network, in one known browser or on the account pages, however they were asked for; from all networks together four times as many.";
    RATE_LIMIT_2FA_MAIL_WINDOW = "rate_limit_2fa_mail_window", Limits, Duration, 900, 1, 86_400, true, "The mail window.";
    MAGIC_LINK_TTL = "magic_link_ttl", Links, Duration, 900, 60, 86_400, true, "Lifetime of a magic link and its code.";
    PASSWORD_RESET_TTL = "password_reset_ttl", Links, Duration, 3600, 60, 86_400, true, "Lifetime of a link that resets a password.";
    INVITATION_TTL = "invitation_ttl", Links, Duration, 604_800, 3600, 7_776_000, true, "Lifetime of an invitation.";
    EMAIL_VERIFICATION_TTL = "email_verification_ttl", Links, Duration, 86_400, 60, 2_592_000, true, "Lifetime of a link that confirms an address.";
    RATE_LIMIT_MAGIC_LINK_MAX = "rate_limit_magic_link_max", Limits, Number, 5, 1, 100_000, true, "Magic links asked for per account and network, or known browser, in the magic link window; from all networks together four times as many. Beyond it a link is sent only while no other works.";
    RATE_LIMIT_MAGIC_LINK_WINDOW = "rate_limit_magic_link_window", Limits, Duration, 900, 1, 86_400, true, "The magic link window.";
    RATE_LIMIT_PASSWORD_RESET_MAX = "rate_limit_password_reset_max", Limits, Number, 5, 1, 100_000, true, "Password resets asked for per account and network, or known browser, in the password reset window; from all networks together four times as many. Beyond it a link is sent only while no other works.";
    RATE_LIMIT_PASSWORD_RESET_WINDOW = "rate_limit_password_reset_window", Limits, Duration, 900, 1, 86_400, true, "The password reset window.";
    RATE_LIMIT_LINK_ADDRESS_MAX = "rate_limit_link_address_max", Limits, Number, 50, 1, 1_000_000, true, "Links of any kind asked for, and links that did not work, per network address in the link window. IPv6 counts per /64, four times as many per /56 and sixteen times as many per /48.";
    RATE_LIMIT_LINK_ORGANIZATION_MAX = "rate_limit_link_organization_max", Limits, Number, 10_000, 1, 10_000_000, true, "Links of any kind asked for by strangers per organization in the link window. Beyond it an alarm is audited and strangers wait for growing seconds; at four times as many they get no more.";
    RATE_LIMIT_LINK_WINDOW = "rate_limit_link_window", Limits, Duration, 900, 1, 86_400, true, "The link window.";
    RATE_LIMIT_MAGIC_CODE_MAX = "rate_limit_magic_code_max", Limits, Number, 5, 1, 100, true, "Codes of a magic link that may be tried per sign-in in the link window.";
    STEP_UP_MAX_AGE = "step_up_max_age", Sessions, Duration, 300, 10, 86_400, true, "How long after signing in the password, the second factors, other sessions and the data of an account can be reached without signing in again.";
    RATE_LIMIT_ACCOUNT_MAX = "rate_limit_account_max", Limits, Number, 60, 1, 100_000, true, "Changes a person may try on their account pages in the account window.";
    RATE_LIMIT_ACCOUNT_WINDOW = "rate_limit_account_window", Limits, Duration, 600, 1, 86_400, true, "The account window.";
    CORS_MAX_AGE = "cors_max_age", Protocol, Duration, 3600, 0, 86_400, false, "How long a browser may keep the answer to a preflight request.";
    AUDIT_RETENTION_DAYS = "audit_retention_days", Audit, Number, 90, 1, 36_500, false, "Days an audit row is kept.";
}

/// Names used by the reference, still accepted.
const ALIASES: &[(&str, &str)] =
    &[("lockout_duration_seconds", "lockout_duration"), ("login_rate_limit", "rate_limit_login_max")];

/// Finds a setting by key or alias.
pub fn find(key: &str) -> Option<&'static SettingDefinition> {
    let key = ALIASES.iter().find(|(alias, _)| *alias == key).map_or(key, |(_, canonical)| canonical);
    ALL.iter().copied().find(|d| d.key == key)
}

/// Parses `900`, `15m`, `12h`, `30d`, `2w` to seconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    digits.parse::<i64>().ok()?.checked_mul(factor)
}

impl SettingDefinition {
    /// Validates a JSON value and returns its stored form (an integer).
    pub fn check(&self, value: &Value) -> Result<Value, Invalid> {
        let number = match (self.value_type, value) {
            (SettingType::Duration, Value::String(text)) => parse_duration(text),
            (SettingType::Number, Value::String(text)) => text.trim().parse().ok(),
            (_, Value::Number(n)) => n.as_i64(),
            _ => None,
        };
        let expected = match self.value_type {
            SettingType::Duration => "a duration such as 900, \"15m\" or \"12h\"",
            SettingType::Number => "a whole number",
        };
        let Some(number) = number else {
            return Err(Invalid::new("value", format!("`{}` takes {expected}", self.key)));
        };
        if !(self.minimum..=self.maximum).contains(&number) {
            let bounds = format!("`{}` takes {} to {}", self.key, self.minimum, self.maximum);
            return Err(Invalid::new("value", bounds));
        }
        Ok(Value::from(number))
    }
}

/// Settings in force for an organization: its own values, then the platform's, then the defaults.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<String, i64>,
}

impl Settings {
    /// Later layers take precedence; stored values outside the registry's bounds are ignored.
    pub fn layered(layers: &[&BTreeMap<String, Value>]) -> Self {
        let mut values = BTreeMap::new();
        for layer in layers {
            for (key, value) in *layer {
                if let Some(definition) = find(key)
                    && let Ok(value) = definition.check(value)
                    && let Some(number) = value.as_i64()
                {
                    values.insert(definition.key.to_owned(), number);
                }
            }
        }
        Self { values }
    }

    pub fn number(&self, definition: &SettingDefinition) -> u64 {
        self.number_or(definition, definition.default)
    }

    fn number_or(&self, definition: &SettingDefinition, default: i64) -> u64 {
        let value = self.values.get(definition.key).copied().unwrap_or(default);
        u64::try_from(value).unwrap_or(0)
    }

    /// Absolute lifetime of a session. Where a second factor is required and no value is set: one day (NIST SP 800-63B
    /// §2.2.3).
    pub fn longest_session(&self, requires_second_factor: bool) -> Duration {
        let default = if requires_second_factor { 86_400 } else { SESSION_MAX_TTL.default };
        Duration::from_secs(self.number_or(SESSION_MAX_TTL, default))
    }

    pub fn duration(&self, definition: &SettingDefinition) -> Duration {
        Duration::from_secs(self.number(definition))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_within_its_bounds() {
        for definition in ALL {
            assert!(definition.check(&Value::from(definition.default)).is_ok(), "{}", definition.key);
        }
    }

    #[test]
    fn durations_accept_units_and_refuse_words() {
        assert_eq!(parse_duration("15m"), Some(900));
        assert_eq!(parse_duration("900"), Some(900));
        for bad in ["", "m", "soon", "1y2", "-5", "99999999999999999999"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn values_out_of_bounds_are_refused_with_the_bounds() {
        let problem = AUTHORIZATION_CODE_TTL.check(&Value::from(600)).unwrap_err().problem;
        assert!(problem.contains("1 to 60"), "{problem}");
        assert!(MAX_FAILED_LOGINS.check(&Value::from("many")).is_err());
    }

    #[test]
    fn an_organization_overrides_the_platform() {
        let platform = BTreeMap::from([("access_token_ttl".to_owned(), Value::from(100))]);
        let tenant = BTreeMap::from([("access_token_ttl".to_owned(), Value::from("5m"))]);
        let settings = Settings::layered(&[&platform, &tenant]);
        assert_eq!(settings.duration(ACCESS_TOKEN_TTL).as_secs(), 300);
        assert_eq!(settings.duration(ID_TOKEN_TTL).as_secs(), 3600);
    }

    #[test]
    fn a_session_ends_after_a_day_where_a_second_factor_is_required() {
        let days = |settings: &Settings, required| settings.longest_session(required).as_secs() / 86_400;
        assert_eq!((days(&Settings::default(), false), days(&Settings::default(), true)), (30, 1));
        let own = BTreeMap::from([("session_max_ttl".to_owned(), Value::from("7d"))]);
        let chosen = Settings::layered(&[&own]);
        assert_eq!((days(&chosen, false), days(&chosen, true)), (7, 7));
    }

    #[test]
    fn aliases_find_their_setting() {
        assert_eq!(find("lockout_duration_seconds").unwrap().key, "lockout_duration");
        assert!(find("cookie_secure").is_none());
    }
}
