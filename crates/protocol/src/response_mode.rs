//! How an authorization response travels (OAuth 2.0 Multiple Response Type Encoding Practices §2.1, Form Post 1.0 §2).

use porta_core::string_enum;

string_enum! {
    #[derive(Default)]
    pub enum ResponseMode {
        /// The default of `response_type=code`.
        #[default]
        Query = "query",
        Fragment = "fragment",
        FormPost = "form_post",
    }
}
