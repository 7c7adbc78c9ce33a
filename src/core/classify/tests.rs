//! The classifier as a whole: documents in files, invariants on arbitrary input, and hostile texts.

use std::fs;

use proptest::prelude::*;

use super::*;
use crate::document::{Format, Page, Passage, Role};

fn rule(label: &str, description: &str) -> Rule {
    Rule::new(label, description)
}

fn business() -> RuleSet {
    RuleSet {
        rules: vec![
            rule("invoice", "contains invoice number, line items, and total amount"),
            rule("receipt", "contains a merchant name, purchased items, and payment method"),
            rule("contract", "legal agreement between parties with terms and signatures"),
        ],
    }
}

const INVOICE: &str = "INVOICE\n\nInvoice number: 12\n\nLine items: chair, 2 x 40.00\nTotal amount: 80.00\n";

/// A case is a file: `expect: LABEL` or `expect: none`, perhaps `confidence: MINIMUM`, `rule: LABEL: DESCRIPTION` lines,
/// a line of `---`, and the document.
#[test]
fn cases() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/classify/cases");
    let mut failures = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let case = fs::read_to_string(&path).unwrap();
        let (header, text) = case.split_once("\n---\n").unwrap();
        let mut rules = RuleSet::default();
        let (mut expected, mut least) = (None, 0.0);
        for line in header.lines() {
            match line.split_once(": ").unwrap() {
                ("expect", "none") => expected = None,
                ("expect", label) => expected = Some(label.to_owned()),
                ("confidence", minimum) => least = minimum.parse().unwrap(),
                ("rule", written) => {
                    let (label, description) = written.split_once(": ").unwrap();
                    rules.rules.push(rule(label, description));
                }
                (other, _) => panic!("{path:?}: {other}"),
            }
        }
        let document = Document::plain(text);
        let decision = classify(&document, &rules, &Settings::default());
        check(&document, &rules, &decision).unwrap();
        if decision.label != expected || decision.confidence < least {
            failures.push(format!(
                "{:?}: {:?} at {}, expected {expected:?} at {least}\n    {}\n",
                path.file_stem().unwrap(),
                decision.label,
                decision.confidence,
                decision.reasoning
            ));
        }
        count += 1;
    }
    assert!(count >= 20);
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.concat());
}

/// What every decision keeps to, whatever the input.
fn check(document: &Document, rules: &RuleSet, decision: &Decision) -> Result<(), TestCaseError> {
    prop_assert!((0.0..=1.0).contains(&decision.confidence));
    prop_assert_eq!(decision.scores.len(), rules.rules.len());
    prop_assert!(decision.scores.windows(2).all(|pair| pair[0].score >= pair[1].score));
    prop_assert!(decision.scores.iter().all(|score| score.score.is_finite() && score.score >= 0.0));
    if let Some(label) = &decision.label {
        prop_assert_eq!(Some(label), decision.scores.first().map(|score| &score.label));
        prop_assert!(!decision.evidence.is_empty() || document.title.is_some());
    }
    prop_assert!(!decision.reasoning.is_empty());
    prop_assert!(decision.evidence.len() <= 24);
    prop_assert!(decision.evidence.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
    prop_assert!(decision.evidence.iter().map(|piece| piece.weight).sum::<f64>() <= 1.0 + 1e-4);
    for piece in &decision.evidence {
        let page = document.pages.iter().find(|page| page.number == piece.page).unwrap();
        prop_assert_eq!(page.text.get(piece.span.start..piece.span.end), Some(piece.text.as_str()));
        prop_assert!(!piece.text.is_empty());
    }
    Ok(())
}

fn words() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("invoice".to_owned()),
        Just("Total".to_owned()),
        Just("amount".to_owned()),
        Just("contract".to_owned()),
        Just("Rechnung".to_owned()),
        Just("請求書".to_owned()),
        Just("\n\n".to_owned()),
        Just("e\u{301}te\u{200B}".to_owned()),
        "\\PC{0,8}",
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn keeps_its_promises_on_anything(
        text in words(),
        more in any::<String>(),
        title in prop::option::of(words()),
        rules in prop::collection::vec((words(), words()), 0..6),
        language in prop::option::of("[a-z]{2}"),
        bias in prop_oneof![any::<f64>(), -3.0..3.0],
    ) {
        let rules = RuleSet { rules: rules.iter().map(|(label, description)| rule(label, description)).collect() };
        let pages = vec![Page::plain(3, &text), Page::plain(4, &more)];
        let document = Document { format: Format::Plain, title, pages, page_count: 4 };
        let settings = Settings { language, no_match_bias: bias, ..Settings::default() };
        let decision = classify(&document, &rules, &settings);
        check(&document, &rules, &decision)?;
        prop_assert_eq!(&decision, &Classifier::new(&rules, &settings).decide(&document));
    }

    #[test]
    fn survives_spans_that_are_not_of_the_page(start in 0..40_usize, end in 0..40_usize, text in any::<String>()) {
        let mut page = Page::plain(1, &text);
        page.passages.push(Passage { span: Span { start, end }, role: Role::Heading });
        let document = Document { format: Format::Pdf, title: None, pages: vec![page], page_count: 1 };
        check(&document, &business(), &classify(&document, &business(), &Settings::default()))?;
    }
}

