//! What a property means: its kind, and the names under which a document may have it.
//!
//! A property has a name, the names of the objects it is in, a title and a description. Which of them is what documents
//! write is decided by the lexicon of concepts: `seller.name` is the seller's name, and `totals.net` the net amount.

use super::super::concepts::{CONCEPTS, canonical, column_concept, kind_of_compound, named, resolve, split_words};
use super::super::schema::FieldKind;
use crate::limits::{MAX_FIELD_NAME_CHARS, MAX_FIELD_TEXT_CHARS};

/// Words that end the names of identifiers, besides those for "number".
const IDENTIFIER_WORDS: [&str; 3] = ["id", "nr", "uuid"];

/// Words that end the names of percentages.
const PERCENT_WORDS: [&str; 3] = ["percent", "percentage", "pct"];

/// The kinds that a value of a JSON type may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Those of texts: all.
    Text,
    /// Those of numbers.
    Number,
    /// Those of integers, which may be identifiers.
    Integer,
    /// Only this one.
    Only(FieldKind),
}

impl Allowed {
    fn fits(self, kind: FieldKind) -> bool {
        let is_number = matches!(kind, FieldKind::Number | FieldKind::Money | FieldKind::Percent);
        match self {
            Self::Text => true,
            Self::Number => is_number,
            Self::Integer => is_number || kind == FieldKind::Id,
            Self::Only(FieldKind::Boolean | FieldKind::Label) => kind == FieldKind::Text,
            // An identifier is often a concept of a kind of its own, and a text one of any.
            Self::Only(FieldKind::Id | FieldKind::Text) => true,
            Self::Only(only) => kind == only,
        }
    }

    const fn default_kind(self) -> FieldKind {
        match self {
            Self::Text => FieldKind::Text,
            Self::Number | Self::Integer => FieldKind::Number,
            Self::Only(kind) => kind,
        }
    }
}

/// A property, as the schema describes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Described<'a> {
    /// The names of the objects it is in, and its own, which is last. In a row, only those within the row.
    pub path: &'a [&'a str],
    /// Its title.
    pub title: Option<&'a str>,
    /// Its description.
    pub description: Option<&'a str>,
    /// What it is a part of.
    pub part: Part,
}

/// What a property is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The document, which has it once.
    Document,
    /// A row.
    Row,
    /// A list: its name is mostly a plural.
    List,
}

/// What a property means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub name: String,
    pub synonyms: Vec<String>,
    pub kind: FieldKind,
}

