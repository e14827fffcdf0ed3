//! What must hold, whatever happened.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::clients::Answer;
use super::node::Place;
use super::world::World;
use super::{NODES, SESSIONS, number_of};
use crate::game::Session;
use crate::game::command::Request;
use crate::ids::{CommandId, Dice, Seq, Timestamp};
use crate::journal::LoadedSession;

impl World {
    /// Refused on what the log said since it was asked, never on what a node had not heard of yet.
    pub(super) fn check_refusal(&self, session: usize, at: usize, head: Seq) {
        let played = &self.clients.played[at];
        let log = &self.store.logs[session];
        let at = Timestamp::from_millis(1_700_000_000_000);
        let request = Request { user: played.user, game: None, command: played.command.clone(), at, dice: Dice(1) };
        let is_refused = |state: &Session| state.decide(&request).is_err();
        if is_refused(&log.truth) || played.answer == Some(Answer::Refused) {
            return;
        }
        let mut state = LoadedSession::new(log.after(Seq::ZERO, head.0 as usize)).state;
        let since = log.after(head, usize::MAX);
        let was_refused = is_refused(&state)
            || since.iter().any(|record| {
                state.apply(&record.event);
                is_refused(&state)
            });
        assert!(was_refused, "refused without a reason");
    }

    /// Another command had the key. Where that left nothing in the log, some nodes know of it and others don't.
    pub(super) fn check_key_reused(&self, at: usize, was_acknowledged: bool) {
        let played = &self.clients.played[at];
        let twin = |(other, there): (usize, &super::clients::Played)| {
            let left_nothing = there.answer.as_ref().is_some_and(Answer::left_nothing);
            other != at && there.user == played.user && there.key == played.key && (left_nothing || !was_acknowledged)
        };
        assert!(self.clients.played.iter().enumerate().any(twin), "nobody else used this key");
    }

    /// What a node stored itself it knows of without a sweep, though the answer was lost.
    pub(super) fn check_own_heard(&self) {
        for node in self.nodes.iter().filter(|_| !self.has_late_commits) {
            for record in &self.store.rows[node.writer.row].outbox {
                if let Place::Live(live) = &node.sessions[number_of(record)] {
                    let is_known = live.engine.state().seq() >= record.seq();
                    assert!(is_known, "{:?} stored event {} and doesn't know it", node.process, record.seq());
                }
            }
        }
    }

    /// Nothing is left to be done.
    pub(super) fn is_settled(&self) -> bool {
        let is_at_head = |session: usize, seq: Seq| seq == self.store.logs[session].head();
        self.clients.are_answered()
            && self.store.rows.iter().all(|row| row.published == row.last())
            && self.watchers.iter().all(|watcher| is_at_head(watcher.session, watcher.last.unwrap_or_default()))
            && self.store.logs.iter().all(|log| log.applied == log.head())
            && self.nodes.iter().all(|node| {
                node.sessions.iter().enumerate().all(|(session, place)| match place {
                    Place::Live(live) => is_at_head(session, live.engine.state().seq()),
                    _ => true,
                })
            })
    }

    pub(super) fn check_end(&self) {
        assert!(self.clients.are_answered(), "everybody was answered");
        for session in 0..SESSIONS {
            self.check_log(session);
            self.check_nodes(session);
        }
        self.check_commands();
        for row in &self.store.rows {
            let process = row.process;
            assert_eq!(row.published, row.last(), "what {process:?} stored is published");
        }
        for watcher in &self.watchers {
            let head = self.store.logs[watcher.session].head();
            assert_eq!(watcher.last, Some(head), "every watcher has heard everything");
        }
    }

    fn check_log(&self, session: usize) {
        let log = &self.store.logs[session];
        for (record, seq) in log.records.iter().zip(1..) {
            assert_eq!(record.seq(), Seq(seq), "one gapless log");
        }
        let LoadedSession { state, commands, .. } = LoadedSession::new(log.records.clone());
        assert_eq!(state, log.truth, "the state is the fold of the log");
        let opened = self.store.open(session);
        assert!(opened.state == state && opened.commands == commands, "a snapshot is a shortcut and no more");
        // Scores are folded from marks when they are asked for, here one by one and there all at once.
        assert_eq!(opened.state.view(&|_| false), log.truth.view(&|_| false), "the same scores");
        assert_eq!(log.applied, log.head(), "the projection is where the log is");
        let balance = state.balance();
        let mut games: BTreeMap<u32, i64> = BTreeMap::new();
        for game in balance.participants.iter().flat_map(|participant| &participant.games) {
            *games.entry(game.number).or_default() += game.net.0;
        }
        assert!(games.values().all(|sum| *sum == 0), "the nets of each game sum to 0: {games:?}");
    }

    fn check_nodes(&self, session: usize) {
        for node in 0..NODES {
            if let Place::Live(live) = &self.nodes[node].sessions[session] {
                let truth = &self.store.logs[session].truth;
                assert_eq!(live.engine.state(), truth, "node {node} has the state of the log");
                assert!(live.engine.is_at_rest(), "node {node} has nothing left to do");
            }
        }
    }

    /// Acknowledged is stored, once and nowhere else; what is known to have left nothing has left nothing.
    fn check_commands(&self) {
        let mut stored: BTreeMap<(Uuid, CommandId), (usize, i64, Vec<Uuid>)> = BTreeMap::new();
        for (session, log) in self.store.logs.iter().enumerate() {
            for record in &log.records {
                let Some(user) = record.event.actor.user_id else { continue };
                let key = (user.0, record.event.command_id);
                let there = stored.entry(key).or_insert((session, record.command_hash, Vec::new()));
                assert_eq!((there.0, there.1), (session, record.command_hash), "a key is used once");
                there.2.push(record.event.event_id);
            }
        }
        for (at, played) in self.clients.played.iter().enumerate() {
            let there = stored.get(&(played.user.0, played.key)).filter(|there| there.1 == at as i64);
            match (&played.answer, there) {
                (Some(Answer::Acknowledged(events)), Some((_, _, there))) if !events.is_empty() => {
                    assert_eq!(events, there, "command {at}: acknowledged is stored, once");
                }
                (Some(Answer::Acknowledged(events)), None) => assert!(events.is_empty(), "command {at} is lost"),
                (_, there) => {
                    let is_right = there.is_none() || played.may_be_stored;
                    assert!(is_right, "command {at}: stored, and its author knows of nothing: {:?}", played.answer);
                }
            }
        }
    }
}
