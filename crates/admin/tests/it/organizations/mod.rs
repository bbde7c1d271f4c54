//! Organizations and their branding.

mod branding;
mod create;
mod destroy;
mod list;
mod preview;
mod profile;
mod status;
mod test_email;
