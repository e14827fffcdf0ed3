//! `artel rebuild statistics`: what the logs say, beside a running server.

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::items;
use crate::test_app::{Store, TestApp, until};

async fn seen(evening: &Evening) -> Vec<Value> {
    let mut seen = Vec::new();
    for player in &evening.players {
        for path in ["", "/games", "/achievements"] {
            seen.push(evening.creator().read(&format!("/api/v1/stats/users/{}{path}", player.id)).await);
        }
    }
    seen.push(evening.creator().read("/api/v1/stats/leaderboard").await);
    seen
}

#[tokio::test]
async fn statistics_are_made_anew_and_what_differed_is_put_right() {
    for store in Store::ALL {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        for _ in 0..3 {
            let game = evening.start_game().await;
            let pot = evening.pot(&game, 0, "white").await;
            evening.pot(&game, 1, "pink").await;
            evening.creator().delete(&format!("/api/v1/games/{game}/events/{}", pot["seq"])).await;
            evening.end(&game).await;
        }
        until("three games are counted", async || {
            let path = format!("/api/v1/stats/users/{}", evening.players[1].id);
            let games = evening.creator().read(&path).await["totals"]["games"].clone();
            let earned = evening.creator().read(&format!("{path}/achievements")).await;
            let has = |code: &str| items(&earned).iter().any(|earned| earned["code"] == code);
            (games == json!(3) && has("streak_3")).then_some(())
        })
        .await;
        let right = seen(&evening).await;
        let rebuild = || {
            let output = app.command(&["rebuild", "statistics"]);
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let agrees = "1 sessions: 0 rows differed and are put right, 0 sessions left out\n".to_owned();
        assert_eq!(rebuild(), (Some(0), agrees.clone()));
        assert_eq!(seen(&evening).await, right);

        let file = || format!("sqlite://{}", app.dir.join("artel.db").display());
        let database = sea_orm::Database::connect(app.postgres().unwrap_or_else(file)).await.expect("the database");
        for spoilt in [
            "UPDATE game_player SET points = points + 5, net = 0 WHERE won = true",
            "DELETE FROM achievement WHERE code = 'streak_3'",
        ] {
            database.execute_unprepared(spoilt).await.expect("done");
        }
        assert_ne!(seen(&evening).await, right);
        let (code, said) = rebuild();
        assert_eq!(
            (code, said.as_str()),
            (Some(1), "1 sessions: 4 rows differed and are put right, 0 sessions left out\n",)
        );
        assert_eq!(seen(&evening).await, right);
        assert_eq!(rebuild(), (Some(0), agrees));
    }
}
