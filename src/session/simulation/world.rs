//! What is on its way, and what happens next: three nodes, one database, one broker, and those who play and watch.

use super::super::engine::Input;
use super::clients::Clients;
use super::draws::{Draws, Faults};
use super::node::Node;
use super::store::{Commit, Failed, Outcome, Store};
use super::watchers::Watcher;
use super::work::{Process, Query, Reply, Turn, Work};
use super::{NODES, PERSONS, SESSIONS};

/// What is done in a schedule before all faults end.
const STEPS: usize = 90;
/// Rows read at once.
const PAGE: usize = 4;

pub(super) struct World {
    pub(super) draws: Draws,
    pub(super) faults: Faults,
    /// Without faults of the database everybody is answered.
    pub(super) spares_storage: bool,
    /// Commits may be stored long after they were given up.
    pub(super) has_late_commits: bool,
    pub(super) store: Store,
    pub(super) nodes: Vec<Node>,
    pub(super) is_broker_up: bool,
    pub(super) clients: Clients,
    pub(super) watchers: Vec<Watcher>,
    pub(super) pending: Vec<Work>,
    pub(super) is_traced: bool,
}

/// Says what happens, where a schedule is replayed.
macro_rules! trace {
    ($world:expr, $($said:tt)*) => {
        if $world.is_traced {
            eprintln!($($said)*);
        }
    };
}
pub(super) use trace;

impl World {
    pub(super) fn new(seed: u64, is_traced: bool) -> Self {
        let mut draws = Draws::new(seed);
        let faults = Faults::drawn(&mut draws);
        let mut store = Store::new();
        let nodes = (0..NODES).map(|node| Node::new(Process { node, life: 0 }, &mut store)).collect();
        let (spares_storage, has_late_commits) = (faults.spare_storage(), faults.late_commits > 0);
        let mut world = Self {
            draws,
            faults,
            spares_storage,
            has_late_commits,
            store,
            nodes,
            is_broker_up: true,
            clients: Clients::new(),
            watchers: (0..PERSONS).map(|person| Watcher::new(person % SESSIONS)).collect(),
            pending: Vec::new(),
            is_traced,
        };
        trace!(world, "{:?}", world.faults);
        (0..NODES).for_each(|node| world.link(node));
        (0..PERSONS).for_each(|person| world.connect(person));
        world
    }

    /// One whole schedule.
    pub(super) fn run(&mut self) {
        for _ in 0..STEPS {
            match self.draws.below(32) {
                0..=3 => self.play(),
                4 => self.watch_or_leave(),
                5 => self.read(),
                6 => self.now_and_then(),
                7 => self.fail(),
                _ => self.work(),
            }
        }
        self.recover();
        self.check_end();
    }

    pub(super) fn runs(&self, process: Process) -> bool {
        let node = &self.nodes[process.node];
        node.is_up && node.process == process
    }

    /// Something that is on its way arrives.
    pub(super) fn work(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let at = self.draws.below(self.pending.len());
        let work = self.pending.swap_remove(at);
        match work {
            Work::Query(process, query) => self.at_database(process, query),
            Work::Reply(process, _) | Work::Turn(process, _) | Work::Hint(process, ..) if !self.runs(process) => {}
            Work::Reply(process, _) | Work::Turn(process, _) | Work::Hint(process, ..)
                if self.nodes[process.node].is_stopped =>
            {
                self.pending.push(work);
            }
            Work::Reply(process, reply) => self.reply(process, reply),
            Work::Turn(process, turn) => self.turn(process, turn),
            Work::Hint(process, session, record) => self.feed(process, session, Input::Heard(vec![record])),
            Work::Bind(process, session) => self.at_broker(process, session),
            Work::Consume(session, seq) => self.project(session, seq),
            Work::Late(commit) => {
                let result = self.store.commit(&commit);
                trace!(self, "a commit comes late: {result:?}");
            }
            Work::Unlock(session) => self.store.logs[session].is_locked = false,
            Work::StorageBack => self.store.is_away = false,
            Work::BrokerBack => self.broker_back(),
            Work::Restart(node) => self.restart(node),
            Work::GoOn(node) => self.go_on(node),
        }
    }

    fn turn(&mut self, process: Process, turn: Turn) {
        match turn {
            Turn::Write => self.write(process),
            Turn::Appended { session, result } => {
                trace!(self, "{process:?} session {session} appended: {result:?}");
                self.feed(process, session, Input::Appended(result));
            }
            Turn::Look { session } => self.feed(process, session, Input::LookNow),
            Turn::Publish => self.publish_burst(process),
            Turn::Confirmed(publication, is_confirmed) => self.confirmed(process, publication, is_confirmed),
            Turn::Request { session, message } => self.request(process, session, message),
            Turn::Leave { session, listener } => self.leave(process, session, listener),
            Turn::Bound { session, is_bound } => self.bound(process, session, is_bound),
            Turn::Linked => self.linked(process),
        }
    }

