//! Each fault alone, and how long acknowledgements were away meanwhile: the figures of `ARCHITECTURE.md`.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::report::{Report, Waits};
use super::rig::Rig;
use super::schedule::{Broken, Fault, Row, To};
use super::{Crowd, Load, outsider};

/// Of play before the first fault, and between two.
const QUIET: Duration = Duration::from_secs(8);
const LASTS: Duration = Duration::from_secs(10);
/// Then all is checked.
const FAULTS_OF_A_ROUND: usize = 9;
/// What can't be done for some time takes none.
const AT_ONCE: Duration = Duration::ZERO;

/// Those whose kind has these words in it.
fn faults(words: &str) -> Vec<(Fault, Duration)> {
    let link = |to, node, broken| Fault::Link { to, node, broken };
    let mut faults = vec![
        (Fault::Killed { node: 1 }, Duration::from_secs(5)),
        (Fault::Stopped { node: 1 }, LASTS),
        (Fault::Clock { node: 1, hours: 1 }, LASTS),
        (Fault::DatabaseDown { at_once: false }, Duration::from_secs(3)),
        (Fault::DatabaseDown { at_once: true }, Duration::from_secs(3)),
        (Fault::Locked { row: Row::Session, session: 1 }, Duration::from_secs(15)),
        (Fault::Locked { row: Row::Cursors, session: 1 }, Duration::from_secs(15)),
        (Fault::BrokerDown { killed: false }, LASTS),
        (Fault::BrokerDown { killed: true }, LASTS),
        (Fault::BrokerAlarm, LASTS),
        (Fault::QueueDeleted { queue: "stats.service.queue" }, AT_ONCE),
        (Fault::QueuePurged { queue: "stats.service.queue" }, AT_ONCE),
        (Fault::NodeQueueDeleted { node: 1 }, AT_ONCE),
        (Fault::Doubled, LASTS),
        (Fault::ClientsCut { node: None }, AT_ONCE),
    ];
    for to in [To::Database, To::Broker] {
        for node in [Some(1), None] {
            for broken in [Broken::Stalled, Broken::Refused, Broken::Delayed(100)] {
                faults.push((link(to, node, broken), LASTS));
            }
        }
    }
    faults.retain(|(fault, _)| fault.kind().contains(words));
    faults
}

/// Plays through all of them, and prints a table.
pub(super) async fn run(seed: u64, words: &str, load: Load) {
    let report = Arc::new(Report::new());
    let rig = Rig::start(report.clone()).await;
    let mut beside = JoinSet::new();
    beside.spawn(rig.clone().watch_nodes());
    beside.spawn(outsider::echo(rig.clone(), seed));
    let mut table = vec![
        "| fault | lasts, s | p99, s | longest, s | others: p99, s | longest, s |".to_owned(),
        "| --- | --- | --- | --- | --- | --- |".to_owned(),
    ];
    for faults in faults(words).chunks(FAULTS_OF_A_ROUND) {
        let crowd = Crowd::gather(&rig, load, seed).await;
        sleep(QUIET).await;
        for &(fault, lasts) in faults {
            rig.break_for(fault, lasts, &crowd.tables).await;
            sleep(QUIET).await;
            crowd.check(&rig).readiness().await;
            let (concerned, others) = report.waits(|other| *other == fault);
            table.push(format!("| {fault} | {} | {} | {} |", lasts.as_secs(), cells(concerned), cells(others)));
            report.say(table.last().expect("a row"));
        }
        crowd.settle(&rig).await;
    }
    beside.shutdown().await;
    rig.tell_logs();
    eprintln!("nemesis: each fault alone\n{}\n{}", report.summary(), table.join("\n"));
    assert!(report.violations() == 0, "{} violations", report.violations());
}

fn cells(waits: Waits) -> String {
    if waits.count == 0 {
        return "– | –".to_owned();
    }
    format!("{:.2} | {:.1}", waits.p99.as_secs_f64(), waits.max.as_secs_f64())
}
