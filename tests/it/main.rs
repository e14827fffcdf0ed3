//! All integration tests, one binary: real servers on random ports, real sockets, real databases.
#![expect(missing_docs, reason = "tests are named as claims")]

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
