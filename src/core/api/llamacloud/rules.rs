//! The classify configuration (rules, mode and which pages are read), to and from the wire.

use serde::Serialize;

use super::ids::ID_CHARS;
use crate::{
    classify::{
        self, RuleSet, Settings,
        input::{DESCRIPTION, LABEL},
    },
    document::{PageSelection, ReadOptions},
    job::{Classification, Echo},
    limits,
    validate::{
        declare::declare,
        shape::{Declared, LANGUAGE, OPEN, Shape, Unique},
    },
};

/// The mode of a request that names none.
const DEFAULT_MODE: &str = "FAST";

/// The modes of the dialect. One engine serves both.
const MODES: [&str; 2] = [DEFAULT_MODE, "MULTIMODAL"];

/// The language that answers show for a request that says what to read, but not in which language.
const DEFAULT_LANGUAGE: &str = "en";

declare! {
    /// What to classify by.
    #[derive(Debug)]
    pub(super) struct Configuration(OPEN) {
        /// `FAST` or `MULTIMODAL`, in upper or lower case. Both run in the same way.
        mode: Option<String> = optional(MODE),
        /// What is read of the document.
        parsing_configuration: Option<Parsing> = optional,
        /// The rules.
        rules: Vec<Rule> = required(RULES),
    }
}

declare! {
    /// What is read of a document.
    #[derive(Debug)]
    pub(super) struct Parsing(OPEN) {
        /// The language of the document; detected if absent.
        lang: Option<String> = optional(LANGUAGE),
        /// How many pages are read at most, counted from the first selected one.
        max_pages: Option<u32> = optional(Shape::integer(1..=u32::MAX)),
        /// Which pages are read, such as `1,3-4`; all if absent or blank.
        target_pages: Option<String> = optional(PAGES),
    }
}

declare! {
    /// A rule.
    #[derive(Debug)]
    pub(super) struct Rule(OPEN) {
        /// The type that documents get. Unique in its configuration.
        kind as "type": String = required(LABEL),
        /// What documents of this type are like, in plain language.
        description: String = required(DESCRIPTION),
    }
}

const RULES: Shape = Shape::List {
    length: 1..=limits::MAX_RULES,
    item: &Rule::SHAPE,
    unique: Some(Unique { member: "type", message: "rule types must be unique within a configuration" }),
};

const MODE: Shape = Shape::Own {
    documented: &Shape::text(0..=ID_CHARS),
    format: "",
    check: |check, field| {
        let is_known = |mode: &str| MODES.iter().any(|known| known.eq_ignore_ascii_case(mode));
        if check.text(field, 0..=ID_CHARS).is_some_and(|mode| !is_known(mode)) {
            check.reject_enum(field, MODES.into_iter());
        }
    },
};

/// The longest page selection, in characters: every second page of the longest document fits.
pub(super) const PAGES_CHARS: usize = 5_000;

pub(super) const PAGES: Shape = Shape::Own {
    documented: &Shape::text(0..=PAGES_CHARS),
    format: "",
    check: |check, field| {
        if let Some(text) = check.text(field, 0..=PAGES_CHARS)
            && !text.trim().is_empty()
            && let Err(error) = PageSelection::parse(text)
        {
            check.reject_value(field, error.message());
        }
    },
};

impl From<Configuration> for Classification {
    fn from(configuration: Configuration) -> Self {
        let mode = configuration.mode.map(|mode| mode.to_ascii_uppercase()).filter(|mode| mode != DEFAULT_MODE);
        let echo = Echo { mode, read: configuration.parsing_configuration.is_some() };
        let (lang, max_pages, pages) = match configuration.parsing_configuration {
            Some(Parsing { lang, max_pages, target_pages }) => (lang, max_pages, target_pages),
            None => (None, None, None),
        };
        let rules = configuration.rules.into_iter().map(|rule| classify::Rule::new(rule.kind, rule.description));
        Self {
            classifier: None,
            rules: RuleSet { rules: rules.collect() },
            settings: Settings { language: lang, ..Settings::default() },
            read_options: ReadOptions { pages: pages.filter(|pages| !pages.trim().is_empty()), max_pages },
            echo,
        }
    }
}

/// A configuration in a response.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "JobConfiguration"))]
pub(super) struct ConfigurationResponse<'a> {
    /// The rules.
    rules: Vec<WireRule<'a>>,
    /// The mode that was asked for: `FAST` or `MULTIMODAL`. Both run in the same way.
    mode: &'a str,
    /// What is read of the document, with defaults for what was not said; null if nothing was.
    parsing_configuration: Option<WireParsing<'a>>,
}

/// A rule.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "JobRule"))]
struct WireRule<'a> {
    /// The type that documents get.
    r#type: &'a str,
    /// What documents of this type are like.
    description: &'a str,
}

