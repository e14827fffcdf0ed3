//! What a node makes of what others say and don't say, second by second.

use uuid::Uuid;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const SESSION: SessionId = SessionId(Uuid::from_u128(7));

fn sender(node: &str, epoch: impl Into<Option<i64>>, counter: u64) -> Sender {
    Sender { node: node.to_owned(), epoch: epoch.into().map(WriterId), counter }
}

/// The database is looked at by the start 1.
fn seen(nodes: &mut OtherNodes, writers: &[(i64, Duration)]) {
    let writers: Vec<_> = writers.iter().map(|(id, ago)| (WriterId(*id), *ago)).collect();
    nodes.seen(Some(WriterId(1)), &writers);
}

/// Seconds until the first one is gone.
fn gone_after(nodes: &mut OtherNodes, on_bus: bool, in_database: bool) -> Option<f64> {
    (1..=100).find(|_| !nodes.pass(SECOND / 4, on_bus, in_database).is_empty()).map(|beats| f64::from(beats) / 4.0)
}

#[test]
fn what_is_late_or_comes_twice_is_dropped() {
    let mut nodes = OtherNodes::default();
    let told = [(3, 5), (3, 6), (3, 6), (3, 2), (2, 9), (3, 7), (4, 1), (3, 8), (4, 1), (4, 2)];
    let heard = told.map(|(epoch, counter)| nodes.hear(&sender("a", epoch, counter)));
    use MessageAge::{New, Next, Old, Restarted};
    assert_eq!(heard, [New, Next, Old, Old, Old, Next, Restarted, Old, Old, Next]);
}

#[test]
fn who_is_gone_is_not_back_by_an_old_message() {
    let mut nodes = OtherNodes::default();
    nodes.hear(&sender("a", 3, 5));
    assert_eq!(gone_after(&mut nodes, true, true), Some(6.5), "within the seven seconds that are promised");
    assert_eq!(nodes.hear(&sender("a", 3, 5)), MessageAge::Old);
    assert_eq!(nodes.hear(&sender("a", 2, 50)), MessageAge::Old);
    assert_eq!(nodes.hear(&sender("a", 3, 6)), MessageAge::New, "it was stopped for a while");
    assert!(nodes.leave("a") && !nodes.leave("a"));
    assert_eq!(nodes.hear(&sender("a", 3, 7)), MessageAge::Old, "it said that it ends");
    assert_eq!(nodes.hear(&sender("a", 4, 1)), MessageAge::New);
    for n in 0..2 * GONE_MAX {
        nodes.hear(&sender(&n.to_string(), 9, 1));
        nodes.leave(&n.to_string());
    }
    assert_eq!(nodes.gone.len(), GONE_MAX);
}

#[test]
fn nodes_of_earlier_versions_are_heard_as_before_and_replaced_by_newer_ones() {
    let mut nodes = OtherNodes::default();
    assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::New);
    assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::Next);
    assert!(!nodes.is_one_to_ask() && !nodes.ask(SESSION), "they don't answer where a session does not live");
    assert_eq!(nodes.hear(&sender("a", 7, 1)), MessageAge::Restarted);
    assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::Old, "left from before the update");
    assert_eq!(gone_after(&mut nodes, true, true), Some(6.5));
    assert_eq!(nodes.hear(&sender("a", None, 0)), MessageAge::New, "the update was taken back");
    assert_eq!(gone_after(&mut nodes, false, true), None, "it has no row that is known");
    assert_eq!(gone_after(&mut nodes, true, false), Some(6.5));
}

#[test]
fn nobody_is_gone_whom_this_node_could_not_hear() {
    let mut nodes = OtherNodes::default();
    nodes.hear(&sender("a", 3, 5));
    assert_eq!(nodes.pass(5 * SECOND, true, false), [""; 0]);
    assert_eq!(gone_after(&mut nodes, false, false), None, "neither broker nor database");
    nodes.hear_again();
    assert_eq!(nodes.pass(5 * SECOND, true, false), [""; 0]);
    nodes.hear(&sender("a", 3, 6));
    assert_eq!(gone_after(&mut nodes, true, false), None, "whether it lives is not known without the database");
    assert_eq!(nodes.pass(Duration::ZERO, true, true), ["a"]);
    nodes.hear(&sender("a", 3, 7));
    assert_eq!(gone_after(&mut nodes, true, true), Some(6.5));
}

