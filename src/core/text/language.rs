//! Languages: stop words, stemming and detection.

use std::borrow::Cow;
use std::sync::LazyLock;

use rust_stemmers::{Algorithm, Stemmer};
use serde::{Deserialize, Serialize};

use super::Map;

/// A language with a list of stop words and a stemmer. Other languages are matched by whole folded words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// `en`
    English,
    /// `fr`
    French,
    /// `de`
    German,
    /// `es`
    Spanish,
    /// `it`
    Italian,
    /// `nl`
    Dutch,
    /// `pt`
    Portuguese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 7] =
        [Self::English, Self::French, Self::German, Self::Spanish, Self::Italian, Self::Dutch, Self::Portuguese];

    /// The ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::French => "fr",
            Self::German => "de",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Portuguese => "pt",
        }
    }

    /// The language of a tag such as `de`, `DE` or `de-AT`; None if it is not one of [`Language::ALL`].
    pub fn from_code(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// Whether a folded word is too common in the language to carry information.
    pub fn is_stop_word(self, folded: &str) -> bool {
        languages_of(folded) & self.bit() != 0
    }

    /// The language's bit in a set of languages.
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The Snowball stem of a folded word; the word itself if it has other characters than ASCII letters.
    pub fn stem(self, folded: &str) -> Cow<'_, str> {
        if !folded.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Cow::Borrowed(folded);
        }
        let algorithm = match self {
            Self::English => Algorithm::English,
            Self::French => Algorithm::French,
            Self::German => Algorithm::German,
            Self::Spanish => Algorithm::Spanish,
            Self::Italian => Algorithm::Italian,
            Self::Dutch => Algorithm::Dutch,
            Self::Portuguese => Algorithm::Portuguese,
        };
        match Stemmer::create(algorithm).stem(folded) {
            Cow::Borrowed(_) => Cow::Owned(folded.to_owned()),
            Cow::Owned(stem) => Cow::Owned(stem),
        }
    }
}

/// The fewest stop words to detect a language by: one `in` or `die` belongs to several languages.
const MIN_STOP_WORDS: usize = 3;

/// Counts the stop words of a text by language.
#[derive(Debug, Default)]
pub struct StopWordCounts([usize; Language::ALL.len()]);

impl StopWordCounts {
    /// Counts a folded word.
    pub fn count(&mut self, folded: &str) {
        let languages = languages_of(folded);
        for (count, language) in self.0.iter_mut().zip(Language::ALL).filter(|_| languages != 0) {
            *count += usize::from(languages & language.bit() != 0);
        }
    }

    /// The language with the most stop words; None if there are too few, or two languages tie.
    pub fn most_frequent(&self) -> Option<Language> {
        let best = self.0.iter().copied().max().filter(|&best| best >= MIN_STOP_WORDS)?;
        let mut leaders = self.0.iter().zip(Language::ALL).filter(|(count, _)| **count == best);
        let (_, leader) = leaders.next()?;
        leaders.next().is_none().then_some(leader)
    }
}

/// The language with the most stop words among the folded `words`; None if there are too few, or two languages tie.
pub fn detect_language<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Language> {
    let mut stop_words = StopWordCounts::default();
    words.into_iter().for_each(|word| stop_words.count(word));
    stop_words.most_frequent()
}

/// The set of languages in which a folded word is a stop word.
fn languages_of(folded: &str) -> u8 {
    STOP_WORDS.get(folded).copied().unwrap_or_default()
}

/// One map for all languages, because every word is looked up in all of them.
static STOP_WORDS: LazyLock<Map<&'static str, u8>> = LazyLock::new(|| {
    let lists = [ENGLISH, FRENCH, GERMAN, SPANISH, ITALIAN, DUTCH, PORTUGUESE];
    let mut languages = Map::default();
    for (language, list) in Language::ALL.into_iter().zip(lists) {
        for word in list.split_whitespace() {
            *languages.entry(word).or_default() |= language.bit();
        }
    }
    languages
});

const ENGLISH: &str = "a an the of to in on at by for from with and or nor not no is are was were be been being am do \
    does did done has have had having i me my mine we us our ours you your yours he him his she her hers it its they \
    them their theirs this that these those there here what which who whom whose when where why how as if then than so \
    such but about into over under again further can could should would shall will may might must just also very too \
    more most some any each other another only own same all both few between through during before after above below \
    up down out off once because while until per via etc don doesn didn isn wasn aren ll ve re";
const FRENCH: &str = "le la les l un une des du de d et ou ni mais donc or car a au aux en dans par pour sur sous avec \
    sans entre vers chez ce cet cette ces c son sa ses leur leurs mon ma mes ton ta tes notre nos votre vos je j tu il \
    elle on nous vous ils elles me m te t se s lui y qui que qu quoi dont ou quand comment pourquoi est sont etait \
    etaient ete etre suis es sommes etes sera seront soit ai as avons avez ont avait avoir fait ne n pas plus moins \
    tres aussi si comme tout toute tous toutes autre autres meme memes ici la cela ca ainsi alors apres avant afin \
    chaque depuis lors puis quel quelle";
