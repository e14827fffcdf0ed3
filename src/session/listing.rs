//! The list of sessions over REST.

use actix_web::web;
use entity::session;
use sea_orm::{ColumnTrait, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Sessions;
use super::directory::ListedSession;
use crate::account::CurrentUser;
use crate::database::Database;
use crate::game::view::{SessionView, Status};
use crate::http::{Listing, Page, Problem, ProblemBody, Query};
use crate::ids::{Seq, SessionId};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Scope {
    #[default]
    Mine,
    Public,
}

/// Query of `GET /sessions`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only sessions of this status.
    #[serde(default)]
    status: Option<Status>,
    /// `mine` (default): where the caller has a place; `public`: those that any account may read.
    #[serde(default)]
    #[param(inline)]
    scope: Option<Scope>,
    /// 1..200, default 50.
    #[serde(default)]
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// Sessions, newest first.
#[utoipa::path(
    get, path = "/api/v1/sessions", operation_id = "list_sessions", tag = "sessions", security(("bearer" = [])), params(ListQuery),
    responses((status = 200, body = Listing<SessionView>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    query: Query<ListQuery>,
    database: web::Data<Database>,
    sessions: web::Data<Sessions>,
) -> Result<web::Json<Listing<SessionView>>, Problem> {
    use session::Column;
    let query = query.into_inner();
    let page = Page::new(query.limit, query.cursor)?;
    let mut rows = session::Entity::find()
        .select_only()
        .columns([Column::Id, Column::Head, Column::Code])
        .order_by_desc(Column::Id)
        .limit(page.rows());
    rows = match query.scope.unwrap_or_default() {
        Scope::Mine => rows
            .join_rev(
                JoinType::InnerJoin,
                entity::session_member::Entity::belongs_to(session::Entity)
                    .from(entity::session_member::Column::SessionId)
                    .to(Column::Id)
                    .into(),
            )
            .filter(entity::session_member::Column::UserId.eq(user.id.0)),
        Scope::Public => rows.filter(Column::IsPrivate.eq(false)),
    };
    if let Some(status) = query.status {
        rows = rows.filter(Column::Status.eq(status.as_str()));
    }
    if let Some(after) = page.after::<Uuid>()? {
        rows = rows.filter(Column::Id.lt(after));
    }
    let rows: Vec<(Uuid, i64, String)> = rows.into_tuple().all(database.reader()).await?;
    let listed = |(id, head, code)| ListedSession { session: SessionId(id), head: Seq(head), code };
    let Listing { items, next_cursor } = Listing::of(rows, &page, |(id, ..)| *id, listed);
    // Who was removed, or is only invited, has a row among the members: such a page is a little shorter.
    Ok(web::Json(Listing { items: sessions.list_for(user.id, items).await?, next_cursor }))
}
