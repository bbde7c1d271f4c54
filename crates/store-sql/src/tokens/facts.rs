//! Everything the token endpoints must know, read by one statement each: joins by primary key, rights by correlated
//! aggregates.

use porta_core::session::TokenFamily;
use porta_core::{ApplicationId, Timestamp, TokenDigest};
use porta_store::{AccessTokenFacts, IssuanceFacts, RefreshTokenFacts, Result, UserInfoFacts};

use super::Tokens;
use super::read::{self, family_columns};
use crate::kernel::{Reader, Value, at, digest, opt_uuid, statements, uuid};
use crate::users::{may_continue, read_user, user_columns};

/// Roles, permissions and claims of user `u` in one application, three columns.
macro_rules! rights_columns {
    (postgres, $application:literal) => {
        rights_columns!(@ "json_agg", "json_build_array", "v.value", $application)
    };
    (sqlite, $application:literal) => {
        rights_columns!(@ "json_group_array", "json_array", "json(v.value)", $application)
    };
    (@ $list:literal, $array:literal, $value:literal, $application:literal) => {
        concat!(
            "(SELECT ", $list, "(r.slug ORDER BY r.name, r.slug) FROM user_roles ur JOIN roles r ON r.id = ur.role_id \
              WHERE ur.user_id = u.id AND r.application_id = ", $application, "), \
             (SELECT ", $list, "(DISTINCT p.slug ORDER BY p.slug) FROM user_roles ur JOIN roles r ON r.id = ur.role_id \
              JOIN role_permissions rp ON rp.role_id = r.id JOIN permissions p ON p.id = rp.permission_id \
              WHERE ur.user_id = u.id AND r.application_id = ", $application, "), \
             (SELECT ", $list, "(", $array, "(d.claim_name, ", $value, ", d.include_in_id_token, \
              d.include_in_access_token, d.include_in_userinfo) ORDER BY d.claim_name) FROM custom_claim_values v \
              JOIN custom_claim_definitions d ON d.id = v.claim_id \
              WHERE v.user_id = u.id AND d.application_id = ", $application, ")"
        )
    };
}

/// Six facts about family `f` at `$3`, then the public identifier of its client. A session that was ended ends its
/// families, also one that was being issued at that moment; and a client that lost its place in this organization
/// is not active here.
macro_rules! liveness_columns {
    () => {
        concat!("f.revoked_at IS NOT NULL OR s.revoked_at IS NOT NULL, f.expires_at, \
         COALESCE(s.revoked_at IS NULL AND s.expires_at > $3, FALSE), ", may_continue!("u."), ", \
         c.status = 'active' AND (c.organization_id = f.organization_id OR EXISTS \
             (SELECT 1 FROM client_organizations co JOIN organizations p ON p.id = c.organization_id \
              WHERE co.client_id = c.id AND co.organization_id = f.organization_id AND p.status = 'active')), \
         o.status = 'active', c.client_id")
    };
}
macro_rules! family_joins {
    () => {
        "JOIN token_families f ON f.id = t.family_id AND f.organization_id = $1 \
         JOIN users u ON u.id = f.user_id JOIN clients c ON c.id = f.client_id \
         JOIN organizations o ON o.id = f.organization_id \
         LEFT JOIN sessions s ON s.id = f.session_id AND s.organization_id = f.organization_id \
         WHERE t.digest = $2"
    };
}
macro_rules! access_columns {
    () => {
        concat!(
            "t.digest, t.family_id, t.scope, t.expires_at, t.created_at, ",
            family_columns!("f."),
            ", ",
            liveness_columns!()
        )
    };
}
macro_rules! issuance {
    ($flavor:ident) => {
        concat!("SELECT ", user_columns!("u."), ", ", rights_columns!($flavor, "$3"), ", \
            EXISTS (SELECT 1 FROM grants g WHERE g.id = $4 AND g.organization_id = $1 AND g.user_id = u.id \
                    AND g.client_id = $5 AND g.expires_at > $8), \
            EXISTS (SELECT 1 FROM sessions s WHERE s.id = $6 AND s.organization_id = $1 AND s.user_id = u.id \
                    AND s.revoked_at IS NULL AND s.expires_at > $8), \
            EXISTS (SELECT 1 FROM token_families f WHERE f.id = $7 AND f.organization_id = $1) \
            FROM users u WHERE u.organization_id = $1 AND u.id = $2")
    };
}
macro_rules! refresh {
    ($flavor:ident) => {
        concat!("SELECT t.digest, t.family_id, t.expires_at, t.created_at, t.rotated_at, t.successor, ",
            family_columns!("f."), ", ", liveness_columns!(), ", ", user_columns!("u."), ", ",
            rights_columns!($flavor, "COALESCE($4, c.application_id)"), ", \
            EXISTS (SELECT 1 FROM refresh_tokens n WHERE n.digest = t.successor AND n.rotated_at IS NOT NULL) \
            FROM refresh_tokens t ", family_joins!())
    };
}
macro_rules! userinfo {
    ($flavor:ident) => {
        concat!(
            "SELECT ",
            access_columns!(),
            ", ",
            user_columns!("u."),
            ", ",
            rights_columns!($flavor, "c.application_id"),
            " FROM access_tokens t ",
            family_joins!()
        )
    };
}

