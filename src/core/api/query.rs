//! Query strings.

use std::collections::BTreeMap;

use axum::http::Uri;
use serde_json::Value;

use super::checked::Checked;
use crate::{
    error::Result,
    validate::{
        Input, Validator,
        shape::{Declared, Member, Object, Shape},
    },
};

/// The parameters of a query string. A list is a repeated key, with or without brackets behind it: `job_ids=` and
/// `job_ids[]=` are the same. An empty value counts as absent, because one family of clients sends `status=` for null.
/// Unknown parameters are ignored, unless [`deny_unknown`](Self::deny_unknown) is asked.
#[derive(Debug, Clone, Default)]
pub struct Query(BTreeMap<String, Vec<Value>>);

impl Query {
    /// The query string of `uri`.
    pub fn from_uri(uri: &Uri) -> Self {
        let mut query: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            if !value.is_empty() {
                let name = without_brackets(&name).to_owned();
                query.entry(name).or_default().push(Value::String(value.into_owned()));
            }
        }
        Self(query)
    }

    /// The parameters that `T` declares, checked. If a parameter is repeated and is not a list, its last value counts.
    pub fn checked<T: Declared>(&self) -> Checked<T> {
        let value = T::OBJECT.all_members().into_iter().filter_map(|member| Some((member.name, self.value(member)?)));
        Checked::new("query", value.map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Checks that every parameter is declared by one of `objects`.
    ///
    /// # Errors
    ///
    /// `Invalid` with those that are not.
    pub fn deny_unknown(&self, objects: &[Option<&'static Object>]) -> Result<()> {
        let members = objects.iter().flatten().flat_map(|object| object.all_members());
        let names: Vec<_> = members.map(|member| member.name).collect();
        let sent = self.0.iter().map(|(name, values)| (name.clone(), values.last().cloned().unwrap_or_default()));
        let sent = Value::Object(sent.collect());
        let mut check = Validator::default();
        check.deny_unknown_fields(&Input::root("query", Some(&sent)), &names);
        check.finish(Some(()))
    }

    fn value(&self, member: &Member) -> Option<Value> {
        let values = self.0.get(member.name)?;
        if matches!(member.shape, Shape::List { .. }) { Some(values.clone().into()) } else { values.last().cloned() }
    }
}

/// A name without `[]` or `[0]` behind it.
fn without_brackets(name: &str) -> &str {
    let list = name.strip_suffix(']').and_then(|name| name.rsplit_once('['));
    list.filter(|(_, index)| index.bytes().all(|byte| byte.is_ascii_digit())).map_or(name, |(name, _)| name)
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
    fn a_list_may_have_brackets() {
        let listing = listing("job_ids[]=a&job_ids%5B%5D=b&job_ids=c&job_ids[1]=d&job_ids[x]=e").finish().unwrap();
        assert_eq!(listing.job_ids, ["a", "b", "c", "d"]);
    }

    #[test]
    fn unknown_parameters_are_refused_on_request() {
        let denied = |query: &str| {
            let query = Query::from_uri(&format!("/x?{query}").parse().unwrap());
            query.deny_unknown(&[None, Some(Listing::OBJECT)])
        };
        assert_eq!(denied("job_ids[]=a&page_size=nonsense&empty="), Ok(()));
        let error = denied("nam=x&version=draft").unwrap_err();
        let faults: Vec<_> = error.violations().iter().map(|fault| (&fault.pointer[1], &*fault.message)).collect();
        assert_eq!(faults, [(&"nam".into(), "is not known; did you mean name?"), (&"version".into(), "is not known")]);
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
