//! Clients made from the published documents by a Python and a TypeScript generator play an evening.

use std::path::Path;
use std::process::Command;

use super::test_app::{Store, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn generated_clients_play_an_evening() {
    let app = TestApp::start_with(Store::Sqlite, &[]).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generators");
    assert!(
        folder.join(".venv/requirements.txt").exists() && folder.join("node_modules/package.json").exists(),
        "the generators are missing: `./test` and tests/generators/install get them"
    );
    let base = app.base.clone();
    let playing = move || Command::new(folder.join("run")).arg(base).output().expect("bash runs");
    let output = tokio::task::spawn_blocking(playing).await.expect("joined");
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    for played in ["python: an evening", "typescript: an evening", "asyncapi: "] {
        assert!(told.contains(played), "{played}: {told}");
    }
}
