//! Shares: a short code by which a board, a TV or an overlay reads one session without an account (contract, section 2.3).
//!
//! A share ends when it is deleted, after 30 days, and when its maker is removed. That last end is stored nowhere: it
//! follows from the log, on every node in the moment that the removal arrives.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, web};
use entity::share::{self, Column, Entity, Model};
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select, Set};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::codes::{self, CODE_ATTEMPTS, LIFE_MS, LINK_LENGTH, checked_name, new_code, typed};
use super::{Services, announce_ended_shares};
use crate::account::{Accounts, Attempts, CurrentUser, Limit};
use crate::clock;
use crate::database::Database;
use crate::http::{Body, Code, Listing, PageQuery, PathId, Problem, ProblemBody, Query};
use crate::ids::{CommandId, Seq, SessionId, Timestamp, UserId};
use crate::server::Addresses;
use crate::session::rest::Caller;
use crate::session::{Sessions, SharePass};

/// Shares of a session at once.
const SHARES_MAX: u64 = 32;
/// Codes that nobody made, from one address; then nobody there opens a share for a while.
const WRONG_CODES: Limit = Limit::per_minute("wrong share codes from this address", 30);
/// The shares of all sessions.
#[derive(Clone)]
pub(crate) struct Shares {
    pub(super) database: Database,
    pub(super) accounts: Accounts,
    addresses: Addresses,
    pub(super) attempts: Attempts,
}

/// What shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShareKind)]
pub(super) enum Kind {
    /// A screen over the table.
    #[default]
    Board,
    /// A layer over a video.
    Overlay,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Kind::Board => "board",
            Kind::Overlay => "overlay",
        }
    }

    fn named(word: &str) -> Self {
        if word == "overlay" { Kind::Overlay } else { Kind::Board }
    }
}

/// A share that stands.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Share {
    id: Uuid,
    /// Ten characters to type.
    code: String,
    /// A page that shows it.
    url: String,
    kind: Kind,
    name: Option<String>,
    /// Who made it.
    made_by: UserId,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// What a code opens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SharedSession {
    session_id: SessionId,
    kind: Kind,
    name: Option<String>,
    expires_at: Timestamp,
}

impl Shares {
    pub(crate) fn new(database: Database, accounts: Accounts, addresses: Addresses) -> Self {
        Self { attempts: Attempts::new(database.clone()), database, accounts, addresses }
    }

    /// The share of that code; 401 where there is none or it has ended. `from`: wrong codes are counted there.
    pub(super) async fn open(&self, code: &str, from: IpAddr, sessions: &Sessions) -> Result<Model, Problem> {
        let from = from.to_string();
        self.attempts.look(&WRONG_CODES, &from).await?;
        let found = match typed(code, LINK_LENGTH) {
            Some(code) => Entity::find().filter(Column::Code.eq(code)).one(self.database.reader()).await?,
            None => None,
        };
        let Some(share) = found else {
            self.attempts.take(&WRONG_CODES, &from).await?;
            return Err(Problem::new(Code::Unauthenticated, "there is no such share"));
        };
        let pass = pass_of(&share);
        let stands =
            sessions.look(SessionId(share.session_id), move |state, _| state.share_stands(pass.made_by, pass.seq));
        if !is_live(&share) || !stands.await? {
            return Err(Problem::new(Code::TokenExpired, "this share has ended"));
        }
        Ok(share)
    }

    /// Whether it was neither deleted nor is over by time.
    pub(super) async fn is_live(&self, id: Uuid) -> Result<bool, DbErr> {
        let share = Entity::find_by_id(id).one(self.database.reader()).await?;
        Ok(share.is_some_and(|share| is_live(&share)))
    }

    /// The page is shown where it is reached: as configured, or as this client reached it.
    pub(super) fn base(&self, request: &HttpRequest) -> String {
        self.addresses.public_url().unwrap_or_else(|| {
            let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or("localhost");
            format!("{}://{host}", if self.accounts.is_https(request) { "https" } else { "http" })
        })
    }

