//! Measures splitting: `cargo run --profile local -p sortroom --example split -- PATH... [--files N] [--fit] [--fit-confidence]`
//!
//! PATH is a list of documents (`.json` with `documents` of `{file, type}`, or `.jsonl` with lines of `{file, kind}`, files
//! relative to it), or a folder whose PDFs are of unknown kinds. Documents that are read are put together to files, always
//! the same ones, at the level of their pages, which is what the splitter sees: roles that reading the whole file would not
//! find (the title of a later document, headers that few pages have) are taken away. A file has 2 to 12 documents, mostly
//! in one language, half of them of several pages where there are enough:
//!
//! | Set | Documents |
//! |---|---|
//! | `different` | no two of a kind follow each other |
//! | `same` | all are of one kind |
//! | `any` | in any order |
//!
//! Each set is measured without blank pages and with some: after every second document, and in one of twenty places inside
//! documents. A hash of its name puts each document in the half for development or in that for the test, so that no
//! document is in both. `--fit` prints the weights of the cues: a logistic regression on the pages of the development half,
//! regularised towards hand-set weights. `--fit-confidence` prints the two constants of the confidence that follow from it.
//!
//! Precision, recall and F1 are those of the boundaries inside of files; `every page` is the F1 of a cut at every page.
//! `documents` is the share of documents that are a segment with the right pages, `labelled` that with the right category
//! too, of those whose kind is known, and `confidence` the mean confidence of all segments beside the share of those that are right.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sortroom::budget::Budget;
use sortroom::classify::{Classifier, Rule, RuleSet, Settings};
use sortroom::document::{Document, Page, ReadOptions, Role, read};
use sortroom::split::{Cue, Segment, SplitOptions, split, training_segments, training_strengths};
use sortroom::text::{Language, detect_language, words};

type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "usage: split PATH... [--files N] [--fit] [--fit-confidence]";

/// The categories. Documents of other kinds are of none.
const CATEGORIES: [(&str, &str); 10] = [
    ("invoice", "An invoice with an invoice number, line items, taxes and a total amount due"),
    ("receipt", "A receipt of a shop or restaurant with items bought, cash or card paid and change"),
    ("contract", "An agreement between parties with terms, obligations, governing law and signatures"),
    ("letter", "A letter from one person or company to another, with a salutation and a closing"),
    ("bank_statement", "A statement of a bank account with transactions, opening and closing balance"),
    ("purchase_order", "A purchase order by which a customer orders goods from a supplier"),
    ("delivery_note", "A delivery note that lists the goods of a shipment and their quantities"),
    ("cv", "A curriculum vitae of a person with work experience, education and skills"),
    ("quotation", "A quotation or offer with prices that is valid until a date"),
    ("payslip", "A payslip of an employee with gross pay, deductions and net pay"),
];

/// The kind of the documents of a folder.
const UNKNOWN: &str = "unknown";

/// The most pages of a document, and of a file.
const MAX_DOCUMENT_PAGES: usize = 40;
const MAX_FILE_PAGES: usize = 80;

/// A document that was read.
struct Source {
    name: String,
    kind: String,
    language: Option<Language>,
    pages: Vec<Page>,
}

impl Source {
    fn label(&self) -> Option<&'static str> {
        CATEGORIES.iter().map(|(label, _)| *label).find(|label| *label == self.kind)
    }

    /// Whether it is for the test, and not for development.
    fn is_test(&self) -> bool {
        hash(&self.name) & 1 == 1
    }
}

/// Documents put together, and where each begins.
struct Combined {
    document: Document,
    starts: Vec<usize>,
    /// The category of each; None if its kind is unknown.
    labels: Vec<Option<Option<&'static str>>>,
}

impl Combined {
    /// The place of the document whose pages are those of a segment; None if there is none.
    fn position(&self, segment: &Segment) -> Option<usize> {
        let start = segment.pages.first().map_or(0, |page| *page as usize - 1);
        let end = segment.pages.last().map_or(0, |page| *page as usize);
        let next = self.starts.iter().find(|next| **next > start).copied().unwrap_or(self.document.pages.len());
        self.starts.iter().position(|known| *known == start && next == end)
    }

