//! The steps that build the tables.
