//! All integration tests, one binary: real servers on random ports, real sockets, real databases.
#![expect(unreachable_pub, reason = "what the harness offers is public among the tests")]
#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

mod accounts;
mod actor_panic;
mod architecture;
mod audience;
mod broker;
mod command_line;
mod commands;
mod conventions;
mod delivery;
mod durability;
mod expect;
mod faults;
mod games;
mod idempotency;
mod journal;
mod library;
mod limits;
mod marker;
mod nasty;
mod nodes;
mod operations;
mod orders;
mod overload;
mod page;
mod postgres;
mod proxy;
mod pyramids;
mod rabbit;
mod races;
mod rules;
mod seats;
mod sessions;
mod slow_consumer;
mod social;
mod socket;
mod socket_frames;
mod socket_logins;
mod sse;
mod storage_faults;
mod table;
mod templates;
mod test_app;
mod voids;
