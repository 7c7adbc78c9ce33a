//! Query strings.

use std::collections::BTreeMap;

use axum::http::Uri;
use serde_json::Value;

use super::checked::Checked;
use crate::validate::shape::{Declared, Member, Shape};

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

    /// The parameters that `T` declares, checked. If a parameter is repeated and is not a list, its last value counts.
    pub fn checked<T: Declared>(&self) -> Checked<T> {
        let value = T::OBJECT.all_members().into_iter().filter_map(|member| Some((member.name, self.value(member)?)));
        Checked::new("query", value.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    fn value(&self, member: &Member) -> Option<Value> {
        let values = self.0.get(member.name)?;
        if matches!(member.shape, Shape::List { .. }) { Some(values.clone().into()) } else { values.last().cloned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::{declare::declare, shape::OPEN};

    declare! {
        #[derive(Debug)]
        struct Listing(OPEN) {
            job_ids: Vec<String> = optional(Shape::list(0..=9, &Shape::text(0..=3))),
            status: Option<String> = optional(Shape::text(0..=9)),
            name: Option<String> = optional(Shape::text(0..=9)),
            page_size: Option<u32> = optional(Shape::integer(1..=100)),
        }
    }

    fn listing(query: &str) -> Checked<Listing> {
        Query::from_uri(&format!("/x?{query}").parse().unwrap()).checked()
    }

    #[test]
    fn reads_lists_and_treats_empty_as_absent() {
        let listing = listing("job_ids=a&job_ids=b%2Bc&status=&name=first&name=last+one&odd&page_size=7");
        let listing = listing.finish().unwrap();
        assert_eq!(listing.job_ids, ["a", "b+c"]);
        assert_eq!((listing.status, listing.name.as_deref()), (None, Some("last one")));
        assert_eq!(listing.page_size, Some(7));
    }

    #[test]
    fn errors_name_the_parameter() {
        let error = listing("page_size=0&job_ids=a&job_ids=long").finish().unwrap_err();
        let pointers: Vec<_> = error.violations().iter().map(|violation| &violation.pointer).collect();
        assert_eq!(
            serde_json::to_value(pointers).unwrap(),
            serde_json::json!([["query", "job_ids", 1], ["query", "page_size"]])
        );
    }
}
