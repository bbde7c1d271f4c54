//! Two tenants with the same contents, so that each query can also be made from the wrong tenant.

use std::sync::Arc;
use std::time::Duration;

use porta_core::application::{Application, ApplicationStatus};
use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::client::{
    ApplicationType, Client, ClientId, ClientStatus, ClientType, GrantType, ResponseType,
    TokenEndpointAuthMethod,
};
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::organization::{Branding, LoginMethod, Organization, OrganizationStatus, TwoFactorPolicy};
use porta_core::seal::Sealed;
use porta_core::second_factor::{
    CodeMac, CodePurpose, CodeSlot, EmailCode, RecoveryCode, TotpCredential, TotpParameters,
};
use porta_core::session::{AccessToken, Grant, RefreshToken, SessionRecord, TokenFamily};
use porta_core::signing_key::SigningAlgorithm;
use porta_core::user::{Email, PasswordHash, Profile, User, UserStatus};
use porta_core::{
    ApplicationId, AuditId, ClientKey, EmailCodeId, Entropy, GrantId, OneTimeTokenId, OrganizationId,
    RecoveryCodeId, SeededEntropy, SessionKey, Slug, Timestamp, TokenDigest, TokenFamilyId, UserId, Version,
};

use crate::{Repositories, Store};

/// The time of everything in the fixture.
pub const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);

pub const MINUTE: Duration = Duration::from_mins(1);
pub const HOUR: Duration = Duration::from_hours(1);

/// One tenant with an application, a client and a user who is signed in.
#[derive(Debug, Clone)]
pub struct Tenant {
    pub organization: Organization,
    pub application: Application,
    pub client: Client,
    pub user: User,
    pub session: SessionRecord,
    pub grant: Grant,
}

pub struct TwoTenants {
    pub store: Arc<dyn Store>,
    pub entropy: SeededEntropy,
    pub acme: Tenant,
    pub other: Tenant,
}

impl TwoTenants {
    pub async fn new(store: Arc<dyn Store>) -> Self {
        let entropy = SeededEntropy::new(42);
        let acme = tenant(&store, "acme", &entropy).await;
        let other = tenant(&store, "other", &entropy).await;
        Self { store, entropy, acme, other }
    }

    pub fn repositories(&self) -> Box<dyn Repositories + '_> {
        self.store.repositories()
    }

    pub fn digest(&self) -> TokenDigest {
        let entropy: &dyn Entropy = &self.entropy;
        TokenDigest::of_bytes(&entropy.bytes::<32>())
    }

    /// A family of acme's user that is not stored yet.
    pub fn family(&self) -> TokenFamily {
        family(&self.acme, &self.entropy)
    }

    pub fn access(&self, family: TokenFamilyId) -> AccessToken {
        AccessToken {
            digest: self.digest(),
            family,
            scope: "openid email".to_owned(),
            expires_at: NOW + HOUR,
            created_at: NOW,
        }
    }

    pub fn refresh(&self, family: TokenFamilyId) -> RefreshToken {
        RefreshToken {
            digest: self.digest(),
            family,
            expires_at: NOW + 24 * HOUR,
            created_at: NOW,
            rotated_at: None,
            successor: None,
            rotated_by: None,
            shared_at: None,
        }
    }

    /// A token of a link for acme's user, valid for an hour.
    pub fn link(&self, purpose: TokenPurpose) -> OneTimeToken {
        link(&self.acme, purpose, &self.entropy)
    }

    pub fn mac(&self) -> CodeMac {
        CodeMac::from_array((&self.entropy as &dyn Entropy).bytes())
    }

    pub fn recovery_codes(&self) -> Vec<RecoveryCode> {
        (0..10)
            .map(|_| RecoveryCode {
                id: RecoveryCodeId::new(NOW, &self.entropy),
                mac: self.mac(),
                key_id: "k1".to_owned(),
            })
            .collect()
    }

    /// A mailed sign-in code of acme's user, valid for ten minutes.
    pub fn email_code(&self) -> EmailCode {
        EmailCode {
            id: EmailCodeId::new(NOW, &self.entropy),
            user_id: self.acme.user.id,
            purpose: CodePurpose::SignIn,
            slot: CodeSlot::KnownBrowser,
            interaction: Some("journey".to_owned()),
            mac: self.mac(),
            expires_at: NOW + 10 * MINUTE,
            created_at: NOW,
        }
    }

    pub fn event(&self, event_type: &str) -> AuditEvent {
        event(&self.acme.organization, event_type, &self.entropy)
    }

    /// Number of acme's audit rows of this type.
    pub async fn events(&self, event_type: &str) -> usize {
        let id = Some(self.acme.organization.id);
        let events = self.repositories().audit().recent(id, 10_000).await.unwrap();
        events.iter().filter(|e| e.event_type == event_type).count()
    }
}

