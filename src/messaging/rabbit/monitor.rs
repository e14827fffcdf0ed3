//! Asks the broker now and then what waits in the queues, and binds them again: where a queue is deleted and declared at
//! the same time, it may come back without its bindings. What earlier versions had bound beside that is taken away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;

use super::link::{Link, LiveConnection};
use super::{KnownPeers, answered, declare};
use crate::clock;
use crate::messaging::load::Load;
use crate::messaging::{BusError, Peers};
use crate::telemetry::{self, Trouble};

// Said when it begins and once a minute while it lasts.
static SILENT: Trouble = Trouble::new();

const ASK_EVERY: Duration = Duration::from_secs(2);
/// Looks between two times that everything is bound.
const LOOKS_UNTIL_BOUND: u32 = 3;

/// Asks until the bus closes.
pub(super) async fn run(link: Link, loads: BTreeMap<&'static str, Arc<Load>>, peers: KnownPeers) {
    let mut number = 0;
    while let Some(live) = link.after(number).await {
        tokio::select! {
            asked = ask(&live, &loads, &peers) => {
                if let Err(error) = asked {
                    if SILENT.is_news() { tracing::warn!(%error, "the broker does not tell what waits"); }
                    // A queue that is not there is declared with the next connection.
                    link.suspect(live.number);
                }
            }
            () = link.lost(live.number) => {}
        }
        number = live.number;
    }
}

async fn ask(
    live: &LiveConnection,
    loads: &BTreeMap<&'static str, Arc<Load>>,
    peers: &KnownPeers,
) -> Result<(), BusError> {
    let channel = answered(live.connection.create_channel()).await?;
    let mut tick = clock::every(ASK_EVERY);
    for look in (1..=LOOKS_UNTIL_BOUND).cycle() {
        tick.tick().await;
        for (&name, load) in loads {
            let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::durable() };
            let queue = answered(channel.queue_declare(name.into(), passive, FieldTable::default())).await?;
            load.depth.store(queue.message_count().into(), Ordering::Relaxed);
            load.consumers.store(queue.consumer_count().into(), Ordering::Relaxed);
            telemetry::queue_size(name, queue.message_count() as usize);
        }
        if look == LOOKS_UNTIL_BOUND {
            declare::bindings(&channel).await?;
            // After the others, so that nothing falls between.
            if peers.get() != Peers::OlderNodes {
                declare::drop_former_bindings(&channel).await?;
            }
        }
    }
    Ok(())
}
