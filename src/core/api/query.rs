//! Query strings.

use std::collections::BTreeMap;

use axum::http::Uri;
use serde_json::Value;

use crate::validate::Field;

/// The parameters of a query. A list is a repeated key; an empty value is as good as none, because one client family
/// sends `status=` where it means null. Unknown parameters are ignored.
#[derive(Debug, Clone, Default)]
pub struct Query(BTreeMap<String, Vec<Value>>);

impl Query {
    /// The query of `uri`.
    pub fn of(uri: &Uri) -> Self {
        let mut query: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !value.is_empty() {
                query.entry(name.into_owned()).or_default().push(Value::String(value.into_owned()));
            }
        }
        Self(query)
    }

    /// The parameter `name`; the last one where it is repeated.
    pub fn one(&self, name: &str) -> Field<'_> {
        Field::root("query", None).with(name, self.0.get(name).and_then(|values| values.last()))
    }

    /// Every value of the parameter `name`; nothing when there is none.
    pub fn all(&self, name: &str) -> Option<Vec<Field<'_>>> {
        let list = Field::root("query", None).with(name, None);
        self.0.get(name).map(|values| values.iter().enumerate().map(|(i, value)| list.with(i, Some(value))).collect())
    }

    /// Whether the parameter `name` has `value` among its values.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_some_and(|values| values.iter().any(|one| one == value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::Check;

    #[test]
    fn reads_lists_and_takes_empty_for_absent() {
        let query = Query::of(&"/x?job_ids=a&job_ids=b%2Bc&status=&name=first&name=last+one&odd".parse().unwrap());
        let mut check = Check::default();
        let ids = query.all("job_ids").unwrap();
        let ids: Vec<_> = ids.iter().filter_map(|id| check.text(id, 0..=9)).collect();
        assert_eq!(ids, ["a", "b+c"]);
        assert!(query.one("status").is_absent() && query.one("odd").is_absent() && query.all("status").is_none());
        assert_eq!(check.text(&query.one("name"), 0..=9), Some("last one"));
        assert!(query.has("job_ids", "a") && !query.has("job_ids", "c"));
    }

    #[test]
    fn says_where() {
        let query = Query::of(&"/x?page_size=0&job_ids=a&job_ids=".parse().unwrap());
        let mut check = Check::default();
        check.integer(&query.one("page_size"), 1..=100);
        let error = check.finish(None::<()>).unwrap_err();
        assert_eq!(
            serde_json::to_value(&error.violations()[0].pointer).unwrap(),
            serde_json::json!(["query", "page_size"])
        );
    }
}
