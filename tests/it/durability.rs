//! What was acked is there: a server that is killed again and again, at moments nobody chose, while players mark as
//! fast as they can.

use std::time::Duration;

use tokio::sync::{mpsc, watch};

use crate::evening::{Evening, kolkhoz};
use crate::marker::{Marker, assert_settled, assert_whole};
use crate::test_app::{Store, TestApp};

const ROUNDS: u64 = 8;

async fn kill_again_and_again(store: Store) {
    let mut app = TestApp::start_with(store, &["--commands-per-second", "100000"]).await;
    let evening = Evening::open(&app, &["anna", "boris", "clara"], kolkhoz()).await;
    let mut markers = Marker::all_of(&evening, &[&app.base], Duration::ZERO).await;
    for round in 0..ROUNDS {
        let (stop, stopped) = watch::channel(false);
        let (acks, mut answered) = mpsc::unbounded_channel();
        let playing: Vec<_> =
            markers.drain(..).map(|marker| tokio::spawn(marker.play(stopped.clone(), acks.clone()))).collect();
        // The moment is as random as the answers are: somewhere in what is under way.
        for _ in 0..u64::from(rand::random_range(30..250_u32)) {
            answered.recv().await.expect("players who play");
        }
        app.kill_and_restart().await;
        // Some are answered after it; the rest of what is under way then is settled.
        for _ in 0..20 {
            answered.recv().await.expect("players who go on");
        }
        stop.send_replace(true);
        for player in playing {
            markers.push(player.await.expect("no player found anything wrong"));
        }
        let log = evening.events().await;
        assert_whole(&log, &markers);
        let replay = app.command(&["replay", &evening.session]);
        assert!(replay.status.success(), "round {round}: {}", String::from_utf8_lossy(&replay.stdout));
    }

    assert_settled(&evening).await;
}

#[tokio::test]
async fn nothing_acked_is_lost_when_a_server_on_sqlite_is_killed_again_and_again() {
    kill_again_and_again(Store::Sqlite).await;
}

#[tokio::test]
async fn nothing_acked_is_lost_when_a_server_on_postgres_is_killed_again_and_again() {
    kill_again_and_again(Store::Postgres).await;
}
