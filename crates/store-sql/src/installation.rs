//! Facts about the installation as a whole.

use porta_core::Timestamp;
use porta_store::Result;

use crate::kernel::{Runner, at, statements, text};

statements! {
    ISSUER_BASE: Read = "SELECT issuer_base FROM installation WHERE id = 1";
    REMEMBER: Write = "INSERT INTO installation (id, issuer_base, updated_at) VALUES (1, $1, $2) \
         ON CONFLICT (id) DO UPDATE SET issuer_base = excluded.issuer_base, updated_at = excluded.updated_at \
         WHERE installation.issuer_base <> excluded.issuer_base";
}

pub(crate) async fn issuer_base(run: &mut Runner<'_>) -> Result<Option<String>> {
    let row = run.row(&ISSUER_BASE, &[]).await?;
    row.map(|row| row.reader("installation").text()).transpose()
}

pub(crate) async fn remember_issuer_base(
    run: &mut Runner<'_>,
    issuer_base: &str,
    now: Timestamp,
) -> Result<bool> {
    run.affects_row(&REMEMBER, &[text(issuer_base), at(now)]).await
}
