//! Declares the routes of a dialect.

use axum::{Extension, routing::MethodRouter};

use crate::{service::tokens::Scope, validate::shape::Object};

/// What a route declares: the extractors of callers check it.
#[derive(Debug, Clone, Copy)]
pub(in crate::api) struct Route {
    /// The scope that the token needs.
    pub scope: Option<Scope>,
    /// The query parameters.
    pub query: &'static [Option<&'static Object>],
}

/// Declares `routes`, the router of a dialect, and with the feature `openapi` also `operations`, its description.
///
/// ```text
/// /// What it does.
/// method "/path/{parameter}", handler, who, part Type, ... => status Type, status, ...;
/// ```
///
/// *Who* is `public`, `operator`, `signed` (a signed URL), `token` (any), the scope that the token needs (`read`, `write`
/// or `admin`), or `manager`: the operator, or a token with the scope `admin`. The parts of a request are `query`, `json`
/// (several are alternatives), `form` and `binary`. A status below 400 without a type has no body; one above has the
/// error of the dialect. The errors that follow from the rest (401, 403, 404, 422, 429) need not be listed.
macro_rules! routes {
    ($(
        $(#[doc = $doc:literal])+
        $method:ident $path:expr, $handler:expr, $who:ident $(, $part:ident $ty:ty)*
            => $($status:literal $($answer:ty)?),+;
    )*) => {
        /// The routes.
        pub fn routes<P: $crate::service::ports::Ports>() -> axum::Router {
            axum::Router::new()
                $(.route($path, $crate::api::routes::declared(axum::routing::$method($handler), {
                    const ROUTE: $crate::api::routes::Route = $crate::api::routes::Route {
                        scope: $crate::api::routes::routes!(@scope $who),
                        query: &[$($crate::api::routes::routes!(@query $part $ty)),*],
                    };
                    ROUTE
                })))*
        }

        // Names the types of the table, so that they exist and are imported in every build.
        #[cfg(not(feature = "openapi"))]
        #[allow(dead_code, reason = "never called")]
        fn types() {
            $($($crate::api::routes::name::<$ty>();)* $($($crate::api::routes::name::<$answer>();)?)+)*
        }

        /// The operations, as [`routes()`] serves them.
        #[cfg(feature = "openapi")]
        pub fn operations(generator: &mut schemars::SchemaGenerator) -> Vec<$crate::api::openapi::Operation> {
            vec![$(
                $crate::api::openapi::Operation::new(
                    stringify!($method), $path, stringify!($handler), concat!($($doc, "\n"),+), stringify!($who),
                )
                $(.$part::<$ty>(generator))*
                $(.answers($status, $crate::api::routes::routes!(@schema generator $($answer)?)))+,
            )*]
        }
    };
    (@scope read) => { Some($crate::service::tokens::Scope::Read) };
    (@scope write) => { Some($crate::service::tokens::Scope::Write) };
    (@scope admin) => { Some($crate::service::tokens::Scope::Admin) };
    (@scope manager) => { $crate::api::routes::routes!(@scope admin) };
    (@scope $who:ident) => { None };
    (@query query $ty:ty) => { Some(<$ty as $crate::validate::shape::Declared>::OBJECT) };
    (@query $part:ident $ty:ty) => { None };
    (@schema $generator:ident) => { None };
    (@schema $generator:ident $answer:ty) => { Some($generator.subschema_for::<$answer>()) };
}
pub(in crate::api) use routes;

/// Names a type.
#[cfg(not(feature = "openapi"))]
#[allow(dead_code, reason = "never called")]
pub(in crate::api) const fn name<T>() {}

/// A route with what it declares.
pub(in crate::api) fn declared(methods: MethodRouter, route: Route) -> MethodRouter {
    methods.layer(Extension(route))
}
