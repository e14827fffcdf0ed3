//! All integration tests, one binary: real servers on random ports, real sockets, real databases.
#![expect(unreachable_pub, reason = "what the harness offers is public among the tests")]
#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

mod actor_panic;
mod audience;
mod delivery;
mod durability;
mod journal;
mod library;
mod overload;
mod page;
mod postgres;
mod slow_consumer;
mod socket;
mod socket_frames;
mod socket_logins;
mod sse;
mod storage_faults;
mod test_app;
