//! The data files of the languages. `README.md` describes them.
//!
//! Each file is a static of its own, so that a wasm module contains only those that it uses.

use std::collections::HashSet;

use foldhash::fast::FixedState;

use super::table::{Language, for_each_language};

/// The content of the file `$name` of every language, and of the folder `und` if it has one.
macro_rules! language_file {
    ($name:literal, $und:expr, $($language:ident $code:literal,)*) => {
        LanguageFile {
            languages: &[$((Language::$language, include_str!(concat!($code, "/", $name)))),*],
            und: $und,
        }
    };
}

/// Words too common to carry information.
pub static STOP_WORDS: LanguageFile = for_each_language!(language_file!("stop_words.txt", "",));

/// Names of months, and words in dates.
pub static DATES: LanguageFile = for_each_language!(language_file!("dates.txt", include_str!("und/dates.txt"),));

/// Lines of mails that separate new text from quoted history and from signatures.
pub static MAIL: LanguageFile = for_each_language!(language_file!("mail.txt", include_str!("und/mail.txt"),));

/// Words of descriptions of documents that do not describe them.
pub static RULES: LanguageFile = for_each_language!(language_file!("rules.txt", "",));

/// Words by which pages of a document go on, begin and end.
pub static PAGES: LanguageFile = for_each_language!(language_file!("pages.txt", "",));

/// The words for the concepts of business documents.
pub static GLOSSARY: LanguageFile = for_each_language!(language_file!("glossary.txt", "",));

/// The labels of the fields of business documents.
pub static LABELS: LanguageFile = for_each_language!(language_file!("labels.txt", include_str!("und/labels.txt"),));

/// Words in and around values.
pub static EXTRACTION: LanguageFile =
    for_each_language!(language_file!("extraction.txt", include_str!("und/extraction.txt"),));

/// A data file in every language: lists of words or phrases by name.
#[derive(Debug)]
pub struct LanguageFile {
    languages: &'static [(Language, &'static str)],
    und: &'static str,
}

/// An entry of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The language; None in the folder `und`.
    pub language: Option<Language>,
    /// The name of the list.
    pub list: &'static str,
    /// The word or phrase.
    pub text: &'static str,
}

impl LanguageFile {
    /// The entries of all lists, language by language in the order of [`Language::ALL`], each file from its top.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        let languages = self.languages.iter().map(|&(language, file)| (Some(language), file));
        languages.chain([(None, self.und)]).flat_map(|(language, file)| entries(language, file))
    }
}

/// A list of a data file, in all languages.
#[derive(Debug)]
pub struct WordList {
    file: &'static LanguageFile,
    name: &'static str,
}

impl WordList {
    /// The entries.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        self.file.entries().filter(|entry| entry.list == self.name)
    }

    /// The words and phrases.
    pub fn texts(&self) -> impl Iterator<Item = &'static str> {
        self.entries().map(|entry| entry.text)
    }

    /// The words as a set.
    pub fn set(&self) -> WordSet {
        self.texts().collect()
    }
}

/// A set of words.
pub type WordSet = HashSet<&'static str, FixedState>;

/// The lists of `dates.txt` with the names of the months, January first.
pub const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Declares the lists that are read by name; a test checks that their files have them.
macro_rules! word_lists {
    ($($file:ident: $($list:ident $name:literal)*;)*) => {
        /// The lists that are read by name. `README.md` describes them.
        pub mod lists {
            use super::WordList;

            $($(
                #[doc = concat!("`", $name, "`")]
                pub static $list: WordList = WordList { file: &super::$file, name: $name };
            )*)*
        }

        /// Every list of [`lists`], with its name.
        #[cfg(test)]
        const LISTS: &[&WordList] = &[$($(&lists::$list),*),*];
    };
}

