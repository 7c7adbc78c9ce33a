//! The table of languages.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};

/// Calls a macro with its arguments and the table. A row is a language and its ISO 639-1 code, which is also the name
/// of its folder. The Snowball stemmer of a language has the same name as the language.
macro_rules! for_each_language {
    ($callback:ident!($($arguments:tt)*)) => {
        $callback! {
            $($arguments)*
            English "en",
            French "fr",
            German "de",
            Spanish "es",
            Italian "it",
            Dutch "nl",
            Portuguese "pt",
        }
    };
}
pub(super) use for_each_language;

macro_rules! define_languages {
    ($($language:ident $code:literal,)*) => {
        /// A language with a list of stop words and a stemmer. Other languages are matched by whole folded words.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Language {
            $(#[doc = concat!("`", $code, "`")] $language,)*
        }

        impl Language {
            /// Every language.
            pub const ALL: [Self; [$($code),*].len()] = [$(Self::$language),*];

            /// The ISO 639-1 code.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$language => $code,)*
                }
            }

            const fn stemmer(self) -> Algorithm {
                match self {
                    $(Self::$language => Algorithm::$language,)*
                }
            }
        }
    };
}
for_each_language!(define_languages!());

impl Language {
    /// The language of a tag such as `de`, `DE` or `de-AT`; None if it is not one of [`Language::ALL`].
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The Snowball stem of a folded word; the word itself if it has other characters than ASCII letters.
    pub fn stem(self, folded: &str) -> Cow<'_, str> {
        if !folded.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Cow::Borrowed(folded);
        }
        match Stemmer::create(self.stemmer()).stem(folded) {
            Cow::Borrowed(_) => Cow::Owned(folded.to_owned()),
            Cow::Owned(stem) => Cow::Owned(stem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflected_forms_share_a_stem() {
        assert_eq!(Language::English.stem("invoices"), Language::English.stem("invoice"));
        assert_eq!(Language::German.stem("vertrage"), Language::German.stem("vertrag"));
        assert_eq!(Language::French.stem("factures"), Language::French.stem("facture"));
        assert_eq!(Language::English.stem("請求"), "請求");
    }

    #[test]
    fn parses_tags() {
        assert_eq!(Language::from_tag("de-AT"), Some(Language::German));
        assert_eq!(Language::from_tag("EN"), Some(Language::English));
        assert_eq!(Language::from_tag("xx"), None);
        assert_eq!(Language::from_tag(""), None);
    }
}
