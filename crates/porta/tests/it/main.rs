//! The executable, run the way an operator runs it.

mod backup;
mod cli;
mod dev;
mod keys;
mod links;
mod mail;
mod postgres;
mod reference;
mod start;
mod stop;
mod support;
