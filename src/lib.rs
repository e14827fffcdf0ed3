//! Artel: a real-time session engine for billiards.
