//! Parts of requests, checked against their declarations.

use std::marker::PhantomData;

use axum::extract::{FromRequest, Request};
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{
    body,
    reply::{ApiError, Dialect},
};
use crate::{
    error::{Error, Result},
    validate::{
        Input, Validator,
        shape::{Declared, Object},
    },
};

/// The body or the query string of a request, checked against the declaration of `T`. Handlers add the faults that a
/// declaration cannot know before they [`finish`](Self::finish), so that one answer has all of them.
#[derive(Debug)]
pub struct Checked<T> {
    root: &'static str,
    value: Value,
    check: Validator,
    declared: PhantomData<fn() -> T>,
}

impl<T: Declared> Checked<T> {
    /// Checks `value`, the part of the request that errors call `root`.
    pub fn new(root: &'static str, value: Value) -> Self {
        let check = violations(root, &value, T::OBJECT);
        Self { root, value, check, declared: PhantomData }
    }

    /// The input, and where to report its faults.
    pub fn parts(&mut self) -> (Input<'_>, &mut Validator) {
        (Input::root(self.root, Some(&self.value)), &mut self.check)
    }

    /// The typed value; None if some member is not of its type. Other faults may still be there.
    pub fn read(&self) -> Option<T> {
        self.input().read()
    }

    /// The input.
    pub fn input(&self) -> Input<'_> {
        Input::root(self.root, Some(&self.value))
    }

    /// Adds the faults of another part of the same request.
    pub fn add_faults_of<U>(&mut self, other: Checked<U>) {
        self.check.append(other.check);
    }

    /// Nothing, if there are no faults.
    ///
    /// # Errors
    ///
    /// `Invalid` with every fault.
    pub fn faults(self) -> Result<()> {
        self.check.finish(Some(()))
    }

    /// The typed value.
    ///
    /// # Errors
    ///
    /// `Invalid` with every fault.
    pub fn finish(self) -> Result<T> {
        let value = self.read();
        self.check.finish(value)
    }
}

fn violations(root: &'static str, value: &Value, object: &'static Object) -> Validator {
    let mut check = Validator::default();
    check.check_root(&Input::root(root, Some(value)), object);
    check
}

/// An error about the content of the body, with the path of the body in front of its pointers.
pub fn in_body(error: Error) -> Error {
    Input::root("body", None).nest_error(error)
}

/// The JSON body of a request in the dialect `D`.
#[derive(Debug)]
pub struct JsonBody<T, D>(pub Checked<T>, PhantomData<fn() -> D>);

impl<T: Declared, D: Dialect, S: Sync> FromRequest<S> for JsonBody<T, D> {
    type Rejection = ApiError<D>;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError<D>> {
        let (parts, body) = request.into_parts();
        // Boxed, so that not every handler has a copy of this code.
        let reading: BoxFuture<'_, _> = Box::pin(body::json(&parts.headers, body));
        Ok(Self(Checked::new("body", reading.await?), PhantomData))
    }
}
