//! The board of a club: what was played in its sessions, whoever played there, for its members alone.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clubs::{BOTH, path};
use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused, wrong_field};
use crate::player::Player;
use crate::test_app::{TestApp, text, until};

const BOARD: &str = "/api/v1/stats/leaderboard";

/// Another session of the same players, the first one its creator.
async fn another(evening: &Evening) -> Evening {
    let [creator, others @ ..] = &evening.players[..] else { panic!("players") };
    let session = creator.done("/api/v1/sessions", json!({"name": "Saturday", "rules": kolkhoz()})).await;
    let code = text(&session["code"]);
    let mut participants = vec![text(&session["participants"][0]["id"])];
    for player in others {
        let joined = player.done("/api/v1/sessions/join", json!({"code": code})).await;
        participants.push(text(&joined["participant_id"]));
    }
    Evening { session: text(&session["id"]), code, players: evening.players.clone(), participants }
}

/// Plays a game in which one player pots these balls; answers the game and the number of its last ball.
async fn game(evening: &Evening, player: usize, balls: &[&str]) -> (String, Value) {
    let (game, mut last) = (evening.start_game().await, Value::Null);
    for ball in balls {
        last = evening.pot(&game, player, ball).await["seq"].clone();
    }
    evening.end(&game).await;
    (game, last)
}

/// Rank, player, games, wins and net of everybody on a board.
type Places = Vec<(i64, String, i64, i64, i64)>;

async fn places(reader: &Player, query: &str) -> Places {
    let board = reader.read(&format!("{BOARD}?{query}")).await;
    let number = |leader: &Value, field: &str| leader[field].as_i64().unwrap_or_else(|| panic!("{field} of {leader}"));
    let place = |it: &Value| {
        (number(it, "rank"), text(&it["user_id"]), number(it, "games"), number(it, "wins"), number(it, "net"))
    };
    items(&board).iter().map(place).collect()
}

async fn becomes(reader: &Player, query: &str, expected: &Places) {
    until(query, async || (places(reader, query).await == *expected).then_some(())).await;
}

#[actix_web::test]
async fn a_board_of_a_club_counts_what_was_played_in_its_sessions() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let first = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let [anna, boris] = &first.players[..] else { panic!("two") };
        let (second, third, outside) = (another(&first).await, another(&first).await, another(&first).await);
        let (hall, cellar) = (anna.founds("Hall").await, anna.founds("Cellar").await);
        let of = |club: &Value, by: &str| format!("scope=club&club_id={}&by={by}", text(&club["id"]));
        let place = |rank, player: &Player, games, wins, net| (rank, player.id.clone(), games, wins, net);
        assert!(places(anna, &of(&hall, "net")).await.is_empty(), "without sessions");
        answered(anna.puts(&first.session, &hall).await, 204);

        // A point is 5,000: white is 1, yellow 2, pink 4.
        let (played, yellow) = game(&first, 0, &["white", "yellow"]).await;
        game(&second, 1, &["pink"]).await;
        game(&third, 0, &["yellow"]).await;
        game(&outside, 0, &["pink"]).await;
        let whole = vec![place(1, anna, 4, 3, 25_000), place(2, boris, 4, 1, -25_000)];
        becomes(anna, "by=net", &whole).await;
        let hers = vec![place(1, anna, 1, 1, 15_000), place(2, boris, 1, 0, -15_000)];
        assert_eq!(places(anna, &of(&hall, "net")).await, hers, "{store:?}");

        // What was played before counts as well.
        answered(anna.puts(&second.session, &hall).await, 204);
        answered(anna.puts(&third.session, &cellar).await, 204);
        let both = vec![place(1, boris, 2, 1, 5_000), place(2, anna, 2, 1, -5_000)];
        assert_eq!(places(anna, &of(&hall, "net")).await, both, "{store:?}");
        let wins = vec![place(1, anna, 2, 1, -5_000), place(1, boris, 2, 1, 5_000)];
        let mut counted = places(anna, &of(&hall, "wins")).await;
        counted.sort_by_key(|(_, id, ..)| *id != anna.id);
        assert_eq!(counted, wins, "equal values share a rank");
        let yellow_alone = vec![place(1, anna, 1, 1, 10_000), place(2, boris, 1, 0, -10_000)];
        assert_eq!(places(anna, &of(&cellar, "net")).await, yellow_alone, "{store:?}");
        for period in ["week", "month", "season", "all"] {
            let query = format!("{}&period={period}&game_type=kolkhoz", of(&hall, "net"));
            assert_eq!(places(anna, &query).await, both, "{period}");
        }
        assert!(places(anna, &format!("{}&currency=EUR", of(&hall, "net"))).await.is_empty());
        assert!(places(anna, &format!("{}&game_type=americana", of(&hall, "net"))).await.is_empty());

        let ratings = async |query: &str| {
            let board = anna.read(&format!("{BOARD}?{query}")).await;
            items(&board).iter().map(|it| (it["user_id"].clone(), it["rating"].clone())).collect::<Vec<_>>()
        };
        assert_eq!(ratings(&of(&cellar, "rating")).await, ratings("by=rating").await, "ratings are of all games");
        let page = anna.read(&format!("{BOARD}?{}&limit=1", of(&hall, "net"))).await;
        let rest = format!("{}&limit=1&cursor={}", of(&hall, "net"), text(&page["next_cursor"]));
        assert_eq!(places(anna, &rest).await, both[1..]);

        let void = format!("/api/v1/games/{played}/events/{yellow}");
        answered(anna.delete(&void).await, 200);
        becomes(anna, &of(&hall, "net"), &vec![place(1, boris, 2, 1, 15_000), place(2, anna, 2, 1, -15_000)]).await;
        assert_eq!(places(anna, &of(&cellar, "net")).await, yellow_alone, "it is of the other club");
        answered(anna.takes_out(&second.session, &hall).await, 204);
        let white_alone = vec![place(1, anna, 1, 1, 5_000), place(2, boris, 1, 0, -5_000)];
        assert_eq!(places(anna, &of(&hall, "net")).await, white_alone, "{store:?}");
        answered(anna.puts(&second.session, &cellar).await, 204);
        let moved = vec![place(1, boris, 2, 1, 10_000), place(2, anna, 2, 1, -10_000)];
        assert_eq!(places(anna, &of(&cellar, "net")).await, moved, "{store:?}");
    }
}

