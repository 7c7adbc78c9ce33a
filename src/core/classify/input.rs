//! Reads rules, settings and labelled texts from JSON.

use serde_json::Value;

use super::evaluation::LabelledText;
use super::{RuleSet, Settings};
use crate::limits;
use crate::validate::shape::{Declared, Pattern, Read, Shape, Unique};
use crate::validate::{Input, Validator};

/// The label of a rule.
pub const LABEL: Shape = Shape::Text { length: 1..=limits::MAX_LABEL_CHARS, pattern: Some(&PRINTABLE) };

/// The description of a rule.
pub const DESCRIPTION: Shape = Shape::text(limits::MIN_DESCRIPTION_CHARS..=limits::MAX_DESCRIPTION_CHARS);

/// The rules of a rule set.
pub const RULES: Shape = Shape::Own { documented: &RULE_LIST, format: "", check: check_rules };

/// Labelled texts.
pub const CASES: Shape = Shape::list(1..=limits::MAX_CASES, &LabelledText::SHAPE);

const RULE_LIST: Shape = Shape::List {
    length: 1..=limits::MAX_RULES,
    item: &super::Rule::SHAPE,
    unique: Some(Unique { member: "label", message: "another rule has this label" }),
};

/// Not blank, and without control characters.
pub const PRINTABLE: Pattern = Pattern {
    regex: r"^[^\p{Cc}]*\S[^\p{Cc}]*$",
    fits: |text| !text.trim().is_empty() && !text.chars().any(char::is_control),
};

fn check_rules(check: &mut Validator, field: &Input<'_>) {
    check.check_shape(field, &RULE_LIST);
    let rules = field.read::<Vec<super::Rule>>().unwrap_or_default();
    if rules.iter().flat_map(|rule| &rule.examples).map(String::len).sum::<usize>() > limits::MAX_EXAMPLES_BYTES {
        check.reject_value(field, &format!("the examples are more than {} bytes", limits::MAX_EXAMPLES_BYTES));
    }
}

impl Read for RuleSet {
    fn read(value: Option<&Value>) -> Option<Self> {
        value.map(|value| Read::read(Some(value)))?.map(|rules| Self { rules })
    }
}

/// Reads rules. Every rule is checked, so that all errors are reported.
pub fn parse_rules(check: &mut Validator, field: &Input<'_>) -> Option<RuleSet> {
    check.check_shape(field, &RULES);
    field.read()
}

/// Reads settings; None if absent.
pub fn parse_settings(check: &mut Validator, field: &Input<'_>) -> Option<Settings> {
    check.check_shape(field, &Settings::SHAPE);
    field.read::<Option<Settings>>().flatten()
}

/// Reads labelled texts.
pub fn parse_cases(check: &mut Validator, field: &Input<'_>) -> Option<Vec<LabelledText>> {
    check.require(field);
    check.check_shape(field, &CASES);
    field.read()
}
