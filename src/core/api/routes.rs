//! Declares the routes of a dialect.

/// Declares `routes`, the router of a dialect, and with the feature `openapi` also `operations`, its description.
///
/// ```text
/// /// What it does.
/// method "/path/{parameter}", handler, who, part Type, ... => status Type, status, ...;
/// ```
///
/// *Who* is `public`, `token`, `operator` or `signed`. The parts of a request are `query`, `json` (several are
/// alternatives), `form` and `binary`. A status below 400 without a type has no body; one above has the error of the
/// dialect. The errors that follow from the rest (401, 404, 422) need not be listed.
macro_rules! routes {
    ($(
        $(#[doc = $doc:literal])+
        $method:ident $path:expr, $handler:expr, $who:ident $(, $part:ident $ty:ty)*
            => $($status:literal $($answer:ty)?),+;
    )*) => {
        /// The routes.
        pub fn routes<P: $crate::service::ports::Ports>() -> axum::Router {
            axum::Router::new()$(.route($path, axum::routing::$method($handler)))*
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
    (@schema $generator:ident) => { None };
    (@schema $generator:ident $answer:ty) => { Some($generator.subschema_for::<$answer>()) };
}
pub(in crate::api) use routes;

/// Names a type.
#[cfg(not(feature = "openapi"))]
#[allow(dead_code, reason = "never called")]
pub(in crate::api) const fn name<T>() {}
