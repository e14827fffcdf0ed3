//! The tables of Artel, one file each.
