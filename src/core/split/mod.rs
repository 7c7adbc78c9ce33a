//! Splits a file that holds several documents: its pages become segments, each with a category.
//!
//! 1. `page`: reads of every page what says where its document begins and ends: its number, numbers of documents, hosts
//!    of addresses, type, headers, words. `phrases` has the words of each language.
//! 2. Every page is classified by the categories, which are rules: on its own, and together with the neighbour that it more
//!    likely belongs to.
//! 3. `cues`: what speaks for a new document between two pages and what against it, as log-odds.
//! 4. `path`: a dynamic programme finds the best segments: the sum of what speaks for their beginnings and of how well a
//!    category fits all their pages.
//! 5. Every segment is classified as one document.
//!
//! A page without text decides nothing and belongs to the segment before it. A scan is such a page: without text
//! recognition nothing is known of it.

mod cues;
mod page;
mod path;
mod phrases;
#[cfg(test)]
mod tests;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::cues::Cue;
use self::{
    cues::{PageView, Strengths, log_odds, strengths},
    page::{Dictionary, PageFacts},
    path::{Pages, segment_starts},
    phrases::Phrases,
};
use crate::{
    ENGINE_VERSION,
    budget::{Budget, Held},
    classify::{Classifier, Fit},
    document::{Document, Format, Page},
    error::Result,
    limits,
    validate::{
        Input, Validator,
        declare::declare,
        shape::{CLOSED, Declared, Read, Shape},
    },
};

/// What happens to pages that fit no category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub enum Uncategorized {
    /// They are segments without a category.
    #[default]
    Include,
    /// They get the category that fits best.
    Forbid,
    /// They are left out of the result.
    Omit,
}

/// The words for them.
pub const UNCATEGORIZED: [(&str, Uncategorized); 3] =
    [("include", Uncategorized::Include), ("forbid", Uncategorized::Forbid), ("omit", Uncategorized::Omit)];

impl Read for Uncategorized {
    fn read(value: Option<&Value>) -> Option<Self> {
        let word = value?;
        UNCATEGORIZED.iter().find(|(known, _)| word == known).map(|(_, value)| *value)
    }
}

declare! {
    /// How pages are split.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(default)]
    #[cfg_attr(feature = "types", derive(ts_rs::TS))]
    pub struct SplitOptions(CLOSED) {
        /// What happens to pages that fit no category: `include`, `forbid` or `omit`.
        #[cfg_attr(feature = "types", ts(as = "Option<Uncategorized>", optional))]
        pub allow_uncategorized: Uncategorized =
            default(Shape::Words(|| UNCATEGORIZED.map(|(word, _)| word).to_vec()), Uncategorized::default()),
        /// The minimum number of pages in a segment. A file with fewer is one segment.
        #[cfg_attr(feature = "types", ts(as = "Option<u32>", optional))]
        pub min_pages_per_split: u32 = default(Shape::integer(1..=limits::MAX_PAGES), 1),
    }
}

/// Reads options; the defaults if absent.
pub fn parse_options(check: &mut Validator, field: &Input<'_>) -> SplitOptions {
    check.check_shape(field, &SplitOptions::SHAPE);
    field.read::<Option<SplitOptions>>().flatten().unwrap_or_default()
}

impl Default for SplitOptions {
    fn default() -> Self {
        Self { allow_uncategorized: Uncategorized::default(), min_pages_per_split: 1 }
    }
}

/// A file as segments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SplitResult {
    /// The format of the file.
    pub format: Format,
    /// The number of pages in the file, selected or not; 1 for formats without pages.
    pub page_count: u32,
    /// The segments, in the order of their pages.
    pub segments: Vec<Segment>,
    /// The version of the engine.
    pub engine_version: String,
}

/// Pages that are one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Segment {
    /// The label of the category; null if none fits.
    pub label: Option<String>,
    /// The numbers of its pages in the file, from 1.
    pub pages: Vec<u32>,
    /// The probability that the segment has the right pages, which is calibrated, times the classifier's confidence in its
    /// category.
    pub confidence: f64,
    /// What speaks for a new document at its first page and what against it, by descending weight; empty for the first
    /// segment, which begins with the file.
    pub boundary: Vec<BoundaryEvidence>,
}

