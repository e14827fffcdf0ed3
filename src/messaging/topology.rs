//! Every name on the bus, as one table: queues and what is bound to them. RabbitMQ and its stand-in in the process are
//! both built from it.

/// A queue that outlives its consumers.
#[derive(Debug, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: &'static str,
    /// Topic patterns: `*` is one word, `#` any number of them.
    pub bindings: &'static [&'static str],
}

/// What the statistics are made from.
pub const STATS: Queue =
    Queue { name: "stats.service.queue", bindings: &["stats.*", "game.ended", "game.cancelled", "session.completed"] };

/// What users are told of.
pub const NOTIFICATIONS: Queue =
    Queue { name: "notifications.service.queue", bindings: &["notifications.*", "friends.*", "social.*"] };

/// Everything but what goes to sockets.
pub const AUDIT: Queue = Queue {
    name: "audit.log.queue",
    bindings: &[
        "game.#",
        "session.#",
        "stats.#",
        "notifications.#",
        "friends.#",
        "social.#",
        "user.#",
        "compensation.#",
    ],
};

/// What was taken back, or refused after it had been accepted.
pub const COMPENSATION: Queue = Queue { name: "compensation.queue", bindings: &["compensation.#"] };

/// All queues that outlive their consumers.
pub const QUEUES: &[&Queue] = &[&STATS, &NOTIFICATIONS, &AUDIT, &COMPENSATION];

/// Does a topic pattern match a routing key?
pub fn matches(pattern: &str, key: &str) -> bool {
    fn rest(mut pattern: std::str::Split<'_, char>, mut key: std::str::Split<'_, char>) -> bool {
        match pattern.next() {
            None => key.next().is_none(),
            Some("#") => {
                let mut tail = key.clone();
                loop {
                    if rest(pattern.clone(), tail.clone()) {
                        return true;
                    }
                    if tail.next().is_none() {
                        return false;
                    }
                }
            }
            Some(word) => key.next().is_some_and(|there| word == "*" || word == there) && rest(pattern, key),
        }
    }
    rest(pattern.split('.'), key.split('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_word_and_a_hash_any_number() {
        assert!(matches("stats.*", "stats.ball_potted"));
        assert!(!matches("stats.*", "stats"));
        assert!(!matches("stats.*", "stats.a.b"));
        assert!(matches("websocket.session.7.#", "websocket.session.7.ball_potted"));
        assert!(matches("websocket.session.7.#", "websocket.session.7"));
        assert!(matches("#.deep", "very.very.deep"));
        assert!(!matches("game.ended", "game.started"));
    }
}
