//! Query strings.

use std::collections::BTreeMap;

use axum::http::Uri;
use serde_json::Value;

use crate::validate::Input;

/// The parameters of a query string. A list is a repeated key. An empty value counts as absent, because one family of
/// clients sends `status=` for null. Unknown parameters are ignored.
#[derive(Debug, Clone, Default)]
pub struct Query(BTreeMap<String, Vec<Value>>);

impl Query {
    /// The query string of `uri`.
    pub fn from_uri(uri: &Uri) -> Self {
        let mut query: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !value.is_empty() {
                query.entry(name.into_owned()).or_default().push(Value::String(value.into_owned()));
            }
        }
        Self(query)
    }

    /// The parameter `name`; its last value if it is repeated.
    pub fn get(&self, name: &str) -> Input<'_> {
        Input::root("query", None).with(name, self.0.get(name).and_then(|values| values.last()))
    }

    /// Every value of the parameter `name`; None if it is absent.
    pub fn get_all(&self, name: &str) -> Option<Vec<Input<'_>>> {
        let list = Input::root("query", None).with(name, None);
        self.0.get(name).map(|values| values.iter().enumerate().map(|(i, value)| list.with(i, Some(value))).collect())
    }

    /// Whether `value` is among the values of the parameter `name`.
    pub fn contains(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_some_and(|values| values.iter().any(|item| item == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::Validator;

    #[test]
    fn reads_lists_and_treats_empty_as_absent() {
        let query =
            Query::from_uri(&"/x?job_ids=a&job_ids=b%2Bc&status=&name=first&name=last+one&odd".parse().unwrap());
        let mut check = Validator::default();
        let ids = query.get_all("job_ids").unwrap();
        let ids: Vec<_> = ids.iter().filter_map(|id| check.text(id, 0..=9)).collect();
        assert_eq!(ids, ["a", "b+c"]);
        assert!(query.get("status").is_absent() && query.get("odd").is_absent() && query.get_all("status").is_none());
        assert_eq!(check.text(&query.get("name"), 0..=9), Some("last one"));
        assert!(query.contains("job_ids", "a") && !query.contains("job_ids", "c"));
    }

    #[test]
    fn errors_name_the_parameter() {
        let query = Query::from_uri(&"/x?page_size=0&job_ids=a&job_ids=".parse().unwrap());
        let mut check = Validator::default();
        check.integer(&query.get("page_size"), 1..=100);
        let error = check.finish(None::<()>).unwrap_err();
        assert_eq!(
            serde_json::to_value(&error.violations()[0].pointer).unwrap(),
            serde_json::json!(["query", "page_size"])
        );
    }
}