/// A reason why a document begins at a page, or why it does not.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct BoundaryEvidence {
    /// What it is.
    pub kind: Cue,
    /// What it adds to the log-odds of a new document; negative if it speaks against one.
    pub weight: f64,
}

/// How much the logarithm of the probability of a page's category counts beside the log-odds of a new document: the pages
/// of a document are not independent of each other. On the development half of the documents that the example `split`
/// measures, 0.2 to 0.7 make hardly any difference.
const CATEGORY_WEIGHT: f64 = 0.4;

/// What is added to the log-odds of every beginning: a boundary that is missed costs as much as one too many, for which even
/// odds are too high a threshold. Of 0, 0.5, 1 and 1.5 this has the best F1 on the development half.
const BEGINNING: f64 = 0.5;

/// The least probability of a category: a single page never rules one out.
const MIN_PROBABILITY: f64 = 0.02;

/// The log-odds of the right pages where every gap is certain, and what the logarithm of the probability of all gaps adds:
/// a logistic regression that the example `split` fits (`--fit-confidence --files 100`).
const PAGES_BIAS: f64 = 2.91;
const PAGES_WEIGHT: f64 = 3.34;

/// Evidence of less weight than this is not listed.
const MIN_WEIGHT: f64 = 0.1;

/// The memory of what is known of a page, and of one of its categories (its own fit and that with a neighbour), beside its
/// words.
const PAGE_MEMORY: usize = 1_024;
const FIT_MEMORY: usize = 2 * size_of::<f64>();

/// Splits a document that was read. Where no category has to fit, `classifier` must allow "none" as an answer, and else
/// forbid it.
///
/// # Errors
///
/// If the budget is exceeded.
pub fn split(
    document: &Document,
    classifier: &Classifier,
    options: SplitOptions,
    budget: &Budget,
) -> Result<SplitResult> {
    let splitter = Splitter::new(document, classifier, budget)?;
    let mut segments = Vec::new();
    for range in splitter.ranges(options)? {
        let (segment, _) = splitter.segment(range)?;
        if segment.label.is_some() || options.allow_uncategorized != Uncategorized::Omit {
            segments.push(segment);
        }
    }
    Ok(SplitResult {
        format: document.format,
        page_count: document.page_count,
        segments,
        engine_version: ENGINE_VERSION.to_owned(),
    })
}

/// The strengths of all cues at each page but the first, for fitting their weights; None where no document can begin.
///
/// # Errors
///
/// If the budget is exceeded.
pub fn training_strengths(
    document: &Document,
    classifier: &Classifier,
    budget: &Budget,
) -> Result<Vec<Option<Vec<f64>>>> {
    let splitter = Splitter::new(document, classifier, budget)?;
    Ok(splitter.gaps.iter().skip(1).map(|gap| gap.map(|gap| gap.to_vec())).collect())
}

/// The segments with what their confidence is made of, for fitting it.
///
/// # Errors
///
/// If the budget is exceeded.
pub fn training_segments(
    document: &Document,
    classifier: &Classifier,
    options: SplitOptions,
    budget: &Budget,
) -> Result<Vec<(Segment, [f64; 2])>> {
    let splitter = Splitter::new(document, classifier, budget)?;
    splitter.ranges(options)?.into_iter().map(|range| splitter.segment(range)).collect()
}

/// The pages of a file with what is known of them.
struct Splitter<'a> {
    document: &'a Document,
    classifier: &'a Classifier,
    budget: &'a Budget,
    /// The memory of what follows.
    _held: Held<'a>,
    /// How well the categories fit each page on its own and with a neighbour; None for a blank page.
    fits: Vec<Option<Fit>>,
    /// The cues at each page; None where no document can begin: at the first page, at blank pages, and at the first page
    /// with content.
    gaps: Vec<Option<Strengths>>,
}

