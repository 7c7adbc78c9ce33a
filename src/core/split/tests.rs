//! Tests on files of documents in `cases`, and of single rules.

use super::*;
use crate::classify::{Rule, RuleSet, Settings};
use crate::document::{ReadOptions, read};

fn rules() -> RuleSet {
    let rules = vec![
        Rule::new("invoice", "An invoice with an invoice number, line items, taxes and a total amount due"),
        Rule::new("contract", "An agreement between parties with terms, obligations, governing law and signatures"),
        Rule::new("letter", "A personal letter from one person to another, with a salutation and a closing"),
    ];
    RuleSet { rules }
}

fn classifier(allow_no_match: bool) -> Classifier {
    let settings = Settings { allow_no_match, ..Settings::default() };
    Classifier::new(&rules(), &settings, &Budget::unlimited()).unwrap()
}

/// A document of pages of text. Each is read on its own, so that an empty one can be there.
fn document(pages: &[&str]) -> Document {
    let mut document = Document::plain("");
    document.pages = (1..)
        .zip(pages)
        .map(|(number, text)| match read(text.trim().as_bytes(), &ReadOptions::default(), &Budget::unlimited()) {
            Ok(read) => Page { number, ..read.pages.into_iter().next().unwrap() },
            Err(_) => Page::plain(number, ""),
        })
        .collect();
    document.page_count = u32::try_from(pages.len()).unwrap();
    document
}

/// The label and the pages of a segment.
type Labelled = (Option<String>, Vec<u32>);

/// The pages of a case, and its segments: their labels and pages.
fn case(text: &str) -> (Document, Vec<Labelled>) {
    let (mut pages, mut expected) = (Vec::new(), Vec::new());
    for part in text.split("=== ").skip(1) {
        let (label, text) = part.split_once('\n').unwrap();
        let first = pages.len();
        pages.extend(text.split("--- page\n"));
        let numbers = (first + 1..=pages.len()).map(|number| u32::try_from(number).unwrap());
        expected.push((Some(label.to_owned()), numbers.collect()));
    }
    (document(&pages), expected)
}

fn segments(document: &Document, options: SplitOptions) -> Vec<Segment> {
    let classifier = classifier(options.allow_uncategorized != Uncategorized::Forbid);
    split(document, &classifier, options, &Budget::request()).unwrap().segments
}

fn pages(segments: &[Segment]) -> Vec<Vec<u32>> {
    segments.iter().map(|segment| segment.pages.clone()).collect()
}

const CASES: [&str; 3] =
    [include_str!("cases/english.txt"), include_str!("cases/german.txt"), include_str!("cases/french.txt")];

#[test]
fn files_in_three_languages() {
    for text in CASES {
        let (document, expected) = case(text);
        let found = segments(&document, SplitOptions::default());
        let labelled: Vec<_> = found.iter().map(|segment| (segment.label.clone(), segment.pages.clone())).collect();
        assert_eq!(labelled, expected, "{found:#?}");
        assert!(found.iter().all(|segment| segment.confidence > 0.3 && segment.confidence <= 1.0), "{found:#?}");
    }
}

#[test]
fn a_boundary_has_its_evidence() {
    let (document, _) = case(CASES[0]);
    let found = segments(&document, SplitOptions::default());
    assert_eq!(found[0].boundary, []);
    let kinds = |segment: &Segment| segment.boundary.iter().map(|evidence| evidence.kind).collect::<Vec<_>>();
    let second_invoice = kinds(&found[1]);
    for expected in [Cue::FirstPageNumber, Cue::OtherNumber, Cue::AfterLastPage] {
        assert!(second_invoice.contains(&expected), "{second_invoice:?}");
    }
    assert!(kinds(&found[3]).contains(&Cue::AfterBlankPage), "{:?}", kinds(&found[3]));
    assert!(found.iter().all(|segment| segment.boundary.is_sorted_by(|a, b| a.weight >= b.weight)));
}

#[test]
fn a_segment_has_the_minimum_of_pages() {
    let (document, _) = case(CASES[0]);
    for min_pages_per_split in [2, 3, 5, 9] {
        let found = segments(&document, SplitOptions { min_pages_per_split, ..SplitOptions::default() });
        let least = min_pages_per_split.min(document.page_count) as usize;
        assert!(found.iter().all(|segment| segment.pages.len() >= least), "{found:#?}");
        let all: Vec<u32> = pages(&found).concat();
        assert_eq!(all, (1..=document.page_count).collect::<Vec<_>>());
    }
}

