//! `porta mail retry` and `withdraw`.

use super::Email;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

pub(super) async fn retry(global: Global, access: &Access, email: &Email) -> Result<(), Failure> {
    let item = access.admin().await?.outbox.retry_outbox_item(email.id).await?;
    global.changed(&item, format_args!("{} is sent again", item.id))
}

pub(super) async fn withdraw(global: Global, access: &Access, email: &Email) -> Result<(), Failure> {
    let admin = access.admin().await?;
    if !global.confirmed(&format!("Withdraw {}? It cannot be sent any more.", email.id))? {
        return Ok(());
    }
    admin.outbox.withdraw_outbox_item(email.id).await?;
    let now = admin.outbox.get_outbox_item(email.id).await?;
    global.changed(&now, format_args!("{} is withdrawn", now.id))
}
