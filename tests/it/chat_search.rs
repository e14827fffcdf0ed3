//! What was said is found by its words, the same ones on both databases.

use crate::chats::STORES;
use crate::expect::{answered, items};
use crate::player::Player;
use crate::test_app::{TestApp, text};

async fn found(by: &Player, query: &str) -> Vec<String> {
    let query = reqwest::Url::parse_with_params("http://x/", [("query", query)]).expect("a query");
    let found = by.read(&format!("/api/v1/messages?{}", query.query().expect("a query"))).await;
    items(&found).iter().map(|message| text(&message["content"])).collect()
}

/// What is said, and a query that finds it.
const FOUND: [(&str, &str); 19] = [
    ("see <eight> ball", "eight"),
    ("AT&T &copy; it", "copy"),
    ("~tilde=equals", "tilde"),
    ("~tilde=equals", "equals"),
    ("half is ½", "½"),
    ("five m²", "m²"),
    ("यह हिन्दी है", "हिन्दी"),
    ("«кавычки»–тире…", "тире"),
    ("«кавычки»–тире…", "Кавычки"),
    ("http://host.example/path?key=needle#end", "needle"),
    ("somebody@mail.example", "mail"),
    ("\\one\\two|three^four`five", "two"),
    ("3.1415, -271, 1e10", "1415"),
    ("3.1415, -271, 1e10", "271"),
    ("8️⃣ and ❤️", "and"),
    ("Ёлка зелёная", "елка"),
    ("ежик колючий", "Ёжик"),
    ("мои\u{306} cafe\u{301}", "мой café"),
    ("x\u{301}yz", "x\u{301}yz"),
];

#[actix_web::test]
async fn a_word_is_found_whatever_stands_around_it() {
    for store in STORES {
        let app = TestApp::start_with(store, &["--messages-per-second", "1000"]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        for (content, _) in FOUND {
            anna.said(&chat, content).await;
        }
        for (content, query) in FOUND {
            let content: String = unicode_normalization::UnicodeNormalization::nfc(content).collect();
            assert!(found(&boris, query).await.contains(&content), "{store:?}: {content} by {query}");
        }
        assert_eq!(found(&boris, "cafe\u{301} мои\u{306}").await, ["мой café"], "{store:?}: however it is written");
        assert_eq!(found(&boris, "\u{301} <>").await.len(), 0, "no word");
    }
}

#[actix_web::test]
async fn what_is_said_otherwise_or_taken_back_is_found_by_its_old_words_no_more() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let said = anna.said(&chat, "Ёрш и ёж").await;
        assert_eq!(found(&boris, "ёж ЕРШ").await, ["Ёрш и ёж"], "{store:?}");
        answered(anna.edits(&said, "лещ и ёж").await, 200);
        assert_eq!((found(&boris, "ерш").await.len(), found(&boris, "еж").await.len()), (0, 1));
        answered(anna.takes_back(&said).await, 200);
        assert_eq!(found(&boris, "еж").await.len(), 0);
        let again = anna.said(&chat, "ещё ёж").await;
        assert_eq!(found(&boris, "еще еж").await, [text(&again["content"])]);
    }
}

#[actix_web::test]
async fn what_was_said_before_the_index_is_found_by_it() {
    for store in STORES {
        let mut app = TestApp::start_with(store, &[]).await;
        let (anna, boris) = (app.player("anna").await, app.player("boris").await);
        let chat = anna.chat_with(&boris).await;
        let old = anna.said(&chat, "Ёлка <и> шар").await;
        app.execute("DELETE FROM seaql_migrations WHERE version = 'm0026_words_of_messages'").await;
        app.kill_and_restart().await;
        let (anna, boris) = (anna.on(&app), boris.on(&app));
        assert_eq!(found(&boris, "елка").await.len(), 1, "{store:?}");
        answered(anna.edits(&old, "сосна").await, 200);
        assert_eq!((found(&boris, "елка").await.len(), found(&boris, "сосна").await.len()), (0, 1));
    }
}
