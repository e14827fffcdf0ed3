//! The one place where the wall clock is read.

use crate::game::id::Timestamp;

/// Now, by this node's clock.
pub fn now() -> Timestamp {
    chrono::Utc::now().into()
}
