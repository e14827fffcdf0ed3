//! Kolkhoz by the rule book, over REST: who pays, what fouls and last balls are worth, how an evening is settled.

use serde_json::json;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{items, refused, wrong_field};
use crate::table::{counted_with, kolkhoz_with};
use crate::test_app::{TestApp, text};

const W: &str = "white";
const Y: &str = "yellow";
const P: &str = "pink";

#[actix_web::test]
async fn two_players_settle_their_evening_as_the_worked_example_says() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let first = evening.play(&[0, 1], &[&[P, Y], &[Y, W]]).await;
    assert_eq!(evening.outcome(&first).await, (vec![6, 3], vec![15_000, -15_000]));
    let second = evening.play(&[0, 1], &[&[P, P], &[Y, W]]).await;
    assert_eq!(evening.outcome(&second).await, (vec![8, 3], vec![25_000, -25_000]));

    let balance = evening.balance().await;
    assert_eq!(evening.nets(&balance["participants"]), [40_000, -40_000]);
    let transfer = json!({"from": evening.participants[1], "to": evening.participants[0], "amount": 40_000});
    assert_eq!(balance["settlement"], json!([transfer]));
    let state = evening.state().await;
    assert_eq!(state["participants"][0]["balance"], 40_000);
    assert_eq!(state["participants"][1]["balance"], -40_000);
}

#[actix_web::test]
async fn each_player_is_paid_by_the_one_before_him() {
    let app = TestApp::start().await;
    let three = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
    let game = three.play(&[0, 1, 2], &[&[W; 5], &[W; 8], &[W; 2]]).await;
    assert_eq!(three.outcome(&game).await, (vec![5, 8, 2], vec![-15_000, 30_000, -15_000]));
    let results = three.game(&game).await["results"].clone();
    assert_eq!(three.each(&results, "earned"), [25_000, 40_000, 10_000]);
    assert_eq!(three.each(&results, "paid"), [40_000, 10_000, 25_000]);
    assert_eq!(three.each(&results, "place"), [2, 1, 3]);

    let four = Evening::open(&app, &["anna", "boris", "vera", "gleb"], kolkhoz()).await;
    let game = four.play(&[0, 1, 2, 3], &[&[], &[W; 3], &[], &[]]).await;
    assert_eq!(four.outcome(&game).await, (vec![0, 3, 0, 0], vec![-15_000, 15_000, 0, 0]));
    assert_eq!(four.each(&four.game(&game).await["results"], "place"), [2, 1, 2, 2], "equal points share a place");
}

#[actix_web::test]
async fn everyone_pays_each_point_where_the_rules_say_so() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz_with(json!({"payer": "everyone"}))).await;
    let game = evening.play(&[0, 1, 2], &[&[W; 5], &[W; 8], &[W; 2]]).await;
    assert_eq!(evening.outcome(&game).await.1, [0, 45_000, -45_000]);
    let results = evening.game(&game).await["results"].clone();
    assert_eq!(evening.each(&results, "earned"), [50_000, 80_000, 20_000]);
    assert_eq!(evening.each(&results, "paid"), [50_000, 35_000, 65_000]);
}

#[actix_web::test]
async fn the_last_ball_of_a_counted_table_ends_the_game_and_is_worth_what_the_rules_say() {
    let app = TestApp::start().await;
    let expected = [("value", 4), ("value_plus_one", 5), ("player_count", 3), ("player_count_plus_value", 7)];
    for (last_ball, points) in expected {
        let rules = counted_with(json!({"last_ball": last_ball}));
        let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
        let game = evening.start_game().await;
        evening.pot(&game, 0, W).await;
        let remaining = json!([{"color": W, "count": 0}, {"color": P, "count": 1}]);
        assert_eq!(evening.game(&game).await["remaining"], remaining);
        let command = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": W});
        refused(evening.score(&game, command).await, "ball_not_available");
        let last = evening.pot(&game, 1, P).await;
        assert_eq!(last["data"]["points"], points, "{last_ball}");
        assert_eq!(evening.game(&game).await["status"], "completed", "{last_ball}");
        let nets = vec![5_000 - points * 5_000, points * 5_000, -5_000];
        assert_eq!(evening.outcome(&game).await, (vec![1, points, 0], nets), "{last_ball}");
        let log = evening.creator().read(&format!("/api/v1/games/{game}/events")).await;
        let ended = items(&log).last().expect("an event");
        assert_eq!((&ended["type"], &ended["data"]["reason"]), (&json!("game.ended"), &json!("all_balls_potted")));
        assert_eq!(ended["data"]["winner_participant_ids"], json!([evening.participants[1]]));
    }
}

