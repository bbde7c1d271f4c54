mod accounts;
mod cluster;
mod sentinel;
mod store;
mod tls;
