//! The feed towards other nodes: who lives, who watches there, and what is done while they are not heard.

use std::time::{Duration, Instant};

use super::BindingTarget;
use super::{
    BEAT_MAX, Change, DEAF, FeedState, LOOK_EVERY, LOOK_SLOWLY_EVERY, MessageAge, NodeMessage, SEEN_FOR, Sender, TWIN,
};
use crate::ids::SessionId;
use crate::messaging::Peers;

impl FeedState {
    pub(super) async fn hear_node(&mut self, sender: &Sender, message: NodeMessage) {
        if sender.epoch == self.me.epoch {
            if matches!(message, NodeMessage::Alive { .. }) {
                self.hearing.came_back(sender.counter);
            }
            return;
        }
        if sender.node == self.me.node {
            if sender.epoch < self.me.epoch {
                // Of an earlier start of this node, or of one that has the same id by mistake and gives it up.
                return;
            }
            self.give_up_name();
        }
        let heard = self.others.hear(sender);
        if heard == MessageAge::Old {
            return;
        }
        if heard == MessageAge::Restarted {
            self.forget_watchers(&sender.node);
        }
        if message == NodeMessage::Leaving {
            self.others.leave(&sender.node);
            tracing::info!(node = sender.node, "a node ends");
            self.forget_watchers(&sender.node);
            return self.note_others();
        }
        if let NodeMessage::Alive { meetings } = message
            && self.others.has_met(&sender.node, meetings)
        {
            self.looks.at_heads(self.sessions.living());
        }
        self.note_peers().await;
        if heard != MessageAge::Next {
            self.note_others();
            // It may not know of this node either: both sides say who watches.
            self.say_alive().await;
            self.compare_watchers(self.sessions.living()).await;
        }
        match message {
            NodeMessage::Online(session, users) => {
                self.sessions.hear_online(session, sender.node.clone(), users);
                if self.others.answered(session, &sender.node) {
                    self.sessions.others_known(session);
                }
            }
            NodeMessage::WhoIsOnline { session, .. } if self.sessions.lives(session) => {
                self.sessions.say_online(session);
            }
            NodeMessage::WhoIsOnline { session, of_all: true } => {
                self.say(NodeMessage::Online(session, Vec::new())).await;
            }
            _ => {}
        }
    }

    /// Somebody gave the id of this node to another one, which was started later: both go on, this one under its start.
    fn give_up_name(&mut self) {
        let Some(epoch) = self.me.epoch else { return };
        let name = format!("{}.{epoch}", self.me.node);
        if TWIN.is_news() {
            tracing::error!(node = self.me.node, name, "another node has this id: this one is known by another name");
        }
        self.me.node = name;
    }

    /// Nobody watches on a node any more.
    fn forget_watchers(&mut self, node: &str) {
        for session in self.sessions.living() {
            self.sessions.hear_online(session, node.to_owned(), []);
        }
        for session in self.others.answered_all(node) {
            self.sessions.others_known(session);
        }
    }

    /// Others are there, or a node of another version: this one tells of its events from now on, and hears theirs. What
    /// was stored before is in the log: here it is read when the sessions are bound, there when this node says that it
    /// has met others.
    pub(super) async fn note_peers(&mut self) {
        let Some(peers) = self.others.peers().filter(|peers| *peers != self.peers) else { return };
        let was_alone = std::mem::replace(&mut self.peers, peers) == Peers::None;
        self.bus.set_peers(peers);
        if was_alone {
            self.meetings += 1;
            tracing::info!("another node is there");
            for session in self.sessions.living() {
                self.bind(BindingTarget::Session(session));
            }
            self.say_alive().await;
        }
    }

    /// Nobody else is there, and nobody was for long: no event need be told, and none is heard.
    pub(super) async fn note_solitude(&mut self) {
        if self.peers == Peers::None || !self.others.is_alone() {
            return;
        }
        self.peers = Peers::None;
        self.bus.set_peers(Peers::None);
        for session in self.sessions.living() {
            self.unbind(BindingTarget::Session(session)).await;
        }
    }

    /// Whether the first who look at a session wait for others.
    fn note_others(&self) {
        self.sessions.ask_others(!self.hearing.is_deaf() && self.others.is_one_to_ask());
    }

    pub(super) async fn say_alive(&mut self) {
        if self.is_leaving {
            return;
        }
        let is_said = self.say(NodeMessage::Alive { meetings: Some(self.meetings) }).await;
        if is_said && self.bus.is_up() {
            self.hearing.said(self.me.counter);
        }
    }

    /// Nobody watches here any more, which others need not find out by waiting.
    pub(super) async fn leave(&mut self) {
        self.is_leaving = true;
        self.say(NodeMessage::Leaving).await;
    }

    /// What was not heard is said again, and asked for.
    pub(super) async fn compare_unheard(&mut self) {
        let unheard = std::mem::take(&mut self.unheard);
        let living = self.sessions.living();
        self.compare_watchers(living.into_iter().filter(|session| unheard.contains(session)).collect()).await;
    }

    /// All nodes say who watches these.
    pub(super) async fn compare_watchers(&mut self, sessions: Vec<SessionId>) {
        let mut gets_through = !self.is_leaving;
        for session in sessions {
            if !gets_through {
                self.unheard.insert(session);
                continue;
            }
            self.sessions.say_online(session);
            gets_through = self.say(NodeMessage::WhoIsOnline { session, of_all: false }).await;
        }
    }

    /// Some time has passed. `is_open`: this node has a queue at the broker.
    pub(super) async fn beat(&mut self, is_open: bool) {
        let now = Instant::now();
        let time = now.duration_since(self.beat_at).min(BEAT_MAX);
        self.beat_at = now;
        match self.hearing.pass(time, is_open && self.bus.is_up()) {
            Change::Hears => {
                if let Some(lasted) = DEAF.end() {
                    tracing::info!(?lasted, "other nodes are heard again");
                }
                self.others.hear_again();
                self.say_alive().await;
                self.compare_unheard().await;
                self.looks.at_heads(self.sessions.listened_to());
            }
            Change::Deaf if DEAF.is_news() => {
                tracing::warn!("other nodes are not heard: what they store is looked for in the database");
            }
            Change::Deaf | Change::None => {}
        }
        self.note_others();
        self.look_where_nothing_is_heard(now);
        let is_seen = self.seen_at.is_some_and(|seen| now.duration_since(seen) < SEEN_FOR);
        for node in self.others.pass(time, !self.hearing.is_deaf(), is_seen) {
            tracing::warn!(node, "a node is gone, and who watched there with it");
            self.forget_watchers(&node);
        }
    }

    /// What others store, and whether they live, where they can't tell it. While all are heard it is only looked whether
    /// there is one that nobody has heard of: it may have started without the bus.
    fn look_where_nothing_is_heard(&mut self, now: Instant) {
        let is_due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| now.duration_since(last) >= every);
        let is_slow_due = is_due(self.looked_slowly_at, LOOK_SLOWLY_EVERY);
        if is_slow_due {
            self.looked_slowly_at = Some(now);
            self.looks.at_writers();
        }
        if !self.hearing.is_deaf() && !self.others.is_one_silent() {
            self.looked_at = None;
            return;
        }
        if is_due(self.looked_at, LOOK_EVERY) {
            self.looked_at = Some(now);
            self.looks.at_heads(self.sessions.listened_to());
            self.looks.at_writers();
        }
        if is_slow_due {
            self.looks.at_logins();
            self.looks.at_waiting(self.connections.users());
        }
    }
}