#[actix_web::test]
async fn a_special_last_ball_needs_a_counted_table() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let rules = kolkhoz_with(json!({"last_ball": "value_plus_one"}));
    wrong_field(anna.post("/api/v1/sessions", json!({"name": "x", "rules": rules})).await, "rules.last_ball");
}

#[actix_web::test]
async fn a_foul_takes_points_from_the_offender_below_zero_too() {
    let app = TestApp::start().await;
    for (foul, expected) in [(json!({"kind": "subtract"}), -1), (json!({"kind": "subtract", "points": 3}), -3)] {
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz_with(json!({"foul": foul}))).await;
        let game = evening.start_game().await;
        let event = evening.foul(&game, 0, None).await;
        assert_eq!(event["data"]["total_score"], expected);
        assert_eq!(event["data"]["awarded_to"], json!(null));
        let event = evening.foul(&game, 0, Some(5)).await;
        assert_eq!(event["data"]["points"], 5, "the marker's own weight wins over the rules'");
        evening.end(&game).await;
        let points = expected - 5;
        assert_eq!(evening.outcome(&game).await, (vec![points, 0], vec![points * 5_000, points * -5_000]));
        assert_eq!(evening.each(&evening.game(&game).await["results"], "fouls"), [2, 0]);
    }
}

#[actix_web::test]
async fn a_foul_costs_nothing_where_the_rules_say_none() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz_with(json!({"foul": {"kind": "none"}}))).await;
    let game = evening.start_game().await;
    let event = evening.foul(&game, 0, None).await;
    assert_eq!((&event["data"]["points"], &event["data"]["total_score"]), (&json!(0), &json!(0)));
    evening.end(&game).await;
    assert_eq!(evening.outcome(&game).await, (vec![0, 0], vec![0, 0]));
    assert_eq!(evening.each(&evening.game(&game).await["results"], "fouls"), [1, 0]);
}

#[actix_web::test]
async fn whoever_pots_next_collects_the_fines_and_each_owner_pays_his_own() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"foul": {"kind": "pool"}}));
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    let game = evening.start_game().await;
    let foul = evening.foul(&game, 0, None).await;
    assert_eq!(foul["data"]["total_score"], 0, "a fine is paid when it is collected");
    evening.foul(&game, 1, None).await;
    evening.foul(&game, 1, None).await;
    let pot = evening.pot(&game, 2, W).await;
    assert_eq!(
        (&pot["data"]["points"], &pot["data"]["total_score"]),
        (&json!(4), &json!(4)),
        "the ball and three fines"
    );
    evening.foul(&game, 2, None).await;
    evening.end(&game).await;
    // Anna pays one fine; Boris two, and Vera's white ball as the one before her; Vera's open fine is dropped.
    assert_eq!(evening.outcome(&game).await, (vec![-1, -2, 4], vec![-5_000, -15_000, 20_000]));

    let own = evening.start_game().await;
    evening.foul(&own, 0, None).await;
    evening.pot(&own, 0, W).await;
    evening.end(&own).await;
    assert_eq!(evening.outcome(&own).await, (vec![1, 0, 0], vec![5_000, 0, -5_000]), "own fines cost nothing");
}

