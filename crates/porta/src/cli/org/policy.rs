//! `porta org 2fa-policy`.

use clap::Args;
use porta_client::types::NewTwoFactorPolicy;

use crate::cli::Global;
use crate::cli::access::Access;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Slug or id.
    organization: String,
    /// The new policy: optional, required_email, required_totp or required_any. Shows the present one when left out.
    policy: Option<String>,
}

pub(super) async fn run(global: Global, access: &Access, arguments: &Arguments) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let organization = &arguments.organization;
    let before = admin.two_factor.get_two_factor_policy(organization).await?;
    let Some(policy) = &arguments.policy else {
        let fields = vec![
            ("Second Factor", before.two_factor_policy.clone()),
            ("Possible", before.valid_policies.join(", ")),
        ];
        return global.detailed(&*before, fields);
    };
    let body = NewTwoFactorPolicy { two_factor_policy: policy.clone() };
    let set = admin.two_factor.set_two_factor_policy(organization, &body, before.etag()).await?;
    global.changed(&*set, format_args!("the second factor of {organization} is {}", set.two_factor_policy))
}
