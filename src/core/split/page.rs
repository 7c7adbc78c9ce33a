//! What a page says about where its document begins and ends.

use super::phrases::{PageNumber, Phrases};
use crate::budget::{Budget, Held};
use crate::document::{Page, Passage, Role, Span};
use crate::error::Result;
use crate::text::{Language, Map, StopWordCounts, Words, fold, map_for, without_numbers, words};

/// How many lines at the top and at the bottom of a page may have its number beside a word for "page", and how many may
/// have it alone.
const NUMBERED_LINES: (usize, usize) = (12, 6);
const BARE_LINES: (usize, usize) = (2, 3);

/// How many lines at the top of a page may have the name of a company.
const LETTERHEAD_LINES: usize = 4;

/// How many lines at the top and at the bottom of a page are searched for phrases.
const SEARCHED_LINES: (usize, usize) = (60, 20);

/// The most words of a line with the number of its page: a row of a letterhead. Sentences refer to pages, too.
const NUMBERED_LINE_WORDS: usize = 12;

/// The longest line that is searched for phrases and numbers, in bytes; a longer one is a paragraph.
const MAX_LINE_BYTES: usize = 200;

/// The most words of a separator, or of a page that says that it is blank.
const SHEET_WORDS: usize = 15;

/// The upper part of a page in which its title stands, as a share of its height.
const TITLE_ZONE: f32 = 0.45;

/// How many times the height of most words those of a title have.
const TITLE_SIZE: f32 = 1.3;

/// The outer parts of a page, in which headers and footers stand, as a share of its height.
const MARGIN_ZONE: f32 = 0.08;

/// The fewest letters of a title, and of a header or footer that sets documents apart.
const TITLE_LETTERS: usize = 4;
const EDGE_LETTERS: usize = 8;

/// The fewest characters of text that begins in the middle of a sentence: cells and labels are shorter.
const SENTENCE_CHARS: usize = 25;

/// How many blocks at each end of a page may have the row with which a table goes on: others are captions and sums.
const EDGE_BLOCKS: usize = 4;

/// The most different words of a page that are compared.
const MAX_WORDS: usize = 2_000;

/// The shortest word that is compared, in bytes.
const MIN_WORD_BYTES: usize = 4;

/// The most numbers, and the most hosts, of a page that are compared.
const MAX_NAMES: usize = 256;

/// The longest host, in bytes: that of the DNS.
const MAX_HOST_BYTES: usize = 255;

/// The work of a byte of a page, in passes, and of a word and a line, in steps; what a known word and a number or host take
/// beside their bytes, in bytes.
const PASSES: usize = 8;
const WORD_STEPS: usize = 4;
const LINE_STEPS: usize = 50;
const WORD_MEMORY: usize = 96;
const NAME_MEMORY: usize = 48;

/// How a page is laid out, in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub size: (f32, f32),
    /// The height of most words.
    pub type_height: f32,
    /// Where most lines begin.
    pub left: f32,
}

/// What a page says.
#[derive(Debug, Default)]
pub(super) struct PageFacts {
    /// Whether it has nothing to read, or says so.
    pub blank: bool,
    /// Whether it is a sheet between documents.
    pub separator: bool,
    pub number: Option<PageNumber>,
    /// What may be the number of a document, a customer, an account, sorted.
    pub identifiers: Vec<String>,
    /// Those that a word for "number" stands before, sorted.
    pub labelled: Vec<String>,
    /// The hosts of addresses, sorted.
    pub hosts: Vec<String>,
    /// The first and the last lines, with `#` for numbers.
    pub edges: [Vec<String>; 2],
    /// Whether there is large type near the top.
    pub title: bool,
    /// Whether one of the first passages is a heading.
    pub heading: bool,
    /// Whether the form of a company, such as "Ltd", is in its first lines.
    pub letterhead: bool,
    /// Whether there is a date in the upper part, outside of tables.
    pub dated: bool,
    /// Whether it has the salutation of a letter.
    pub salutation: bool,
    /// Whether its upper half says that it goes on from the page before, and its lower half that it goes on.
    pub carried_over: bool,
    pub carried_on: bool,
    pub begins_inside_sentence: bool,
    /// How many cells the rows at its top and bottom have; 0 if there are none.
    pub first_cells: usize,
    pub last_cells: usize,
    /// The first and the last number of a clause or row.
    pub first_clause: Option<u32>,
    pub last_clause: Option<u32>,
    pub language: Option<Language>,
    /// The numbers of its words, sorted.
    pub words: Vec<u32>,
    /// None in formats without a layout.
    pub layout: Option<Layout>,
}

/// A passage and where it is on the page, as shares of its height.
struct Block<'a> {
    text: &'a str,
    role: Role,
    top: f32,
    bottom: f32,
    /// The height of its highest word; 0 without a layout.
    type_height: f32,
}