#[actix_web::test]
async fn fines_are_settled_directly_also_where_everyone_pays() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"foul": {"kind": "pool", "points": 2}, "payer": "everyone"}));
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    let game = evening.start_game().await;
    evening.foul(&game, 0, None).await;
    evening.pot(&game, 2, W).await;
    evening.end(&game).await;
    assert_eq!(evening.outcome(&game).await, (vec![-2, 0, 3], vec![-15_000, -5_000, 20_000]));
}

#[actix_web::test]
async fn the_settlement_is_the_fewest_transfers() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris", "vera", "gleb", "dina"], kolkhoz()).await;
    // Nets +2, +3, −5, +4, −4 points: paying the largest debts to the largest credits would take four transfers.
    for (order, balls) in [([0, 2], 2), ([1, 2], 3), ([3, 4], 4)] {
        evening.play(&order, &[&[W; 4][..balls], &[]]).await;
    }
    let balance = evening.balance().await;
    assert_eq!(evening.nets(&balance["participants"]), [10_000, 15_000, -25_000, 20_000, -20_000]);
    let mut transfers: Vec<_> = balance["settlement"]
        .as_array()
        .expect("transfers")
        .iter()
        .map(|it| (text(&it["from"]), text(&it["to"]), it["amount"].as_i64().expect("an amount")))
        .collect();
    transfers.sort();
    let participant = |player: usize| evening.participants[player].clone();
    let mut expected = vec![
        (participant(2), participant(0), 10_000),
        (participant(2), participant(1), 15_000),
        (participant(4), participant(3), 20_000),
    ];
    expected.sort();
    assert_eq!(transfers, expected);
    assert_eq!(evening.balance().await, balance, "the answer is always the same");
}

#[actix_web::test]
async fn the_system_templates_are_those_of_the_rule_book() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let list = anna.read("/api/v1/templates?scope=system&game_type=kolkhoz").await;
    let points = |colors: &[(&str, i64)]| {
        json!(colors.iter().map(|(color, points)| json!({"color": color, "points": points})).collect::<Vec<_>>())
    };
    let seven = points(&[(W, 1), (Y, 2), ("green", 3), ("brown", 4), ("blue", 5), (P, 6), ("black", 7)]);
    let fifteen = json!([
        {"color": W, "points": 1, "count": 12}, {"color": Y, "points": 2, "count": 1},
        {"color": P, "points": 3, "count": 1}, {"color": "green", "points": 6, "count": 1},
    ]);
    for (price, balls, order) in [
        (5_000, seven.clone(), "random_no_repeat"),
        (2_500, points(&[(W, 1), (Y, 2), ("green", 3), (P, 4)]), "always_random"),
        (20_000, seven, "random_no_repeat"),
        (5_000, fifteen, "random_no_repeat"),
    ] {
        let found = items(&list).iter().find(|template| {
            let rules = &template["rules"];
            rules["point_price"] == price && rules["balls"] == balls && rules["order"] == order
        });
        let template = found.unwrap_or_else(|| panic!("{price} {balls} in {list}"));
        assert_eq!((&template["is_system"], &template["owner_id"]), (&json!(true), &json!(null)));
        let session = anna.done("/api/v1/sessions", json!({"name": "x", "template_id": template["id"]})).await;
        assert_eq!(session["rules"], template["rules"], "frozen into the session");
        assert_eq!(session["template_id"], template["id"]);
    }
}

#[actix_web::test]
async fn who_leaves_keeps_the_balance_and_is_in_no_later_order() {
    let app = TestApp::start().await;
    let rules = kolkhoz_with(json!({"order": "always_random"}));
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    evening.play(&[2, 0], &[&[W; 2], &[]]).await;
    let (status, _) =
        evening.players[2].delete(&evening.path(&format!("/participants/{}", evening.participants[2]))).await;
    assert_eq!(status, 204);
    let (game, order) = evening.drawn().await;
    assert!(order.len() == 2 && !order.contains(&evening.participants[2]), "{order:?}");
    evening.end(&game).await;
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [-10_000, 0, 10_000]);
    let with_her = json!({"order": evening.participants});
    wrong_field(evening.creator().post(&evening.path("/games"), with_her).await, "order");
}