#[test]
fn hostile_texts_get_a_sane_answer() {
    let stuffed = "invoice ".repeat(1_250_000);
    let texts = [
        String::new(),
        "x".into(),
        "x".repeat(10_000_000),
        "0123456789 ".repeat(100_000),
        "🎉🎊".repeat(10_000),
        "\u{200B}\u{FEFF}\u{202E}".repeat(1000),
        "счёт 請求書 فاتورة facture".repeat(100),
        "\u{301}".repeat(10_000),
        "請求書".repeat(100_000),
    ];
    for text in &texts {
        let document = Document::plain(text);
        let decision = classify(&document, &business(), &Settings::default());
        check(&document, &business(), &decision).unwrap();
        assert_eq!(decision.label, None, "{}", text.chars().take(20).collect::<String>());
    }
    let document = Document::plain(&stuffed);
    let decision = classify(&document, &business(), &Settings::default());
    check(&document, &business(), &decision).unwrap();
}

#[test]
fn without_rules_nothing_matches() {
    let decision = classify(&Document::plain(INVOICE), &RuleSet::default(), &Settings::default());
    assert_eq!((decision.label, decision.scores.len(), decision.evidence.len()), (None, 0, 0));
    assert!((decision.confidence - 1.0).abs() < f64::EPSILON);
}

#[test]
fn identical_rules_tie_in_their_order() {
    let text = "contains invoice number, line items, and total amount";
    let rules = RuleSet { rules: vec![rule("B", text), rule("A", text), rule("other", "poems about the sea")] };
    let decision = classify(&Document::plain(INVOICE), &rules, &Settings::default());
    let labels: Vec<_> = decision.scores.iter().map(|score| score.label.as_str()).collect();
    assert_eq!(labels, ["B", "A", "other"]);
    assert!(decision.scores[0].score.total_cmp(&decision.scores[1].score).is_eq());
}

#[test]
fn what_a_rule_excludes_does_not_speak_for_it() {
    let rules = |exclusion: &str| RuleSet {
        rules: vec![
            rule("letter", &format!("general correspondence{exclusion}")),
            rule("bill", "contains invoice number and total amount"),
        ],
    };
    for exclusion in [", not an invoice", " that is not an invoice", ", excluding invoices"] {
        let decision = classify(&Document::plain(INVOICE), &rules(exclusion), &Settings::default());
        assert_eq!(decision.label.as_deref(), Some("bill"));
        assert!(decision.scores[1].score <= 0.0);
    }
}

#[test]
fn the_bias_moves_the_answer_to_none_and_back() {
    let with = |no_match_bias| {
        classify(&Document::plain(INVOICE), &business(), &Settings { no_match_bias, ..Settings::default() })
    };
    assert_eq!(with(0.0).label.as_deref(), Some("invoice"));
    assert_eq!(with(20.0).label, None);
    assert!(with(20.0).confidence > 0.9);
    assert!(with(-2.0).confidence > with(0.0).confidence);
}

#[test]
fn the_reasoning_says_only_what_is_there() {
    let text = "Größe\n\nINVOICE\n\nInvoice number: 12\nTotal amount: 80.00 EUR\n";
    let decision = classify(&Document::plain(text), &business(), &Settings::default());
    assert_eq!(decision.label.as_deref(), Some("invoice"));
    // The second page character is one scalar of two bytes: offsets count scalars.
    assert!(decision.reasoning.contains("\"INVOICE\" (page 1, characters 7-14)"), "{}", decision.reasoning);
    assert!(decision.reasoning.contains("Ahead of \"receipt\""), "{}", decision.reasoning);
    let none = classify(
        &Document::plain(
            "The gulls beat against a wind that walks alone; in total silence the tide hums of salt and stone, the moon has hung her lantern high and walks along the harbour wall, and every star above the sea whispers of home, of dunes and rain, of feet on silver sand, of lamps in windows, bread and flame, the kettle's breath, a mother's name, and snow that falls on orchard boughs where barefoot children drive the cows",
        ),
        &business(),
        &Settings::default(),
    );
    assert_eq!(none.label, None);
    assert!(
        none.reasoning.starts_with("No rule matches well enough. The nearest is \"invoice\""),
        "{}",
        none.reasoning
    );
    assert!(none.reasoning.contains("Not found: "), "{}", none.reasoning);
}

#[test]
fn a_title_counts_more_than_a_mention() {
    let of = |role| {
        let mut document =
            Document::plain("Invoice\n\nThe committee met in the usual room to hear the report of its chair.");
        document.pages[0].passages[0].role = role;
        classify(&document, &business(), &Settings::default()).scores[0].score
    };
    assert!(of(Role::Title) > of(Role::Signature));
}

#[test]
fn settings_read_what_older_ones_wrote() {
    let settings: Settings = serde_json::from_str(r#"{"language":"de"}"#).unwrap();
    assert_eq!(settings, Settings { language: Some("de".into()), ..Settings::default() });
}
