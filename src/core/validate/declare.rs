//! The macro [`declare!`].

#[cfg(doc)]
use super::shape::{CLOSED, OPEN, Object};

/// Declares a type of the input: its members, their documentation, whether they are required and their limits.
///
/// A member is `name: Type = kind(shape)`, or `name as "wireName": Type = kind(shape)`, with one of the kinds
/// `required`, `optional` (the type is then an `Option` or a `Vec`), `default` (with the value of an absent member
/// after the shape), `flattened` (the members of that type count as members of this one) and `partial` (the same, for
/// an `Option` that is None if all of them are absent). Without a shape, it is that of the type. In parentheses after
/// the name of the type stands what else holds for the object: [`CLOSED`] or [`OPEN`], or one of them with other fields
/// of [`Object`].
macro_rules! declare {
    (@doc $text:expr,) => { $text };
    (@doc $text:expr, [doc = $line:literal] $($rest:tt)*) => {
        $crate::validate::declare::declare!(@doc concat!($text, $line, "\n"), $($rest)*)
    };
    (@doc $text:expr, [$($other:tt)*] $($rest:tt)*) => {
        $crate::validate::declare::declare!(@doc $text, $($rest)*)
    };
    (@name flattened $($rest:tt)*) => { "" };
    (@name partial $($rest:tt)*) => { "" };
    (@name $kind:ident $member:ident) => { stringify!($member) };
    (@name $kind:ident $member:ident $wire:literal) => { $wire };
    (@required required) => { true };
    (@required flattened) => { true };
    (@required $kind:ident) => { false };
    (@default) => { None };
    (@default $default:expr) => { Some(|| serde_json::json!($default)) };
    (@shape $kind:ident $ty:ty, $shape:expr) => { $shape };
    (@shape $kind:ident $ty:ty) => { <$ty as $crate::validate::shape::Declared>::SHAPE };
    (@read flattened $value:ident $members:ident ($name:expr)) => {
        $crate::validate::shape::Read::read($value)?
    };
    (@read partial $value:ident $members:ident ($name:expr)) => {
        $crate::validate::shape::read_partial($value)?
    };
    (@read $kind:ident $value:ident $members:ident ($name:expr)) => {
        $crate::validate::shape::Read::read($crate::validate::shape::member($members, $name))?
    };
    (@read default $value:ident $members:ident ($name:expr) $default:expr) => {
        match $crate::validate::shape::member($members, $name) {
            None => $default,
            value => $crate::validate::shape::Read::read(value)?,
        }
    };
    (
        $(#[$($meta:tt)*])*
        $vis:vis struct $Name:ident ($base:expr) {
            $(
                $(#[$($member_meta:tt)*])*
                $member_vis:vis $member:ident $(as $wire:literal)? : $ty:ty
                    = $kind:ident $(($shape:expr $(, $default:expr)?))?
            ),* $(,)?
        }
    ) => {
        $(#[$($meta)*])*
        #[allow(dead_code, reason = "some members are checked and not used further")]
        $vis struct $Name {
            $(
                $(#[$($member_meta)*])*
                $member_vis $member: $ty,
            )*
        }

        impl $crate::validate::shape::Declared for $Name {
            const OBJECT: &'static $crate::validate::shape::Object = &$crate::validate::shape::Object {
                name: stringify!($Name),
                #[cfg(feature = "openapi")]
                doc: $crate::validate::declare::declare!(@doc "", $([$($meta)*])*),
                members: &[$(
                    $crate::validate::shape::Member {
                        name: $crate::validate::declare::declare!(@name $kind $member $($wire)?),
                        #[cfg(feature = "openapi")]
                        doc: $crate::validate::declare::declare!(@doc "", $([$($member_meta)*])*),
                        required: $crate::validate::declare::declare!(@required $kind),
                        #[cfg(feature = "openapi")]
                        default: $crate::validate::declare::declare!(@default $($($default)?)?),
                        shape: $crate::validate::declare::declare!(@shape $kind $ty $(, $shape)?),
                    },
                )*],
                ..$base
            };
        }

        impl $crate::validate::shape::Read for $Name {
            #[allow(unused_variables, reason = "all members may be flattened")]
            fn read(value: Option<&serde_json::Value>) -> Option<Self> {
                let members = match value {
                    Some(value) => Some(value.as_object()?),
                    None => None,
                };
                Some(Self {
                    $($member: $crate::validate::declare::declare!(
                        @read $kind value members
                        ($crate::validate::declare::declare!(@name $kind $member $($wire)?)) $($($default)?)?
                    ),)*
                })
            }
        }

        #[cfg(feature = "openapi")]
        impl schemars::JsonSchema for $Name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($Name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let object = <Self as $crate::validate::shape::Declared>::OBJECT;
                $crate::validate::json_schema::object(object, generator)
            }
        }
    };
}
pub(crate) use declare;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::validate::shape::{CLOSED, Declared, OPEN, Object, Read, Shape, Unique};
    use crate::validate::{Input, Validator};

    declare! {
        /// A token to create.
        #[derive(Debug, PartialEq)]
        struct NewToken(Object { read_only: &["id"], ..CLOSED }) {
            /// What the token is called.
            name: String = required(Shape::text(1..=9)),
            /// How many days it is valid.
            days: u32 = default(Shape::integer(1..=365), 30),
            lists: Lists = flattened,
        }
    }

    declare! {
        #[derive(Debug, PartialEq)]
        struct Lists(OPEN) {
            grants as "grantList": Vec<Grant> =
                optional(Shape::List { length: 0..=2, item: &Grant::SHAPE, unique: Some(UNIQUE_ACTION) }),
        }
    }

    declare! {
        #[derive(Debug, PartialEq)]
        struct Grant(OPEN) {
            action: String = required(Shape::Words(|| vec!["read", "write"])),
            path: Option<String> = optional(Shape::text(1..=9)),
        }
    }

    const UNIQUE_ACTION: Unique = Unique { member: "action", message: "there is another" };

    fn faults(value: &Value) -> Vec<String> {
        let mut check = Validator::default();
        check.check_root(&Input::root("body", Some(value)), NewToken::OBJECT);
        let faults = check.violations.listed().iter();
        faults.map(|fault| format!("{} {}", serde_json::to_string(&fault.pointer).unwrap(), fault.reason)).collect()
    }

    #[test]
    fn reads_what_has_no_faults() {
        let value = json!({ "name": "ci", "id": 7, "grantList": [{ "action": "read", "path": null, "x": 1 }] });
        assert_eq!(faults(&value), Vec::<String>::new());
        let lists = Lists { grants: vec![Grant { action: "read".to_owned(), path: None }] };
        assert_eq!(NewToken::read(Some(&value)), Some(NewToken { name: "ci".to_owned(), days: 30, lists }));
        let value = json!({ "name": "ci", "days": "7" });
        assert_eq!(faults(&value), Vec::<String>::new());
        assert_eq!(NewToken::read(Some(&value)).map(|token| token.days), Some(7));
        assert_eq!(NewToken::read(None), None, "the name is required");
    }

    #[test]
    fn reports_every_fault() {
        let grants = json!([{ "action": "read" }, { "action": "read", "path": "" }]);
        assert_eq!(
            faults(&json!({ "nam": "ci", "days": 0, "grantList": grants })),
            [
                r#"["body","nam"] extra_forbidden"#,
                r#"["body","name"] missing"#,
                r#"["body","days"] greater_than_equal"#,
                r#"["body","grantList",1,"path"] string_too_short"#,
                r#"["body","grantList",1,"action"] value_error"#,
            ]
        );
        let grants = json!([{ "action": "delete" }]);
        assert_eq!(
            faults(&json!({ "name": "ci", "grantList": grants })),
            [r#"["body","grantList",0,"action"] literal_error"#]
        );
        assert_eq!(faults(&Value::Null), [r#"["body"] missing"#]);
        assert_eq!(faults(&json!([])), [r#"["body"] model_attributes_type"#]);
    }
}
