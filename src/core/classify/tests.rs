//! The classifier as a whole: documents in files, invariants on arbitrary input, and hostile texts.

use std::fs;

use proptest::prelude::*;

use super::attribution::Attribution;
use super::*;
use crate::budget::Budget;
use crate::document::Span;
use crate::document::{Format, Page, Passage, Role};
use crate::text::Pieces;

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

/// Each file is a case: `expect: LABEL` or `expect: none`, optionally `confidence: MINIMUM`, lines `rule: LABEL:
/// DESCRIPTION`, a line `---`, and the document.
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
        let (mut expected, mut min_confidence) = (None, 0.0);
        for line in header.lines() {
            match line.split_once(": ").unwrap() {
                ("expect", label) => expected = Some((label != "none").then(|| label.to_owned())),
                ("confidence", minimum) => min_confidence = minimum.parse().unwrap(),
                ("rule", written) => {
                    let (label, description) = written.split_once(": ").unwrap();
                    rules.rules.push(rule(label, description));
                }
                (other, _) => panic!("{path:?}: {other}"),
            }
        }
        let expected = expected.unwrap_or_else(|| panic!("{path:?}: no line says what to expect"));
        let document = Document::plain(text);
        let decision = classify(&document, &rules, &Settings::default(), &Budget::unlimited()).unwrap();
        check(&document, &rules, &decision).unwrap();
        if decision.label != expected || decision.confidence < min_confidence {
            failures.push(format!(
                "{:?}: {:?} at {}, expected {expected:?} at {min_confidence}\n    {}\n",
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

/// The invariants of every decision, whatever the input.
fn check(document: &Document, rules: &RuleSet, decision: &Decision) -> Result<(), TestCaseError> {
    prop_assert!((0.0..=1.0).contains(&decision.confidence));
    prop_assert_eq!(decision.scores.len(), rules.rules.len());
    prop_assert!(decision.scores.windows(2).all(|pair| pair[0].score >= pair[1].score));
    prop_assert!(decision.scores.iter().all(|score| score.score.is_finite()));
    if let Some(label) = &decision.label {
        prop_assert_eq!(Some(label), decision.scores.first().map(|score| &score.label));
        prop_assert!(!decision.evidence.is_empty() || document.title.is_some());
    }
    prop_assert!(!decision.reasoning.is_empty());
    prop_assert!(decision.evidence.len() <= 24);
    prop_assert!(decision.evidence.windows(2).all(|pair| pair[0].weight >= pair[1].weight));
    if let Some(best) = decision.scores.first() {
        let shown: f64 = decision.evidence.iter().map(|piece| piece.weight).sum();
        prop_assert!((decision.constant + shown + decision.rest - best.score).abs() < 1e-5);
        let margin = decision.scores.get(1).map(|second| best.score - second.score);
        prop_assert_eq!(
            decision.runner_up.as_ref().map(|second| (second.margin - margin.unwrap()).abs() < 1e-5),
            margin.map(|_| true)
        );
    }
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
    fn invariants_hold_on_arbitrary_input(
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
        let decision = classify(&document, &rules, &settings, &Budget::unlimited()).unwrap();
        check(&document, &rules, &decision)?;
        prop_assert_eq!(&decision, &Classifier::new(&rules, &settings, &Budget::unlimited()).unwrap().decide(&document, &Budget::unlimited()).unwrap());
    }

    #[test]
    fn survives_spans_outside_of_the_page(start in 0..40_usize, end in 0..40_usize, text in any::<String>()) {
        let mut page = Page::plain(1, &text);
        page.passages.push(Passage { span: Span { start, end }, role: Role::Heading });
        let document = Document { format: Format::Pdf, title: None, pages: vec![page], page_count: 1 };
        check(&document, &business(), &classify(&document, &business(), &Settings::default(), &Budget::unlimited()).unwrap())?;
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
        let decision = classify(&document, &business(), &Settings::default(), &Budget::unlimited()).unwrap();
        check(&document, &business(), &decision).unwrap();
        assert_eq!(decision.label, None, "{}", text.chars().take(20).collect::<String>());
    }
    let document = Document::plain(&stuffed);
    let decision = classify(&document, &business(), &Settings::default(), &Budget::unlimited()).unwrap();
    check(&document, &business(), &decision).unwrap();
}

#[test]
fn without_rules_nothing_matches() {
    let decision =
        classify(&Document::plain(INVOICE), &RuleSet::default(), &Settings::default(), &Budget::unlimited()).unwrap();
    assert_eq!((decision.label, decision.scores.len(), decision.evidence.len()), (None, 0, 0));
    assert!((decision.confidence - 1.0).abs() < f64::EPSILON);
}

#[test]
fn identical_rules_tie_in_their_order() {
    let text = "contains invoice number, line items, and total amount";
    let rules = RuleSet { rules: vec![rule("B", text), rule("A", text), rule("other", "poems about the sea")] };
    let decision = classify(&Document::plain(INVOICE), &rules, &Settings::default(), &Budget::unlimited()).unwrap();
    let labels: Vec<_> = decision.scores.iter().map(|score| score.label.as_str()).collect();
    assert_eq!(labels, ["B", "A", "other"]);
    assert!(decision.scores[0].score.total_cmp(&decision.scores[1].score).is_eq());
}

#[test]
fn excluded_words_do_not_count_for_the_rule() {
    let rules = |exclusion: &str| RuleSet {
        rules: vec![
            rule("letter", &format!("general correspondence{exclusion}")),
            rule("bill", "contains invoice number and total amount"),
        ],
    };
    let plain = classify(&Document::plain(INVOICE), &rules(""), &Settings::default(), &Budget::unlimited()).unwrap();
    for exclusion in [", not an invoice", ", excluding invoices", " (unlike an invoice)"] {
        let decision =
            classify(&Document::plain(INVOICE), &rules(exclusion), &Settings::default(), &Budget::unlimited()).unwrap();
        assert_eq!(decision.label.as_deref(), Some("bill"));
        assert_eq!(decision.scores, plain.scores);
    }
}

#[test]
fn the_bias_moves_the_answer_to_none_and_back() {
    let with = |no_match_bias| {
        classify(
            &Document::plain(INVOICE),
            &business(),
            &Settings { no_match_bias, ..Settings::default() },
            &Budget::unlimited(),
        )
        .unwrap()
    };
    assert_eq!(with(0.0).label.as_deref(), Some("invoice"));
    assert_eq!(with(20.0).label, None);
    assert!(with(20.0).confidence > 0.9);
    assert!(with(-2.0).confidence > with(0.0).confidence);
}

#[test]
fn the_reasoning_states_only_facts() {
    let text = "Größe\n\nINVOICE\n\nInvoice number: 12\nTotal amount: 80.00 EUR\n";
    let decision = classify(&Document::plain(text), &business(), &Settings::default(), &Budget::unlimited()).unwrap();
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
        &Budget::unlimited(),
    ).unwrap();
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
        classify(&document, &business(), &Settings::default(), &Budget::unlimited()).unwrap().scores[0].score
    };
    assert!(of(Role::Title) > of(Role::Signature));
}

#[test]
fn header_fields_of_a_mail_are_ignored() {
    let mail = |fields: &str| {
        let text =
            format!("{fields}Subject: New address\r\n\r\nI have moved. Please send all letters to 12 Mill Lane.\r\n");
        crate::document::read(text.as_bytes(), &crate::document::ReadOptions::default(), &Budget::unlimited()).unwrap()
    };
    let mut rules = business();
    rules.rules[2].examples = vec!["Kind regards, contracts@example.org".into()];
    let plain = mail("From: a@b.c\r\n");
    let other = mail(
        "From: Contract desk <contracts@example.org>\r\nTo: Invoice, Legal Agreement <invoice@example.org>\r\nDate: Tue, 24 Nov 2026 10:00:00 +0100\r\n",
    );
    assert!(other.pages[0].text.contains("To: Invoice"), "shown, and there for extraction");
    let [first, second] = [&plain, &other]
        .map(|document| classify(document, &rules, &Settings::default(), &Budget::unlimited()).unwrap());
    assert_eq!((&first.label, &first.scores, first.confidence), (&second.label, &second.scores, second.confidence));
    let header = other.pages[0].passages.iter().find(|passage| passage.role == Role::Header).unwrap().span;
    assert!(second.evidence.iter().all(|piece| piece.span.start >= header.end || piece.span.end <= header.start));
    let classifier = Classifier::new(&rules, &Settings::default(), &Budget::unlimited()).unwrap();
    assert_eq!(
        classifier.training_features(&plain, &Budget::unlimited()).unwrap(),
        classifier.training_features(&other, &Budget::unlimited()).unwrap()
    );
    assert_eq!(classifier.training_features(&plain, &Budget::unlimited()).unwrap().words, 9);
    // A header of another language, at the top of a mail that says nothing more.
    let mut bare = mail("From: a@b.c\r\nTo: die Abteilung der Rechnungen und der Verträge <rechnung@example.org>\r\n");
    bare.pages[0].passages.retain(|passage| passage.role == Role::Header);
    assert_eq!(bare.pages[0].passages.len(), 1);
    let decision = classify(&bare, &rules, &Settings::default(), &Budget::unlimited()).unwrap();
    assert_eq!((decision.label, decision.evidence.len()), (None, 0));
    assert_eq!(decision.reasoning, "The document has no words to match.");
}

#[test]
fn settings_of_older_versions_are_read() {
    let settings: Settings = serde_json::from_str(r#"{"language":"de"}"#).unwrap();
    assert_eq!(settings, Settings { language: Some("de".into()), ..Settings::default() });
}

fn business_with_examples() -> RuleSet {
    let mut rules = business();
    let texts = [
        [
            "Please remit 40.00 for the chair within thirty days.",
            "We bill you for two desks, payable by the first of May.",
            "For the repair of your roof we charge 700.00, due on receipt.",
            "Kindly transfer the sum below to our account within two weeks.",
        ],
        [
            "Thank you for shopping. Paid in cash, change 2.00.",
            "Card payment accepted, come again soon.",
            "Coffee 3.20, cake 4.10, paid by card at till four.",
            "Your purchase today: milk, bread, butter. Cash 20.00.",
        ],
        [
            "The tenant shall keep the flat in good repair.",
            "Either party may end this lease in writing.",
            "The landlord hands over the rooms on the first of June.",
            "This tenancy is governed by the law of the land.",
        ],
    ];
    for (rule, texts) in rules.rules.iter_mut().zip(texts) {
        rule.examples = texts.map(str::to_owned).into();
    }
    rules
}

/// The rules after the first correction: one example in one of them.
fn corrected(label: &str, text: &str) -> RuleSet {
    let mut rules = business();
    let rule = rules.rules.iter_mut().find(|rule| rule.label == label).unwrap();
    rule.examples.push(text.to_owned());
    rules
}

proptest! {
    /// The parts of all places and the constant sum to the score of every rule, whatever the evidence.
    #[test]
    fn places_sum_to_the_score(text in words(), more in words(), language in prop::option::of("(en|de)"), learned in 0..3) {
        let rules = match learned {
            0 => business(),
            1 => corrected("receipt", &text),
            _ => business_with_examples(),
        };
        let mut second = Page::plain(4, &more);
        second.passages.iter_mut().for_each(|passage| passage.role = Role::Quote);
        let document = Document { format: Format::Plain, title: None, pages: vec![Page::plain(3, &text), second], page_count: 4 };
        let classifier = Classifier::new(&rules, &Settings { language, ..Settings::default() }, &Budget::unlimited()).unwrap();
        let analysis = classifier.analyze(&document, None, &Budget::unlimited()).unwrap();
        for (at, score) in classifier.scores(&analysis).into_iter().enumerate() {
            let attribution = Attribution::new(&classifier, &analysis, at);
            let constant = attribution.constant;
            let parts: f64 = attribution.by_location().iter().map(|(.., part)| part).sum();
            prop_assert!((constant + parts - score).abs() < 1e-5, "{constant} + {parts} is not {score}");
        }
    }
}

#[test]
fn meaning_is_separate_evidence() {
    let rules = RuleSet {
        rules: vec![
            rule("complaint", "The customer is unhappy with the goods"),
            rule("praise", "The customer is delighted and says thank you"),
            rule("job", "Somebody applies for a vacancy"),
        ],
    };
    let text = "The chair arrived broken and wobbles. I am very disappointed and annoyed: this is poor workmanship, and \
                nobody at your shop answers my mails.";
    let decision = classify(&Document::plain(text), &rules, &Settings::default(), &Budget::unlimited()).unwrap();
    assert_eq!(decision.label.as_deref(), Some("complaint"), "{}", decision.reasoning);
    let meant: Vec<_> =
        decision.evidence.iter().filter(|piece| piece.kind == EvidenceKind::Meaning && piece.weight > 0.0).collect();
    assert!(meant.iter().any(|piece| piece.text == "disappointed"), "{:?}", decision.evidence);
    assert!(decision.reasoning.contains("Words of like meaning: "), "{}", decision.reasoning);
    assert!(decision.rest.abs() < 1e-4, "{}", decision.rest);
    let change = decision.change.unwrap();
    assert_eq!(Some(change.label), decision.runner_up.map(|second| second.label));
    assert!(!change.missing.is_empty());
}

#[test]
fn an_answer_of_none_names_no_evidence_that_hardly_counts() {
    let rules = RuleSet { rules: vec![rule("invoice", "An invoice that asks for payment of an amount")] };
    let reasoning = |text: &str| {
        let decision = classify(&Document::plain(text), &rules, &Settings::default(), &Budget::unlimited()).unwrap();
        assert_eq!(decision.label, None, "{}", decision.reasoning);
        decision.reasoning
    };
    let nonsense = reasoning("The cat sat on a mat and looked at the moon. The stars shone above the village.");
    assert!(!nonsense.contains("meaning") && !nonsense.contains("passage"), "{nonsense}");
    assert!(nonsense.contains("Not found: \"invoice\""), "{nonsense}");
}

#[test]
fn examples_sharpen_rules_and_do_not_replace_them() {
    let text = Document::plain("The landlord may end this lease when the flat is not kept in repair.");
    let without_examples = classify(&text, &business(), &Settings::default(), &Budget::unlimited()).unwrap();
    let decision = classify(&text, &business_with_examples(), &Settings::default(), &Budget::unlimited()).unwrap();
    assert_eq!(decision.label.as_deref(), Some("contract"), "{}", decision.reasoning);
    assert!(
        decision.confidence > without_examples.confidence,
        "{} {}",
        decision.confidence,
        without_examples.confidence
    );
    assert!(decision.evidence.iter().any(|piece| piece.kind == EvidenceKind::Example && piece.text == "lease"));
    let by_its_words =
        classify(&Document::plain(INVOICE), &business_with_examples(), &Settings::default(), &Budget::unlimited())
            .unwrap();
    assert_eq!(by_its_words.label.as_deref(), Some("invoice"));
    // One rule with examples and others without: the others keep the weights of their words.
    let mut partial = business();
    partial.rules[2].examples = business_with_examples().rules[2].examples.clone();
    assert_eq!(
        classify(&Document::plain(INVOICE), &partial, &Settings::default(), &Budget::unlimited())
            .unwrap()
            .label
            .as_deref(),
        Some("invoice")
    );
}

/// A mail that no rule matches without examples, in English and in German.
const COMPLAINTS: [&str; 2] = [
    "Dear team, my new dishwasher leaks again and your technician never showed up on Tuesday. I want my money back.",
    "Guten Tag, meine neue Spülmaschine ist schon wieder undicht, und Ihr Techniker kam am Dienstag nicht. Ich will mein Geld zurück.",
];

fn with_complaints() -> RuleSet {
    let mut rules = business();
    rules.rules.push(rule("complaint", "a customer is dissatisfied"));
    rules
}

/// The serialized answer.
fn answer(rules: &RuleSet, text: &str) -> String {
    serde_json::to_string(&classify(&Document::plain(text), rules, &Settings::default(), &Budget::unlimited()).unwrap())
        .unwrap()
}

#[test]
fn one_example_changes_nothing_for_documents_unlike_it() {
    let others = [
        INVOICE,
        "RECEIPT\n\nCorner shop\nmilk 1.20\nbread 2.40\nPayment method: card",
        "This agreement between the parties sets out the terms. Signatures below.",
        "The gulls beat against a wind that walks alone.",
        "Rechnung\n\nRechnungsnummer 12, Gesamtbetrag 80,00 EUR, bitte überweisen Sie den Betrag.",
        "Die Katze schläft auf dem Dach und träumt vom Meer.",
        "",
    ];
    let without_examples = with_complaints();
    for text in COMPLAINTS {
        for (rule, times) in [(3, 1), (3, 3), (0, 1)] {
            let mut with_example = without_examples.clone();
            with_example.rules[rule].examples = vec![text.to_owned(); times];
            for other in others {
                assert_eq!(answer(&with_example, other), answer(&without_examples, other), "{other}");
            }
        }
    }
    // Enough examples for centroids in every rule but one.
    let mut nearly = with_complaints();
    for (rule, learned) in nearly.rules.iter_mut().zip(business_with_examples().rules) {
        rule.examples = learned.examples;
    }
    assert_eq!(answer(&nearly, others[3]), answer(&without_examples, others[3]));
}

#[test]
fn a_corrected_document_and_similar_ones_get_the_label() {
    let alike = [
        "Dear team, my new dishwasher leaks again and your technician never showed up on Thursday. I want my money back now!",
        "Guten Tag, meine neue Spülmaschine ist schon wieder undicht, und Ihr Techniker kam am Donnerstag nicht. Ich möchte mein Geld zurück.",
    ];
    for (text, like) in COMPLAINTS.into_iter().zip(alike) {
        let decide = |rules: &RuleSet, text| {
            classify(&Document::plain(text), rules, &Settings::default(), &Budget::unlimited()).unwrap()
        };
        assert_eq!(decide(&with_complaints(), text).label, None);
        let mut with_example = with_complaints();
        with_example.rules[3].examples.push(text.to_owned());
        for text in [text, like] {
            let decision = decide(&with_example, text);
            assert_eq!(decision.label.as_deref(), Some("complaint"), "{}", decision.reasoning);
            assert!(decision.confidence > 0.9, "{} {}", decision.confidence, decision.reasoning);
            assert!(
                decision.evidence.iter().any(|piece| piece.kind == EvidenceKind::Example),
                "{:?}",
                decision.evidence
            );
            check(&Document::plain(text), &with_example, &decision).unwrap();
        }
        // A correction wins even if the words count strongly for another rule.
        let corrected_back = decide(&corrected("contract", INVOICE), INVOICE);
        assert_eq!(corrected_back.label.as_deref(), Some("contract"), "{}", corrected_back.reasoning);
        // One text in two rules shows only that one of them fits.
        with_example.rules[1].examples.push(text.to_owned());
        let open = decide(&with_example, text);
        assert!(open.confidence < 0.9, "{} {}", open.confidence, open.reasoning);
    }
}

#[test]
fn the_embedding_table_is_used_for_its_own_language_only() {
    let rules = business();
    let evidence_mode = |language: &str, text: &str| {
        let settings = Settings { language: Some(language.into()), ..Settings::default() };
        Classifier::new(&rules, &settings, &Budget::unlimited())
            .unwrap()
            .analyze(&Document::plain(text), None, &Budget::unlimited())
            .unwrap()
            .evidence_mode
    };
    assert_eq!(evidence_mode("en", "Rechnung"), EvidenceMode::Semantic);
    assert_eq!(evidence_mode("de", "invoice"), EvidenceMode::Lexical);
}

/// A table in which all pieces of each group of words have the same vector.
fn table_of(groups: &[&str], languages: &'static [Language]) -> &'static EmbeddingTable {
    let of_group = |(index, words)| Pieces::new(words).map(move |piece| (piece.id, index));
    let pieces = groups.iter().copied().enumerate().flat_map(of_group).collect();
    let table = EmbeddingTable::from_bytes(Vec::leak(crate::text::tiny_table(&pieces)), languages).unwrap();
    Box::leak(Box::new(table))
}

#[test]
fn a_second_table_gives_words_of_another_language_a_meaning() {
    let rules = RuleSet {
        rules: vec![
            rule("Boot", "das Boot und die Segel auf dem Meer"),
            rule("Topf", "der Topf und die Pfanne auf dem Herd"),
        ],
    };
    let table = table_of(&["boot segel meer schiff", "topf pfanne herd kessel"], &[Language::German]);
    let settings = Settings { language: Some("de".into()), ..Settings::default() };
    let document = Document::plain("Schiff");
    let meanings = |classifier: Classifier| -> Vec<f64> {
        classifier
            .training_features(&document, &Budget::unlimited())
            .unwrap()
            .features
            .iter()
            .map(|features| features.meaning)
            .collect()
    };
    assert_eq!(meanings(Classifier::new(&rules, &settings, &Budget::unlimited()).unwrap()), [0.0, 0.0]);
    assert_eq!(meanings(Classifier::with_table(&rules, &settings, table, &Budget::unlimited()).unwrap()), [1.0, 0.0]);
    let decision = Classifier::with_table(&rules, &settings, table, &Budget::unlimited())
        .unwrap()
        .decide(&document, &Budget::unlimited())
        .unwrap();
    assert_eq!(decision.scores[0].label, "Boot");
    check(&document, &rules, &decision).unwrap();
}