pub fn organization(name: &str, entropy: &dyn Entropy) -> Organization {
    Organization {
        id: OrganizationId::new(NOW, entropy),
        name: name.to_owned(),
        slug: Slug::parse(name).unwrap(),
        status: OrganizationStatus::Active,
        is_super_admin: false,
        branding: Branding { primary_color: Some("#112233".to_owned()), ..Branding::default() },
        default_locale: "en".to_owned(),
        two_factor_policy: TwoFactorPolicy::Optional,
        default_login_methods: vec![LoginMethod::Password, LoginMethod::MagicLink],
        created_at: NOW,
        updated_at: NOW,
        version: Version::FIRST,
    }
}

pub fn application(owner: Option<OrganizationId>, slug: &str, entropy: &dyn Entropy) -> Application {
    Application {
        id: ApplicationId::new(NOW, entropy),
        organization_id: owner,
        name: format!("Application {slug}"),
        slug: Slug::parse(slug).unwrap(),
        description: None,
        status: ApplicationStatus::Active,
        created_at: NOW,
        updated_at: NOW,
        version: Version::FIRST,
    }
}

pub fn client(owner: OrganizationId, application: ApplicationId, id: &str, entropy: &dyn Entropy) -> Client {
    Client {
        id: ClientKey::new(NOW, entropy),
        organization_id: owner,
        application_id: application,
        client_id: ClientId::parse(id).unwrap(),
        client_name: format!("Client {id}"),
        client_type: ClientType::Confidential,
        application_type: ApplicationType::Web,
        redirect_uris: vec![format!("https://{id}.example/callback")],
        post_logout_redirect_uris: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        response_types: vec![ResponseType::Code],
        scope: "openid profile email offline_access".to_owned(),
        token_endpoint_auth_method: TokenEndpointAuthMethod::ClientSecretBasic,
        allowed_origins: vec![format!("https://spa.{id}.example")],
        require_pkce: true,
        login_methods: None,
        id_token_signed_response_alg: SigningAlgorithm::Es256,
        userinfo_signed_response_alg: None,
        standard_claims_in_id_token: false,
        allowed_organizations: Vec::new(),
        status: ClientStatus::Active,
        created_at: NOW,
        updated_at: NOW,
        version: Version::FIRST,
    }
}

pub fn user(owner: OrganizationId, address: &str, entropy: &dyn Entropy) -> User {
    User {
        id: UserId::new(NOW, entropy),
        organization_id: owner,
        email: Email::parse(address).unwrap(),
        email_verified: true,
        password_hash: Some(PasswordHash::trusted("$argon2id$one".to_owned())),
        password_changed_at: Some(NOW),
        password_change_required: false,
        profile: Profile { locale: Some("nl-BE".to_owned()), ..Profile::default() },
        status: UserStatus::Active,
        locked_at: None,
        locked_reason: None,
        last_login_at: None,
        login_count: 0,
        failed_login_count: 0,
        last_failed_login_at: None,
        two_factor_method: None,
        credential_epoch: 0,
        factor_failures: 0,
        created_at: NOW,
        updated_at: NOW,
        version: Version::FIRST,
    }
}

pub fn session(of: &User, entropy: &dyn Entropy) -> SessionRecord {
    SessionRecord {
        id: SessionKey::new(NOW, entropy),
        organization_id: of.organization_id,
        user_id: of.id,
        ip_address: Some("192.0.2.1".to_owned()),
        user_agent: Some("contract".to_owned()),
        created_at: NOW,
        last_activity_at: NOW,
        expires_at: NOW + 24 * HOUR,
        revoked_at: None,
    }
}

