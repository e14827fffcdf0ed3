//! Those at the table: each plays, watches and reads, on whatever node answers, and never puts up with an older state than
//! he has seen.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::super::engine::{Ask, CallerId, Outcome};
use super::node::Message;
use super::work::{Process, Turn, Work};
use super::world::{World, trace};
use super::{NODES, PERSONS, SESSIONS, user};
use crate::game::command::{Command, Request, Scoring};
use crate::ids::{CommandId, CorrelationId, Seq, Timestamp, UserId};
use crate::journal::Record;
use crate::session::Submission;

/// A command and what its author knows of it.
pub(super) struct Played {
    pub(super) user: UserId,
    pub(super) key: CommandId,
    pub(super) session: usize,
    pub(super) command: Command,
    pub(super) answer: Option<Answer>,
    /// Something of it may be stored: a caller was not told that nothing is.
    pub(super) may_be_stored: bool,
    /// On its way, on whatever node.
    pub(super) open: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// These events.
    Acknowledged(Vec<Uuid>),
    Refused,
    KeyReused,
}

impl Answer {
    /// Nothing in the log tells of it.
    pub(super) fn left_nothing(&self) -> bool {
        match self {
            Answer::Acknowledged(events) => events.is_empty(),
            Answer::Refused => true,
            Answer::KeyReused => false,
        }
    }
}

/// A command on its way.
struct Attempt {
    played: usize,
    process: Process,
    /// Where the log ended then.
    head: Seq,
    was_acknowledged: bool,
}

struct Read {
    person: usize,
    session: usize,
    /// What was seen when it was asked.
    seen: Seq,
}

#[derive(Default)]
pub(super) struct Person {
    /// The command that he wants answered.
    pub(super) wants: Option<usize>,
    /// Where he asked for it last.
    awaits: Option<u64>,
    /// The last event of each session that he knows of.
    pub(super) seen: [Seq; SESSIONS],
}

/// What was seen of the world, to know that it was worth looking at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) acknowledged: usize,
    pub(super) repeated: usize,
    pub(super) refused: usize,
    pub(super) keys_reused: usize,
    pub(super) unknown: usize,
    pub(super) not_stored: usize,
    pub(super) read: usize,
    pub(super) not_read: usize,
    pub(super) resumed: usize,
    pub(super) shown: usize,
    pub(super) told: usize,
}

impl Figures {
    pub(super) fn add(&mut self, other: &Self) {
        self.acknowledged += other.acknowledged;
        self.repeated += other.repeated;
        self.refused += other.refused;
        self.keys_reused += other.keys_reused;
        self.unknown += other.unknown;
        self.not_stored += other.not_stored;
        self.read += other.read;
        self.not_read += other.not_read;
        self.resumed += other.resumed;
        self.shown += other.shown;
        self.told += other.told;
    }
}

pub(super) struct Clients {
    pub(super) persons: Vec<Person>,
    pub(super) played: Vec<Played>,
    attempts: BTreeMap<CallerId, Attempt>,
    reads: BTreeMap<u64, Read>,
    ids: u64,
    pub(super) figures: Figures,
}

impl Clients {
    pub(super) fn new() -> Self {
        Self {
            persons: (0..PERSONS).map(|_| Person::default()).collect(),
            played: Vec::new(),
            attempts: BTreeMap::new(),
            reads: BTreeMap::new(),
            ids: 0,
            figures: Figures::default(),
        }
    }

    pub(super) fn id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Nobody waits for anything.
    pub(super) fn are_answered(&self) -> bool {
        self.attempts.is_empty() && self.reads.is_empty() && self.persons.iter().all(|person| person.wants.is_none())
    }
}

impl World {
    /// A node that takes connections; one that is stopped does, too.
    pub(super) fn some_node(&mut self) -> Option<Process> {
        let node = self.draws.below(NODES);
        let node = &self.nodes[node];
        node.is_up.then_some(node.process)
    }

    pub(super) fn play(&mut self) {
        let person = self.draws.below(PERSONS);
        let Person { wants, awaits, .. } = self.clients.persons[person];
        let awaited = awaits.filter(|caller| self.clients.attempts.contains_key(&CallerId(*caller)));
        let played = match wants {
            // Most wait; some give up waiting and ask elsewhere.
            Some(_) if awaited.is_some() && !self.draws.one_in(4) => return,
            Some(played) => played,
            None => self.new_command(person),
        };
        self.clients.persons[person].wants = Some(played);
        self.ask(person, played);
    }

