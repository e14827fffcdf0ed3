//! Clubs when much happens at once, and at their bounds.

use serde_json::json;

use crate::clubs::{BOTH, CLUBS, path, players};
use crate::expect::{answered, refused, wrong_field};
use crate::test_app::{Store, TestApp};

/// Clubs that nobody owns who is in them: there are none.
const WITHOUT_AN_OWNER: &str = "SELECT 1 FROM club WHERE NOT EXISTS \
    (SELECT 1 FROM club_member WHERE club_id = club.id AND user_id = club.owner_id)";
/// What is left of clubs that are gone, and of users: nothing.
const LEFT_OVER: &str = "SELECT 1 FROM club_member WHERE club_id NOT IN (SELECT id FROM club) \
    UNION ALL SELECT 1 FROM club_session WHERE club_id NOT IN (SELECT id FROM club) \
    UNION ALL SELECT 1 FROM club_member m JOIN \"user\" u ON u.id = m.user_id WHERE u.deleted_at_ms IS NOT NULL";

/// Numbers 1 to so many, as a table `n`.
fn numbers(count: usize) -> String {
    format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})")
}

/// Some id of nothing, in that database.
fn any_id(store: Store) -> &'static str {
    if store == Store::Sqlite { "randomblob(16)" } else { "gen_random_uuid()" }
}

#[actix_web::test]
async fn whatever_comes_at_once_a_club_has_one_owner_and_a_session_one_club() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        for _ in 0..6 {
            let [anna, boris, vera, gleb] = players(&app, ["anna", "boris", "vera", "gleb"]).await;
            let (club, other) = (anna.founds("Hall").await, anna.founds("Cellar").await);
            let session = anna.opens("Friday").await;
            let (one, two) = futures_util::join!(anna.puts(&session, &club), anna.puts(&session, &other));
            let puts = [one, two];
            assert_eq!(puts.iter().filter(|put| put.0 == 204).count(), 1, "{store:?}: {puts:?}");
            assert_eq!(puts.iter().filter(|put| put.1["code"] == "validation_failed").count(), 1, "{puts:?}");

            let joins = futures_util::join!(boris.joins(&club), boris.joins(&club), vera.joins(&club));
            for joined in [joins.0, joins.1, joins.2] {
                answered(joined, 200);
            }
            let (handed, left) = futures_util::join!(anna.makes(&boris, "owner", &club), boris.removes(&boris, &club));
            let outcomes = (handed.0.as_u16(), left.0.as_u16());
            assert!([(200, 422), (404, 204)].contains(&outcomes), "{store:?}: {handed:?} {left:?}");
            assert_eq!(app.count(WITHOUT_AN_OWNER).await, 0, "{store:?}");

            // All of three clubs end their accounts while one more comes.
            for (owner, member) in [(&boris, &vera), (&vera, &anna), (&anna, &boris)] {
                let club = owner.founds("Round").await;
                answered(member.joins(&club).await, 200);
            }
            let (joined, one, two, three) = futures_util::join!(
                gleb.joins(&other),
                anna.deletes_the_account(),
                boris.deletes_the_account(),
                vera.deletes_the_account()
            );
            for deleted in [one, two, three] {
                answered(deleted, 204);
            }
            assert!(joined.0 == 200 || joined.1["code"] == "not_found", "{store:?}: {joined:?}");
            assert_eq!(app.count(WITHOUT_AN_OWNER).await, 0, "{store:?}");
            assert_eq!(app.count(LEFT_OVER).await, 0, "{store:?}");
        }
    }
}

#[actix_web::test]
async fn clubs_have_bounds_that_say_so() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera] = players(&app, ["anna", "boris", "vera"]).await;
        let club = anna.founds("Hall").await;
        let session = anna.opens("Friday").await;
        let (numbers, id) = (numbers(9_999), any_id(store));
        let members =
            format!("{numbers} INSERT INTO club_member SELECT id, {id}, false, 0 FROM club, n WHERE i < 9999");
        app.execute(&members).await;
        answered(boris.joins(&club).await, 200);
        wrong_field(vera.joins(&club).await, "code");
        assert_eq!(anna.read(&path(&club)).await["members_count"], 10_000, "{store:?}");
        answered(boris.joins(&club).await, 200);
        answered(boris.removes(&boris, &club).await, 204);
        answered(vera.joins(&club).await, 200);

        let sessions = format!("{numbers} INSERT INTO club_session SELECT {id}, id, 0 FROM club, n");
        app.execute(&sessions).await;
        answered(anna.puts(&session, &club).await, 204);
        let another = anna.opens("Saturday").await;
        wrong_field(anna.puts(&another, &club).await, "session_id");
        answered(anna.puts(&session, &club).await, 204);
        answered(anna.takes_out(&session, &club).await, 204);
        answered(anna.puts(&another, &club).await, 204);

        for number in 1..20 {
            anna.founds(&format!("Hall {number}")).await;
        }
        wrong_field(anna.post(CLUBS, json!({"name": "One more"})).await, "name");
        answered(anna.delete(&path(&club)).await, 204);
        let club = anna.founds("One more").await;

        // Vera is in no club any more.
        let mine = vera.founds("Mine").await;
        let of_vera = "FROM club, n WHERE name = 'Mine' AND i < 99";
        app.execute(&format!("{numbers} INSERT INTO club_member SELECT {id}, owner_id, false, 0 {of_vera}")).await;
        answered(vera.joins(&club).await, 200);
        answered(vera.joins(&club).await, 200);
        wrong_field(vera.joins(&boris.founds("Cellar").await).await, "code");
        wrong_field(vera.post(CLUBS, json!({"name": "One more"})).await, "name");
        answered(vera.delete(&path(&mine)).await, 204);
        vera.founds("Mine again").await;
    }
}

#[actix_web::test]
async fn codes_of_clubs_can_be_tried_as_often_as_those_of_sessions() {
    for store in BOTH {
        let app = TestApp::start_with(store, &["--joins-per-minute", "5"]).await;
        let [anna, boris, vera] = players(&app, ["anna", "boris", "vera"]).await;
        let club = anna.founds("Hall").await;
        let join = format!("{CLUBS}/join");
        for code in ["AAAAAA", "AAAAAB", "no code", "AAAAAC"] {
            refused(boris.post(&join, json!({"code": code})).await, "not_found");
        }
        answered(boris.joins(&club).await, 200);
        refused(boris.joins(&club).await, "rate_limited");
        refused(boris.post("/api/v1/sessions/join", json!({"code": "AAAAAA"})).await, "rate_limited");
        answered(vera.joins(&club).await, 200);
    }
}
