mod cluster;
mod store;