    /// Whether a segment has the right pages and the right category; None if the category is unknown.
    fn is_right(&self, segment: &Segment) -> Option<bool> {
        match self.position(segment) {
            Some(position) => Some(self.labels.get(position).copied()?? == segment.label.as_deref()),
            None => Some(false),
        }
    }
}

fn main() -> Result<(), Failure> {
    let (mut paths, mut files, mut fits, mut fits_confidence) = (Vec::new(), 200, false, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--files" => files = arguments.next().ok_or(USAGE)?.parse()?,
            "--fit" => fits = true,
            "--fit-confidence" => fits_confidence = true,
            _ if !argument.starts_with('-') => paths.push(PathBuf::from(argument)),
            _ => return Err(USAGE.into()),
        }
    }
    if paths.is_empty() {
        return Err(USAGE.into());
    }
    let sources = sources(&paths)?;
    let rules = RuleSet { rules: CATEGORIES.iter().map(|(label, text)| Rule::new(*label, *text)).collect() };
    let classifier = Classifier::new(&rules, &Settings::default(), &Budget::unlimited())?;
    let (test, development): (Vec<_>, Vec<_>) = sources.iter().partition(|source| source.is_test());
    let mut out = std::io::stdout().lock();
    if fits {
        write!(out, "{}", fitted(&development, &classifier, files)?)?;
        return Ok(());
    }
    if fits_confidence {
        write!(out, "{}", fitted_confidence(&development, &classifier, files)?)?;
        return Ok(());
    }
    for (half, sources) in [("development", &development), ("test", &test)] {
        let several = sources.iter().filter(|source| source.pages.len() > 1).count();
        writeln!(out, "{half}: {} documents, {several} of several pages", sources.len())?;
        for set in SETS {
            for blanks in [false, true] {
                let measured = measured(sources, &classifier, set, blanks, files)?;
                writeln!(
                    out,
                    "  {set:9} {}  {measured}",
                    if blanks { "with blank pages" } else { "                " }
                )?;
            }
        }
    }
    Ok(())
}

// --- Documents ---

fn sources(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for path in paths {
        if path.is_dir() {
            pdfs(path, &mut files)?;
            continue;
        }
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let entries: Vec<Value> = if path.extension().is_some_and(|extension| extension == "jsonl") {
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?
        } else {
            let index: Value = serde_json::from_str(&text)?;
            index.get("documents").and_then(Value::as_array).ok_or("a list of documents has `documents`")?.clone()
        };
        for entry in entries {
            let member = |name: &str| entry.get(name).and_then(Value::as_str);
            let kind = member("type").or_else(|| member("kind")).unwrap_or_default();
            // "contract (NDA)" is a contract.
            let kind = kind.split(' ').next().unwrap_or_default().to_owned();
            let file = member("file").ok_or("a document has `file`")?;
            files.push((path.with_file_name(file), kind));
        }
    }
    let mut known = BTreeSet::new();
    let mut sources = Vec::new();
    for (file, kind) in files {
        let Ok(bytes) = std::fs::read(&file) else { continue };
        let Ok(document) = read(&bytes, &ReadOptions::default(), &Budget::stage()) else { continue };
        let text: String = document.pages.iter().map(|page| page.text.as_str()).collect();
        // Mails are files of their own.
        let is_mail = document.format.reads_attachments() && file.extension().is_none_or(|known| known != "pdf");
        if is_mail || document.pages.len() > MAX_DOCUMENT_PAGES || text.trim().is_empty() || !known.insert(hash(&text))
        {
            continue;
        }
        let tokens = words(&text);
        let language = detect_language(tokens.iter().map(|(_, folded)| folded.as_str()));
        let pages = document.pages.into_iter().map(as_of_a_larger_file).collect();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        sources.push(Source { name, kind, language, pages });
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sources)
}

fn pdfs(folder: &Path, files: &mut Vec<(PathBuf, String)>) -> Result<(), Failure> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            pdfs(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "pdf") {
            files.push((path, UNKNOWN.to_owned()));
        }
    }
    Ok(())
}

