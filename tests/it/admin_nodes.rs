//! Which nodes live, as an operator sees it.

use serde_json::Value;

use crate::expect::{has_only_fields, is_time, items};
use crate::social::with_admin;
use crate::test_app::{Store, until};

#[tokio::test]
async fn a_node_that_is_killed_is_listed_as_gone() {
    let (app, admin) = with_admin(Store::Rabbit).await;
    let mut other = app.another_node().await;
    let nodes = async || items(&admin.read("/api/v1/admin/nodes").await).clone();
    let live = |nodes: &[Value]| nodes.iter().filter(|node| node["is_live"] == true).count();
    let listed = until("both", async || Some(nodes().await).filter(|nodes| live(nodes) == 2)).await;
    has_only_fields(&listed[0], "node_id is_live seen_at has_unpublished");
    is_time(&listed[0]["seen_at"]);
    assert_ne!(listed[0]["node_id"], listed[1]["node_id"]);
    other.kill();
    let gone = until("one of them gone", async || Some(nodes().await).filter(|nodes| live(nodes) == 1)).await;
    assert_eq!((gone[0]["is_live"].clone(), &gone[0]["node_id"]), (false.into(), &listed[0]["node_id"]), "{gone:?}");
    until("what it stored is published", async || Some(nodes().await).filter(|all| all[0]["has_unpublished"] == false))
        .await;
}

#[tokio::test]
async fn a_node_alone_lists_itself_however_often_it_started() {
    let (mut app, admin) = with_admin(Store::Sqlite).await;
    app.kill_and_restart().await;
    let admin = admin.on(&app);
    let listed = admin.read("/api/v1/admin/nodes").await;
    assert_eq!((items(&listed).len(), &listed["items"][0]["is_live"]), (1, &Value::Bool(true)), "{listed}");
}
