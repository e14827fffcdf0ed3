//! The OpenAPI document of a server, read: its operations, and what its schemas say of a value.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Value, json};

use super::test_app::{TestApp, text};

/// One operation with its place.
#[derive(Clone)]
pub struct Documented {
    pub method: String,
    pub path: String,
    pub operation: Value,
}

pub struct OpenApi {
    pub document: Value,
    validators: RefCell<HashMap<String, Rc<Validator>>>,
}

impl OpenApi {
    pub async fn of(app: &TestApp) -> Self {
        Self::read(app, "/openapi.json").await
    }

    /// AsyncAPI keeps its schemas in the same place.
    pub async fn read(app: &TestApp, path: &str) -> Self {
        let answer = app.anonymous().request(Method::GET, path).send().await.expect("an answer");
        Self { document: answer.json().await.expect("JSON"), validators: RefCell::default() }
    }

    pub fn operations(&self) -> Vec<Documented> {
        let mut found = Vec::new();
        for (path, item) in self.document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                let (method, path, operation) = (method.clone(), path.clone(), operation.clone());
                found.push(Documented { method, path, operation });
            }
        }
        found
    }

    pub fn operation_id(&self, method: &str, path: &str) -> String {
        let operation = &self.document["paths"][path][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path} is not documented");
        text(&operation["operationId"])
    }

    /// What a reference leads to, or the value itself.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                self.document.pointer(&reference[1..]).unwrap_or_else(|| panic!("{reference} is nowhere"))
            }
            None => value,
        }
    }

    /// What is wrong about a value, by its schema.
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let key = schema.to_string();
        let known = self.validators.borrow().get(&key).cloned();
        let validator = known.unwrap_or_else(|| {
            let whole = json!({"allOf": [schema], "components": {"schemas": self.document["components"]["schemas"]}});
            let validator = jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{schema}: {error}"));
            let validator = Rc::new(validator);
            self.validators.borrow_mut().insert(key, validator.clone());
            validator
        });
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}