pub fn grant(of: &User, client: ClientKey, scopes: &[&str], entropy: &dyn Entropy) -> Grant {
    Grant {
        id: GrantId::new(NOW, entropy),
        organization_id: of.organization_id,
        user_id: of.id,
        client,
        scopes: scopes.iter().map(|&s| s.to_owned()).collect(),
        created_at: NOW,
        expires_at: NOW + 48 * HOUR,
    }
}

pub fn family(of: &Tenant, entropy: &dyn Entropy) -> TokenFamily {
    TokenFamily {
        id: TokenFamilyId::new(NOW, entropy),
        organization_id: of.organization.id,
        client: of.client.id,
        user_id: of.user.id,
        grant_id: of.grant.id,
        session: of.session.id,
        is_offline: false,
        scope: "openid email".to_owned(),
        nonce: Some("n-0S6_WzA2Mj".to_owned()),
        auth_time: NOW,
        acr: "0".to_owned(),
        amr: vec!["pwd".to_owned()],
        claims: Some(serde_json::json!({"userinfo": {"email": null}})),
        expires_at: NOW + 48 * HOUR,
        created_at: NOW,
    }
}

pub fn link(of: &Tenant, purpose: TokenPurpose, entropy: &dyn Entropy) -> OneTimeToken {
    OneTimeToken {
        id: OneTimeTokenId::new(NOW, entropy),
        organization_id: of.organization.id,
        user_id: of.user.id,
        purpose,
        digest: TokenDigest::of_bytes(&entropy.bytes::<32>()),
        interaction: None,
        details: None,
        invited_by: None,
        expires_at: NOW + HOUR,
        used_at: None,
        created_at: NOW,
    }
}

/// An authenticator that was confirmed with the code of step 100.
pub fn totp(of: &User, entropy: &dyn Entropy) -> TotpCredential {
    TotpCredential {
        user_id: of.id,
        secret: Sealed { key_id: "0a1b2c3d".to_owned(), bytes: entropy.bytes::<48>().to_vec() },
        parameters: TotpParameters::default(),
        last_step: 100,
        verified_at: NOW,
        created_at: NOW,
    }
}

pub fn event(organization: &Organization, event_type: &str, entropy: &dyn Entropy) -> AuditEvent {
    AuditEvent {
        id: AuditId::new(NOW, entropy),
        organization_id: Some(organization.id),
        organization_label: Some(organization.slug.as_str().to_owned()),
        user_id: None,
        actor_id: None,
        actor_label: Some("contract".to_owned()),
        event_type: event_type.to_owned(),
        category: AuditCategory::Authentication,
        description: None,
        metadata: serde_json::json!({"n": 1}),
        ip_address: None,
        user_agent: None,
        created_at: NOW,
        request_id: None,
        entity_type: None,
        entity_id: None,
    }
}

async fn tenant(store: &Arc<dyn Store>, name: &str, entropy: &dyn Entropy) -> Tenant {
    let organization = organization(name, entropy);
    let application = application(Some(organization.id), "shop", entropy);
    let client = client(organization.id, application.id, &format!("{name}-web"), entropy);
    let user = user(organization.id, "Ana@Example.com", entropy);
    let session = session(&user, entropy);
    let wanted = grant(&user, client.id, &["openid", "email"], entropy);
    let mut all = store.repositories();
    all.organizations().insert(&organization).await.unwrap();
    all.applications(organization.id).insert(&application).await.unwrap();
    all.clients(organization.id).insert(&client).await.unwrap();
    all.users(organization.id).insert(&user).await.unwrap();
    let signed_in = event(&organization, "user.login.password", entropy);
    let mut users = all.users(organization.id);
    assert!(users.record_sign_in(&user, HOUR, &session, &signed_in).await.unwrap());
    let stored = users.by_id(user.id).await.unwrap().unwrap();
    drop(users);
    let grant = all.sessions(organization.id).extend_grant(None, &wanted, None).await.unwrap();
    Tenant { organization, application, client, user: stored, session, grant }
}

/// Runs `work` and asserts that it took exactly one round trip.
pub async fn one_round_trip<T>(store: &Arc<dyn Store>, work: impl Future<Output = T>) -> T {
    let before = store.round_trips();
    let result = work.await;
    assert_eq!(store.round_trips() - before, 1, "this is documented as one round trip");
    result
}
