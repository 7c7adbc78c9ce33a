//! What holds for the document that any bytes give, and for the answers about it.

use std::{fmt::Debug, sync::LazyLock};

use sortroom::{
    budget::Budget,
    classify::{Classifier, Decision, Rule, RuleSet, Settings},
    document::{self, Document, DocumentWithAttachments, Page, ReadOptions, Rect, Span, read_with_attachments},
    error::Result,
    extract::{Extraction, Field, FieldKind, Schema, Table, extract},
    limits,
    parse::{ParseResult, parse},
    split::{SplitOptions, SplitResult, split},
};

use crate::{
    memory,
    verdict::{Fault, Verdict, code, is_documented, require},
};

/// What a file of 32 MiB leaves of the memory of an instance, as for the hostile files.
const MAX_MEMORY: usize = 64 * limits::MIB as usize;

/// The rules that documents are classified with.
fn reference_classifier() -> &'static Classifier {
    static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| {
        let rules = [
            ("invoice", "An invoice with an invoice number, line items, tax and an amount due"),
            ("contract", "An agreement between two parties with obligations, a term and signatures"),
            ("complaint", "A customer complains about an order and asks for the money back"),
        ];
        let rules = rules.map(|(label, description)| Rule::new(label, description)).to_vec();
        Classifier::new(&RuleSet { rules }, &Settings::default(), &Budget::stage()).unwrap()
    });
    &CLASSIFIER
}

/// The schema by which values are extracted: fields of each kind, and a table.
fn reference_schema() -> &'static Schema {
    static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
        let field = |name: &str, kind| Field { name: name.to_owned(), kind, ..Field::default() };
        let options = vec!["EUR".to_owned(), "USD".to_owned()];
        Schema {
            fields: vec![
                field("seller_name", FieldKind::Text),
                field("quantity", FieldKind::Number),
                field("total_amount", FieldKind::Money),
                field("tax_rate", FieldKind::Percent),
                field("invoice_date", FieldKind::Date),
                field("signed", FieldKind::Boolean),
                field("iban", FieldKind::Iban),
                field("vat_id", FieldKind::VatId),
                field("email", FieldKind::Email),
                field("phone", FieldKind::Phone),
                field("website", FieldKind::Url),
                field("currency", FieldKind::Currency),
                field("invoice_number", FieldKind::Id),
                Field { options, ..field("pays_in", FieldKind::Label) },
            ],
            tables: vec![Table {
                name: "items".to_owned(),
                fields: vec![
                    field("description", FieldKind::Text),
                    field("quantity", FieldKind::Number),
                    field("amount", FieldKind::Money),
                ],
                ..Table::default()
            }],
        }
    });
    &SCHEMA
}

/// Calls twice, each with a budget of its own: the answers are the same, and the work of both is within the budget.
/// Returns the answer and the work of each call.
fn call_twice<T: PartialEq + Debug>(call: impl Fn(&Budget) -> Result<T>) -> Result<(Result<T>, [u64; 2]), Fault> {
    let budgets = [Budget::request(), Budget::request()];
    let [first, second] = budgets.each_ref().map(call);
    require!(first == second, "first the answer is {first:#?}, then {second:#?}");
    let work = budgets.each_ref().map(Budget::work_done);
    for budget in budgets {
        require!(budget.work_done() <= limits::REQUEST_WORK, "{} steps of work", budget.work_done());
        require!(budget.memory_left() == limits::MAX_HELD_BYTES, "memory is held: {} left", budget.memory_left());
    }
    Ok((first, work))
}

/// Calls twice: the answers are the same, and so is the work.
pub fn twice<T: PartialEq + Debug>(call: impl Fn(&Budget) -> Result<T>) -> Result<Result<T>, Fault> {
    let (answer, [first, second]) = call_twice(call)?;
    require!(first == second, "{first} steps of work, and then {second}");
    Ok(answer)
}

/// Decides twice: a classifier compiles what it needs for a language when it meets that, so that the second time may be
/// less work.
fn decide_twice(classifier: &Classifier, document: &Document) -> Result<Result<Decision>, Fault> {
    let (answer, [first, second]) = call_twice(|budget| classifier.decide(document, budget))?;
    require!(second <= first, "{first} steps of work, and then {second}");
    Ok(answer)
}

/// Checks what reading, classifying and extracting make of a file.
pub fn check_document(bytes: &[u8]) -> Verdict {
    let options = ReadOptions::default();
    let (read, memory) = memory::peak(|| twice(|budget| read_with_attachments(bytes, &options, budget)));
    require!(memory <= MAX_MEMORY + bytes.len(), "reading takes {} MiB", memory >> 20);
    let read = match read? {
        Ok(read) => read,
        Err(error) => return code(&error),
    };
    check_json(&read)?;
    let DocumentWithAttachments { document, attachments } = read;
    check_pages(&document)?;
    require!(document::sniff(bytes) == Some(document.format), "sniffed as {:?}", document::sniff(bytes));
    for attachment in attachments {
        if let Some(document) = &attachment.document {
            check_pages(document)?;
        }
        if let Some(error) = &attachment.error {
            require!(is_documented(&error.code), "{} is not a documented code", error.code);
        }
    }
    check_selection(bytes, &document)?;
    check_answers(&document, bytes)
}

