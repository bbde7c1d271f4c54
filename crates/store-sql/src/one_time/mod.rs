//! One-time tokens of mailed links. A new token overwrites the user's unused one, by a unique index.

pub(crate) mod invitations;

use async_trait::async_trait;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::Email;
use porta_core::{OneTimeTokenId, OrganizationId, Timestamp, TokenDigest, UserId};
use porta_store::{
    InvitationEntry, InvitationFilter, InvitationSort, OneTimeTokenRepository, Page, PageRequest, Result,
    SortedCursor,
};

use crate::kernel::{
    Record, Row, Runner, Stmt, at, digest, opt_json, opt_text, opt_uuid, same_owner, statements, text, uuid,
};

macro_rules! token_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+;
            id,
            organization_id,
            user_id,
            purpose,
            digest,
            interaction_id,
            details,
            invited_by,
            expires_at,
            used_at,
            created_at
        }
    };
}
pub(super) use token_columns;
token_columns!(enum TokenColumn of "one_time_tokens");

/// The token with digest `$2` and purpose `$3`, found by its digest alone (`IS TRUE`: see `tokens::facts`).
macro_rules! the_link {
    () => {
        "WHERE digest = $2 AND (organization_id = $1) IS TRUE AND purpose = $3"
    };
}

/// Stores token `$2` of user `$3` of organization `$1`, if address `$11` is theirs.
macro_rules! issue {
    ($lock:literal, $unless:literal) => {
        concat!("INSERT INTO one_time_tokens (", token_columns!(list ""), ") \
            SELECT $2, $1, $3, $4, $5, $6, $7, $8, $9, NULL, $10 \
            FROM users WHERE organization_id = $1 AND id = $3 AND email_key = $11", $lock, " \
            ON CONFLICT (organization_id, user_id, purpose) WHERE used_at IS NULL DO UPDATE SET id = excluded.id, \
            digest = excluded.digest, interaction_id = excluded.interaction_id, details = excluded.details, \
            invited_by = excluded.invited_by, expires_at = excluded.expires_at, created_at = excluded.created_at", $unless)
    };
}

statements! {
    // The lock waits for a concurrent change of address, and makes such a change wait for this statement.
    ISSUE: Write = issue!(" FOR SHARE", ""), sqlite: issue!("", "");
    ISSUE_UNLESS_ONE_LIVES: Write = issue!(" FOR SHARE", " WHERE one_time_tokens.expires_at <= $10"),
        sqlite: issue!("", " WHERE one_time_tokens.expires_at <= $10");
    FIND: Read = concat!("SELECT ", token_columns!(list ""), " FROM one_time_tokens ", the_link!());
    CONSUME: Write = concat!("UPDATE one_time_tokens SET used_at = $4 ", the_link!(),
         " AND used_at IS NULL AND expires_at > $4 RETURNING ", token_columns!(list ""));
    WITHDRAW: Write = "UPDATE one_time_tokens SET used_at = $3 \
         WHERE organization_id = $1 AND user_id = $2 AND used_at IS NULL AND expires_at > $3";
}

fn read(row: &Row) -> Result<OneTimeToken> {
    token_of(&row.record())
}

fn token_of(r: &Record<'_, TokenColumn>) -> Result<OneTimeToken> {
    Ok(OneTimeToken {
        id: r.id(TokenColumn::id)?,
        organization_id: r.id(TokenColumn::organization_id)?,
        user_id: r.id(TokenColumn::user_id)?,
        purpose: r.parsed(TokenColumn::purpose, TokenPurpose::parse)?,
        digest: r.digest(TokenColumn::digest)?,
        interaction: r.opt_text(TokenColumn::interaction_id)?,
        details: r.opt_json(TokenColumn::details)?,
        invited_by: r.opt_id(TokenColumn::invited_by)?,
        expires_at: r.time(TokenColumn::expires_at)?,
        used_at: r.opt_time(TokenColumn::used_at)?,
        created_at: r.time(TokenColumn::created_at)?,
    })
}

pub(crate) struct OneTimeTokens<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

#[async_trait]
impl OneTimeTokenRepository for OneTimeTokens<'_> {
    async fn issue(&mut self, token: &OneTimeToken, to: &Email) -> Result<bool> {
        self.issue_by(&ISSUE, token, to).await
    }

    async fn issue_if_none_live(&mut self, token: &OneTimeToken, to: &Email) -> Result<bool> {
        self.issue_by(&ISSUE_UNLESS_ONE_LIVES, token, to).await
    }

    async fn find(&mut self, token: &TokenDigest, purpose: TokenPurpose) -> Result<Option<OneTimeToken>> {
        let values = [uuid(self.organization), digest(token), text(purpose.as_str())];
        self.run.row(&FIND, &values).await?.as_ref().map(read).transpose()
    }

    async fn consume(
        &mut self,
        token: &TokenDigest,
        purpose: TokenPurpose,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>> {
        let values = [uuid(self.organization), digest(token), text(purpose.as_str()), at(now)];
        self.run.row(&CONSUME, &values).await?.as_ref().map(read).transpose()
    }

    async fn withdraw(&mut self, user: UserId, now: Timestamp) -> Result<u64> {
        Ok(self.run.execute(&WITHDRAW, &[uuid(self.organization), uuid(user), at(now)]).await?.affected)
    }

    async fn invitations(
        &mut self,
        filter: &InvitationFilter,
        page: &PageRequest<InvitationSort>,
    ) -> Result<Page<InvitationEntry, SortedCursor>> {
        self.list_invitations(filter, page).await
    }

    async fn count_invitations(&mut self, filter: &InvitationFilter, at_most: u64) -> Result<u64> {
        self.number_of_invitations(filter, at_most).await
    }

    async fn invitation(&mut self, id: OneTimeTokenId) -> Result<Option<InvitationEntry>> {
        self.find_invitation(id).await
    }

    async fn withdraw_invitation(&mut self, id: OneTimeTokenId, now: Timestamp) -> Result<bool> {
        self.use_invitation_up(id, now).await
    }
}

impl OneTimeTokens<'_> {
    async fn issue_by(&mut self, stmt: &'static Stmt, token: &OneTimeToken, to: &Email) -> Result<bool> {
        same_owner(self.organization, token.organization_id)?;
        let values = [
            uuid(self.organization),
            uuid(token.id),
            uuid(token.user_id),
            text(token.purpose.as_str()),
            digest(&token.digest),
            opt_text(token.interaction.as_deref()),
            opt_json(token.details.as_ref()),
            opt_uuid(token.invited_by),
            at(token.expires_at),
            at(token.created_at),
            text(to.key()),
        ];
        self.run.affects_row(stmt, &values).await
    }
}
