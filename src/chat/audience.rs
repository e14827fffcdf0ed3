//! Whoever hears on this node what happens in chats. It is told as soon as it is stored; the bus is for other nodes.

use crate::outbox::chat_news::ChatTelling;

/// The connections of this node. What they heard already may be told again, by the bus: they hear it once.
pub(crate) trait ChatAudience: Send + Sync {
    /// Tells those members that are connected here.
    fn hear(&self, telling: &ChatTelling);
}
