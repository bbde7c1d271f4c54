//! Invitations as operators see them.

use porta_core::invitation::InvitationState;
use porta_core::{OneTimeTokenId, Timestamp};
use porta_store::{
    InvitationEntry, InvitationFilter, InvitationSort, Page, PageRequest, Result, SortedCursor,
};

use super::{OneTimeTokens, TokenColumn, token_columns, token_of};
use crate::kernel::{List, Row, Sort, at, search_pattern, statements, uuid};

/// Invitations `t` with the invited user `u` and the inviter `i`, who is of another organization.
macro_rules! from_invitations {
    () => {
        " FROM one_time_tokens t JOIN users u ON u.id = t.user_id LEFT JOIN users i ON i.id = t.invited_by"
    };
}
macro_rules! select_invitations {
    () => {
        concat!("SELECT ", token_columns!(list "t."), ", u.email, i.email", from_invitations!())
    };
}

statements! {
    BY_ID: Read = concat!(select_invitations!(), " WHERE t.id = $2 AND (t.organization_id = $1) IS TRUE \
         AND t.purpose = 'invitation'");
    WITHDRAW: Write = "UPDATE one_time_tokens SET used_at = $3 WHERE id = $2 AND (organization_id = $1) IS TRUE \
         AND purpose = 'invitation' AND used_at IS NULL";
}

const SELECT: &str = select_invitations!();
const COUNT: &str = concat!("SELECT 1", from_invitations!());

fn sort_by(sort: InvitationSort) -> Sort<TokenColumn> {
    match sort {
        InvitationSort::CreatedAt => Sort::time(TokenColumn::created_at),
        InvitationSort::ExpiresAt => Sort::time(TokenColumn::expires_at),
    }
}

fn read(row: &Row) -> Result<InvitationEntry> {
    let mut r = row.reader("users");
    Ok(InvitationEntry { link: token_of(&r.record())?, email: r.text()?, inviter_email: r.opt_text()? })
}

impl OneTimeTokens<'_> {
    fn filtered<'v>(&self, list: List<'v>, filter: &InvitationFilter, search: Option<&'v str>) -> List<'v> {
        let list = list
            .filter("t.organization_id = ?", uuid(self.organization))
            // A constant, so that the index of invitations is used.
            .require("t.purpose = 'invitation'")
            .among("t.id", filter.ids.as_deref())
            .contains(&["u.email"], search);
        match filter.state {
            None => list,
            Some((InvitationState::Open, now)) => {
                list.require("t.used_at IS NULL").filter("t.expires_at > ?", at(now))
            }
            Some((InvitationState::Expired, now)) => {
                list.require("t.used_at IS NULL").filter("t.expires_at <= ?", at(now))
            }
            Some((InvitationState::Used, _)) => list.require("t.used_at IS NOT NULL"),
        }
    }

    pub(super) async fn list_invitations(
        &mut self,
        filter: &InvitationFilter,
        page: &PageRequest<InvitationSort>,
    ) -> Result<Page<InvitationEntry, SortedCursor>> {
        let search = filter.search.as_deref().map(search_pattern);
        let sort = sort_by(page.sort);
        let list = List::new(concat!(module_path!(), "::LIST"), self.run.dialect(), SELECT);
        let list = self
            .filtered(list, filter, search.as_deref())
            .page("t.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.run.list(list).await?, page.limit, read, |entry| entry.link.id)
    }

    pub(super) async fn number_of_invitations(
        &mut self,
        filter: &InvitationFilter,
        at_most: u64,
    ) -> Result<u64> {
        let search = filter.search.as_deref().map(search_pattern);
        let list = List::new(concat!(module_path!(), "::COUNT"), self.run.dialect(), COUNT);
        let list = self.filtered(list, filter, search.as_deref());
        self.run.count(list, at_most).await
    }

    pub(super) async fn find_invitation(&mut self, id: OneTimeTokenId) -> Result<Option<InvitationEntry>> {
        let values = [uuid(self.organization), uuid(id)];
        self.run.row(&BY_ID, &values).await?.as_ref().map(read).transpose()
    }

    pub(super) async fn use_invitation_up(&mut self, id: OneTimeTokenId, now: Timestamp) -> Result<bool> {
        let values = [uuid(self.organization), uuid(id), at(now)];
        self.run.affects_row(&WITHDRAW, &values).await
    }
}