impl<'a> Splitter<'a> {
    fn new(document: &'a Document, classifier: &'a Classifier, budget: &'a Budget) -> Result<Self> {
        let pages = &document.pages;
        let held = budget.hold(pages.len() * (PAGE_MEMORY + FIT_MEMORY * classifier.labels().len()))?;
        let phrases = Phrases::new();
        let mut words = Dictionary::new(pages, budget)?;
        let mut facts = Vec::with_capacity(pages.len());
        for page in pages {
            facts.push(words.facts(page, &phrases)?);
        }
        let mut splitter = Self { document, classifier, budget, _held: held, fits: Vec::new(), gaps: Vec::new() };
        for (index, facts) in facts.iter().enumerate() {
            let fit = if facts.blank { None } else { Some(splitter.fit(&[index])?) };
            splitter.fits.push(fit);
        }
        splitter.gaps = splitter.gaps(&facts, &words)?;
        splitter.add_neighbours()?;
        Ok(splitter)
    }

    /// How well the categories fit some pages as one document.
    fn fit(&self, pages: &[usize]) -> Result<Fit> {
        let pages: Vec<&Page> = pages.iter().filter_map(|&index| self.document.pages.get(index)).collect();
        let bytes = |page: &&Page| page.text.len() + size_of_val(page.passages.as_slice());
        let _held = self.budget.hold(pages.iter().map(bytes).sum())?;
        let copied = |page: &Page| Page {
            number: page.number,
            text: page.text.clone(),
            passages: page.passages.clone(),
            words: Vec::new(),
            size: None,
            marks: Vec::new(),
        };
        let document = Document {
            format: self.document.format,
            // The title of the file is that of one of its documents at most.
            title: None,
            pages: pages.into_iter().map(copied).collect(),
            page_count: self.document.page_count,
        };
        self.classifier.fit(&document, self.budget)
    }

    /// The cues at each page.
    fn gaps(&self, facts: &[PageFacts], words: &Dictionary<'_>) -> Result<Vec<Option<Strengths>>> {
        let mut gaps = Vec::with_capacity(facts.len());
        let mut last: Option<usize> = None;
        for (index, page) in facts.iter().enumerate() {
            let view = |index: usize, facts| PageView { facts, fit: self.fits.get(index).and_then(Option::as_ref) };
            let before = last.and_then(|last| Some((last, facts.get(last)?)));
            gaps.push(match before {
                Some((last, before)) if !page.blank => {
                    self.budget.work(before.words.len() + page.words.len())?;
                    let skipped = facts.get(last + 1..index).unwrap_or_default();
                    Some(strengths(view(last, before), view(index, page), skipped, words, facts.len()))
                }
                _ => None,
            });
            if !page.blank {
                last = Some(index);
            }
        }
        Ok(gaps)
    }

    /// Adds to the fit of each page that of the page together with the neighbour that it more likely belongs to.
    fn add_neighbours(&mut self) -> Result<()> {
        let contents: Vec<usize> = (0..self.fits.len()).filter(|&page| self.fit_of(page).is_some()).collect();
        let gap = |page: &usize| self.gaps.get(*page).copied().flatten().map(|gap| (log_odds(&gap), *page));
        let mut pairs = Vec::new();
        for (position, page) in contents.iter().enumerate() {
            let before = position.checked_sub(1).and_then(|before| contents.get(before));
            let after = contents.get(position + 1);
            let to_before = before.zip(gap(page)).map(|(before, (odds, _))| (odds, *before, *page));
            let to_after = after.and_then(|after| Some((gap(after)?.0, *page, *after)));
            let nearer = match (to_before, to_after) {
                (Some(before), Some(after)) if after.0 < before.0 => Some(after),
                (before, after) => before.or(after),
            };
            pairs.extend(nearer.filter(|&(odds, ..)| odds < 0.0).map(|(_, first, second)| (*page, first, second)));
        }
        let mut together: Vec<(usize, Fit)> = Vec::new();
        let mut last: Option<(usize, usize, Fit)> = None;
        for (page, first, second) in pairs {
            // Two pages that are nearest to each other are classified once.
            let fit = match last.take() {
                Some((known_first, known_second, fit)) if (known_first, known_second) == (first, second) => fit,
                _ => self.fit(&[first, second])?,
            };
            together.push((page, fit.clone()));
            last = Some((first, second, fit));
        }
        for (page, pair) in together {
            if let Some(fit) = self.fits.get_mut(page).and_then(Option::as_mut) {
                fit.rules.iter_mut().zip(pair.rules).for_each(|(own, pair)| *own = f64::midpoint(*own, pair));
                fit.none = f64::midpoint(fit.none, pair.none);
            }
        }
        Ok(())
    }