    /// Makes a share, or finds what the same key has made. 403 for who may not, 409 where the key has made another one.
    pub(super) async fn make(
        &self,
        wanted: Wanted,
        by: UserId,
        key: CommandId,
        sessions: &Sessions,
    ) -> Result<Model, Problem> {
        let Wanted { session, kind, name } = wanted;
        let may = sessions.look(session, move |state, _| state.may_share(by).map(|()| state.seq())).await?;
        let seq = may?;
        for _ in 0..CODE_ATTEMPTS {
            if let Some(made) = self.made_before(by, key).await? {
                let is_same = (made.session_id, made.kind.as_str(), &made.name) == (session.0, kind.as_str(), &name);
                return match is_same {
                    true => Ok(made),
                    false => Err(Problem::new(Code::IdempotencyKeyReused, "this key made another share")),
                };
            }
            if live_of(session).count(self.database.reader()).await? >= SHARES_MAX {
                return Err(Problem::invalid(
                    "body",
                    format!("{SHARES_MAX} shares at most for one session: delete one first"),
                ));
            }
            let now = clock::now().millis();
            let row = share::ActiveModel {
                id: Set(crate::clock::new_id()),
                session_id: Set(session.0),
                seq: Set(seq.0),
                code: Set(new_code(LINK_LENGTH)),
                kind: Set(kind.as_str().to_owned()),
                name: Set(name.clone()),
                made_by: Set(by.0),
                command_id: Set(key.0),
                created_at_ms: Set(now),
                expires_at_ms: Set(now + LIFE_MS),
                ended_at_ms: Set(None),
            };
            // It or its key may be there meanwhile: the next look finds it.
            let taken = OnConflict::new().do_nothing().to_owned();
            Entity::insert(row).on_conflict(taken).exec_without_returning(self.database.writer()).await?;
        }
        Err(codes::none_free())
    }

    /// Ends a share and all streams that it opened.
    pub(super) async fn end(&self, share: &Model) -> Result<(), DbErr> {
        let now = clock::now();
        let tx = self.database.begin_write().await?;
        let ended = Entity::update_many()
            .col_expr(Column::EndedAtMs, Expr::value(now.millis()))
            .filter(Column::Id.eq(share.id))
            .filter(Column::EndedAtMs.is_null())
            .exec(&tx)
            .await?;
        if ended.rows_affected > 0 {
            announce_ended_shares(&tx, UserId(share.made_by), &[share.id], now).await?;
        }
        tx.commit().await
    }

    async fn made_before(&self, by: UserId, key: CommandId) -> Result<Option<Model>, DbErr> {
        let made = Entity::find().filter(Column::MadeBy.eq(by.0)).filter(Column::CommandId.eq(key.0));
        made.one(self.database.reader()).await
    }
}

/// What a share is to be.
pub(super) struct Wanted {
    pub(super) session: SessionId,
    pub(super) kind: Kind,
    pub(super) name: Option<String>,
}

/// What its right to watch hangs on.
pub(super) fn pass_of(share: &Model) -> SharePass {
    SharePass { made_by: UserId(share.made_by), seq: Seq(share.seq) }
}

fn is_live(share: &Model) -> bool {
    share.ended_at_ms.is_none() && share.expires_at_ms > clock::now().millis()
}

/// Those of a session that were neither deleted nor are over by time.
fn live_of(session: SessionId) -> Select<Entity> {
    Entity::find()
        .filter(Column::SessionId.eq(session.0))
        .filter(Column::EndedAtMs.is_null())
        .filter(Column::ExpiresAtMs.gt(clock::now().millis()))
}

pub(super) fn shown(share: Model, request: &HttpRequest, shares: &Shares) -> Share {
    Share {
        id: share.id,
        url: format!("{}/board/{}", shares.base(request), share.code),
        code: share.code,
        kind: Kind::named(&share.kind),
        name: share.name,
        made_by: UserId(share.made_by),
        created_at: Timestamp::from_millis(share.created_at_ms),
        expires_at: Timestamp::from_millis(share.expires_at_ms),
    }
}

/// Body of `POST /sessions/{id}/share`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewShare {
    /// `board` where absent.
    #[serde(default)]
    kind: Option<Kind>,
    /// At most 64 characters, to tell several apart.
    #[serde(default)]
    name: Option<String>,
}