    fn new_command(&mut self, person: usize) -> usize {
        let earlier = self.clients.played.len();
        let session = self.draws.below(SESSIONS);
        let mine: Vec<usize> = (0..earlier).filter(|at| self.clients.played[*at].user == user(person)).collect();
        let of_mine = mine.get(self.draws.below(mine.len())).copied();
        // An answered command comes again under its key; or a key is used for another one.
        let key = match of_mine {
            Some(played) if self.draws.one_in(5) => return played,
            Some(played) if self.draws.one_in(3) => self.clients.played[played].key,
            _ => CommandId(Uuid::from_u128(u128::from(self.draws.draw()) | 1 << 100)),
        };
        let command = self.command(session);
        let user = user(person);
        let (answer, may_be_stored, open) = (None, false, 0);
        self.clients.played.push(Played { user, key, session, command, answer, may_be_stored, open });
        earlier
    }

    fn command(&mut self, session: usize) -> Command {
        let state = &self.store.logs[session].truth;
        let (head, playing) = (state.seq(), state.current_game().is_some());
        let participants = state.participants();
        let participant_id = participants[self.draws.below(participants.len())].id;
        match self.draws.below(12) {
            0 => Command::AddGuest { display_name: "guest".to_owned() },
            1..=4 if !playing => Command::Score(Scoring::StartGame { order: None }),
            1 => Command::Score(Scoring::EndGame { reason: None, participant_id: None }),
            2 => Command::Score(Scoring::VoidEvent { seq: Seq(1 + self.draws.below(head.0 as usize) as i64) }),
            3 => Command::Score(Scoring::CommitFoul {
                participant_id,
                points: None,
                reds: None,
                reason: None,
                correction: false,
            }),
            4 => Command::UpdateParticipant { participant_id, display_name: None, can_score: Some(true) },
            5 => Command::Score(Scoring::CancelGame {}),
            _ => {
                let color = "white".to_owned();
                Command::Score(Scoring::PotBall {
                    participant_id,
                    color,
                    own_ball: false,
                    count: None,
                    free_ball: false,
                    note: None,
                    correction: false,
                })
            }
        }
    }

    fn ask(&mut self, person: usize, played: usize) {
        let Some(process) = self.some_node() else { return };
        let caller = CallerId(self.clients.id());
        let at = Timestamp::from_millis(1_700_000_000_000 + self.draws.below(1_000_000) as i64);
        let dice = self.draws.dice();
        let command = &mut self.clients.played[played];
        command.open += 1;
        let was_acknowledged = matches!(&command.answer, Some(Answer::Acknowledged(events)) if !events.is_empty());
        let (session, command_id) = (command.session, command.key);
        let request = Request { user: command.user, game: None, command: command.command.clone(), at, dice };
        trace!(self, "{caller:?} command {played} session {session} on {process:?}: {:?}", request.command);
        let ask = Ask {
            caller,
            submission: Submission {
                request,
                command_id,
                correlation_id: CorrelationId(command_id.0),
                hash: played as i64,
            },
        };
        let head = self.store.logs[session].head();
        self.clients.persons[person].awaits = Some(caller.0);
        self.clients.attempts.insert(caller, Attempt { played, process, head, was_acknowledged });
        self.arrive(process, session, Message::Execute(Box::new(ask)));
    }

    pub(super) fn arrive(&mut self, process: Process, session: usize, message: Message) {
        self.pending.push(Work::Turn(process, Turn::Request { session, message }));
    }

    /// Connections to a process are gone, and what was asked there may be stored or not.
    pub(super) fn cut_off(&mut self, process: Process) {
        let gone: Vec<_> = self.clients.attempts.extract_if(.., |_, attempt| attempt.process == process).collect();
        for (_, attempt) in gone {
            let played = &mut self.clients.played[attempt.played];
            (played.open, played.may_be_stored) = (played.open - 1, true);
        }
        self.clients.reads.clear();
        self.cut_watchers(process);
    }

    pub(super) fn repeated(&mut self, session: usize, caller: CallerId, records: Option<Vec<Arc<Record>>>) {
        let outcome = match records {
            Some(records) => {
                self.clients.figures.repeated += 1;
                let seq = records.last().map_or(Seq::ZERO, |record| record.seq());
                Outcome::Done { seq, records }
            }
            None => Outcome::NotStored,
        };
        self.answered(session, caller, outcome);
    }