/// The page as it would be read as one of many of a larger file.
fn as_of_a_larger_file(mut page: Page) -> Page {
    for passage in &mut page.passages {
        passage.role = match passage.role {
            Role::Title => Role::Heading,
            Role::Margin => Role::Body,
            role => role,
        };
    }
    page
}

/// FNV-1a.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    hash ^ (hash >> 32)
}

/// A small random number generator (Numerical Recipes' LCG): every run has the same files.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}

const SETS: [&str; 3] = ["different", "same", "any"];

/// The fewest documents of a kind or language that files are made of.
const MIN_SOURCES: usize = 6;

/// A file of some of the sources; None if there are too few.
fn combined(sources: &[&Source], set: &str, blanks: bool, numbers: &mut Numbers) -> Option<Combined> {
    let mut pool: Vec<&Source> = sources.to_vec();
    if set == "same" {
        let kinds: BTreeSet<&str> = pool.iter().filter_map(|source| source.label()).collect();
        let enough = |kind: &&str| pool.iter().filter(|source| source.kind == *kind).count() >= MIN_SOURCES;
        let kinds: Vec<&str> = kinds.into_iter().filter(enough).collect();
        let kind = *numbers.pick(&kinds)?;
        pool.retain(|source| source.kind == kind);
    }
    if numbers.below(10) < 7 {
        let language = numbers.pick(&pool)?.language;
        if pool.iter().filter(|source| source.language == language).count() >= MIN_SOURCES {
            pool.retain(|source| source.language == language);
        }
    }
    let count = 2 + numbers.below(11);
    let mut file = Combined { document: Document::plain(""), starts: Vec::new(), labels: Vec::new() };
    file.document.pages.clear();
    let mut last: Option<&str> = None;
    while file.starts.len() < count && file.document.pages.len() < MAX_FILE_PAGES {
        let wants_several = numbers.below(2) == 0;
        let fits = |source: &&Source| set != "different" || last != Some(source.kind.as_str());
        let of_length = |source: &&Source| (source.pages.len() > 1) == wants_several;
        let mut candidates: Vec<&Source> = pool.iter().copied().filter(|s| fits(s) && of_length(s)).collect();
        if candidates.is_empty() {
            candidates = pool.iter().copied().filter(fits).collect();
        }
        let Some(source) = numbers.pick(&candidates).copied() else { break };
        pool.retain(|other| other.name != source.name);
        last = Some(source.kind.as_str());
        file.starts.push(file.document.pages.len());
        file.labels.push((source.kind != UNKNOWN).then(|| source.label()));
        for (index, page) in source.pages.iter().enumerate() {
            file.document.pages.push(page.clone());
            let is_last = index + 1 == source.pages.len();
            if blanks && numbers.below(20) < if is_last { 10 } else { 1 } {
                file.document.pages.push(Page { size: page.size, ..Page::plain(0, "") });
            }
        }
    }
    for (page, number) in file.document.pages.iter_mut().zip(1..) {
        page.number = number;
        file.document.page_count = number;
    }
    (file.starts.len() > 1).then_some(file)
}

fn seed(set: &str, blanks: bool) -> Numbers {
    Numbers(hash(set) ^ u64::from(blanks))
}

// --- Measuring ---