/// What is read of a document.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(rename = "JobParsing"))]
struct WireParsing<'a> {
    /// The language of the document. If none was said, this is `en`, and the language is detected.
    lang: &'a str,
    /// How many pages are read at most; null for all.
    max_pages: Option<u32>,
    /// Which pages are read; null for all.
    target_pages: Option<&'a str>,
}

impl<'a> From<&'a Classification> for ConfigurationResponse<'a> {
    fn from(classification: &'a Classification) -> Self {
        let rules = classification.rules.rules.iter();
        let Classification { settings, read_options, echo, .. } = classification;
        let language = settings.language.as_deref();
        // Jobs of 0.1.0 do not say whether the request did.
        let has_parsing = echo.read || language.is_some() || *read_options != ReadOptions::default();
        let parsing = WireParsing {
            lang: language.unwrap_or(DEFAULT_LANGUAGE),
            max_pages: read_options.max_pages,
            target_pages: read_options.pages.as_deref(),
        };
        Self {
            rules: rules.map(|rule| WireRule { r#type: &rule.label, description: &rule.description }).collect(),
            mode: echo.mode.as_deref().unwrap_or(DEFAULT_MODE),
            parsing_configuration: has_parsing.then_some(parsing),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::api::checked::Checked;

    fn refused(value: &Value) -> Vec<String> {
        let Err(error) = Checked::<Configuration>::new("body", value.clone()).finish() else { return Vec::new() };
        let violations = error.violations().iter();
        violations.map(|v| format!("{} {}", serde_json::to_string(&v.pointer).unwrap(), v.reason)).collect()
    }

    fn with_rule(rule: &Value) -> Vec<String> {
        refused(&json!({ "rules": [rule] }))
    }

    #[test]
    fn accepts_what_clients_send() {
        let value = json!({
            "rules": [{ "type": "Rechnung für-2_b", "description": "contains a number" }],
            "mode": "multimodal",
            "parsing_configuration": { "lang": "ch_sim", "max_pages": 10, "target_pages": "1, 3,5-7" },
            "unknown": 1,
        });
        let classification = Checked::<Configuration>::new("body", value).finish().unwrap().into();
        assert_eq!(
            serde_json::to_value(ConfigurationResponse::from(&classification)).unwrap(),
            json!({
                "rules": [{ "type": "Rechnung für-2_b", "description": "contains a number" }],
                "mode": "MULTIMODAL",
                "parsing_configuration": { "lang": "ch_sim", "max_pages": 10, "target_pages": "1, 3,5-7" },
            })
        );
    }

    #[test]
    fn reports_every_error() {
        let long = "x".repeat(2001);
        assert_eq!(
            refused(&json!({
                "mode": "SLOW",
                "parsing_configuration": { "lang": "english", "max_pages": 0, "target_pages": "0" },
                "rules": [
                    { "type": "a", "description": "too short" },
                    { "type": "b\n", "description": long },
                    { "type": "c", "description": "long enough" },
                    { "type": "c", "description": "long enough" },
                    7,
                ],
            })),
            [
                r#"["body","mode"] literal_error"#,
                r#"["body","parsing_configuration","lang"] string_pattern_mismatch"#,
                r#"["body","parsing_configuration","max_pages"] greater_than_equal"#,
                r#"["body","parsing_configuration","target_pages"] value_error"#,
                r#"["body","rules",0,"description"] string_too_short"#,
                r#"["body","rules",1,"type"] string_pattern_mismatch"#,
                r#"["body","rules",1,"description"] string_too_long"#,
                r#"["body","rules",3,"type"] value_error"#,
                r#"["body","rules",4] model_attributes_type"#,
            ]
        );
        assert_eq!(refused(&json!({})), [r#"["body","rules"] missing"#]);
        assert_eq!(refused(&json!({ "rules": [] })), [r#"["body","rules"] too_short"#]);
        assert_eq!(refused(&json!({ "rules": vec![0; 201] })), [r#"["body","rules"] too_long"#]);
        assert_eq!(refused(&json!({ "rules": "x" })), [r#"["body","rules"] list_type"#]);
    }

    #[test]
    fn bounds_are_inclusive() {
        assert!(with_rule(&json!({ "type": "x".repeat(50), "description": "ä".repeat(10) })).is_empty());
        assert!(
            with_rule(&json!({ "type": "Invoice / receipt (R&D) no. 1", "description": "long enough" })).is_empty()
        );
        assert!(with_rule(&json!({ "type": "ß", "description": "ä".repeat(2000) })).is_empty());
        for label in ["", " ", "a\tb", &"x".repeat(51)] {
            assert_eq!(with_rule(&json!({ "type": label, "description": "long enough" })).len(), 1, "{label:?}");
        }
    }
}