/// A code for a board, a TV or an overlay, which reads this session and nothing else for 30 days.
#[utoipa::path(
    post, path = "/api/v1/sessions/{id}/share", operation_id = "share_session", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = NewShare,
    responses(
        (status = 200, body = Share), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 409, body = ProblemBody), (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn create(
    Caller { user, key, .. }: Caller,
    id: PathId<SessionId>,
    body: Body<NewShare>,
    request: HttpRequest,
    services: web::Data<Services>,
) -> Result<web::Json<Share>, Problem> {
    let NewShare { kind, name } = body.into_inner();
    let wanted = Wanted { session: id.into_inner(), kind: kind.unwrap_or_default(), name: checked_name(name)? };
    let made = services.shares.make(wanted, user.id, key, &services.sessions).await?;
    Ok(web::Json(shown(made, &request, &services.shares)))
}

/// The shares that stand, newest first.
#[utoipa::path(
    get, path = "/api/v1/sessions/{id}/shares", operation_id = "list_shares", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path), PageQuery),
    responses(
        (status = 200, body = Listing<Share>), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn list(
    user: CurrentUser,
    id: PathId<SessionId>,
    query: Query<PageQuery>,
    request: HttpRequest,
    services: web::Data<Services>,
) -> Result<web::Json<Listing<Share>>, Problem> {
    let Services { shares, sessions, .. } = &**services;
    let session = id.into_inner();
    sessions.look(session, move |state, _| state.may_share(user.id)).await??;
    let page = query.into_inner().page()?;
    let mut live = live_of(session).order_by_desc(Column::Id).limit(page.rows());
    if let Some(after) = page.after::<Uuid>()? {
        live = live.filter(Column::Id.lt(after));
    }
    let rows = live.all(shares.database.reader()).await?;
    let Listing { items, next_cursor } = Listing::of(rows, &page, |share| share.id, |share| share);
    let standing = move |state: &crate::game::Session, _: &dyn Fn(crate::ids::ParticipantId) -> bool| {
        let stands = |share: &Model| state.share_stands(UserId(share.made_by), Seq(share.seq));
        items.into_iter().filter(stands).collect::<Vec<_>>()
    };
    let standing = sessions.look(session, standing).await?;
    let items = standing.into_iter().map(|share| shown(share, &request, shares)).collect();
    Ok(web::Json(Listing { items, next_cursor }))
}

/// Ends a share and all streams that it opened; for who made it and the session's creator.
#[utoipa::path(
    delete, path = "/api/v1/sessions/{id}/shares/{share_id}", operation_id = "delete_share", tag = "sessions",
    security(("bearer" = [])), params(("id" = Uuid, Path), ("share_id" = Uuid, Path)),
    responses((status = 204), (status = 403, body = ProblemBody), (status = 404, body = ProblemBody)),
)]
pub(super) async fn delete(
    user: CurrentUser,
    ids: PathId<(SessionId, Uuid)>,
    services: web::Data<Services>,
) -> Result<HttpResponse, Problem> {
    let Services { shares, sessions, .. } = &**services;
    let (session, id) = ids.into_inner();
    let look = move |state: &crate::game::Session, _: &dyn Fn(crate::ids::ParticipantId) -> bool| {
        state.may_read(user.id).map(|()| state.creator_user_id())
    };
    let creator = sessions.look(session, look).await??;
    let found = Entity::find_by_id(id).filter(Column::SessionId.eq(session.0)).one(shares.database.reader()).await?;
    let share = found.ok_or_else(|| Problem::not_found("there is no such share"))?;
    let maker = UserId(share.made_by);
    if user.id != maker && user.id != creator {
        return Err(Problem::new(
            Code::InsufficientPermissions,
            "only its maker and the session's creator may do this",
        ));
    }
    shares.end(&share).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which session a share's code opens. The code is all it needs; wrong ones are counted by address.
#[utoipa::path(
    get, path = "/api/v1/shares/{code}", operation_id = "open_share", tag = "sessions", security(()),
    params(("code" = String, Path)),
    responses((status = 200, body = SharedSession), (status = 401, body = ProblemBody), (status = 429, body = ProblemBody)),
)]
pub(super) async fn look_up(
    request: HttpRequest,
    code: web::Path<String>,
    services: web::Data<Services>,
) -> Result<web::Json<SharedSession>, Problem> {
    let Services { shares, sessions, .. } = &**services;
    let share = shares.open(&code, shares.accounts.client_network(&request), sessions).await?;
    Ok(web::Json(SharedSession {
        session_id: SessionId(share.session_id),
        kind: Kind::named(&share.kind),
        name: share.name,
        expires_at: Timestamp::from_millis(share.expires_at_ms),
    }))
}