fn measured(
    sources: &[&Source],
    classifier: &Classifier,
    set: &str,
    blanks: bool,
    files: usize,
) -> Result<String, Failure> {
    let mut numbers = seed(set, blanks);
    let (mut right, mut found, mut expected, mut gaps) = (0, 0, 0, 0);
    let (mut documents, mut known, mut whole, mut labelled, mut segments) = (0, 0, 0, 0, 0);
    let (mut confidence, mut count) = (0.0, 0);
    let mut bands = [(0, 0); 3];
    for _ in 0..files {
        let Some(file) = combined(sources, set, blanks, &mut numbers) else { continue };
        let result = split(&file.document, classifier, SplitOptions::default(), &Budget::unlimited())?;
        let starts: Vec<usize> = result
            .segments
            .iter()
            .filter_map(|segment| usize::try_from(segment.pages.first()?.checked_sub(1)?).ok())
            .collect();
        count += 1;
        right += starts.iter().skip(1).filter(|start| file.starts.contains(start)).count();
        found += starts.len() - 1;
        expected += file.starts.len() - 1;
        gaps += file.document.pages.iter().skip(1).filter(|page| !page.text.is_empty()).count();
        documents += file.starts.len();
        known += file.labels.iter().filter(|label| label.is_some()).count();
        for segment in &result.segments {
            whole += usize::from(file.position(segment).is_some());
            let Some(is_right) = file.is_right(segment) else { continue };
            labelled += usize::from(is_right);
            segments += 1;
            confidence += segment.confidence;
            let band = if segment.confidence >= 0.8 { 0 } else { usize::from(segment.confidence < 0.5) + 1 };
            if let Some((count, right)) = bands.get_mut(band) {
                *count += 1;
                *right += usize::from(is_right);
            }
        }
    }
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let f1 = |right: usize, found: usize| 2.0 * right as f64 / (found + expected).max(1) as f64;
    let bands: Vec<String> =
        bands.iter().map(|&(count, right)| format!("{:.2} of {count}", share(right, count))).collect();
    Ok(format!(
        "files {count}  boundaries {expected} of {gaps}  precision {:.3}  recall {:.3}  F1 {:.3}  every page {:.3}  documents {:.3}  labelled {:.3}  confidence {:.3} for {:.3}; high {}",
        share(right, found),
        share(right, expected),
        f1(right, found),
        f1(expected, gaps),
        share(whole, documents),
        share(labelled, known),
        confidence / segments.max(1) as f64,
        share(labelled, segments),
        bands.join(", medium and low "),
    ))
}

// --- Fitting ---

/// What the weights are regularised towards, and how much: as if that many pages said so.
const REASONED: [(Cue, f64); Cue::ALL.len()] = [
    (Cue::FirstPageNumber, 3.0),
    (Cue::NextPageNumber, -4.0),
    (Cue::OtherPageNumber, 2.0),
    (Cue::LaterPageNumber, -2.0),
    (Cue::AfterLastPage, 2.0),
    (Cue::OtherNumber, 1.0),
    (Cue::SameNumber, -2.0),
    (Cue::OtherSender, 1.5),
    (Cue::Title, 1.0),
    (Cue::NamesCategory, 1.0),
    (Cue::Letterhead, 1.0),
    (Cue::Dated, 1.0),
    (Cue::Salutation, 1.0),
    (Cue::AfterBlankPage, 1.5),
    (Cue::AfterSeparator, 5.0),
    (Cue::OtherSize, 2.0),
    (Cue::OtherLayout, 1.5),
    (Cue::SameMargin, -1.0),
    (Cue::OtherMargin, 1.0),
    (Cue::BeginsInsideSentence, -2.0),
    (Cue::TableContinues, -1.0),
    (Cue::SaysContinued, -1.0),
    (Cue::NextClause, -2.0),
    (Cue::OtherLanguage, 2.0),
    (Cue::OtherWords, 2.0),
    (Cue::OtherCategory, 2.0),
];
const PRIOR: f64 = 4.0;

/// How often each weight is improved. The last digit that is printed is the same after half as many.
const SWEEPS: usize = 200;

/// The weights of a logistic regression that is regularised towards `targets`, by coordinate descent with Newton's steps. A row
/// has its values and 1 if it is true.
fn regression(rows: &[(Vec<f64>, f64)], targets: &[f64]) -> Vec<f64> {
    let mut weights = targets.to_vec();
    let mut odds: Vec<f64> =
        rows.iter().map(|(row, _)| row.iter().zip(&weights).map(|(value, weight)| value * weight).sum()).collect();
    for _ in 0..SWEEPS {
        for (index, (weight, target)) in weights.iter_mut().zip(targets).enumerate() {
            let (mut slope, mut curve) = (PRIOR * (target - *weight), PRIOR);
            for ((row, truth), odds) in rows.iter().zip(&odds) {
                let value = row.get(index).copied().unwrap_or_default();
                if value != 0.0 {
                    let probability = 1.0 / (1.0 + libm::exp(-odds));
                    slope += value * (truth - probability);
                    curve += value * value * probability * (1.0 - probability);
                }
            }
            let step = slope / curve;
            // A cue never speaks for the opposite of what it means.
            let step = if (*weight + step) * target < 0.0 { -*weight } else { step };
            *weight += step;
            for ((row, _), odds) in rows.iter().zip(&mut odds) {
                *odds += step * row.get(index).copied().unwrap_or_default();
            }
        }
    }
    weights
}

