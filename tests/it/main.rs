//! All integration tests, one binary: real servers on random ports, real sockets, real databases.
#![expect(unreachable_pub, reason = "what the harness offers is public among the tests")]

mod accounts;
mod architecture;
mod command_line;
mod conventions;
mod expect;
mod games;
mod idempotency;
mod limits;
mod nasty;
mod operations;
mod orders;
mod page;
mod pyramids;
mod races;
mod rules;
mod seats;
mod sessions;
mod table;
mod templates;
mod test_app;
mod voids;