const GERMAN: &str = "der die das den dem des ein eine einer eines einem einen und oder aber denn sondern doch in im ins \
    an am auf aus bei beim bis durch fur gegen mit nach ohne seit uber um unter vom von vor zu zum zur zwischen ich mich \
    mir du dich dir er ihn ihm sie ihr ihnen es wir uns sich mein meine meinen meiner dein deine sein seine seiner ihre \
    ihrer ihren ihrem unser unsere unserer unseren euer ist sind war waren bin bist seid wird werden wurde wurden worden \
    haben habe hat hatte hatten kann konnen muss mussen soll sollen will wollen darf als auch da dann dass diese dieser \
    dieses diesem diesen jede jeder jedes nicht kein keine keinen keiner noch nur nun ob schon sehr so wie wo was wer \
    wenn weil wieder man mehr bitte sowie etwa alle allen aller hier dort";
const SPANISH: &str = "el la los las un una unos unas de del al a ante con contra desde en entre hacia hasta para por \
    segun sin sobre tras y e o u ni pero sino que quien quienes cual cuales cuyo donde cuando como porque si no yo tu \
    el ella ello nosotros ustedes ellos ellas me te se nos le les lo mi mis su sus nuestro nuestra nuestros este esta \
    estos estas ese esa eso esos aquel esto es son era eran fue fueron ser sido soy estar esta estan he ha han hay haber \
    habia tiene tener muy mas menos tambien ya otro otra otros otras todo toda todos todas cada algun alguna asi";
const ITALIAN: &str = "il lo la i gli le l un uno una di del dello della dei degli delle a al allo alla ai agli alle da \
    dal dallo dalla dai dagli dalle in nel nello nella nei negli nelle con su sul sullo sulla sui sugli sulle per tra fra \
    e ed o od ma se che chi cui quale quali quando come dove perche non io tu lui lei noi voi loro mi ti si ci vi ne \
    mio mia suo sua suoi sue nostro nostra vostro vostra questo questa questi queste quello quella e sono era erano \
    essere stato stata ho ha hanno avere aveva piu meno molto anche gia altro altra altri tutto tutta tutti ogni";
const DUTCH: &str = "de het een en of maar want dus in op aan uit bij tot door voor tegen met naar zonder sinds over om \
    onder van vanaf te ter tussen ik mij me jij je jou u hij hem zij ze haar wij we ons onze jullie hun zich mijn uw \
    zijn is was waren ben bent wordt worden werd werden heeft hebben had hadden kan kunnen moet moeten zal zullen wil als \
    ook dan dat die dit deze er daar hier niet geen nog nu al zeer zo hoe waar wat wie wanneer omdat meer alle elke iedere \
    andere";
const PORTUGUESE: &str = "o a os as um uma uns umas de do da dos das ao aos em no na nos nas com contra desde entre para \
    por pelo pela pelos pelas sem sob sobre e ou nem mas que quem qual quais cujo onde quando como porque se nao eu tu \
    ele ela nos voces eles elas me te lhe lhes meu minha seu sua seus suas nosso nossa este esta estes estas esse essa \
    isso aquele isto e sao era eram foi foram ser sido sou estar esta estao ha tem ter tinha muito mais menos tambem ja \
    outro outra outros outras todo toda todos todas cada";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words;

    fn guessed(text: &str) -> Option<Language> {
        let words = words(text);
        detect_language(words.iter().map(|(_, folded)| folded.as_str()))
    }

    #[test]
    fn guesses_by_stop_words() {
        for (text, language) in [
            ("The invoice is due on the first of May.", Some(Language::English)),
            ("La facture est à payer dans les trente jours.", Some(Language::French)),
            ("Die Rechnung ist innerhalb von 30 Tagen nach Erhalt zu zahlen.", Some(Language::German)),
            ("La factura se debe pagar en los treinta días por transferencia.", Some(Language::Spanish)),
            ("La fattura deve essere pagata entro i trenta giorni dalla data della consegna.", Some(Language::Italian)),
            ("De factuur moet binnen 30 dagen na ontvangst van het pakket worden betaald.", Some(Language::Dutch)),
            ("A fatura deve ser paga em trinta dias pelo cliente ao banco.", Some(Language::Portuguese)),
            ("12345 INV-001", None),
            ("", None),
        ] {
            assert_eq!(guessed(text), language, "{text}");
        }
    }

    #[test]
    fn inflected_forms_share_a_stem() {
        assert_eq!(Language::English.stem("invoices"), Language::English.stem("invoice"));
        assert_eq!(Language::German.stem("vertrage"), Language::German.stem("vertrag"));
        assert_eq!(Language::French.stem("factures"), Language::French.stem("facture"));
        assert_eq!(Language::English.stem("請求"), "請求");
    }

    #[test]
    fn parses_tags() {
        assert_eq!(Language::from_code("de-AT"), Some(Language::German));
        assert_eq!(Language::from_code("EN"), Some(Language::English));
        assert_eq!(Language::from_code("xx"), None);
        assert_eq!(Language::from_code(""), None);
    }
}
