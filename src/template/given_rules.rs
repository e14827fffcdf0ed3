//! Rules as a client gave them, before they are known to be any.
//! A tagged object is read by its tag first; only then can a mistake be told by its path (`rules.balls[2].points`).

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::game::{GameType, Rules};
use crate::http::{FieldError, Problem, field_error};

/// The field `rules` of a body, not yet checked. In OpenAPI it is `Rules`.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct GivenRules(Value);

impl GivenRules {
    /// The rules, or all that is wrong with them.
    pub fn check(self) -> Result<Rules, Vec<FieldError>> {
        let rules = read(self.0).map_err(|error| vec![error])?;
        let faults = rules.validate();
        if faults.is_empty() {
            return Ok(rules);
        }
        Err(faults.into_iter().map(|(field, message)| FieldError::new(format!("rules.{field}"), message)).collect())
    }

    /// The rules, or 422.
    pub fn into_rules(self) -> Result<Rules, Problem> {
        self.check().map_err(Problem::invalid_many)
    }
}

fn read(value: Value) -> Result<Rules, FieldError> {
    let Value::Object(mut fields) = value else { return Err(FieldError::new("rules", "must be an object")) };
    if let Some(path) = list_in(&fields) {
        return Err(FieldError::new(format!("rules.{path}"), "must not be a list"));
    }
    match fields.remove("game_type") {
        Some(Value::String(word)) => match GameType::ALL.iter().find(|game_type| game_type.as_str() == word) {
            Some(game_type) => game_type.read(fields).map_err(|error| {
                let FieldError { field, message } = field_error(error.path(), error.inner());
                FieldError::new(format!("rules.{field}"), message)
            }),
            None => Err(FieldError::new("rules.game_type", format!("must be {}", game_types()))),
        },
        Some(_) => Err(FieldError::new("rules.game_type", "must be a word")),
        None => Err(FieldError::new("rules.game_type", "is required")),
    }
}

/// Where a list stands that is not the one of the balls: serde would read the fields of a struct from it.
fn list_in(fields: &Map<String, Value>) -> Option<String> {
    fields.iter().find_map(|(name, value)| match value {
        Value::Array(balls) if name == "balls" => {
            balls.iter().position(Value::is_array).map(|at| format!("balls[{at}]"))
        }
        Value::Array(_) => Some(name.clone()),
        Value::Object(inner) => list_in(inner).map(|path| format!("{name}.{path}")),
        _ => None,
    })
}

/// `kolkhoz, americana or moscow_pyramid`
fn game_types() -> String {
    let words: Vec<&str> = GameType::ALL.iter().map(|game_type| game_type.as_str()).collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given(rules: Value) -> Result<Rules, Vec<String>> {
        GivenRules(rules).check().map_err(|errors| errors.into_iter().map(|error| error.field).collect())
    }

    fn kolkhoz(field: &str, value: Value) -> Value {
        let mut rules = json!({
            "game_type": "kolkhoz", "currency": "RUB", "point_price": 5000,
            "balls": [{"color": "white", "points": 1}, {"color": "pink", "points": 4}],
        });
        rules[field] = value;
        rules
    }

    #[test]
    fn every_game_type_of_the_core_is_read() {
        let pyramid = |game_type| json!({"game_type": game_type, "currency": "RUB", "game_price": 1});
        for rules in [kolkhoz("payer", json!("everyone")), pyramid("americana"), pyramid("moscow_pyramid")] {
            let core: Rules = serde_json::from_value(rules.clone()).expect("rules");
            assert_eq!(given(rules), Ok(core));
        }
    }

    #[test]
    fn a_mistake_is_told_by_its_path() {
        for (rules, field) in [
            (kolkhoz("balls", json!([{"color": "white", "points": "x"}])), "rules.balls[0].points"),
            (kolkhoz("balls", json!([{"color": "white", "points": 1}, ["pink", 4]])), "rules.balls[1]"),
            (kolkhoz("foul", json!([1, 2])), "rules.foul"),
            (kolkhoz("balls", json!([{"color": "white", "point": 1}])), "rules.balls[0].point"),
            (kolkhoz("balls", json!([{"color": "white"}])), "rules.balls[0].points"),
            (kolkhoz("balls", json!([{"color": "white", "points": 0}])), "rules.balls[0].points"),
            (kolkhoz("pointprice", json!(1)), "rules.pointprice"),
            (kolkhoz("point_price", json!(1.5)), "rules.point_price"),
            (kolkhoz("point_price", json!(-1)), "rules.point_price"),
            (kolkhoz("payer", json!("nobody")), "rules.payer"),
            (kolkhoz("game_type", json!("carom")), "rules.game_type"),
            (kolkhoz("game_type", json!(1)), "rules.game_type"),
            (json!({"currency": "RUB"}), "rules.game_type"),
            (json!([]), "rules"),
        ] {
            assert_eq!(given(rules.clone()), Err(vec![field.to_owned()]), "{rules}");
        }
        let two = kolkhoz("currency", json!("rub"));
        let mut two = two.as_object().expect("object").clone();
        two.insert("point_price".into(), json!(-1));
        assert_eq!(given(Value::Object(two)).expect_err("two").len(), 2);
    }
}
