//! What a document has: the one description behind the messages about wrong files and the published JSON Schema. A test
//! compares it with the types that documents are read into.

use porta_core::application::{ClaimType, ModuleStatus};
use porta_core::client::{ApplicationType, ClientType, GrantType, ResponseType, TokenEndpointAuthMethod};
use porta_core::organization::{LoginMethod, TwoFactorPolicy};
use porta_core::signing_key::SigningAlgorithm;

use super::shape::Kind::{self, Any, Flag, List, Map, Secret, Settings, Text, Words};
use super::shape::Presence::{self, Clearable, Optional, Required};
use super::shape::{Field, Shape};

macro_rules! words {
    ($type:ty) => {
        Words(|| <$type>::ALL.iter().map(|word| word.as_str()).collect())
    };
}

const fn field(name: &'static str, kind: Kind, presence: Presence, about: &'static str) -> Field {
    Field { name, kind, presence, about }
}

const METHODS: Kind = List(&words!(LoginMethod));
const TEXTS: Kind = List(&Text);

pub(in crate::provision) static DOCUMENT: Shape = Shape {
    name: "document",
    fields: &[
        field("version", Text, Required, "Always \"1.0\"."),
        field("allow_passwords", Flag, Optional, "Whether users may have passwords here: for development."),
        field("config", Settings, Optional, "Settings of the platform, by key."),
        field("organizations", List(&Map(&ORGANIZATION)), Required, "Organizations (tenants)."),
    ],
};

static ORGANIZATION: Shape = Shape {
    name: "organization",
    fields: &[
        field("name", Text, Required, "1 to 255 characters."),
        field(
            "slug",
            Text,
            Optional,
            "Identifies the organization; never changed. Made from the name when left out.",
        ),
        field("default_locale", Text, Clearable, "Language tag."),
        field("default_login_methods", METHODS, Optional, "How users sign in."),
        field(
            "two_factor_policy",
            words!(TwoFactorPolicy),
            Optional,
            "The second factor that is required after the password.",
        ),
        field("branding", Map(&BRANDING), Optional, "How pages and mails look."),
        field("settings", Settings, Optional, "Settings of the organization, by key."),
        field("applications", List(&Map(&APPLICATION)), Optional, "Applications that the organization owns."),
        field("users", List(&Map(&USER)), Optional, "Users."),
    ],
};

static BRANDING: Shape = Shape {
    name: "branding",
    fields: &[
        field("primary_color", Text, Clearable, "#RRGGBB."),
        field("company_name", Text, Clearable, "Shown instead of the name."),
        field("custom_css", Text, Clearable, "A style sheet for the pages."),
        field("logo_url", Text, Clearable, "Address of a picture."),
        field("favicon_url", Text, Clearable, "Address of a picture."),
    ],
};

static APPLICATION: Shape = Shape {
    name: "application",
    fields: &[
        field("name", Text, Required, "1 to 255 characters."),
        field(
            "slug",
            Text,
            Optional,
            "Identifies the application within the organization. Made from the name when left out.",
        ),
        field("description", Text, Clearable, "At most 2,000 characters."),
        field("modules", List(&Map(&MODULE)), Optional, "Parts of the application."),
        field("permissions", List(&Map(&PERMISSION)), Optional, "What roles may allow."),
        field("roles", List(&Map(&ROLE)), Optional, "What users may be."),
        field("claim_definitions", List(&Map(&CLAIM)), Optional, "Custom claims."),
        field("clients", List(&Map(&CLIENT)), Optional, "OAuth clients."),
    ],
};

static MODULE: Shape = Shape {
    name: "module",
    fields: &[
        field("name", Text, Required, "1 to 255 characters."),
        field("slug", Text, Required, "Identifies the module within the application."),
        field("description", Text, Clearable, "Free text."),
        field("status", words!(ModuleStatus), Optional, "A new module is active."),
    ],
};

static PERMISSION: Shape = Shape {
    name: "permission",
    fields: &[
        field("name", Text, Required, "1 to 255 characters."),
        field("slug", Text, Required, "area:resource:action."),
        field("description", Text, Clearable, "Free text."),
    ],
};

static ROLE: Shape = Shape {
    name: "role",
    fields: &[
        field("name", Text, Required, "1 to 255 characters."),
        field("slug", Text, Optional, "Made from the name when left out."),
        field("description", Text, Clearable, "Free text."),
        field(
            "permissions",
            TEXTS,
            Optional,
            "Slugs of permissions of the same application. Added, never removed.",
        ),
    ],
};

static CLAIM: Shape = Shape {
    name: "claim_definition",
    fields: &[
        field("name", Text, Required, "What operators call it."),
        field("slug", Text, Required, "Its name in tokens."),
        field("claim_type", words!(ClaimType), Required, "Never changed."),
        field("description", Text, Clearable, "Free text."),
        field("include_in_id_token", Flag, Optional, "A new claim is not."),
        field("include_in_access_token", Flag, Optional, "A new claim is."),
        field("include_in_userinfo", Flag, Optional, "A new claim is."),
    ],
};