impl Described<'_> {
    /// The same, with as much of its title and its description as a field may have.
    pub fn shortened(self) -> Self {
        let title = self.title.map(|title| start_of(title, MAX_FIELD_NAME_CHARS));
        let description = self.description.map(|description| start_of(description, MAX_FIELD_TEXT_CHARS));
        Self { title, description, ..self }
    }

    fn own(&self) -> &str {
        self.path.last().copied().unwrap_or_default()
    }

    fn is_column(&self) -> bool {
        self.part == Part::Row
    }

    /// What it means if its kind is one of those allowed.
    pub fn meaning(&self, allowed: Allowed) -> Meaning {
        let (mut name, mut synonyms) = self.names(allowed);
        if let Some(one) = singular(&name).filter(|_| self.part == Part::List) {
            // The lexicon has names in the singular.
            if named(&one, false, |kind| allowed.fits(kind)).is_some() {
                synonyms.push(std::mem::replace(&mut name, one));
            } else {
                synonyms.push(one);
            }
        }
        if let Some(title) = self.title.filter(|title| !same_words(title, &name) && !same_words(title, self.own())) {
            synonyms.push(title.to_owned());
        }
        let names = || std::iter::once(&name).chain(&synonyms);
        let kind = names().find_map(|name| self.kind_of(name, allowed)).or_else(|| {
            let meaning = self.meaning_of_description(allowed)?;
            let concept = CONCEPTS.get(meaning)?;
            synonyms.push(concept.name.replace('_', " "));
            Some(concept.kind)
        });
        let kind = match allowed {
            Allowed::Only(kind) => kind,
            _ => kind.unwrap_or(allowed.default_kind()),
        };
        synonyms.retain(|synonym| !synonym.trim().is_empty());
        let synonyms = synonyms.iter().map(|synonym| shortened(synonym, MAX_FIELD_NAME_CHARS)).collect();
        Meaning { name: shortened(&name, MAX_FIELD_NAME_CHARS), synonyms, kind }
    }

    /// The name, and other ones.
    fn names(&self, allowed: Allowed) -> (String, Vec<String>) {
        let own = self.own();
        let Some((parents, _)) = self.path.split_last().map(|(own, parents)| (parents, own)) else {
            return Default::default();
        };
        let Some(parent) = parents.last() else { return (own.to_owned(), Vec::new()) };
        let joined = |parts: &[&str]| parts.iter().map(|part| split_words(part)).collect::<Vec<_>>().join(" ");
        let fits = |kind| allowed.fits(kind);
        let with_parent = joined(&[parent, own]);
        let party = party(parent);
        let mut wholes = vec![with_parent.clone()];
        wholes.extend((parents.len() > 1).then(|| joined(self.path)));
        wholes.extend(party.map(|party| joined(&[party, own])));
        let is_known = |name: &String| match self.is_column() {
            true => column_concept(name).is_some(),
            false => named(name, false, fits).is_some(),
        };
        if let Some(whole) = wholes.into_iter().find(is_known) {
            return (whole, Vec::new());
        }
        // A weak name alone, such as "name", means something else than within its object.
        let alone = match self.is_column() {
            true => column_concept(own),
            false => named(own, true, fits),
        };
        // What a document has without saying whose it is, is the seller's.
        let is_of_buyer = |index: usize| CONCEPTS.get(index).is_some_and(|concept| concept.name.starts_with("buyer_"));
        let of_other_party = |index: usize| match party {
            Some("seller") => is_of_buyer(index),
            Some(_) => !is_of_buyer(index),
            None => false,
        };
        match alone {
            Some(index) if of_other_party(index) => (with_parent, Vec::new()),
            Some(_) => (own.to_owned(), vec![with_parent]),
            None if named(own, false, fits).is_none() => (with_parent, vec![own.to_owned()]),
            None => (with_parent, Vec::new()),
        }
    }

    /// The kind that a name tells.
    fn kind_of(&self, name: &str, allowed: Allowed) -> Option<FieldKind> {
        let concept = if self.is_column() { column_concept(name) } else { None };
        let concept = concept.or_else(|| resolve(name, FieldKind::Text)).and_then(|index| CONCEPTS.get(index));
        // A concept that does not fit says nothing: `paid` as a boolean is no amount.
        let fitting = |kind: &FieldKind| allowed.fits(*kind);
        if let Some(kind) = concept.map(|concept| concept.kind).filter(fitting) {
            return Some(kind);
        }
        let words = canonical(&split_words(name));
        let last = words.last()?;
        let by_word = match last.as_str() {
            word if IDENTIFIER_WORDS.contains(&word) => Some(FieldKind::Id),
            word if PERCENT_WORDS.contains(&word) => Some(FieldKind::Percent),
            word => self.kind_of_word(word).or_else(|| words.first().and_then(|first| self.kind_of_word(first))),
        };
        by_word.or_else(|| kind_of_compound(last)).filter(fitting)
    }

    /// The kind of the concept that a word names. Dates and amounts have weak names of one word.
    fn kind_of_word(&self, word: &str) -> Option<FieldKind> {
        let kind = |index: usize| CONCEPTS.get(index).map(|concept| concept.kind);
        let is_plain = |kind| matches!(kind, FieldKind::Date | FieldKind::Money);
        let is_code = |kind| !matches!(kind, FieldKind::Text | FieldKind::Id | FieldKind::Number | FieldKind::Percent);
        named(word, false, is_plain).or_else(|| named(word, true, is_code)).and_then(kind)
    }

    /// The index of the concept that the description begins with. It helps a property whose name says nothing.
    fn meaning_of_description(&self, allowed: Allowed) -> Option<usize> {
        let description = self.description?;
        let clause = description.split(['.', ',', ';', ':', '(', '\n']).next()?;
        let index = resolve(&shortened(clause, MAX_FIELD_NAME_CHARS), FieldKind::Text)?;
        CONCEPTS.get(index).filter(|concept| allowed.fits(concept.kind) && !concept.is_column()).map(|_| index)
    }
}

/// The party that an object is about, by its name.
fn party(name: &str) -> Option<&'static str> {
    let is_text = |kind| kind == FieldKind::Text;
    let party_of = |name: &str| match CONCEPTS.get(named(name, true, is_text)?)?.name {
        "seller_name" => Some("seller"),
        "buyer_name" => Some("buyer"),
        _ => None,
    };
    let split = split_words(name);
    // "to" alone is a buyer, but a word of many names.
    party_of(name).or_else(|| split.split(' ').filter(|word| word.len() > 2).find_map(party_of))
}

