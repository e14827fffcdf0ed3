//! Every name on the bus, as one table: exchanges, queues, what is bound to them, where failures wait and where they
//! end. RabbitMQ and its stand-in in the process are both built from it.

use std::time::Duration;

/// Where all messages are published: topic, durable.
pub const EVENTS: &str = "artel.events";
/// Where messages go that nobody can apply: direct, by the name of the queue they failed in.
pub const DEAD_LETTERS: &str = "artel.dlq";
/// The most urgent priority of a queue that has priorities.
pub const PRIORITY_MAX: u8 = 10;
/// Messages kept in `<queue>.dlq`, the oldest go first: the table `dead_letter` has them all.
pub const DEAD_LETTERS_MAX: i32 = 100_000;
/// Messages that wait for one node, the oldest go first: they are hints, and a node that sees a gap reads the log.
pub const BROADCAST_MAX: i32 = 50_000;
/// How long a message may take from its arrival at a node until the sockets there are told.
pub const BROADCAST_TARGET: Duration = Duration::from_millis(25);
/// All nodes' queues, as metrics name them.
pub const BROADCAST: &str = "websocket.broadcast.*";

/// How long a message waits before its next attempt, and what that queue is called.
pub const RETRIES: [(&str, Duration); 5] = [
    ("1s", Duration::from_secs(1)),
    ("5s", Duration::from_secs(5)),
    ("30s", Duration::from_secs(30)),
    ("2m", Duration::from_secs(120)),
    ("10m", Duration::from_secs(600)),
];

/// A queue that outlives its consumers.
#[derive(Debug, PartialEq, Eq)]
pub struct Queue {
    pub name: &'static str,
    /// Topic patterns: `*` is one word, `#` any number of them.
    pub bindings: &'static [&'static str],
    /// Those that earlier versions had and this one has no use for: taken away, with what waits in the queue kept.
    pub former_bindings: &'static [&'static str],
    /// Those that a bus inside the process needs: what no consumer of this program would use is not made there.
    pub in_process: &'static [&'static str],
    /// Its consumer has a use for messages that can be made from the log again.
    pub needs_the_log: bool,
    /// Urgent messages overtake others.
    pub has_priorities: bool,
    /// How long a message may take from its arrival at a consumer to its effect, before more workers are wanted.
    pub target: Duration,
    /// Batches begin this far apart where messages keep coming: fewer, fuller transactions. What comes after a pause
    /// is applied at once.
    pub pace: Duration,
    /// How many consume it on one node, at least and at most.
    pub workers: (usize, usize),
}

/// Scoring commands from other systems.
pub const GAME: Queue = Queue {
    name: "game.service.queue",
    bindings: &["game.command.*"],
    former_bindings: &[],
    in_process: &["game.command.*"],
    needs_the_log: true,
    has_priorities: true,
    target: Duration::from_millis(50),
    pace: Duration::ZERO,
    workers: (1, 4),
};

/// What the statistics are made from. One worker: it keeps the state of sessions in memory, and one transaction for
/// everything that waits is faster than several for parts of it.
pub const STATS: Queue = Queue {
    name: "stats.service.queue",
    bindings: &["stats.advanced", "stats.game_completed", "stats.game_corrected", "stats.achievement_check"],
    former_bindings: &["stats.*", "game.ended", "session.completed"],
    // It says of all events how far they have got, and the rest follows from the log.
    in_process: &["stats.advanced"],
    needs_the_log: true,
    has_priorities: false,
    target: Duration::from_millis(200),
    pace: Duration::from_millis(100),
    workers: (1, 1),
};

/// What users are told of.
pub const NOTIFICATIONS: Queue = Queue {
    name: "notifications.service.queue",
    bindings: &["notifications.*", "friends.*", "social.*", "session.completed"],
    former_bindings: &[],
    in_process: &["notifications.*", "friends.*", "social.*", "session.completed"],
    needs_the_log: true,
    has_priorities: false,
    target: Duration::from_millis(100),
    pace: Duration::from_millis(20),
    workers: (1, 4),
};