static CLIENT: Shape = Shape {
    name: "client",
    fields: &[
        field(
            "client_id",
            Text,
            Optional,
            "Identifies the client, which may then be renamed. Without it, the name does.",
        ),
        field("client_name", Text, Required, "1 to 255 characters."),
        field("client_type", words!(ClientType), Required, "Never changed."),
        field("application_type", words!(ApplicationType), Optional, "A new client is web."),
        field("grant_types", List(&words!(GrantType)), Optional, "A new client has authorization_code."),
        field("response_types", List(&words!(ResponseType)), Optional, "A new client has code."),
        field("redirect_uris", TEXTS, Optional, "Needed with authorization_code."),
        field("post_logout_redirect_uris", TEXTS, Optional, "Where signing out may lead."),
        field("allowed_origins", TEXTS, Optional, "As browsers send them: https://app.example."),
        field("scope", Text, Optional, "Scopes that the client may ask for, separated by spaces."),
        field("login_methods", METHODS, Clearable, "null: those of the organization."),
        field("require_pkce", Flag, Optional, "false for confidential clients only."),
        field(
            "token_endpoint_auth_method",
            words!(TokenEndpointAuthMethod),
            Optional,
            "How the client proves who it is.",
        ),
        field("id_token_signed_response_alg", words!(SigningAlgorithm), Optional, "A new client has RS256."),
        field("userinfo_signed_response_alg", words!(SigningAlgorithm), Clearable, "null: plain JSON."),
        field("standard_claims_in_id_token", Flag, Optional, "For clients that do not call UserInfo."),
        field(
            "allowed_organizations",
            TEXTS,
            Optional,
            "Slugs of other organizations whose users may sign in.",
        ),
        field("secret", Map(&SECRET), Optional, "The secret of a confidential client."),
    ],
};

static SECRET: Shape = Shape {
    name: "secret",
    fields: &[
        field("label", Text, Optional, "At most 255 characters."),
        field("expires_at", Text, Optional, "RFC 3339, or a date."),
        field("expires_in", Text, Optional, "A number with h, d, m (calendar months) or y."),
        field("value", Secret, Optional, "${NAME}, env:NAME or file:PATH. Generated when left out."),
    ],
};

static USER: Shape = Shape {
    name: "user",
    fields: &[
        field("email", Text, Required, "Identifies the user within the organization."),
        field("given_name", Text, Clearable, "First name."),
        field("family_name", Text, Clearable, "Last name."),
        field("middle_name", Text, Clearable, "Middle name."),
        field("nickname", Text, Clearable, "Casual name."),
        field("preferred_username", Text, Clearable, "What applications may show."),
        field("profile", Text, Clearable, "Address of a page."),
        field("picture", Text, Clearable, "Address of a picture."),
        field("website", Text, Clearable, "Address of a page."),
        field("gender", Text, Clearable, "Free text."),
        field("birthdate", Text, Clearable, "YYYY-MM-DD."),
        field("zoneinfo", Text, Clearable, "Such as Europe/Berlin."),
        field("locale", Text, Clearable, "Language tag."),
        field("phone_number", Text, Clearable, "With the code of the country."),
        field("phone_number_verified", Flag, Optional, "A new number is not."),
        field("address", Map(&ADDRESS), Optional, "Postal address."),
        field("status", Words(|| vec!["active", "inactive"]), Optional, "A new user is active."),
        field("email_verified", Flag, Optional, "A new address is not."),
        field(
            "password",
            Secret,
            Optional,
            "${NAME}, env:NAME or file:PATH. Of a new user; needs allow_passwords.",
        ),
        field("password_hash", Secret, Optional, "Of a new user: a hash of another system."),
        field(
            "password_change_required",
            Flag,
            Optional,
            "A new user chooses another password at the first sign-in.",
        ),
        field("roles", List(&Map(&ROLE_OF_USER)), Optional, "Added, never removed."),
        field("claims", List(&Map(&CLAIM_OF_USER)), Optional, "Values of custom claims."),
    ],
};

static ADDRESS: Shape = Shape {
    name: "address",
    fields: &[
        field("street_address", Text, Clearable, "May have several lines."),
        field("locality", Text, Clearable, "City."),
        field("region", Text, Clearable, "State or province."),
        field("postal_code", Text, Clearable, "A text, also if it is a number."),
        field("country", Text, Clearable, "Two letters."),
    ],
};

static ROLE_OF_USER: Shape = Shape {
    name: "role_of_user",
    fields: &[
        field("app", Text, Required, "Slug of an application of the organization, or of a shared one."),
        field("role", Text, Required, "Slug of the role."),
    ],
};

static CLAIM_OF_USER: Shape = Shape {
    name: "claim_of_user",
    fields: &[
        field("app", Text, Required, "Slug of an application of the organization, or of a shared one."),
        field("claim", Text, Required, "Name of the claim in tokens."),
        field("value", Any, Required, "Of the type of the claim."),
    ],
};
