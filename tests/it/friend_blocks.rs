//! Who is blocked.

use serde_json::json;

use crate::evening::kolkhoz;
use crate::expect::{answered, refused};
use crate::friends::{BLOCKED, FRIENDS, STORES, players};
use crate::player::Player;
use crate::test_app::{TestApp, text};

#[actix_web::test]
async fn who_is_blocked_neither_asks_nor_invites_nor_is_asked_or_invited() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let [anna, boris, vera] = players(&app, ["anna", "boris", "vera"]).await;
        let session = async |player: &Player| {
            text(&player.done("/api/v1/sessions", json!({"name": "Friday", "rules": kolkhoz()})).await["id"])
        };
        let (annas, boriss) = (session(&anna).await, session(&boris).await);
        anna.befriends(&boris).await;
        anna.told_of("friend_accepted", 1).await;
        answered(anna.blocks(&boris).await, 204);
        answered(anna.blocks(&boris).await, 204);
        assert_eq!((anna.friends().await, boris.friends().await), (vec![], vec![]));
        anna.told_of("friend_accepted", 0).await;
        assert_eq!(anna.listed(BLOCKED).await, std::slice::from_ref(&boris.id));
        assert!(boris.listed(BLOCKED).await.is_empty(), "that is hers to know");
        for (by, other, session) in [(&anna, &boris, &annas), (&boris, &anna, &boriss)] {
            let asked = refused(by.asks(other).await, "user_blocked");
            let place = json!({"user_id": other.id});
            let invited = by.post(&format!("/api/v1/sessions/{session}/participants"), place).await;
            refused(invited, "user_blocked");
            let invited = by.post(&format!("{FRIENDS}/{}/invite", other.id), json!({"session_id": session})).await;
            let invited = refused(invited, "user_blocked");
            assert_eq!(
                (&asked["detail"], &invited["detail"]),
                (&json!("one of you blocked the other"), &asked["detail"])
            );
        }
        answered(vera.asks(&boris).await, 201);
        answered(boris.unblocks(&anna).await, 204);
        refused(boris.asks(&anna).await, "user_blocked");
        answered(anna.unblocks(&boris).await, 204);
        answered(anna.unblocks(&boris).await, 204);
        assert!(anna.listed(BLOCKED).await.is_empty());
        assert!(anna.friends().await.is_empty(), "what ended does not come back");
        answered(boris.asks(&anna).await, 201);
        let invited = boris.post(&format!("{FRIENDS}/{}/invite", anna.id), json!({"session_id": boriss})).await;
        answered(invited, 201);

        // Her request is gone with his block, and his own with it.
        for blocker in [&anna, &boris] {
            anna.told_of("friend_request", 1).await;
            answered(blocker.blocks(if blocker.id == anna.id { &boris } else { &anna }).await, 204);
            assert_eq!((anna.requests("in").await, boris.requests("out").await), (vec![], vec![]));
            anna.told_of("friend_request", 0).await;
            answered(blocker.unblocks(if blocker.id == anna.id { &boris } else { &anna }).await, 204);
            answered(boris.asks(&anna).await, 201);
        }
    }
}
