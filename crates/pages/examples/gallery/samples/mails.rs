//! The mails.

use super::*;

pub(crate) fn every_mail(
    pages: &Pages,
    theme: &Theme<'_>,
    data: &Data<'_>,
) -> Result<Named<MailBody>, MailError> {
    let mut all = Vec::new();
    for is_full in [true, false] {
        let name = is_full.then_some(data.person);
        let event = is_full.then_some(SecurityContext {
            at: MORNING,
            address: Some(data.address),
            user_agent: Some(data.user_agent),
        });
        let variant = |mail: &str| format!("{mail}--{}", if is_full { "full" } else { "bare" });
        let mail = MagicLinkMail {
            name,
            client_name: is_full.then_some(data.client),
            url: data.url,
            code: is_full.then_some(data.code),
            expires_in: QUARTER,
        };
        all.push((variant("magic-link"), pages.render_mail(theme, &mail)?));
        let mail = PasswordResetMail { name, url: data.url, expires_in: HOUR };
        all.push((variant("password-reset"), pages.render_mail(theme, &mail)?));
        let mail = InvitationMail {
            name,
            organization: data.organization,
            inviter: name,
            message: is_full.then_some(data.message),
            url: data.url,
            expires_in: WEEK,
        };
        all.push((variant("invitation"), pages.render_mail(theme, &mail)?));
        let mail = OtpCodeMail { name, code: data.code, expires_in: 600 };
        all.push((variant("otp-code"), pages.render_mail(theme, &mail)?));
        let mail = PasswordChangedMail { name, event, reset_url: is_full.then_some(data.url) };
        all.push((variant("password-changed"), pages.render_mail(theme, &mail)?));
        let mail = PasswordKnownMail { name, event, reset_url: is_full.then_some(data.url) };
        all.push((variant("password-known"), pages.render_mail(theme, &mail)?));
        let mail = EmailVerificationMail { name, url: data.url, expires_in: WEEK };
        all.push((variant("verify-email"), pages.render_mail(theme, &mail)?));
        let mail = WelcomeMail { name, organization: data.organization, url: is_full.then_some(data.url) };
        all.push((variant("welcome"), pages.render_mail(theme, &mail)?));
        let mail = TestMail { name, organization: data.organization };
        all.push((variant("test"), pages.render_mail(theme, &mail)?));
        for change in FactorChange::ALL {
            let account_url = is_full.then_some(data.url);
            let mail = SecondFactorChangedMail { name, change: *change, event, account_url };
            let name = variant(&format!("second-factor-changed--{change:?}"));
            all.push((name, pages.render_mail(theme, &mail)?));
        }
    }
    Ok(all)
}
