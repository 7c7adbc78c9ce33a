//! Languages: their words, stemming and detection.
//!
//! The words of each language are data, in a folder with its code; `README.md` describes the files, and shows which
//! lists are missing in which language. A new language is a folder and a row in `table`.

mod data;
mod detect;
mod table;

pub use data::{DATES, Entry, GLOSSARY, LABELS, LanguageFile, MONTHS, WordList, WordSet, lists};
pub use detect::{StopWordCounts, detect_language};
pub use table::Language;