    pub(super) fn answered(&mut self, session: usize, caller: CallerId, outcome: Outcome) {
        trace!(self, "{caller:?} answered: {}", shown(&outcome));
        let attempt = self.clients.attempts.remove(&caller).expect("each command is answered once");
        let at = attempt.played;
        self.clients.played[at].open -= 1;
        let answer = match outcome {
            Outcome::Done { seq, records } => {
                self.acknowledged(session, at, seq, &records);
                self.clients.figures.acknowledged += 1;
                assert!(
                    !records.is_empty() || !attempt.was_acknowledged,
                    "a command that had made events has nothing to change"
                );
                Some(Answer::Acknowledged(records.iter().map(|record| record.event.event_id).collect()))
            }
            Outcome::Refused(refusal) => {
                self.clients.figures.refused += 1;
                assert!(!attempt.was_acknowledged, "acknowledged, and then refused: {refusal}");
                self.check_refusal(session, at, attempt.head);
                Some(Answer::Refused)
            }
            Outcome::KeyReused => {
                self.clients.figures.keys_reused += 1;
                self.check_key_reused(at, attempt.was_acknowledged);
                Some(Answer::KeyReused)
            }
            Outcome::NotStored => {
                self.clients.figures.not_stored += 1;
                None
            }
            Outcome::Unknown => {
                self.clients.figures.unknown += 1;
                self.clients.played[at].may_be_stored = true;
                None
            }
            Outcome::Repeated { .. } => unreachable!("it was read"),
        };
        assert!(answer.is_some() || !self.spares_storage, "unavailable, though the database answers everybody");
        self.settle(at, answer);
    }

    fn settle(&mut self, at: usize, answer: Option<Answer>) {
        let Some(answer) = answer else { return };
        for person in &mut self.clients.persons {
            if person.wants == Some(at) {
                (person.wants, person.awaits) = (None, None);
            }
        }
        let played = &mut self.clients.played[at];
        match (&played.answer, &answer) {
            (Some(Answer::Acknowledged(first)), Answer::Acknowledged(now)) if !first.is_empty() => {
                assert_eq!(first, now, "the same key is answered with the first outcome");
            }
            // What was asked before that was stored may be answered after it.
            (Some(Answer::Acknowledged(first)), _) if !first.is_empty() => {}
            _ => played.answer = Some(answer),
        }
    }

    fn acknowledged(&mut self, session: usize, at: usize, seq: Seq, records: &[Arc<Record>]) {
        let log = &self.store.logs[session];
        assert!(seq <= log.head(), "answered before it was stored");
        for record in records {
            assert_eq!(
                log.records[record.seq().0 as usize - 1].event.event_id,
                record.event.event_id,
                "acknowledged with the numbers that it has"
            );
            assert_eq!(
                record.event.command_id, self.clients.played[at].key,
                "acknowledged with another command's events"
            );
        }
        let user = self.clients.played[at].user;
        for person in 0..PERSONS {
            if super::user(person) == user {
                let seen = &mut self.clients.persons[person].seen[session];
                *seen = (*seen).max(seq);
            }
        }
    }

    pub(super) fn read(&mut self) {
        let (person, session) = (self.draws.below(PERSONS), self.draws.below(SESSIONS));
        let Some(process) = self.some_node() else { return };
        let read = self.clients.id();
        let seen = self.clients.persons[person].seen[session];
        self.clients.reads.insert(read, Read { person, session, seen });
        self.arrive(process, session, Message::Look { read });
    }

    /// A client was shown the state after event `seq`; `None`: it was told that the log can't be read.
    pub(super) fn seen(&mut self, read: u64, seq: Option<Seq>) {
        let Some(Read { person, session, seen }) = self.clients.reads.remove(&read) else { return };
        let Some(seq) = seq else {
            self.clients.figures.not_read += 1;
            assert!(!self.spares_storage, "not shown, though the database answers everybody");
            return;
        };
        self.clients.figures.read += 1;
        trace!(self, "person {person} reads session {session} at {seq}");
        assert!(seq >= seen, "shown event {seq} as the last, after event {seen} was seen");
        let now = &mut self.clients.persons[person].seen[session];
        *now = (*now).max(seq);
    }

    /// Asks again for what is not answered.
    pub(super) fn insist(&mut self, person: usize) {
        let Person { wants: Some(played), awaits, .. } = self.clients.persons[person] else { return };
        if !awaits.is_some_and(|caller| self.clients.attempts.contains_key(&CallerId(caller))) {
            self.ask(person, played);
        }
    }
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done { seq, records } => format!("done at {seq}, {} events", records.len()),
        other => format!("{other:?}"),
    }
}