    fn reply(&mut self, process: Process, reply: Reply) {
        match reply {
            Reply::CommitFeed(result) => self.committed(process, result),
            Reply::Taken(taken) => self.told_apart(process, taken),
            Reply::Position(position) => self.position_read(process, position),
            Reply::Marked(published) => self.position_kept(process, published),
            Reply::Opened { session, opened } => self.opened(process, session, opened),
            Reply::Tail { session, records } => self.feed(process, session, Input::Tail(records)),
            Reply::History { session, watcher, records } => {
                self.feed(process, session, Input::History { watcher, records });
            }
            Reply::Repeated { session, caller, records } => self.repeated(session, caller, records),
            Reply::Head { session, head, then } => self.head_known(process, session, head, then),
            Reply::Heads(heads) => {
                for (session, head) in heads {
                    self.feed(process, session, Input::HeardHead(head));
                }
            }
            Reply::Page(rows) => self.page_read(process, rows),
            Reply::Last(last) => self.last_read(process, last),
            Reply::PageOfOther(page) => self.publish_for(process, page),
            Reply::Held { row, is_held } => self.held(process, row, is_held),
        }
    }

    /// A statement arrives; its answer is on its way then.
    fn at_database(&mut self, process: Process, query: Query) {
        let fails = self.store.is_away;
        let query = match query {
            Query::Commit(commit) => {
                let result = self.commit(process, commit);
                return self.pending.push(Work::Reply(process, Reply::CommitFeed(result)));
            }
            query => query,
        };
        let fails = fails || self.draws.one_in(self.faults.failed_reads);
        let reply = self.execute(process, query, !fails);
        self.pending.extend(reply.map(|reply| Work::Reply(process, reply)));
    }

    fn commit(&mut self, process: Process, commit: Commit) -> Result<Outcome, Failed> {
        if self.store.is_away || self.draws.one_in(self.faults.failed_commits) {
            return Err(Failed::Gone);
        }
        if self.draws.one_in(self.faults.late_commits) {
            if self.draws.one_in(2) {
                self.pending.push(Work::Late(commit));
            }
            return Err(Failed::Gone);
        }
        let result = self.store.commit(&commit);
        trace!(self, "{process:?} commits {} appends at {}: {result:?}", commit.appends.len(), commit.position);
        if self.draws.one_in(self.faults.lost_answers) { Err(Failed::Gone) } else { result }
    }

    /// Reads, and small writes whose loss does no harm; `works`: it is answered.
    fn execute(&mut self, process: Process, query: Query, works: bool) -> Option<Reply> {
        let store = &mut self.store;
        Some(match query {
            Query::Commit(_) => return None,
            Query::Taken { appends } => Reply::Taken(works.then(|| store.taken(&appends))),
            Query::Position { row } => Reply::Position(works.then(|| store.last_position(row))),
            Query::Open { session } => Reply::Opened { session, opened: works.then(|| Box::new(store.open(session))) },
            Query::Tail { session, after } => {
                Reply::Tail { session, records: works.then(|| store.logs[session].after(after, usize::MAX)) }
            }
            Query::History { session, watcher, after } => {
                Reply::History { session, watcher, records: works.then(|| store.logs[session].after(after, 1_000)) }
            }
            Query::Repeated { session, caller, first, count } => {
                let records = works.then(|| store.logs[session].after(first.previous(), count as usize));
                Reply::Repeated { session, caller, records }
            }
            Query::Head { session, then } => {
                Reply::Head { session, head: works.then(|| store.logs[session].head()), then }
            }
            Query::Page { row, from } => Reply::Page(works.then(|| store.page(row, from, PAGE))),
            Query::PageOfOther { row, from } => Reply::PageOfOther(works.then(|| (row, store.page(row, from, PAGE)))),
            Query::TakeOver => Reply::PageOfOther(works.then(|| self.take_over(process)).flatten()),
            Query::Hold { row, published } => Reply::Held { row, is_held: works && self.hold(process, row, published) },
            _ if !works => return None,
            Query::Mark { row, published } => {
                store.mark(row, published);
                Reply::Marked(published)
            }
            Query::Keep { session, snapshot } => {
                store.keep(session, snapshot);
                return None;
            }
            Query::Heads { sessions } => {
                Reply::Heads(sessions.into_iter().map(|session| (session, store.logs[session].head())).collect())
            }
            Query::Last { row } => Reply::Last(store.last_position(row)),
            Query::Renew { row } => {
                let row = &mut store.rows[row];
                (row.taken_by, row.is_finished) = (None, false);
                return None;
            }
            Query::LetGo { row, is_finished } => {
                let row = &mut store.rows[row];
                if row.taken_by == Some(process) {
                    (row.taken_by, row.is_finished) = (None, is_finished);
                }
                return None;
            }
        })
    }

    /// What nodes do by the clock.
    pub(super) fn now_and_then(&mut self) {
        let node = self.draws.below(NODES);
        let process = self.nodes[node].process;
        if !self.nodes[node].is_up || self.nodes[node].is_stopped {
            return;
        }
        match self.draws.below(6) {
            0 => self.sweep(process),
            1 => self.look_at_outbox(process),
            2 => self.look_for_abandoned(process),
            3 => self.sweep_projection(),
            4 => self.pending.push(Work::Query(process, Query::Renew { row: self.nodes[node].writer.row })),
            _ => {
                let session = self.draws.below(SESSIONS);
                self.close_if_idle(process, session);
            }
        }
    }
}
