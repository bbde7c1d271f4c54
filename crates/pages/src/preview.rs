//! Pages and mails with made-up contents, which show how a branding looks.

use porta_core::string_enum;

use crate::context::{ConsentPage, ErrorPage, ErrorText, FormTargets, LoginPage};
use crate::csp::Policy;
use crate::mail::{EmailContext, InvitationMail, MagicLinkMail, MailError, PasswordResetMail};
use crate::render::{Page, Pages};
use crate::theme::Theme;

string_enum! {
    /// A page or a mail that can be shown.
    pub enum Preview {
        /// Sign-in with a password or a mailed link.
        Login = "login",
        LoginPassword = "login_password",
        LoginMagicLink = "login_magic_link",
        Consent = "consent",
        Error = "error",
        InvitationMail = "invitation_mail",
        MagicLinkMail = "magic_link_mail",
        PasswordResetMail = "password_reset_mail",
    }
}

const CLIENT: &str = "Example";
const PERSON: &str = "Ana Novak";
const EMAIL: &str = "ana@example.com";
const CODE: &str = "482913";
/// Of a page: stays where it is.
const NOWHERE: &str = "#";
/// Of a mail, which has no base.
const LINK: &str = "https://example.com/";
const HOUR: u64 = 3_600;
const WEEK: u64 = 604_800;

/// The directive of pages that no other page may show.
const NO_FRAMES: &str = "frame-ancestors 'none'";

const LOGIN: LoginPage<'static> = LoginPage {
    action_url: NOWHERE,
    cancel_url: NOWHERE,
    csrf: "",
    client_name: CLIENT,
    email: "",
    flash: None,
    show_password: true,
    magic_link_url: Some(NOWHERE),
    forgot_password_url: Some(NOWHERE),
};

impl Pages {
    /// Renders a page or a mail for the frame of another page. Its policy lets it do nothing there (`sandbox`), and lets
    /// only `ancestors` show it, which are sources of `frame-ancestors`.
    ///
    /// # Errors
    /// See [`Pages::render_mail`].
    pub fn preview(&self, theme: &Theme<'_>, what: Preview, ancestors: &str) -> Result<Page, MailError> {
        let page = match what {
            Preview::Login => self.render(theme, &LOGIN),
            Preview::LoginPassword => self.render(theme, &LoginPage { magic_link_url: None, ..LOGIN }),
            Preview::LoginMagicLink => {
                let page = LoginPage { show_password: false, forgot_password_url: None, ..LOGIN };
                self.render(theme, &page)
            }
            Preview::Consent => {
                let scopes = ["openid", "profile", "email"].map(str::to_owned);
                let page = ConsentPage {
                    action_url: NOWHERE,
                    csrf: "",
                    client_name: CLIENT,
                    client_organization: None,
                    user_email: EMAIL,
                    scopes: &scopes,
                    is_confirmation: false,
                };
                self.render(theme, &page)
            }
            Preview::Error => self.render(theme, &ErrorPage::new(ErrorText::SessionExpired)),
            Preview::InvitationMail => {
                let mail = InvitationMail {
                    name: Some(PERSON),
                    organization: theme.company_name,
                    inviter: None,
                    message: None,
                    url: LINK,
                    expires_in: WEEK,
                };
                self.mail_as_page(theme, &mail)?
            }
            Preview::MagicLinkMail => {
                let mail = MagicLinkMail {
                    name: Some(PERSON),
                    client_name: Some(CLIENT),
                    url: LINK,
                    code: Some(CODE),
                    expires_in: HOUR,
                };
                self.mail_as_page(theme, &mail)?
            }
            Preview::PasswordResetMail => {
                let mail = PasswordResetMail { name: Some(PERSON), url: LINK, expires_in: HOUR };
                self.mail_as_page(theme, &mail)?
            }
        };
        let csp = page.csp.replace(NO_FRAMES, &format!("frame-ancestors {ancestors}"));
        Ok(Page { csp: format!("{csp}; sandbox"), ..page })
    }

    fn mail_as_page<C: EmailContext>(&self, theme: &Theme<'_>, mail: &C) -> Result<Page, MailError> {
        let html = self.render_mail(theme, mail)?.html;
        let policy = Policy {
            // Mails have styles in attributes, because many mail clients know no others.
            styles: vec!["'unsafe-inline'".to_owned()],
            script: None,
            images: theme.logo().into_iter().collect(),
            forms: FormTargets::None,
        };
        let language = self.engine.messages(theme.locale).language;
        Ok(Page { html, csp: policy.header(), language })
    }
}
