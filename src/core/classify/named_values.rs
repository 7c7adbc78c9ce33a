//! Structs of numbers that also have an order, for weights and networks.

/// Defines a struct of `f64` fields: its number of fields, their names, and the conversion to and from an array, all in
/// the order of the fields.
macro_rules! named_values {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident { $($(#[$doc:meta])* $field:ident,)* }) => {
        $(#[$attribute])*
        $visibility struct $name {
            $($(#[$doc])* pub $field: f64,)*
        }

        impl $name {
            /// The number of fields.
            pub const COUNT: usize = [$(stringify!($field)),*].len();

            /// The names of the fields.
            pub const NAMES: [&'static str; Self::COUNT] = [$(stringify!($field)),*];

            /// The values of the fields.
            pub const fn values(&self) -> [f64; Self::COUNT] {
                [$(self.$field),*]
            }
        }

        impl From<[f64; $name::COUNT]> for $name {
            fn from([$($field),*]: [f64; $name::COUNT]) -> Self {
                Self { $($field),* }
            }
        }
    };
}
pub(super) use named_values;