#[test]
fn who_is_silent_on_the_bus_lives_by_its_row_in_the_database() {
    let mut nodes = OtherNodes::default();
    nodes.hear(&sender("a", 3, 5));
    for on_bus in [true, false] {
        for _ in 0..20 {
            assert_eq!(nodes.pass(SECOND, on_bus, true), [""; 0]);
            seen(&mut nodes, &[(3, SECOND), (1, Duration::ZERO)]);
        }
        assert!(nodes.is_one_silent());
    }
    seen(&mut nodes, &[(3, 2 * SECOND)]);
    assert_eq!(gone_after(&mut nodes, false, true), Some(5.5), "that of its last sign counts");
    assert!(!nodes.is_one_silent());
}

#[test]
fn who_lives_by_the_database_and_is_not_known_is_silent() {
    let mut nodes = OtherNodes::default();
    let look = |nodes: &mut OtherNodes, writers: &[(i64, Duration)]| {
        seen(nodes, writers);
        nodes.is_one_silent()
    };
    nodes.hear(&sender("a", 3, 5));
    nodes.hear(&sender("b", 4, 5));
    nodes.leave("b");
    assert!(!look(&mut nodes, &[(1, SECOND), (3, SECOND), (4, SECOND)]), "itself, a neighbour, and one that ended");
    assert!(look(&mut nodes, &[(1, SECOND), (5, SECOND)]), "it started without the bus");
    assert!(!look(&mut nodes, &[(5, 4 * SECOND)]), "it ended, or was killed");
    assert_eq!(nodes.pass(10 * SECOND, true, true), ["a"]);
    assert!(look(&mut nodes, &[(3, SECOND)]), "it was stopped, and goes on without the bus");
    nodes.hear(&sender("c", None, 0));
    assert!(!look(&mut nodes, &[(5, SECOND)]), "it may be the one of an earlier version");
}

#[test]
fn events_are_told_to_whoever_may_be_there_and_to_nobody_where_nobody_is() {
    let mut nodes = OtherNodes::default();
    assert_eq!(nodes.peers(), Some(Peers::OlderNodes), "nothing is known yet");
    seen(&mut nodes, &[(1, SECOND), (3, SECOND)]);
    assert_eq!((nodes.peers(), nodes.is_alone()), (Some(Peers::OlderNodes), false), "it may be of any version");
    nodes.hear(&sender("a", 3, 1));
    seen(&mut nodes, &[(3, SECOND)]);
    assert!(nodes.has_met("a", Some(0)) && !nodes.has_met("a", Some(0)) && nodes.has_met("a", Some(1)));
    assert_eq!(nodes.peers(), Some(Peers::Nodes));
    nodes.hear(&sender("old", None, 0));
    assert_eq!(nodes.peers(), Some(Peers::OlderNodes));
    nodes.leave("old");
    assert_eq!(gone_after(&mut nodes, true, true), Some(6.5));
    seen(&mut nodes, &[(1, SECOND), (3, 4 * SECOND)]);
    assert_eq!((nodes.peers(), nodes.is_alone()), (None, false), "its row is not old enough");
    seen(&mut nodes, &[(1, SECOND), (3, SECOND)]);
    assert_eq!((nodes.peers(), nodes.is_alone()), (Some(Peers::Nodes), false), "it goes on, and is not heard");
    seen(&mut nodes, &[(1, SECOND)]);
    assert_eq!((nodes.peers(), nodes.is_alone()), (None, true));
}

#[test]
fn who_is_silent_while_the_connection_comes_and_goes_is_gone_all_the_same() {
    let mut nodes = OtherNodes::default();
    nodes.hear(&sender("a", 3, 5));
    let rounds = (1..).find(|_| {
        nodes.hear_again();
        !nodes.pass(2 * SECOND, true, true).is_empty()
    });
    assert_eq!(rounds, Some(10), "half a second of each two counts");
}

#[test]
fn it_is_known_when_all_have_answered() {
    let mut nodes = OtherNodes::default();
    assert!(!nodes.ask(SESSION));
    nodes.hear(&sender("a", 3, 1));
    nodes.hear(&sender("b", 4, 1));
    assert!(nodes.ask(SESSION));
    assert!(!nodes.answered(SESSION, "a") && !nodes.answered(SESSION, "a"));
    assert!(nodes.answered(SESSION, "b") && !nodes.answered(SESSION, "b"));
    assert!(nodes.ask(SESSION));
    assert_eq!(nodes.answered_all("a"), []);
    assert_eq!(nodes.answered_all("b"), [SESSION]);
    assert!(nodes.ask(SESSION));
    nodes.pass(3 * SECOND, true, false);
    assert!(nodes.asked.is_empty(), "nobody waits for it");
    assert!(!nodes.ask(SESSION), "who is silent is not waited for");
}
