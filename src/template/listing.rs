//! Finding templates: all that the caller may see, the system's first, then the oldest.

use actix_web::web;
use entity::template::{Column, Entity};
use entity::template_favorite;
use sea_orm::sea_query::Query as SqlQuery;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Template, find, of_system, visible};
use crate::account::CurrentUser;
use crate::database::Database;
use crate::game::GameType;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query};

/// Which of the templates that the caller may see.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Scope {
    /// Those that came with the service.
    System,
    /// Those that users made public.
    Public,
    /// The caller's own.
    Mine,
    /// Those that the caller likes.
    Favorite,
}

/// Query of the list of templates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Of one game only.
    #[param(inline)]
    game_type: Option<GameType>,
    /// Of one kind only; the system's, the public ones and the caller's own where absent.
    #[param(inline)]
    scope: Option<Scope>,
    /// Of one category only.
    category: Option<String>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Lists templates.
#[utoipa::path(
    get, path = "/api/v1/templates", operation_id = "list_templates", tag = "templates", security(("bearer" = [])), params(Filter),
    responses((status = 200, body = Listing<Template>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn list(
    user: CurrentUser,
    database: web::Data<Database>,
    filter: Query<Filter>,
) -> Result<web::Json<Listing<Template>>, Problem> {
    let Filter { game_type, scope, category, limit, cursor } = filter.into_inner();
    let page = Page::new(limit, cursor)?;
    let mut wanted = Condition::all().add(visible(user.id));
    if let Some(scope) = scope {
        wanted = wanted.add(match scope {
            Scope::System => of_system(),
            Scope::Public => Condition::all().add(Column::IsPublic.eq(true)).add(of_system().not()),
            Scope::Mine => Condition::all().add(Column::OwnerId.eq(user.id.0)),
            Scope::Favorite => {
                let liked = SqlQuery::select()
                    .column(template_favorite::Column::TemplateId)
                    .from(template_favorite::Entity)
                    .and_where(template_favorite::Column::UserId.eq(user.id.0))
                    .take();
                Condition::all().add(Column::Id.in_subquery(liked))
            }
        });
    }
    if let Some(game_type) = game_type {
        wanted = wanted.add(Column::GameType.eq(game_type.as_str()));
    }
    if let Some(category) = category {
        wanted = wanted.add(Column::Category.eq(category));
    }
    if let Some(after) = page.after::<Uuid>()? {
        wanted = wanted.add(Column::Id.gt(after));
    }
    let rows = Entity::find().filter(wanted).order_by_asc(Column::Id).limit(page.rows());
    let rows = rows.all(database.reader()).await?;
    let Listing { items, next_cursor } = Listing::of(rows, &page, |row| row.id, Template::try_from);
    Ok(web::Json(Listing { items: items.into_iter().collect::<Result<_, _>>()?, next_cursor }))
}

/// One template.
#[utoipa::path(
    get, path = "/api/v1/templates/{id}", operation_id = "get_template", tag = "templates", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses((status = 200, body = Template), (status = 404, body = ProblemBody)),
)]
pub(super) async fn one(
    user: CurrentUser,
    database: web::Data<Database>,
    id: PathId<Uuid>,
) -> Result<web::Json<Template>, Problem> {
    Ok(web::Json(find(database.reader(), id.into_inner(), user.id).await?.try_into()?))
}

/// A category and how many of its templates the caller may see.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TemplateCategory {
    category: String,
    count: i64,
}

/// Lists the categories in use.
#[utoipa::path(
    get, path = "/api/v1/template-categories", operation_id = "list_template_categories", tag = "templates", security(("bearer" = [])),
    responses((status = 200, body = Listing<TemplateCategory>)),
)]
pub(super) async fn categories(
    user: CurrentUser,
    database: web::Data<Database>,
) -> Result<web::Json<Listing<TemplateCategory>>, Problem> {
    let counted: Vec<(String, i64)> = Entity::find()
        .select_only()
        .column(Column::Category)
        .column_as(Column::Id.count(), "count")
        .filter(visible(user.id))
        .group_by(Column::Category)
        .order_by_asc(Column::Category)
        .into_tuple()
        .all(database.reader())
        .await?;
    let items = counted.into_iter().map(|(category, count)| TemplateCategory { category, count }).collect();
    Ok(web::Json(Listing::whole(items)))
}