#[test]
fn pages_without_a_category() {
    const STORY: &str = "The seals were back on the sandbank this morning. Nobody had seen them since the storm in autumn, \
                         and the children ran down to the water to count them, until the tide came in.";
    let (mut document, _) = case(CASES[0]);
    document.pages.truncate(2);
    let mut story = Document::plain(STORY).pages;
    story[0].number = 3;
    document.pages.append(&mut story);
    document.page_count = 3;
    let labels = |allow_uncategorized| -> Vec<Labelled> {
        let found = segments(&document, SplitOptions { allow_uncategorized, min_pages_per_split: 1 });
        found.into_iter().map(|segment| (segment.label, segment.pages)).collect()
    };
    let invoice = (Some("invoice".to_owned()), vec![1, 2]);
    assert_eq!(labels(Uncategorized::Include), [invoice.clone(), (None, vec![3])]);
    assert_eq!(labels(Uncategorized::Omit), [invoice]);
    assert!(labels(Uncategorized::Forbid).iter().all(|(label, _)| label.is_some()));
}

#[test]
fn a_blank_page_belongs_to_the_segment_before() {
    let (document, _) = case(CASES[1]);
    let mut with_blank = document.clone();
    with_blank.pages.insert(2, Page::plain(0, " \n"));
    with_blank.pages.push(Page::plain(0, ""));
    for (page, number) in with_blank.pages.iter_mut().zip(1..) {
        page.number = number;
    }
    assert_eq!(pages(&segments(&document, SplitOptions::default())), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_eq!(pages(&segments(&with_blank, SplitOptions::default())), [vec![1, 2, 3], vec![4, 5], vec![6, 7]]);
}

#[test]
fn a_separator_sheet_separates() {
    let page = "Notes on the garden. The apple trees were cut in March and the hedge in April, as every year.";
    let other = "Notes on the garden. The apple trees were cut in April and the hedge in March, as last year.";
    let apart = document(&[page, "--- Separator sheet ---", other]);
    assert_eq!(pages(&segments(&apart, SplitOptions::default())), [vec![1, 2], vec![3]]);
}

#[test]
fn one_page_is_one_segment() {
    let found = segments(&document(&["Dear Ann, all the best. Kind regards, Bob"]), SplitOptions::default());
    assert_eq!(pages(&found), [vec![1]]);
    let blank = segments(&document(&["", ""]), SplitOptions::default());
    assert_eq!(pages(&blank), [vec![1, 2]]);
}

#[test]
fn the_budget_is_charged() {
    let (document, _) = case(CASES[0]);
    let classifier = classifier(true);
    let budget = Budget::request();
    split(&document, &classifier, SplitOptions::default(), &budget).unwrap();
    let words: usize = document.pages.iter().map(|page| page.text.len()).sum();
    assert!(budget.work_done() > words as u64 / 2);
}

#[test]
fn numbers_of_pages() {
    let phrases = Phrases::new();
    let number = |line: &str, may_be_bare: bool| {
        let found = phrases.page_number(line, &crate::text::words(line), may_be_bare)?;
        Some((found.number, found.total))
    };
    for (line, expected) in [
        ("Page 2 of 3", Some((2, Some(3)))),
        ("Datum 3. Mai  Seite: 1/4", Some((1, Some(4)))),
        ("Page 1 sur 2", Some((1, Some(2)))),
        ("Pagina 7", Some((7, None))),
        ("3 of 5", None),
        ("Page 3 of 2", Some((3, None))),
        ("Page 0", None),
        ("the page of 3", None),
    ] {
        assert_eq!(number(line, false), expected, "{line}");
    }
    for (line, expected) in [
        ("3 of 5", Some((3, Some(5)))),
        ("2/3", Some((2, Some(3)))),
        ("- 4 -", Some((4, None))),
        ("12", Some((12, None))),
        ("12,50", None),
        ("12 apples", None),
    ] {
        assert_eq!(number(line, true), expected, "{line}");
    }
}

#[test]
fn dates_have_a_day_a_month_and_a_year() {
    for date in ["1.2.2026", "31/12/99", "12-31-2026", "2026-03-01", "01.02.26"] {
        assert!(page::is_date(date), "{date}");
    }
    for other in ["7.2.1", "10.4.2", "1.2", "1.2.3.2026", "32.13.2026", "2026-13-13", "a.2.2026", "1.2.20260"] {
        assert!(!page::is_date(other), "{other}");
    }
}

#[test]
fn a_phrase_counts_in_its_language_and_a_short_form_of_a_company_with_its_capital() {
    let facts = |text: &str| {
        let pages = [Page::plain(1, text)];
        let budget = Budget::unlimited();
        Dictionary::new(&pages, &budget).unwrap().facts(&pages[0], &Phrases::new()).unwrap()
    };
    let english = facts("Annual Report 2026\nThe sales of the company have grown as it was expected by all of us");
    assert!(!english.carried_over && !english.letterhead);
    let french = facts("Report\nLes ventes de la société ont augmenté dans tous les pays et pour tous les produits");
    assert!(french.carried_over);
    assert!(facts("Weber Papier AG\nThe order of this week").letterhead);
    assert!(!facts("5 kg of flour, as we said").letterhead);
}