word_lists! {
    MAIL:
        ATTRIBUTION_LINES "attribution_lines"
        SENDER_FIELDS "sender_fields"
        DATE_FIELDS "date_fields"
        REPLY_SEPARATORS "reply_separators"
        FORWARD_SEPARATORS "forward_separators"
        DEVICE_SIGNATURES "device_signatures"
        DISCLAIMERS "disclaimers";
    RULES:
        FILLER_WORDS "filler_words"
        GENERIC_WORDS "generic_words"
        CATCH_ALL_WORDS "catch_all_words"
        EXCLUSION_WORDS "exclusion_words"
        AUXILIARY_VERBS "auxiliary_verbs";
    PAGES:
        PAGE_WORDS "page_words"
        TOTAL_WORDS "total_words"
        CARRIED_WORDS "carried_words"
        LETTER_SALUTATIONS "letter_salutations"
        SEPARATORS "separators"
        BLANK_PAGES "blank_pages";
    EXTRACTION:
        DECIMAL_SEPARATOR "decimal_separator"
        YES "yes"
        NO "no"
        NUMBER_WORDS "number_words"
        FUNCTION_WORDS "function_words"
        CONNECTING_WORDS "connecting_words"
        LEGAL_FORMS "legal_forms"
        DOTTED_LEGAL_FORMS "dotted_legal_forms"
        SALUTATIONS "salutations"
        LAW_CUES "law_cues"
        LAW_FILLERS "law_fillers"
        GOVERNING_WORDS "governing_words";
}

