//! Declares the routes of a dialect.

use crate::service::tokens::Scope;

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
                $(.route($path, $crate::api::routes::routes!(@needs $who axum::routing::$method($handler))))*
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
    // The extractor of the caller checks the scope.
    (@needs read $route:expr) => { $crate::api::routes::with_scope($route, $crate::service::tokens::Scope::Read) };
    (@needs write $route:expr) => { $crate::api::routes::with_scope($route, $crate::service::tokens::Scope::Write) };
    (@needs admin $route:expr) => { $crate::api::routes::with_scope($route, $crate::service::tokens::Scope::Admin) };
    (@needs manager $route:expr) => { $crate::api::routes::routes!(@needs admin $route) };
    (@needs $who:ident $route:expr) => { $route };
    (@schema $generator:ident) => { None };
    (@schema $generator:ident $answer:ty) => { Some($generator.subschema_for::<$answer>()) };
}
pub(in crate::api) use routes;

/// Names a type.
#[cfg(not(feature = "openapi"))]
#[allow(dead_code, reason = "never called")]
pub(in crate::api) const fn name<T>() {}

/// A route whose requests need `scope`.
pub(in crate::api) fn with_scope(route: axum::routing::MethodRouter, scope: Scope) -> axum::routing::MethodRouter {
    route.layer(axum::Extension(scope))
}