/// What no journal has: the audit of a session's own events is read from its log.
pub const AUDIT: Queue = Queue {
    name: "audit.log.queue",
    bindings: &[
        "game.command.*",
        "notifications.#",
        "friends.#",
        "social.#",
        "user.#",
        "compensation.#",
        "stats.achievement_check",
    ],
    former_bindings: &["game.#", "session.#", "stats.#"],
    // What comes from the log need not be stored again.
    in_process: &["game.command.*", "notifications.#", "friends.#", "social.#", "user.#", "compensation.#"],
    needs_the_log: false,
    has_priorities: false,
    target: Duration::from_secs(5),
    pace: Duration::from_millis(50),
    workers: (1, 2),
};

/// What has to be made good.
pub const COMPENSATION: Queue = Queue {
    name: "compensation.queue",
    bindings: &["compensation.#"],
    former_bindings: &[],
    in_process: &["compensation.#"],
    needs_the_log: true,
    has_priorities: false,
    target: Duration::from_millis(200),
    pace: Duration::from_millis(20),
    workers: (1, 2),
};

/// All queues that outlive their consumers.
pub const QUEUES: &[&Queue] = &[&GAME, &STATS, &NOTIFICATIONS, &AUDIT, &COMPENSATION];

/// Where a message waits that failed in `queue` for the `attempts`th time, counted from 0.
pub fn retry_queue(queue: &str, attempts: u32) -> String {
    let (delay, _) = RETRIES[(attempts as usize).min(RETRIES.len() - 1)];
    format!("{queue}.retry.{delay}")
}

/// Where a message ends that failed in `queue` for good.
pub fn dead_letter_queue(queue: &str) -> String {
    format!("{queue}.dlq")
}

/// The queue of one node.
pub fn broadcast_queue(node_id: &str) -> String {
    format!("websocket.broadcast.{node_id}")
}

/// What this program sends to queues, by type, so that what becomes of it is counted from 0.
const EVENT_TYPES: &[&str] = &[
    "game.command.pot_ball",
    "game.command.commit_foul",
    "game.command.end_turn",
    "game.command.start_game",
    "game.command.void_event",
    "game.command.end_game",
    "game.command.cancel_game",
    "game.command.complete_session",
    "stats.advanced",
    "stats.game_completed",
    "stats.game_corrected",
    "stats.achievement_check",
    "notifications.game_completed",
    "notifications.achievement_unlocked",
    "notifications.session_invitation",
    "notifications.friend_request",
    "notifications.friend_accepted",
    "notifications.message",
    "social.friend_request",
    "friends.accepted",
    "friends.declined",
    "friends.withdrawn",
    "friends.removed",
    "friends.blocked",
    "friends.unblocked",
    "compensation.game.ended",
    "compensation.notifications.achievement_unlocked",
    "compensation.notifications.session_invitation",
    "compensation.notifications.friend_request",
    "compensation.notifications.friend_accepted",
    "compensation.notifications.message",
];

/// The types that a queue is for, as far as they are known.
pub fn event_types(queue: &str) -> impl Iterator<Item = &'static str> {
    let bindings = QUEUES.iter().find(|known| known.name == queue).map_or(&[][..], |known| known.bindings);
    EVENT_TYPES.iter().copied().filter(|name| bindings.iter().any(|pattern| matches(pattern, name)))
}

/// Does a queue of the table take this key?
pub fn is_routed(key: &str) -> bool {
    QUEUES.iter().flat_map(|queue| queue.bindings).any(|pattern| matches(pattern, key))
}

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

    #[test]
    fn what_no_journal_has_is_routed_and_events_of_sessions_are_for_whoever_asks() {
        for key in ["game.command.pot_ball", "stats.advanced", "compensation.game.ended", "user.login"] {
            assert!(is_routed(key), "{key}");
        }
        for key in ["game.ball_potted", "session.player_joined", "stats.ball_voided", "websocket.session.7.ball_potted"]
        {
            assert!(!is_routed(key), "{key}");
        }
    }

    #[test]
    fn the_delays_grow_and_the_last_one_stays() {
        assert!(RETRIES.windows(2).all(|pair| pair[0].1 < pair[1].1));
        assert_eq!(retry_queue("stats.service.queue", 0), "stats.service.queue.retry.1s");
        assert_eq!(retry_queue("stats.service.queue", 99), "stats.service.queue.retry.10m");
    }
}