/// The words of all pages, by numbers in order of their first occurrence.
#[derive(Debug)]
pub(super) struct Dictionary<'b> {
    numbers: Map<String, u32>,
    /// On how many pages each word is.
    pages: Vec<u32>,
    budget: &'b Budget,
    held: Held<'b>,
}

impl<'b> Dictionary<'b> {
    pub fn new(pages: &[Page], budget: &'b Budget) -> Result<Self> {
        let numbers = map_for(pages.iter().map(|page| page.text.as_str()));
        Ok(Self { numbers, pages: Vec::new(), budget, held: budget.hold(0)? })
    }

    /// On how many pages a word is.
    pub fn page_count(&self, word: u32) -> u32 {
        self.pages.get(word as usize).copied().unwrap_or_default()
    }

    fn number(&mut self, word: &str) -> u32 {
        if let Some(&number) = self.numbers.get(word) {
            return number;
        }
        let number = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        self.numbers.insert(word.to_owned(), number);
        self.pages.push(0);
        number
    }

    /// The words and the language of a page.
    fn read(&mut self, blocks: &[Block<'_>]) -> Result<(Vec<u32>, Option<Language>)> {
        let (known, mut found) = (self.pages.len(), Vec::new());
        let mut stop_words = StopWordCounts::default();
        let mut folded = String::new();
        for block in blocks {
            let mut words = Words::new(block.text);
            while words.next_into(&mut folded).is_some() {
                self.budget.work(WORD_STEPS)?;
                stop_words.count(&folded);
                if found.len() < MAX_WORDS && folded.len() >= MIN_WORD_BYTES {
                    found.push(self.number(&folded));
                }
            }
        }
        self.held.grow(WORD_MEMORY * (self.pages.len() - known) + size_of::<u32>() * found.len())?;
        found.sort_unstable();
        found.dedup();
        for &word in &found {
            if let Some(count) = self.pages.get_mut(word as usize) {
                *count += 1;
            }
        }
        Ok((found, stop_words.most_frequent()))
    }

    /// Reads a page.
    pub fn facts(&mut self, page: &Page, phrases: &Phrases) -> Result<PageFacts> {
        self.budget.pass_over(PASSES * page.text.len())?;
        self.budget.work(page.words.len())?;
        self.held.grow(page.text.len())?;
        let _held = self
            .budget
            .hold((page.passages.len() + 1) * size_of::<Block<'_>>() + page.words.len() * size_of::<u32>())?;
        let (blocks, layout) = layout(page);
        let (words, language) = self.read(&blocks)?;
        let mut facts = PageFacts { words, language, layout, ..PageFacts::default() };
        facts.read_lines(&blocks, phrases, self.budget)?;
        facts.read_identifiers(&blocks, phrases, self.budget)?;
        facts.read_edges(&blocks);
        let names = facts.identifiers.iter().chain(&facts.labelled).chain(&facts.hosts);
        self.held.grow(names.map(|name| name.len() + NAME_MEMORY).sum())?;
        Ok(facts)
    }
}

/// The passages of a page with their places, and its layout.
fn layout(page: &Page) -> (Vec<Block<'_>>, Option<Layout>) {
    let whole = Passage { span: Span { start: 0, end: page.text.len() }, role: Role::Body };
    let passages = page.passages.iter().copied().chain(page.passages.is_empty().then_some(whole));
    let size = page.size.filter(|&(width, height)| width > 0.0 && height > 0.0 && !page.words.is_empty());
    let mut words = page.words.iter().peekable();
    let blocks: Vec<Block<'_>> = passages
        .map(|passage| {
            let Span { start, end } = passage.span;
            let mut block = Block {
                text: passage.span.of(&page.text),
                role: passage.role,
                top: f32::MAX,
                bottom: f32::MIN,
                type_height: 0.0,
            };
            while let Some(word) = words.next_if(|word| word.span.start < end) {
                if let Some((_, height)) = size.filter(|_| word.span.start >= start) {
                    block.top = block.top.min(word.rect.y / height);
                    block.bottom = block.bottom.max((word.rect.y + word.rect.height) / height);
                    block.type_height = block.type_height.max(word.rect.height);
                }
            }
            if block.top > block.bottom {
                // Without a layout, how much of the text is before it.
                let length = page.text.len().max(1) as f32;
                (block.top, block.bottom) = (start as f32 / length, end as f32 / length);
            }
            block
        })
        .collect();
    let layout = size.map(|size| {
        let words = page.words.iter();
        let type_height = quantile(words.clone().map(|word| word.rect.height), 2);
        Layout { size, type_height, left: quantile(words.map(|word| word.rect.x), 20) }
    });
    (blocks, layout)
}

/// The value that one in `share` is below, in points to a hundredth; 0 if there are none, or if it is negative.
fn quantile(values: impl Iterator<Item = f32>, share: usize) -> f32 {
    const PARTS: f32 = 100.0;
    // As integers, because the code that sorts them is there already.
    let mut values: Vec<u32> = values.map(|value| (value * PARTS) as u32).collect();
    values.sort_unstable();
    values.get(values.len() / share).map_or(0.0, |&value| value as f32 / PARTS)
}

impl PageFacts {
    /// Reads what lines say: numbers of pages, phrases, headers and footers.
    fn read_lines(&mut self, blocks: &[Block<'_>], phrases: &Phrases, budget: &Budget) -> Result<()> {
        let lines =
            || blocks.iter().flat_map(|block| block.text.lines()).map(str::trim).filter(|line| !line.is_empty());
        let count = lines().count();
        let carried = phrases.carried.of(self.language);
        let salutations = phrases.salutations.of(self.language);
        let (mut words_read, mut sheet, mut empty) = (0, false, false);
        for (index, line) in lines().enumerate() {
            let is_searched = index < SEARCHED_LINES.0 || count - index <= SEARCHED_LINES.1;
            if line.len() > MAX_LINE_BYTES || !is_searched {
                words_read += SHEET_WORDS + 1;
                continue;
            }
            budget.work(LINE_STEPS)?;
            let tokens = words(line);
            words_read += tokens.len();
            let folded: Vec<&str> = tokens.iter().map(|(_, folded)| folded.as_str()).collect();
            let text = folded.join(" ");
            let from_end = count - index;
            let is_near = |(first, last): (usize, usize)| index < first || from_end <= last;
            if is_near(NUMBERED_LINES)
                && tokens.len() <= NUMBERED_LINE_WORDS
                && let Some(number) = phrases.page_number(line, &tokens, is_near(BARE_LINES))
                && self.number.is_none_or(|known| number.is_surer_than(known))
            {
                self.number = Some(number);
            }
            self.letterhead |= index < LETTERHEAD_LINES
                && tokens.iter().any(|(range, word)| phrases.is_legal_form(word, line.get(range.clone())));
            self.salutation |= Phrases::begin(&salutations, &text) && index * 4 <= count * 3;
            let is_carried = tokens.len() <= 8 && is_near(NUMBERED_LINES) && Phrases::contain(&carried, &text);
            self.carried_over |= is_carried && index * 2 < count;
            self.carried_on |= is_carried && index * 2 >= count;
            sheet |= Phrases::contain(&phrases.separators, &text);
            empty |= Phrases::contain(&phrases.blank_pages, &text);
        }
        self.separator = words_read <= SHEET_WORDS && sheet;
        self.blank = words_read == 0 || self.separator || words_read <= SHEET_WORDS && empty;
        let edge = |line: &str| {
            let key = without_numbers(line.chars());
            (key.chars().filter(|c| c.is_alphabetic()).count() >= EDGE_LETTERS).then_some(key)
        };
        self.edges = [
            lines().take(BARE_LINES.0).filter_map(edge).collect(),
            lines().rev().take(BARE_LINES.1).filter_map(edge).collect(),
        ];
        Ok(())
    }

    /// Reads what may be the number of something, and the hosts of addresses.
    fn read_identifiers(&mut self, blocks: &[Block<'_>], phrases: &Phrases, budget: &Budget) -> Result<()> {
        /// How many words after a word for "number" the number may stand.
        const DISTANCE: usize = 3;
        let mut is_labelled_above = false;
        for block in blocks {
            let (mut since_label, mut has_label, mut has_number) = (usize::MAX, false, false);
            let may_have_date = block.top < TITLE_ZONE && cells(block) < 3;
            for token in block.text.split_whitespace() {
                let trimmed = token.trim_matches(|c: char| !c.is_alphanumeric());
                since_label = since_label.saturating_add(1);
                budget.work(WORD_STEPS)?;
                self.dated |= may_have_date && is_date(trimmed);
                if let Some(host) = host(trimmed) {
                    push(&mut self.hosts, fold(host));
                } else if is_identifier(trimmed) {
                    let folded = fold(trimmed);
                    has_number = true;
                    if since_label <= DISTANCE || is_labelled_above {
                        push(&mut self.labelled, folded.clone());
                    }
                    push(&mut self.identifiers, folded);
                } else if phrases.is_number_word(token, trimmed) {
                    (since_label, has_label) = (0, true);
                }
            }
            // A row of labels above a row of values.
            is_labelled_above = has_label && !has_number;
        }
        for list in [&mut self.identifiers, &mut self.labelled, &mut self.hosts] {
            list.sort_unstable();
            list.dedup();
        }
        Ok(())
    }

    /// Reads how the page begins and ends.
    fn read_edges(&mut self, blocks: &[Block<'_>]) {
        let type_height = self.layout.map_or(0.0, |layout| layout.type_height);
        let is_large = |block: &Block<'_>| {
            block.top < TITLE_ZONE
                && block.type_height >= TITLE_SIZE * type_height
                && type_height > 0.0
                && block.text.len() <= MAX_LINE_BYTES
                && block.text.chars().filter(|c| c.is_alphabetic()).count() >= TITLE_LETTERS
        };
        self.title = blocks.iter().any(is_large);
        let content: Vec<&Block<'_>> = blocks
            .iter()
            .filter(|block| {
                let is_outside = block.bottom < MARGIN_ZONE || block.top > 1.0 - MARGIN_ZONE;
                block.role != Role::Margin && !(self.layout.is_some() && is_outside) && !is_number_line(block.text)
            })
            .collect();
        let first = || content.iter().copied().take(EDGE_BLOCKS);
        let last = || content.iter().copied().rev().take(EDGE_BLOCKS);
        self.heading = first().any(|block| matches!(block.role, Role::Title | Role::Heading));
        self.first_cells = first().find(|block| block.role == Role::TableRow).map_or(0, cells);
        self.last_cells = last().find(|block| block.role == Role::TableRow).map_or(0, cells);
        self.first_clause = content.iter().find_map(|block| clause(block));
        self.last_clause = content.iter().rev().find_map(|block| clause(block));
        let is_text = |block: &&Block<'_>| block.role == Role::Body && block.text.chars().count() >= SENTENCE_CHARS;
        let begins = content.first().copied().filter(is_text);
        self.begins_inside_sentence =
            begins.is_some_and(|block| block.text.trim_start().starts_with(char::is_lowercase));
    }
}

/// Adds a number or a host to those of a page, unless it has as many as are compared.
fn push(names: &mut Vec<String>, name: String) {
    if names.len() < MAX_NAMES {
        names.push(name);
    }
}

fn cells(block: &Block<'_>) -> usize {
    block.text.split('\t').count()
}

/// Whether a block is nothing but the number of a page.
fn is_number_line(text: &str) -> bool {
    text.len() <= 8 && !text.chars().any(char::is_alphabetic)
}

/// The number at the beginning of a clause (`7.`, `7.2`, `(7)`, `§ 7`) or of a row (`7`).
fn clause(block: &Block<'_>) -> Option<u32> {
    let text = block.text.trim_start();
    let rest = text.trim_start_matches(['§', '(', ' ']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest.get(..digits).filter(|digits| digits.len() <= 3)?.parse().ok()?;
    let after = rest.get(digits..)?.split(char::is_whitespace).next().unwrap_or_default();
    let is_marked = rest.len() < text.len() || after.starts_with(['.', ')']);
    let is_row = block.role == Role::TableRow && rest.get(digits..)?.starts_with('\t');
    (is_row || is_marked && after.len() <= 4).then_some(number)
}

/// The host of an e-mail address or of a web page.
fn host(token: &str) -> Option<&str> {
    let host = match token.split_once('@') {
        Some((_, host)) => host,
        None => token.trim_start_matches("https://").trim_start_matches("http://").strip_prefix("www.")?,
    };
    let host = host.split(['/', '?', '#', ':']).next()?;
    (host.contains('.') && host.len() <= MAX_HOST_BYTES).then_some(host)
}

/// Whether a token may be the number of something: some letters, at least three digits, and no date and no amount.
fn is_identifier(token: &str) -> bool {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let is_code = |c: char| c.is_alphanumeric() || matches!(c, '-' | '/' | '_' | '.' | ',');
    if !(4..=32).contains(&token.len()) || digits < 3 || !token.chars().all(is_code) {
        return false;
    }
    let has_letters = token.chars().any(char::is_alphabetic);
    let is_amount = !has_letters && token.contains(['.', ',']);
    let is_year = token.len() == 4 && (token.starts_with("19") || token.starts_with("20"));
    !is_date(token) && !is_amount && !is_year
}

/// Whether a token is a date in digits: a day, a month and a year, in any order with the year at an end.
pub(super) fn is_date(token: &str) -> bool {
    let part = |part: &str| Some((part.len(), part.parse::<u32>().ok().filter(|_| part.len() <= 4)?));
    let mut parts = token.split(['.', '-', '/']).map(part);
    let (Some(Some(a)), Some(Some(b)), Some(Some(c)), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let is_full_year = |(length, number): (usize, u32)| length == 4 && (1900..2200).contains(&number);
    let is_day_and_month = |(_, a): (usize, u32), (_, b): (usize, u32)| {
        (1..=31).contains(&a) && (1..=31).contains(&b) && (a <= 12 || b <= 12)
    };
    // A year of two digits is the last part: "10.4.2" is a section.
    (is_full_year(c) || c.0 == 2) && is_day_and_month(a, b) || is_full_year(a) && is_day_and_month(b, c)
}
