mod create;
mod profile;
mod status;