/// The entries of one file. A line is `list: entry, entry, ...`; a line that begins with a space continues the list.
fn entries(language: Option<Language>, file: &'static str) -> impl Iterator<Item = Entry> {
    let mut list = "";
    file.lines().flat_map(move |line| {
        let mut texts = line;
        if !line.starts_with(' ') {
            (list, texts) = line.split_once(':').unwrap_or((line, ""));
        }
        let list = list;
        let texts = texts.split(',').map(str::trim).filter(|text| !text.is_empty());
        texts.map(move |text| Entry { language, list, text })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::text::fold;

    /// A row of the matrix: what it is, and its lists. Without lists: those of the English file.
    type Row = (&'static str, &'static [&'static str]);

    /// The files, and the rows of the matrix in each.
    const FILES: &[(&str, &LanguageFile, &[Row])] = &[
        ("stop_words.txt", &STOP_WORDS, &[("stop_words", &["stop_words"])]),
        ("dates.txt", &DATES, &[("months", &MONTHS), ("date_words", &["date_words"])]),
        (
            "mail.txt",
            &MAIL,
            &[
                ("attribution_lines", &["attribution_lines"]),
                ("sender_fields", &["sender_fields"]),
                ("date_fields", &["date_fields"]),
                ("reply_separators", &["reply_separators"]),
                ("forward_separators", &["forward_separators"]),
                ("device_signatures", &["device_signatures"]),
                ("disclaimers", &["disclaimers"]),
            ],
        ),
        (
            "rules.txt",
            &RULES,
            &[
                ("filler_words", &["filler_words"]),
                ("generic_words", &["generic_words"]),
                ("catch_all_words", &["catch_all_words"]),
                ("exclusion_words", &["exclusion_words"]),
                ("auxiliary_verbs", &["auxiliary_verbs"]),
            ],
        ),
        (
            "pages.txt",
            &PAGES,
            &[
                ("page_words", &["page_words"]),
                ("total_words", &["total_words"]),
                ("carried_words", &["carried_words"]),
                ("letter_salutations", &["letter_salutations"]),
                ("separators", &["separators"]),
                ("blank_pages", &["blank_pages"]),
            ],
        ),
        ("glossary.txt", &GLOSSARY, &[("concepts", &[])]),
        ("labels.txt", &LABELS, &[("concepts", &[])]),
        (
            "extraction.txt",
            &EXTRACTION,
            &[
                ("decimal_separator", &["decimal_separator"]),
                ("yes", &["yes"]),
                ("no", &["no"]),
                ("number_words", &["number_words"]),
                ("function_words", &["function_words"]),
                ("connecting_words", &["connecting_words"]),
                ("legal_forms", &["legal_forms"]),
                ("dotted_legal_forms", &["dotted_legal_forms"]),
                ("salutations", &["salutations"]),
                ("law_cues", &["law_cues"]),
                ("law_fillers", &["law_fillers"]),
                ("governing_words", &["governing_words"]),
            ],
        ),
    ];

    fn folder() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/text/languages"))
    }

    /// The names of the lists in a file, also of empty ones.
    fn lists(file: &str) -> Vec<&str> {
        file.lines().filter(|line| !line.starts_with(' ')).filter_map(|line| Some(line.split_once(':')?.0)).collect()
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// Which language has which list, as a Markdown table: `yes`, the number of lists that it has, or `-` for a gap.
    fn matrix() -> String {
        let columns: Vec<Option<Language>> = Language::ALL.into_iter().map(Some).chain([None]).collect();
        let codes: Vec<&str> = columns.iter().map(|column| column.map_or("und", Language::code)).collect();
        let mut table = format!("| file | list | {} |\n|---|---|{}\n", codes.join(" | "), "---|".repeat(codes.len()));
        for (name, file, rows) in FILES {
            for (row, row_lists) in *rows {
                let english_lists = lists(file.languages[0].1);
                let all = if row_lists.is_empty() { english_lists.as_slice() } else { row_lists };
                let cell = |column: &Option<Language>| {
                    let filled: BTreeSet<&str> =
                        file.entries().filter(|entry| entry.language == *column).map(|entry| entry.list).collect();
                    let count = all.iter().filter(|list| filled.contains(*list)).count();
                    match count {
                        0 => "-".to_owned(),
                        1 if all.len() == 1 => "yes".to_owned(),
                        _ => count.to_string(),
                    }
                };
                let cells: Vec<String> = columns.iter().map(cell).collect();
                table.push_str(&format!("| {name} | {row} | {} |\n", cells.join(" | ")));
            }
        }
        table
    }

    #[test]
    fn the_readme_shows_every_gap() {
        let readme = fs::read_to_string(folder().join("README.md")).unwrap();
        assert!(readme.contains(&matrix()), "README.md must have this table:\n\n{}", matrix());
    }

    #[test]
    fn every_folder_is_a_language_with_every_file() {
        let files: BTreeSet<String> = FILES.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let codes: BTreeSet<String> = Language::ALL.iter().map(|language| language.code().to_owned()).collect();
        let folders = names(folder()).into_iter().filter(|name| folder().join(name).is_dir() && name != "und");
        assert_eq!(folders.collect::<BTreeSet<_>>(), codes);
        for code in codes {
            assert_eq!(names(&folder().join(&code)), files, "{code}");
        }
        assert!(names(&folder().join("und")).is_subset(&files));
    }

    #[test]
    fn every_file_has_the_lists_that_are_read() {
        for (name, file, rows) in FILES {
            let known: Vec<&str> = rows.iter().flat_map(|(_, lists)| lists.iter().copied()).collect();
            for (language, text) in file.languages {
                if known.is_empty() {
                    let english = lists(file.languages[0].1);
                    assert!(lists(text).iter().all(|list| english.contains(list)), "{language:?} {name}");
                } else {
                    assert_eq!(lists(text), known, "{language:?} {name}: a list without entries is a gap, not absent");
                }
            }
            let known = if known.is_empty() { lists(file.languages[0].1) } else { known };
            assert!(lists(file.und).iter().all(|list| known.contains(list)), "und {name}");
        }
    }

    #[test]
    fn every_list_read_by_name_is_in_its_file() {
        for list in LISTS {
            assert!(list.entries().next().is_some(), "{}", list.name);
        }
        let names: BTreeSet<&str> = LISTS.iter().map(|list| list.name).collect();
        assert_eq!(names.len(), LISTS.len());
    }

    #[test]
    fn entries_are_folded_and_occur_once() {
        for (name, file, _) in FILES {
            let mut seen = BTreeSet::new();
            for entry in file.entries() {
                assert!(seen.insert((entry.language, entry.list, entry.text)), "{name}: {entry:?} occurs twice");
                assert!(*name == "mail.txt" || fold(entry.text) == entry.text, "{name}: {entry:?} is not folded");
            }
        }
    }

    #[test]
    fn lists_are_parsed() {
        let file = "one: a, b c,\n  d\ntwo:\nthree: e:, f\n";
        let found: Vec<_> = entries(None, file).map(|entry| (entry.list, entry.text)).collect();
        assert_eq!(found, [("one", "a"), ("one", "b c"), ("one", "d"), ("three", "e:"), ("three", "f")]);
    }
}
