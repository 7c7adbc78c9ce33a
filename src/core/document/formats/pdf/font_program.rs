//! Estimates what a font program costs before hayro loads it: names and tables of glyphs may share their bytes, so that
//! a small program unfolds into a large one.

use memchr::memmem;
use skrifa::raw::ps::cff::CffFontRef;
use skrifa::raw::tables::post::Post;
use skrifa::raw::{FontRef, TableProvider};

use crate::budget::{Budget, Exceeded};

/// The maximum size of all names of the glyphs of a font, in bytes: a name has at most 63, and a font 65,535 glyphs.
const MAX_NAME_BYTES: usize = 65_535 * 63;

/// The memory of a glyph in an index of names.
const GLYPH_MEMORY: usize = 24;

/// The steps of work for each table that maps codes to glyphs: each of 256 codes is looked up at four places of it. And how
/// many a font may have: real ones have up to a dozen; hayro looks into these in 6 ms.
const CODE_TABLE_STEPS: usize = 512;
const MAX_CODE_TABLES: usize = 512;

/// The steps of work for the name of a glyph: it is read, sorted, and found by search.
const NAME_STEPS: usize = 10;

/// In the names of a `post` table that are not in order, each is searched for from one of sixteen positions. How many
/// names are passed in one step of work, and in the whole table: hayro does it at once, in 30 ms. Tools write the names in
/// the order of the glyphs, and 40,000 in random order have so many.
const NAMES_PER_STEP: usize = 10;
const MAX_NAMES_PASSED: u64 = 30_000_000;

/// The number of those positions.
const NAME_POSITIONS: usize = 16;

/// The maximum size of a Type 1 font, in bytes, which hayro parses at once: 20 times that of usual ones. And the maximum
/// number of comparisons of names with its bytes.
const MAX_TYPE_1_BYTES: usize = 4 * 1024 * 1024;
const MAX_TYPE_1_PAIRS: u64 = 500_000_000;

/// What a font program costs.
pub(super) struct FontProgram {
    /// The memory beside the data, in bytes.
    pub memory: usize,
    /// The work for each font that uses it, in steps.
    pub steps: usize,
}

/// Inspects a font program; None if it is not to be loaded.
pub(super) fn inspect(data: &[u8], budget: &Budget) -> Result<Option<FontProgram>, Exceeded> {
    if data.starts_with(b"%!") || data.first() == Some(&0x80) {
        return type_1(data, budget);
    }
    let (names, steps) = match (CffFontRef::new(data, 0, None), FontRef::from_index(data, 0)) {
        (Ok(font), _) => (cff_names(&font, budget)?, 0),
        (Err(_), Ok(font)) => {
            let tables = font.cmap().map_or(0, |codes| usize::from(codes.num_tables()));
            if tables > MAX_CODE_TABLES {
                return Ok(None);
            }
            let Some(names) = sfnt_names(&font, budget)? else { return Ok(None) };
            (names, tables * CODE_TABLE_STEPS)
        }
        _ => (Names::default(), 0),
    };
    let memory = 2 * (names.bytes + names.count * GLYPH_MEMORY);
    Ok((names.bytes <= MAX_NAME_BYTES).then_some(FontProgram { memory, steps }))
}

/// The names of the glyphs of a font.
#[derive(Default)]
struct Names {
    count: usize,
    bytes: usize,
}

impl Names {
    /// Counts names until they are too many.
    fn count(lengths: impl Iterator<Item = usize>, budget: &Budget) -> Result<Self, Exceeded> {
        let mut names = Self::default();
        for length in lengths {
            names.count += 1;
            names.bytes = names.bytes.saturating_add(length);
            budget.work(NAME_STEPS)?;
            budget.pass_over(length)?;
            if names.bytes > MAX_NAME_BYTES {
                break;
            }
        }
        Ok(names)
    }
}

fn cff_names(font: &CffFontRef<'_>, budget: &Budget) -> Result<Names, Exceeded> {
    let Some(charset) = font.charset().filter(|_| !font.is_cid()) else { return Ok(Names::default()) };
    Names::count(charset.iter().map(|(_, name)| font.string(name).map_or(0, <[u8]>::len)), budget)
}

/// The names of an OpenType font; None if it takes too long to find them.
fn sfnt_names(font: &FontRef<'_>, budget: &Budget) -> Result<Option<Names>, Exceeded> {
    if let Ok(post) = font.post()
        && post.num_names() != 0
    {
        let passed = names_passed(&post);
        if passed > MAX_NAMES_PASSED {
            return Ok(None);
        }
        // By us and by hayro.
        budget.work(2 * passed as usize / NAMES_PER_STEP)?;
        return Names::count(post.glyph_names().map(|(_, name)| name.len()), budget).map(Some);
    }
    let cff = font.cff().ok().and_then(|table| CffFontRef::new(table.offset_data().as_bytes(), 0, None).ok());
    cff.map_or(Ok(Names::default()), |cff| cff_names(&cff, budget)).map(Some)
}

/// About how many names are passed to find those of all glyphs, one after the other.
fn names_passed(post: &Post<'_>) -> u64 {
    let indexes = post.glyph_name_index().unwrap_or_default();
    let distance = indexes.len().div_ceil(NAME_POSITIONS + 1).max(1);
    let mut last = 0;
    let passed = indexes.iter().map(|index| {
        let index = usize::from(index.get());
        let from_position = index - distance * (index / distance).min(NAME_POSITIONS);
        let from_last = index.checked_sub(last).unwrap_or(index);
        last = index;
        from_position.min(from_last) as u64
    });
    passed.sum()
}

/// A Type 1 font is parsed as a whole, and each name of its encoding is searched for among its glyphs.
fn type_1(data: &[u8], budget: &Budget) -> Result<Option<FontProgram>, Exceeded> {
    if data.len() > MAX_TYPE_1_BYTES {
        return Ok(None);
    }
    let clear = memmem::find(data, b"eexec").and_then(|end| data.get(..end)).unwrap_or(data);
    let names = clear.iter().filter(|byte| **byte == b'/').count();
    if names as u64 * data.len() as u64 > MAX_TYPE_1_PAIRS {
        return Ok(None);
    }
    budget.work(data.len())?;
    budget.pairs(names, data.len(), 500)?;
    Ok(Some(FontProgram { memory: 2 * data.len(), steps: 0 }))
}
