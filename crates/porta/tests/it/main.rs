//! Tests of the executable, run as an operator runs it.

mod backup;
mod cli;
mod command_line;
mod connections;
mod dev;
mod init;
mod init_crash;
mod init_terminal;
mod keys;
mod links;
mod mail;
mod outgoing;
mod postgres;
mod provision;
mod reference;
mod restore;
mod seed;
mod start;
mod stop;
mod store_copy;
mod support;