statements! {
    ISSUANCE: Read = issuance!(postgres), sqlite: issuance!(sqlite);
    REFRESH: Read = refresh!(postgres), sqlite: refresh!(sqlite);
    USERINFO: Read = userinfo!(postgres), sqlite: userinfo!(sqlite);
    ACCESS: Read = concat!("SELECT ", access_columns!(), " FROM access_tokens t ", family_joins!());
}

fn read_access_facts(r: &mut Reader<'_>) -> Result<AccessTokenFacts> {
    Ok(AccessTokenFacts {
        token: read::access_token(r)?,
        family: read::family(r)?,
        liveness: read::liveness(r)?,
        client_id: r.text()?,
    })
}

impl Tokens<'_> {
    pub(super) async fn read_issuance(
        &mut self,
        family: &TokenFamily,
        application: ApplicationId,
        now: Timestamp,
    ) -> Result<Option<IssuanceFacts>> {
        let values = [
            uuid(self.organization),
            uuid(family.user_id),
            uuid(application),
            uuid(family.grant_id),
            uuid(family.client),
            uuid(family.session),
            uuid(family.id),
            at(now),
        ];
        let Some(row) = self.run.row(&ISSUANCE, &values).await? else { return Ok(None) };
        let mut r = row.reader("users");
        Ok(Some(IssuanceFacts {
            user: read_user(&mut r)?,
            rights: read::rights(&mut r)?,
            grant_exists: r.flag()?,
            session_live: r.flag()?,
            family_exists: r.flag()?,
        }))
    }

    pub(super) async fn read_refresh(
        &mut self,
        token: &TokenDigest,
        application: Option<ApplicationId>,
        now: Timestamp,
    ) -> Result<Option<RefreshTokenFacts>> {
        let values = [uuid(self.organization), digest(token), at(now), opt_uuid(application)];
        let Some(row) = self.run.row(&REFRESH, &values).await? else { return Ok(None) };
        let mut r = row.reader("refresh_tokens");
        Ok(Some(RefreshTokenFacts {
            token: read::refresh_token(&mut r)?,
            family: read::family(&mut r)?,
            liveness: read::liveness(&mut r)?,
            client_id: r.text()?,
            user: read_user(&mut r)?,
            rights: read::rights(&mut r)?,
            successor_rotated: r.flag()?,
        }))
    }

    fn lookup<'v>(&self, token: &'v TokenDigest, now: Timestamp) -> [Value<'v>; 3] {
        [uuid(self.organization), digest(token), at(now)]
    }

    pub(super) async fn read_userinfo(
        &mut self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<UserInfoFacts>> {
        let values = self.lookup(token, now);
        let Some(row) = self.run.row(&USERINFO, &values).await? else { return Ok(None) };
        let mut r = row.reader("access_tokens");
        Ok(Some(UserInfoFacts {
            access: read_access_facts(&mut r)?,
            user: read_user(&mut r)?,
            rights: read::rights(&mut r)?,
        }))
    }

    pub(super) async fn read_access(
        &mut self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<AccessTokenFacts>> {
        let values = self.lookup(token, now);
        let Some(row) = self.run.row(&ACCESS, &values).await? else { return Ok(None) };
        read_access_facts(&mut row.reader("access_tokens")).map(Some)
    }
}
