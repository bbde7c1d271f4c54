//! Applications and their modules.

mod create;
mod list;
mod modules;
mod profile;
mod status;