/// How the probability that a segment has the right pages follows from that of its gaps, and how well the classifier is
/// calibrated on those that have.
fn fitted_confidence(sources: &[&Source], classifier: &Classifier, files: usize) -> Result<String, Failure> {
    let mut rows: Vec<(Vec<f64>, f64)> = Vec::new();
    let (mut confidence, mut right, mut labelled) = (0.0, 0, 0);
    for set in SETS {
        for blanks in [false, true] {
            let mut numbers = seed(set, blanks);
            for _ in 0..files {
                let Some(file) = combined(sources, set, blanks, &mut numbers) else { continue };
                let segments =
                    training_segments(&file.document, classifier, SplitOptions::default(), &Budget::unlimited())?;
                for (segment, [gaps, category]) in segments {
                    let is_whole = file.position(&segment).is_some();
                    rows.push((vec![gaps, 1.0], f64::from(u8::from(is_whole))));
                    if let Some(is_right) = file.is_right(&segment).filter(|_| is_whole) {
                        labelled += 1;
                        right += usize::from(is_right);
                        confidence += libm::exp(category);
                    }
                }
            }
        }
    }
    let weights = regression(&rows, &[1.0, 2.0]);
    let whole = rows.iter().filter(|(_, whole)| *whole > 0.5).count();
    let [weight, bias] = weights.as_slice() else { return Err("two weights".into()) };
    Ok(format!(
        "{} segments, {whole} of them have the right pages: PAGES_WEIGHT {weight:.2}, PAGES_BIAS {bias:.2}\n\
         {labelled} of these have a known category, {right} of them the right one, with a mean confidence of {:.3}\n",
        rows.len(),
        confidence / f64::from(labelled.max(1)),
    ))
}

/// The weights of the cues.
fn fitted(sources: &[&Source], classifier: &Classifier, files: usize) -> Result<String, Failure> {
    let mut rows: Vec<(Vec<f64>, f64)> = Vec::new();
    for set in SETS {
        for blanks in [false, true] {
            let mut numbers = seed(set, blanks);
            for _ in 0..files {
                let Some(file) = combined(sources, set, blanks, &mut numbers) else { continue };
                let strengths = training_strengths(&file.document, classifier, &Budget::unlimited())?;
                for (index, strengths) in strengths.into_iter().enumerate() {
                    let is_start = file.starts.contains(&(index + 1));
                    rows.extend(strengths.map(|mut row| {
                        row.push(1.0);
                        (row, f64::from(u8::from(is_start)))
                    }));
                }
            }
        }
    }
    let targets: Vec<f64> = REASONED.iter().map(|(_, weight)| *weight).chain([-2.0]).collect();
    let weights = regression(&rows, &targets);
    let mut output = format!("{} pages, {} of them first\n", rows.len(), rows.iter().filter(|row| row.1 > 0.5).count());
    let names = Cue::ALL.iter().map(|cue| format!("{cue:?}")).chain(["BIAS".to_owned()]);
    for (index, (name, weight)) in names.zip(&weights).enumerate() {
        let share = |first: bool| {
            let of = || rows.iter().filter(|row| (row.1 > 0.5) == first);
            of().filter_map(|row| row.0.get(index)).sum::<f64>() / of().count().max(1) as f64
        };
        output.push_str(&format!(
            "{name} {weight:.2}  mean {:.3} on first pages, {:.3} on others\n",
            share(true),
            share(false)
        ));
    }
    Ok(output)
}
