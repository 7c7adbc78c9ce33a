//! What speaks for a new document between two pages, and what against it.

use serde::{Deserialize, Serialize};

use super::page::{Dictionary, PageFacts};
use crate::classify::Fit;

/// Declares the cues with their weights.
macro_rules! cues {
    ($($(#[doc = $doc:literal])* $name:ident $weight:literal,)*) => {
        /// What speaks for a new document at a page, or against it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[cfg_attr(feature = "types", derive(ts_rs::TS))]
        #[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
        pub enum Cue {
            $($(#[doc = $doc])* $name,)*
        }

        impl Cue {
            /// Every cue.
            pub const ALL: [Self; [$($weight),*].len()] = [$(Self::$name),*];

            /// What a cue of full strength adds to the log-odds of a new document.
            pub const fn weight(self) -> f64 {
                match self {
                    $(Self::$name => $weight,)*
                }
            }
        }
    };
}

// The weights, and `BIAS`, are those of a logistic regression that the example `split` fits (`--fit --files 100`); its
// documentation says on what. They were fitted before some phrases were read by the language of the page: a fit after it is
// worse on the development half too, where few pages say that they go on.
cues! {
    /// The page says that it is the first: `Page 1`, `1 of 3`.
    FirstPageNumber 2.97,
    /// Its number follows that of the page before.
    NextPageNumber -5.55,
    /// Its number does not follow that of the page before, or is of another total.
    OtherPageNumber 2.75,
    /// It says that it is a later page, and the page before has no number.
    LaterPageNumber -1.39,
    /// The page before says that it is the last: `3 of 3`.
    AfterLastPage 1.38,
    /// It has numbers of a document, a customer or an account that the page before does not have.
    OtherNumber 1.02,
    /// It shares such numbers with the page before.
    SameNumber -0.4,
    /// Its web and e-mail addresses are of other hosts than those of the page before.
    OtherSender 2.75,
    /// It has large type near the top, or begins with a heading, as first pages do.
    Title 1.25,
    /// Its first words or headings name a category.
    NamesCategory 1.23,
    /// The form of a company, as in its name, is in its first lines.
    Letterhead 0.39,
    /// It has a date in its upper part, outside of tables.
    Dated 0.91,
    /// It has the salutation of a letter.
    Salutation 0.86,
    /// A blank page is before it.
    AfterBlankPage 2.08,
    /// A separator sheet is before it.
    AfterSeparator 5.0,
    /// It has another size than the page before.
    OtherSize 2.32,
    /// Its type has another size than that of the page before, or its lines begin elsewhere.
    OtherLayout 3.34,
    /// It has a header or a footer of the page before.
    SameMargin -1.3,
    /// It has headers and footers, and none of the page before.
    OtherMargin 0.4,
    /// It begins inside a sentence.
    BeginsInsideSentence -1.88,
    /// The page before ends with a row of a table, and it begins with one of as many cells.
    TableContinues -1.05,
    /// It, or the page before, says that it goes on.
    SaysContinued -1.23,
    /// Its first clause or row has the number that follows the last one of the page before.
    NextClause -2.18,
    /// It is in another language than the page before.
    OtherLanguage 2.76,
    /// It has few words in common with the page before.
    OtherWords 1.66,
    /// It is of another category than the page before.
    OtherCategory 1.66,
}

/// The log-odds of a new document without any cue.
pub(super) const BIAS: f64 = -4.94;

/// By how much two sizes of pages may differ and be the same, in points: printers round.
const SAME_SIZE: f32 = 4.0;

/// The differences of the sizes of type, and of where lines begin as a share of the width, from which on layouts are
/// entirely different.
const OTHER_TYPE: f32 = 0.15;
const OTHER_LEFT: f32 = 0.10;

/// What counts where the format has no layout: the means over the pages that the weights are fitted on, which speak neither
/// for a new document nor against it.
const UNKNOWN_SIZE: f64 = 0.2;
const UNKNOWN_LAYOUT: f64 = 0.27;

/// A page with what is known of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageView<'a> {
    pub facts: &'a PageFacts,
    /// None for a page without text.
    pub fit: Option<&'a Fit>,
}

/// How strongly each cue is there, from 0 to 1, in the order of [`Cue::ALL`].
pub(super) type Strengths = [f64; Cue::ALL.len()];

/// The cues between `before`, the last page with content before `page`, and `page`. `skipped` are the pages between
/// them, which are blank.
pub(super) fn strengths(
    before: PageView<'_>,
    page: PageView<'_>,
    skipped: &[PageFacts],
    words: &Dictionary<'_>,
    page_count: usize,
) -> Strengths {
    let (last, next) = (before.facts, page.facts);
    let numbers = NumberCues::new(last, next, skipped.len());
    let shared = shared_share(last, next);
    let flag = |holds: bool| f64::from(u8::from(holds));
    let pair = |a: bool, b: bool| flag(a && b);
    let shares_host = is_shared(&last.hosts, &next.hosts);
    let have_hosts = !last.hosts.is_empty() && !next.hosts.is_empty();
    let shares_edge = last.edges.iter().zip(&next.edges).any(|(a, b)| a.iter().any(|line| b.contains(line)));
    let have_edges = last.edges.iter().zip(&next.edges).any(|(a, b)| !a.is_empty() && !b.is_empty());
    Cue::ALL.map(|cue| match cue {
        Cue::FirstPageNumber => numbers.first,
        Cue::NextPageNumber => numbers.next,
        Cue::OtherPageNumber => numbers.other,
        Cue::LaterPageNumber => numbers.later,
        Cue::AfterLastPage => numbers.after_last,
        Cue::OtherNumber if next.labelled.is_empty() => 0.0,
        Cue::OtherNumber => (1.0 - shared) * if last.labelled.is_empty() { 0.5 } else { 1.0 },
        Cue::SameNumber => shared,
        Cue::OtherSender => pair(have_hosts, !shares_host),
        Cue::Title => f64::midpoint(flag(next.title), flag(next.heading)),
        Cue::NamesCategory => page.fit.map_or(0.0, |fit| fit.named),
        Cue::Letterhead => flag(next.letterhead),
        Cue::Dated => flag(next.dated),
        Cue::Salutation => flag(next.salutation),
        Cue::AfterBlankPage => flag(skipped.iter().any(|facts| !facts.separator)),
        Cue::AfterSeparator => flag(skipped.iter().any(|facts| facts.separator)),
        Cue::OtherSize => match (last.layout, next.layout) {
            (Some(a), Some(b)) => {
                flag((a.size.0 - b.size.0).abs() > SAME_SIZE || (a.size.1 - b.size.1).abs() > SAME_SIZE)
            }
            _ => UNKNOWN_SIZE,
        },
        Cue::OtherLayout => match (last.layout, next.layout) {
            (Some(a), Some(b)) => {
                let type_height = (a.type_height - b.type_height).abs() / a.type_height.max(b.type_height).max(1.0);
                let left = (a.left - b.left).abs() / a.size.0.max(1.0);
                (f64::from((type_height / OTHER_TYPE).min(1.0)) + f64::from((left / OTHER_LEFT).min(1.0))) / 2.0
            }
            _ => UNKNOWN_LAYOUT,
        },
        Cue::SameMargin => flag(shares_edge),
        Cue::OtherMargin => pair(have_edges, !shares_edge),
        Cue::BeginsInsideSentence => flag(next.begins_inside_sentence),
        Cue::TableContinues => pair(last.last_cells > 1, last.last_cells == next.first_cells),
        Cue::SaysContinued => flag(last.carried_on || next.carried_over),
        Cue::NextClause => match (last.last_clause, next.first_clause) {
            (Some(a), Some(b)) => flag(b == a || b == a + 1),
            _ => 0.0,
        },
        Cue::OtherLanguage => pair(last.language.is_some() && next.language.is_some(), last.language != next.language),
        Cue::OtherWords => 1.0 - common_words(last, next, words, page_count),
        Cue::OtherCategory => before.fit.zip(page.fit).map_or(0.0, |(a, b)| distance(a, b)),
    })
}

/// The log-odds of a new document.
pub(super) fn log_odds(strengths: &Strengths) -> f64 {
    Cue::ALL.iter().zip(strengths).map(|(cue, strength)| cue.weight() * strength).sum::<f64>() + BIAS
}

/// What the numbers of two pages say.
#[derive(Debug, Default)]
struct NumberCues {
    first: f64,
    next: f64,
    other: f64,
    later: f64,
    after_last: f64,
}

impl NumberCues {
    /// `skipped` blank pages are between the two; they may be counted or not.
    fn new(last: &PageFacts, next: &PageFacts, skipped: usize) -> Self {
        /// How much a number that nothing says is that of the page counts.
        const BARE: f64 = 0.5;
        let mut cues = Self::default();
        let skipped = u32::try_from(skipped).unwrap_or(u32::MAX);
        let strength = |is_sure: bool| if is_sure { 1.0 } else { BARE };
        if let Some(number) = last.number.filter(|number| number.total == Some(number.number)) {
            cues.after_last = strength(number.is_sure());
        }
        let Some(number) = next.number else { return cues };
        let of_next = strength(number.is_sure());
        if number.number == 1 {
            cues.first = of_next;
        }
        match last.number {
            None if number.number > 1 => cues.later = of_next,
            None => {}
            Some(before) => {
                let step = number.number.checked_sub(before.number);
                let follows = step.is_some_and(|step| step == 1 || step == skipped.saturating_add(1));
                let same_total = number.total.zip(before.total).is_none_or(|(a, b)| a == b);
                let strength = of_next.min(strength(before.is_sure()));
                if follows && same_total {
                    cues.next = strength;
                } else {
                    cues.other = strength;
                }
            }
        }
        cues
    }
}

fn is_shared(a: &[String], b: &[String]) -> bool {
    a.iter().any(|item| b.binary_search(item).is_ok())
}

/// Which share of the labelled numbers of either page is on the other, too.
fn shared_share(last: &PageFacts, next: &PageFacts) -> f64 {
    let found = |labelled: &[String], all: &[String]| {
        labelled.iter().filter(|number| all.binary_search(number).is_ok()).count()
    };
    let shared = found(&last.labelled, &next.identifiers) + found(&next.labelled, &last.identifiers);
    shared as f64 / (last.labelled.len() + next.labelled.len()).max(1) as f64
}

/// The share of the words of either page that both have, whichever is more. Words that are on few pages count more.
fn common_words(last: &PageFacts, next: &PageFacts, words: &Dictionary<'_>, page_count: usize) -> f64 {
    let weight = |&word: &u32| libm::log(1.0 + page_count as f64 / f64::from(words.page_count(word).max(1)));
    let sum = |words: &[u32]| words.iter().map(weight).sum::<f64>();
    let shared: f64 = last.words.iter().filter(|word| next.words.binary_search(word).is_ok()).map(weight).sum();
    let smaller = sum(&last.words).min(sum(&next.words));
    if smaller > 0.0 { (shared / smaller).min(1.0) } else { 0.0 }
}

/// How different the categories of two pages are, from 0 to 1.
fn distance(a: &Fit, b: &Fit) -> f64 {
    let all = |fit: &Fit| fit.rules.iter().copied().chain([fit.none]).collect::<Vec<_>>();
    let similarity: f64 = all(a).iter().zip(all(b)).map(|(a, b)| (a * b).max(0.0).sqrt()).sum();
    (1.0 - similarity).clamp(0.0, 1.0)
}