/// The singular of an English plural; None for what is none.
fn singular(name: &str) -> Option<String> {
    if let Some(stem) = name.strip_suffix("ies").filter(|stem| stem.len() > 2) {
        return Some(format!("{stem}y"));
    }
    if let Some(stem) = name.strip_suffix("es").filter(|stem| stem.ends_with("ss")) {
        return Some(stem.to_owned());
    }
    name.strip_suffix('s').filter(|stem| stem.len() > 2 && !stem.ends_with('s')).map(str::to_owned)
}

fn same_words(a: &str, b: &str) -> bool {
    canonical(&split_words(a)) == canonical(&split_words(b))
}

/// A text of at most `chars` characters.
fn shortened(text: &str, chars: usize) -> String {
    start_of(text, chars).to_owned()
}

/// The first characters of a text.
fn start_of(text: &str, chars: usize) -> &str {
    let end = text.char_indices().nth(chars).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}

/// A description that a field may have.
pub(super) fn description(text: &str) -> String {
    shortened(text, MAX_FIELD_TEXT_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(path: &str, allowed: Allowed, description: Option<&str>) -> Meaning {
        let path: Vec<_> = path.split('/').collect();
        Described { path: &path, title: None, description, part: Part::Document }.meaning(allowed)
    }

    #[test]
    fn names_have_kinds() {
        for (name, allowed, kind) in [
            ("iban", Allowed::Text, FieldKind::Iban),
            ("total", Allowed::Number, FieldKind::Money),
            ("amountDue", Allowed::Number, FieldKind::Money),
            ("currency", Allowed::Text, FieldKind::Currency),
            ("settlement_date", Allowed::Text, FieldKind::Date),
            ("Mietvertragsdatum", Allowed::Text, FieldKind::Date),
            ("company_phone", Allowed::Text, FieldKind::Phone),
            ("email_verified", Allowed::Only(FieldKind::Boolean), FieldKind::Boolean),
            ("container_id", Allowed::Text, FieldKind::Id),
            ("customer_number", Allowed::Integer, FieldKind::Id),
            ("head_count", Allowed::Integer, FieldKind::Number),
            ("exchange_rate", Allowed::Number, FieldKind::Number),
            ("interestPercentage", Allowed::Number, FieldKind::Percent),
            ("discount_amount", Allowed::Number, FieldKind::Money),
            ("page_title", Allowed::Text, FieldKind::Text),
            ("seller/vatId", Allowed::Text, FieldKind::VatId),
        ] {
            assert_eq!(meaning(name, allowed, None).kind, kind, "{name}");
        }
    }

    #[test]
    fn the_names_of_objects_help_and_do_not_hurt() {
        for (path, name, synonyms) in [
            ("seller/name", "seller name", &[][..]),
            ("vendor_details/vat_id", "seller vat id", &[]),
            ("invoice/number", "invoice number", &[]),
            ("delivery/date", "delivery date", &[]),
            ("totals/net_amount", "net_amount", &["totals net amount"]),
            ("vehicle/name", "vehicle name", &[]),
            ("vehicle/colour", "vehicle colour", &["colour"]),
            ("buyer/address", "buyer address", &[]),
            ("buyer/email", "buyer email", &[]),
            ("a/bank/iban", "iban", &["bank iban"]),
        ] {
            let meaning = meaning(path, Allowed::Text, None);
            assert_eq!((meaning.name.as_str(), meaning.synonyms), (name, synonyms.iter().map(|&s| s.into()).collect()));
        }
    }

    #[test]
    fn a_description_helps_a_name_that_says_nothing() {
        let found = meaning("x1", Allowed::Text, Some("The invoice date, not the due date"));
        assert_eq!((found.kind, found.synonyms), (FieldKind::Date, vec!["invoice date".to_owned()]));
        assert_eq!(meaning("x1", Allowed::Only(FieldKind::Boolean), Some("Invoice date")).kind, FieldKind::Boolean);
        let path = ["emails"];
        let list = Described { path: &path, title: None, description: None, part: Part::List }.meaning(Allowed::Text);
        assert_eq!((list.name.as_str(), list.kind), ("email", FieldKind::Email));
        assert_eq!(meaning("due_date", Allowed::Text, Some("Invoice date")).synonyms, Vec::<String>::new());
        assert_eq!(meaning(&"é ".repeat(300), Allowed::Text, None).name.chars().count(), MAX_FIELD_NAME_CHARS);
    }
}