    fn fit_of(&self, page: usize) -> Option<&Fit> {
        self.fits.get(page).and_then(Option::as_ref)
    }

    /// The pages of each segment, by their places.
    fn ranges(&self, options: SplitOptions) -> Result<Vec<Range<usize>>> {
        let SplitOptions { allow_uncategorized, min_pages_per_split } = options;
        let has_none = allow_uncategorized != Uncategorized::Forbid;
        let categories = self.classifier.labels().len() + usize::from(has_none);
        let log = |probability: f64| CATEGORY_WEIGHT * libm::log(probability.max(MIN_PROBABILITY));
        let _held = self.budget.hold(self.fits.len() * (categories + 4) * size_of::<f64>())?;
        let logs: Vec<Vec<f64>> = self
            .fits
            .iter()
            .map(|fit| {
                let fit = fit.iter();
                fit.flat_map(|fit| fit.rules.iter().copied().chain(has_none.then_some(fit.none))).map(log).collect()
            })
            .collect();
        let starts: Vec<f64> = self
            .gaps
            .iter()
            .map(|gap| gap.map_or(f64::NEG_INFINITY, |gap| log_odds(&gap) - category_part(&gap) + BEGINNING))
            .collect();
        let min_pages = usize::try_from(min_pages_per_split).unwrap_or(usize::MAX).max(1);
        let pages = Pages { logs: &logs, starts: &starts, categories, min_pages };
        let found = segment_starts(&pages, self.budget)?;
        let ends = found.iter().skip(1).copied().chain([self.fits.len()]);
        Ok(found.iter().zip(ends).map(|(&start, end)| start..end).collect())
    }

    /// The segment of some pages, and the logarithms of the probabilities of its gaps and of its category.
    fn segment(&self, range: Range<usize>) -> Result<(Segment, [f64; 2])> {
        let Range { start, end } = range;
        let indices: Vec<usize> = (start..end).collect();
        let fit = self.fit(&indices)?;
        let odds = |page: usize| self.gaps.get(page).copied().flatten().map(|gap| log_odds(&gap));
        let at_ends = [start, end].into_iter().filter_map(odds);
        let inside = (start + 1..end).filter_map(odds).map(|odds| -odds);
        let log_gaps: f64 = at_ends.chain(inside).map(|odds| -libm::log1p(libm::exp(-odds))).sum();
        let of_pages = probability(PAGES_BIAS + PAGES_WEIGHT * log_gaps);
        let pages = self.document.pages.get(start..end).unwrap_or_default();
        let mut boundary: Vec<BoundaryEvidence> = Vec::new();
        if let Some(gap) = self.gaps.get(start).copied().flatten() {
            let evidence = Cue::ALL.into_iter().zip(gap);
            let evidence = evidence.map(|(kind, strength)| (kind, rounded(kind.weight() * strength)));
            boundary.extend(
                evidence
                    .filter(|(_, weight)| weight.abs() >= MIN_WEIGHT)
                    .map(|(kind, weight)| BoundaryEvidence { kind, weight }),
            );
            boundary.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        }
        let segment = Segment {
            label: fit.answer.and_then(|rule| self.classifier.labels().get(rule)).cloned(),
            pages: pages.iter().map(|page| page.number).collect(),
            confidence: rounded(of_pages * fit.confidence),
            boundary,
        };
        Ok((segment, [log_gaps, libm::log(fit.confidence.max(MIN_PROBABILITY))]))
    }
}

/// The probability that log-odds stand for.
fn probability(odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-odds))
}

/// What the change of the category adds to the log-odds: in the programme over pages, their categories say it.
fn category_part(gap: &Strengths) -> f64 {
    let cue = Cue::OtherCategory;
    Cue::ALL.iter().zip(gap).filter(|(known, _)| **known == cue).map(|(_, strength)| cue.weight() * strength).sum()
}

/// A number to six decimals, so that the last bits of a sum, in which platforms may differ, decide nothing.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6 + 0.0
}
