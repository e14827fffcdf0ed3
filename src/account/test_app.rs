//! A small service over a database of its own, for the tests of this room and of those that stand on it.
//! It runs on SQLite, or on PostgreSQL where `ARTEL_TEST_POSTGRES` is the URL of a server that may make databases
//! (`postgres://user@host:port`); these are left behind for whoever wants to look into them.

use std::cell::Cell;
use std::path::PathBuf;

use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, web};
use futures_util::future::LocalBoxFuture;
use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};

use super::{Accounts, Settings};
use crate::database::{Database, Options};
use crate::http;

/// The answer to a request; `json` is null where there is no body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Answer {
    /// Status and code of a problem.
    pub(crate) fn problem(&self) -> (u16, &str) {
        (self.status, self.json["code"].as_str().unwrap_or("no problem"))
    }

    /// A header that is there.
    pub(crate) fn header(&self, name: impl AsRef<str>) -> &str {
        let value = self.headers.get(name.as_ref()).unwrap_or_else(|| panic!("no {} in {self:?}", name.as_ref()));
        value.to_str().expect("ascii")
    }

    /// A member that is a string.
    pub(crate) fn text(&self, member: &str) -> String {
        self.json[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.json)).to_owned()
    }
}

/// A new database of that server.
pub(crate) async fn postgres(server: &str) -> Result<Database, DbErr> {
    let name = format!("artel_{}", uuid::Uuid::now_v7().simple());
    let options = Options { postgres_connections: 4, ..Options::default() };
    let maker = Database::connect(&format!("{server}/postgres"), options).await?;
    maker.writer().execute_unprepared(&format!("CREATE DATABASE {name}")).await?;
    Database::connect(&format!("{server}/{name}"), options).await
}

type Call = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>>;

pub(crate) struct TestApp {
    pub(crate) accounts: Accounts,
    pub(crate) database: Database,
    call: Call,
    directory: PathBuf,
    clients: Cell<u8>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl TestApp {
    pub(crate) async fn start(settings: Settings, routes: fn(&mut web::ServiceConfig)) -> Self {
        let directory = std::env::temp_dir().join(format!("artel-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&directory).expect("a directory");
        let database = match std::env::var("ARTEL_TEST_POSTGRES") {
            Ok(server) => postgres(&server).await,
            Err(_) => {
                Database::connect(&format!("sqlite://{}/artel.db", directory.display()), Options::default()).await
            }
        };
        let database = database.expect("a database");
        migration::Migrator::up(database.writer(), None).await.expect("tables");
        let settings = Settings { jwt_secret: "0123456789abcdef0123456789abcdef".into(), ..settings };
        let accounts = Accounts::new(database.clone(), settings);
        let app = App::new()
            .wrap(from_fn(http::middleware))
            .app_data(web::Data::new(accounts.clone()))
            .app_data(web::Data::new(database.clone()))
            .service(web::scope("/api/v1").configure(super::routes).configure(routes));
        let app = std::rc::Rc::new(init_service(app).await);
        let call = Box::new(move |request: TestRequest| -> LocalBoxFuture<'static, Answer> {
            let app = app.clone();
            Box::pin(async move {
                let response = call_service(app.as_ref(), request.to_request()).await;
                let (status, headers) = (response.status().as_u16(), response.headers().clone());
                let bytes = read_body(response).await;
                Answer { status, headers, json: serde_json::from_slice(&bytes).unwrap_or_default() }
            })
        });
        Self { accounts, database, call, directory, clients: Cell::new(0) }
    }

    /// A request as it is.
    pub(crate) async fn send(&self, request: TestRequest) -> Answer {
        (self.call)(request).await
    }

    /// A JSON request below `/api/v1`; an empty token is none, a null body is none.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: &str, body: Value) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = TestRequest::default().method(method).uri(&format!("/api/v1{path}"));
        if !token.is_empty() {
            request = request.insert_header((AUTHORIZATION, format!("Bearer {token}")));
        }
        if !body.is_null() {
            request = request.set_json(body);
        }
        self.send(request).await
    }

    /// A new user with the password `password`, from an address of its own; answers its login.
    pub(crate) async fn register(&self, username: &str) -> Answer {
        self.clients.set(self.clients.get() + 1);
        let peer = std::net::SocketAddr::from(([10, 1, 1, self.clients.get()], 1));
        let body = json!({"username": username, "password": "password"});
        let request = TestRequest::post().uri("/api/v1/auth/register").peer_addr(peer).set_json(body);
        let answer = self.send(request).await;
        assert_eq!(answer.status, 201, "{}", answer.json);
        answer
    }
}