/// Checks that a document comes out of JSON as it went in, as it crosses from the engine to its callers.
fn check_json(read: &DocumentWithAttachments) -> Result<(), Fault> {
    let text = serde_json::to_string(read).map_err(|error| fault("JSON", &error))?;
    let document: Document = serde_json::from_str(&text).map_err(|error| fault("JSON", &error))?;
    // Marks do not cross.
    let mut crossing = read.document.clone();
    crossing.pages.iter_mut().for_each(|page| page.marks.clear());
    require!(document == crossing, "JSON changes the document");
    Ok(())
}

pub fn fault(place: &str, message: &dyn std::fmt::Display) -> Fault {
    Fault { place: place.to_owned(), message: message.to_string() }
}

/// Whether a span is a place in `text`.
fn is_in(span: Span, text: &str) -> bool {
    span.start <= span.end && text.get(span.start..span.end).is_some()
}

fn is_finite(rect: Rect) -> bool {
    [rect.x, rect.y, rect.width, rect.height].into_iter().all(f32::is_finite)
}

/// Checks that what a document says about its text is true of it.
pub fn check_pages(document: &Document) -> Result<(), Fault> {
    require!(document.pages.len() <= document.page_count as usize, "more pages than {}", document.page_count);
    require!(document.page_count <= limits::MAX_PAGES, "{} pages", document.page_count);
    require!(document.pages.is_sorted_by(|a, b| a.number < b.number), "pages are out of order");
    for page in &document.pages {
        require!((1..=document.page_count).contains(&page.number), "page {}", page.number);
        check_page(page)?;
    }
    Ok(())
}

pub fn check_page(page: &Page) -> Result<(), Fault> {
    let mut end = 0;
    for passage in &page.passages {
        let span = passage.span;
        require!(is_in(span, &page.text), "{passage:?} in {} bytes", page.text.len());
        require!(span.start < span.end, "{passage:?} is empty");
        require!(span.start >= end, "{passage:?} begins before {end}");
        end = span.end;
    }
    for word in &page.words {
        require!(is_in(word.span, &page.text), "{word:?} in {} bytes", page.text.len());
        require!(is_finite(word.rect), "{word:?}");
    }
    for mark in &page.marks {
        require!(is_in(mark.span, &page.text) && mark.span.start < mark.span.end, "{mark:?}");
    }
    require!(page.marks.is_sorted_by_key(|mark| mark.span.start), "marks are out of order");
    let is_size = page.size.is_none_or(|(width, height)| width.is_finite() && height.is_finite());
    require!(is_size, "the page has the size {:?}", page.size);
    Ok(())
}

/// Checks that a page that is selected is the page of the whole document.
fn check_selection(bytes: &[u8], document: &Document) -> Result<(), Fault> {
    let Some(last) = document.pages.last() else { return Ok(()) };
    let options = ReadOptions { pages: Some(last.number.to_string()), max_pages: None };
    if let Ok(selected) = twice(|budget| document::read(bytes, &options, budget))? {
        let numbers: Vec<_> = selected.pages.iter().map(|page| page.number).collect();
        require!(numbers == [last.number], "asked for page {}, got {numbers:?}", last.number);
        require!(selected.page_count == document.page_count, "{} pages", selected.page_count);
        check_pages(&selected)?;
    }
    Ok(())
}

/// Checks the answers about a document.
fn check_answers(document: &Document, bytes: &[u8]) -> Verdict {
    match decide_twice(reference_classifier(), document)? {
        Ok(decision) => check_decision(&decision, document)?,
        Err(error) => return code(&error),
    }
    let attachments = document::attachments(bytes, &Budget::request()).unwrap_or_default();
    match twice(|budget| extract(document, reference_schema(), &attachments, budget))? {
        Ok(extraction) => check_extraction(&extraction, reference_schema(), document)?,
        Err(error) => return code(&error),
    }
    let (parsed, memory) = memory::peak(|| twice(|budget| parse(document, budget)));
    require!(memory <= MAX_MEMORY, "parsing takes {} MiB", memory >> 20);
    match parsed? {
        Ok(parsed) => check_items(&parsed, document)?,
        Err(error) => return code(&error),
    }
    let split_twice = || twice(|budget| split(document, reference_classifier(), SplitOptions::default(), budget));
    let (segments, memory) = memory::peak(split_twice);
    require!(memory <= MAX_MEMORY, "splitting takes {} MiB", memory >> 20);
    match segments? {
        Ok(segments) => check_segments(&segments, document)?,
        Err(error) => return code(&error),
    }
    Ok(document.format.extension())
}

