//! All integration tests, one binary: real servers on random ports, real sockets, real databases.
#![expect(missing_docs, reason = "tests are named as claims")]

mod broker;
mod rabbit;
mod test_app;
