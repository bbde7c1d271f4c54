mod all;
mod create;
mod profile;
mod status;
