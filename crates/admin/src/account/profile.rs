//! `PUT /me/profile`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::user::{Profile, User};
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::OwnAccount;
use crate::answer::{self, Data};
use crate::body::{JsonBody, double_option};
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::state::AdminState;
use crate::users::view::UserView;

/// Names and language. A field that is left out is not changed; `null` clears it. Address and everything else that
/// others may rely on are changed by whoever may change users.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnProfile {
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    given_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    family_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    middle_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    nickname: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 50)]
    zoneinfo: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 10)]
    locale: Option<Option<String>>,
}

impl OwnProfile {
    /// The profile after the change. `None`: the request names no field.
    fn applied_to(self, before: &Profile) -> Option<Profile> {
        let mut after = before.clone();
        let fields = [
            (&mut after.given_name, self.given_name),
            (&mut after.family_name, self.family_name),
            (&mut after.middle_name, self.middle_name),
            (&mut after.nickname, self.nickname),
            (&mut after.zoneinfo, self.zoneinfo),
            (&mut after.locale, self.locale),
        ];
        let mut is_empty = true;
        for (field, wanted) in fields {
            if let Some(value) = wanted {
                *field = value;
                is_empty = false;
            }
        }
        (!is_empty).then_some(after)
    }
}

/// Change the names and the language of the caller.
#[utoipa::path(put, path = "/profile", tag = "me", request_body = OwnProfile,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<UserView>, headers(("ETag" = String)))))]
pub(crate) async fn update_own_profile(
    account: OwnAccount,
    State(state): State<AdminState>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<OwnProfile>,
) -> Result<Reply> {
    let id = account.user().id.to_string();
    let mut unit = state.directory.begin(account.into_actor()).await?;
    let (organization, before) = unit.users().find(None, &id).await?;
    etag::check(&headers, &UserView::tag(&before), &UserView::from(before.clone()))?;
    let profile = body.applied_to(&before.profile);
    let profile = profile.ok_or_else(|| AdminError::Rule("No fields to update".to_owned()))?;
    let after = User { profile, ..before.clone() };
    let (user, _) = unit.users().update(&organization, &before, after).await?;
    unit.commit().await?;
    let tag = UserView::tag(&user);
    Ok(with_etag(answer::ok(UserView::from(user)), &tag))
}