/// Checks that the items of a page are in order, and that nothing but bullets and numbers is between them.
fn check_items(parsed: &ParseResult, document: &Document) -> Result<(), Fault> {
    require!(parsed.pages.len() == document.pages.len(), "{} pages", parsed.pages.len());
    for page in &parsed.pages {
        let mut end = 0;
        for item in &page.items {
            require!(is_in(item.span, &page.text) && item.span.start >= end, "{item:?} begins before {end}");
            let between = Span { start: end, end: item.span.start }.of(&page.text);
            let is_marker = |word: &str| word.chars().count() <= 4 && !word.contains(char::is_alphabetic);
            require!(between.split_whitespace().all(is_marker), "{between:?} is in no item");
            require!(item.rect.is_none_or(is_finite), "{item:?}");
            end = item.span.end;
        }
    }
    Ok(())
}

/// Checks that every page is in one segment, in the order of the document.
fn check_segments(result: &SplitResult, document: &Document) -> Result<(), Fault> {
    let pages: Vec<u32> = result.segments.iter().flat_map(|segment| segment.pages.iter().copied()).collect();
    require!(pages == document.pages.iter().map(|page| page.number).collect::<Vec<_>>(), "segments of {pages:?}");
    for segment in &result.segments {
        require!(!segment.pages.is_empty() && is_probability(segment.confidence), "{segment:?}");
        require!(segment.boundary.iter().all(|evidence| evidence.weight.is_finite()), "{segment:?}");
    }
    Ok(())
}

fn is_probability(number: f64) -> bool {
    (0.0..=1.0).contains(&number)
}

/// Checks that a decision adds up, and that its evidence is in the document.
pub fn check_decision(decision: &Decision, document: &Document) -> Result<(), Fault> {
    require!(is_probability(decision.confidence), "a confidence of {}", decision.confidence);
    require!(is_probability(decision.no_match), "no match: {}", decision.no_match);
    require!(decision.scores.iter().all(|score| score.score.is_finite()), "scores: {:?}", decision.scores);
    require!(decision.scores.is_sorted_by(|a, b| a.score >= b.score), "scores: {:?}", decision.scores);
    let best = decision.scores.first();
    let is_best = decision.label.is_none() || decision.label.as_ref() == best.map(|best| &best.label);
    require!(is_best, "{:?} is not the first of {:?}", decision.label, decision.scores);
    for evidence in &decision.evidence {
        let page = document.pages.iter().find(|page| page.number == evidence.page);
        let is_there =
            page.is_some_and(|page| is_in(evidence.span, &page.text) && evidence.span.of(&page.text) == evidence.text);
        require!(is_there, "{evidence:?} is not on its page");
        require!(evidence.weight.is_finite(), "{evidence:?}");
    }
    let parts =
        decision.evidence.iter().map(|evidence| evidence.weight).sum::<f64>() + decision.constant + decision.rest;
    let score = best.map_or(0.0, |best| best.score);
    // Each part is rounded to six decimals.
    let is_sum = (parts - score).abs() <= 1e-6 * (4.0 + decision.evidence.len() as f64);
    require!(is_sum, "the parts add up to {parts}, the score is {score}");
    Ok(())
}

/// Checks that an extraction has the form of the schema, and that its citations are in the document.
pub fn check_extraction(extraction: &Extraction, schema: &Schema, document: &Document) -> Result<(), Fault> {
    require!(extraction.tables.len() == schema.tables.len(), "{} tables", extraction.tables.len());
    check_values(&extraction.values, &schema.fields, document)?;
    for (rows, table) in extraction.tables.iter().zip(&schema.tables) {
        require!(rows.table == table.name, "{:?} in place of {:?}", rows.table, table.name);
        for row in &rows.rows {
            check_values(row, &table.fields, document)?;
        }
    }
    Ok(())
}

fn check_values(values: &[sortroom::extract::Value], fields: &[Field], document: &Document) -> Result<(), Fault> {
    let names = |value: &sortroom::extract::Value, field: &Field| value.field == field.name;
    let is_complete =
        values.len() == fields.len() && values.iter().zip(fields).all(|(value, field)| names(value, field));
    require!(is_complete, "{} values for {} fields", values.len(), fields.len());
    for value in values {
        require!(is_probability(value.confidence), "{value:?}");
        require!(value.value.is_some() || value.confidence == 0.0, "{value:?}");
        let Some(citation) = &value.citation else { continue };
        let page = document.pages.iter().find(|page| page.number == citation.page);
        let is_there = page.is_some_and(|page| {
            let is_label = citation.label.is_none_or(|label| is_in(label, &page.text));
            is_in(citation.span, &page.text) && citation.span.start < citation.span.end && is_label
        });
        require!(is_there, "{value:?} is not on its page");
        require!(citation.rect.is_none_or(is_finite), "{value:?}");
    }
    Ok(())
}
