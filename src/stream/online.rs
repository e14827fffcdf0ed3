//! Says who is connected to this node, so that whoever talks with them sees it on any other.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use sea_orm::DbErr;

use super::connections::Connections;
use crate::chat::Chats;
use crate::clock;
use crate::ids::{UserId, WriterId};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static UNSAID: Trouble = Trouble::new();

const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What was said is said again before it counts no more.
const SAY_AGAIN_AFTER: Duration = Duration::from_secs(30);

/// Looks until it is dropped.
pub(crate) async fn run(chats: Chats, connections: Connections, node: WriterId) {
    let mut due = clock::every(LOOK_EVERY);
    let (mut said, mut said_all) = (HashSet::new(), Instant::now());
    loop {
        due.tick().await;
        let here = connections.users();
        let is_due = said_all.elapsed() >= SAY_AGAIN_AFTER;
        if is_due {
            said_all = Instant::now();
        }
        match say(&chats, node, (&said, &here), is_due).await {
            Ok(()) => said = here,
            // Whoever was not told of is looked at again.
            Err(error) if UNSAID.is_news() => tracing::warn!(%error, "who is connected here is not seen elsewhere"),
            Err(_) => {}
        }
    }
}

async fn say(
    chats: &Chats,
    node: WriterId,
    (said, here): (&HashSet<UserId>, &HashSet<UserId>),
    all: bool,
) -> Result<(), DbErr> {
    let mut came: Vec<UserId> = here.iter().filter(|user| all || !said.contains(user)).copied().collect();
    let mut gone: Vec<UserId> = said.difference(here).copied().collect();
    // In one order on all nodes, which may say it of the same users.
    came.sort_unstable();
    gone.sort_unstable();
    chats.note_online(node, &came).await?;
    chats.note_gone(node, &gone).await
}