#[actix_web::test]
async fn members_alone_read_the_board_and_whoever_played_is_on_it() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let [anna, boris] = &evening.players[..] else { panic!("two") };
        let vera = app.player("vera").await;
        let club = anna.founds("Hall").await;
        let board = format!("{BOARD}?scope=club&club_id={}", text(&club["id"]));
        answered(anna.puts(&evening.session, &club).await, 204);
        answered(vera.joins(&club).await, 200);
        game(&evening, 0, &["white"]).await;
        until("both are there", async || (items(&vera.read(&board).await).len() == 2).then_some(())).await;
        assert_eq!(vera.read(&board).await, anna.read(&board).await, "the same for every member");
        refused(boris.get(&board).await, "not_found");
        answered(boris.joins(&club).await, 200);
        boris.read(&board).await;
        answered(boris.removes(boris, &club).await, 204);
        refused(boris.get(&board).await, "not_found");
        assert_eq!(items(&vera.read(&board).await).len(), 2, "who left has played there all the same");
        answered(boris.deletes_the_account().await, 204);
        let there = vera.read(&board).await;
        assert!(items(&there).iter().any(|it| it["display_name"] == "deleted player"), "{there}");

        wrong_field(anna.get(&format!("{BOARD}?scope=club")).await, "club_id");
        for scope in ["", "&scope=all", "&scope=friends"] {
            wrong_field(anna.get(&format!("{BOARD}?club_id={}{scope}", text(&club["id"]))).await, "club_id");
        }
        wrong_field(anna.get(&format!("{BOARD}?scope=club&club_id=hall")).await, "club_id");
        refused(anna.get(&format!("{BOARD}?scope=club&club_id={}", Uuid::now_v7())).await, "not_found");
        answered(anna.delete(&path(&club)).await, 204);
        refused(anna.get(&board).await, "not_found");
    }
}

#[actix_web::test]
async fn every_node_counts_the_board_alike() {
    let app = TestApp::start_with(crate::test_app::Store::Postgres, &[]).await;
    let other = app.another_node().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let there = anna.on(&other);
    let club = anna.founds("Hall").await;
    let board = format!("scope=club&club_id={}", text(&club["id"]));
    assert!(places(&there, &board).await.is_empty());
    game(&evening, 0, &["pink"]).await;
    let expected = vec![(1, anna.id.clone(), 1, 1, 20_000), (2, evening.players[1].id.clone(), 1, 0, -20_000)];
    becomes(anna, "by=net", &expected).await;
    answered(anna.puts(&evening.session, &club).await, 204);
    assert_eq!(places(&there, &board).await, expected, "at once");
    answered(there.takes_out(&evening.session, &club).await, 204);
    assert!(places(anna, &board).await.is_empty());
}
