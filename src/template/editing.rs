//! Making, replacing and deleting one's own templates; trying rules out before.

use actix_web::{HttpResponse, web};
use entity::template::{ActiveModel, Column, Entity, Model};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{GivenRules, Template, find, is_of_system};
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::game::discipline::Rules;
use crate::http::{Body, Code, FieldError, Fields, PathId, Problem, ProblemBody};

const OWN_MAX: u64 = 200;
const TAGS_MAX: usize = 10;

/// All of a template that its owner decides.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TemplateDraft)]
pub(super) struct Draft {
    /// 1 to 100 characters.
    name: String,
    /// Up to 500 characters, several lines; empty where absent.
    #[serde(default)]
    description: String,
    /// 1 to 32 characters; `custom` where absent.
    #[serde(default = "custom")]
    category: String,
    /// What is played.
    #[schema(value_type = Rules)]
    rules: GivenRules,
    /// Everybody sees it; not, where absent.
    #[serde(default)]
    is_public: bool,
    /// Up to 10, each of 1 to 32 characters; the same one twice counts once.
    #[serde(default)]
    tags: Vec<String>,
}

fn custom() -> String {
    "custom".to_owned()
}

impl Draft {
    /// Writes all of it into `row`, or says all that is wrong with it.
    fn apply(self, row: &mut Model) -> Result<(), Problem> {
        let mut fields = Fields::new();
        row.name = fields.line("name", &self.name, 1..=100);
        row.description = fields.lines("description", &self.description, 0..=500);
        row.category = fields.line("category", &self.category, 1..=32);
        fields.check(self.tags.len() <= TAGS_MAX, "tags", "must be at most 10");
        let mut tags = Vec::new();
        for (number, tag) in self.tags.iter().take(TAGS_MAX).enumerate() {
            let tag = fields.line(&format!("tags[{number}]"), tag, 1..=32);
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        match self.rules.check() {
            Ok(rules) => {
                rules.game_type().clone_into(&mut row.game_type);
                row.rules = serde_json::to_string(&rules).map_err(Problem::internal)?;
            }
            Err(errors) => errors.into_iter().for_each(|error| fields.wrong(error.field, error.message)),
        }
        fields.done()?;
        row.tags = serde_json::to_string(&tags).map_err(Problem::internal)?;
        row.is_public = self.is_public;
        row.updated_at_ms = clock::now().millis();
        Ok(())
    }
}

/// Makes a template.
#[utoipa::path(
    post, path = "/api/v1/templates", operation_id = "create_template", tag = "templates", security(("bearer" = [])), request_body = Draft,
    responses((status = 201, body = Template), (status = 422, body = ProblemBody)),
)]
pub(super) async fn create(
    user: CurrentUser,
    database: web::Data<Database>,
    draft: Body<Draft>,
) -> Result<HttpResponse, Problem> {
    let mut row = Model {
        id: crate::clock::new_id(),
        owner_id: Some(user.id.0),
        name: String::new(),
        description: String::new(),
        category: String::new(),
        game_type: String::new(),
        rules: String::new(),
        is_system: false,
        is_public: false,
        tags: String::new(),
        created_at_ms: 0,
        updated_at_ms: 0,
    };
    draft.into_inner().apply(&mut row)?;
    row.created_at_ms = row.updated_at_ms;
    let tx = database.begin_write().await?;
    if Entity::find().filter(Column::OwnerId.eq(user.id.0)).count(&tx).await? >= OWN_MAX {
        return Err(Problem::new(Code::ValidationFailed, format!("nobody can have more than {OWN_MAX} templates")));
    }
    Entity::insert(ActiveModel::from(row.clone())).exec_without_returning(&tx).await?;
    tx.commit().await?;
    Ok(HttpResponse::Created().json(Template::try_from(row)?))
}

/// Replaces all that the owner decides; what is absent becomes what it is in a new template.
#[utoipa::path(
    put, path = "/api/v1/templates/{id}", operation_id = "replace_template", tag = "templates", security(("bearer" = [])), params(("id" = Uuid, Path)),
    request_body = Draft,
    responses(
        (status = 200, body = Template),
        (status = 403, description = "`template_not_editable`, `insufficient_permissions`", body = ProblemBody),
        (status = 404, body = ProblemBody),
        (status = 422, body = ProblemBody),
    ),
)]
pub(super) async fn replace(
    user: CurrentUser,
    database: web::Data<Database>,
    id: PathId<Uuid>,
    draft: Body<Draft>,
) -> Result<web::Json<Template>, Problem> {
    let mut row = find_own(&database, id.into_inner(), &user).await?;
    draft.into_inner().apply(&mut row)?;
    let replaced = Entity::update_many().set(ActiveModel::from(row.clone()).reset_all()).filter(Column::Id.eq(row.id));
    if replaced.exec(database.writer()).await?.rows_affected == 0 {
        return Err(Problem::not_found("this template was deleted meanwhile"));
    }
    Ok(web::Json(row.try_into()?))
}

/// Deletes a template; sessions keep the rules they were opened with.
#[utoipa::path(
    delete, path = "/api/v1/templates/{id}", operation_id = "delete_template", tag = "templates", security(("bearer" = [])), params(("id" = Uuid, Path)),
    responses(
        (status = 204),
        (status = 403, description = "`template_not_editable`, `insufficient_permissions`", body = ProblemBody),
        (status = 404, body = ProblemBody),
    ),
)]
pub(super) async fn delete(
    user: CurrentUser,
    database: web::Data<Database>,
    id: PathId<Uuid>,
) -> Result<HttpResponse, Problem> {
    let row = find_own(&database, id.into_inner(), &user).await?;
    Entity::delete_by_id(row.id).exec(database.writer()).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn find_own(database: &Database, id: Uuid, user: &CurrentUser) -> Result<Model, Problem> {
    let row = find(database.reader(), id, user.id).await?;
    if is_of_system(&row) {
        return Err(Problem::new(Code::TemplateNotEditable, "system templates can't be edited; make a copy"));
    }
    if row.owner_id != Some(user.id.0) {
        return Err(Problem::new(Code::InsufficientPermissions, "this template is somebody else's"));
    }
    Ok(row)
}

/// Rules to try out.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RulesTrial)]
pub(super) struct ValidationRequest {
    /// What would be played.
    #[schema(value_type = Rules)]
    rules: GivenRules,
}

/// What there is to say about rules.
#[derive(Serialize, ToSchema)]
#[schema(as = RulesVerdict)]
pub(super) struct ValidationAnswer {
    /// A session could be played by them.
    valid: bool,
    /// All that is wrong with them.
    errors: Vec<FieldError>,
}

/// Checks rules without storing them; wrong ones are an answer here, no failure.
#[utoipa::path(
    post, path = "/api/v1/templates/validate", operation_id = "validate_rules", tag = "templates", security(("bearer" = [])), request_body = ValidationRequest,
    responses((status = 200, body = ValidationAnswer), (status = 422, description = "there are no `rules`", body = ProblemBody)),
)]
pub(super) async fn validate(_: CurrentUser, trial: Body<ValidationRequest>) -> web::Json<ValidationAnswer> {
    let errors = trial.into_inner().rules.check().err().unwrap_or_default();
    web::Json(ValidationAnswer { valid: errors.is_empty(), errors })
}
