//! Every page a browser sees during sign-in: a typed context goes in, HTML and its Content-Security-Policy come out.
//!
//! Templates and words are embedded and compiled once; they see nothing but their context. All pages work without
//! JavaScript (decision D11). The caller adds the remaining headers: `Cache-Control: no-store`,
//! `Referrer-Policy: no-referrer` and the status (repairs W21).

mod color;
mod context;
mod csp;
mod css;
mod look;
mod render;
mod text;
mod words;

pub use context::{
    ConsentPage, ErrorPage, ErrorText, Flash, FormPostPage, LoginPage, LogoutPage, LogoutSuccessPage,
};
pub use css::safe_custom_css;
pub use look::Look;
pub use render::{Page, Pages};

#[cfg(test)]
mod tests;
