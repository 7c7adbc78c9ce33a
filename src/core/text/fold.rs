//! Case and accent folding, so that all variants of a word are equal.

/// Appends the folded form of `c`: lower case, accents and ligatures as plain letters, full-width forms as ASCII.
/// Appends nothing for combining accents and invisible characters.
pub(super) fn fold_char(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    if is_ignorable(c) {
        return;
    }
    let plain = match c {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' | 'Ǎ' | 'ǎ' => "a",
        'Ç' | 'ç' | 'Ć'..='č' => "c",
        'Ď'..='đ' | 'Ð' | 'ð' => "d",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "e",
        'Ĝ'..='ģ' => "g",
        'Ĥ'..='ħ' => "h",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "i",
        'Ĵ' | 'ĵ' => "j",
        'Ķ'..='ĸ' => "k",
        'Ĺ'..='ł' => "l",
        'Ñ' | 'ñ' | 'Ń'..='ŋ' => "n",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => "o",
        'Ŕ'..='ř' => "r",
        'Ś'..='š' | 'Ș' | 'ș' => "s",
        'Ţ'..='ŧ' | 'Ț' | 'ț' => "t",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "u",
        'Ŵ' | 'ŵ' => "w",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "y",
        'Ź'..='ž' => "z",
        'ß' | 'ẞ' => "ss",
        'Æ' | 'æ' => "ae",
        'Œ' | 'œ' => "oe",
        'Þ' | 'þ' => "th",
        'ſ' => "s",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        '！'..='～' => {
            // The full-width forms are in the order of ASCII, at a fixed distance.
            let ascii = u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32);
            out.extend(ascii.map(|ascii| ascii.to_ascii_lowercase()));
            return;
        }
        _ => {
            out.extend(c.to_lowercase().filter(|&lower| !is_ignorable(lower)));
            return;
        }
    };
    out.push_str(plain);
}

/// Whether a character can be inside a word but does not count: combining accents, soft hyphens, zero-width marks.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// The folded form of a word.
pub fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for c in word.chars() {
        fold_char(c, &mut folded);
    }
    folded
}

/// A text with `#` for its numbers and without white space, in lower case, so that a header is the same on every page.
pub(crate) fn without_numbers(text: impl Iterator<Item = char>) -> String {
    let mut key = String::new();
    for c in text {
        match c {
            _ if c.is_whitespace() => {}
            _ if c.is_numeric() => {
                if !key.ends_with('#') {
                    key.push('#');
                }
            }
            _ => key.extend(c.to_lowercase()),
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn variants_fold_to_one_form() {
        for (word, folded) in [
            ("Échéance", "echeance"),
            ("e\u{301}che\u{301}ance", "echeance"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("Œuvre", "oeuvre"),
            ("ﬁnance", "finance"),
            ("Ｉｎｖｏｉｃｅ", "invoice"),
            ("in\u{200B}voice", "invoice"),
            ("İstanbul", "istanbul"),
            ("Łódź", "lodz"),
            ("ПРИВЕТ", "привет"),
        ] {
            assert_eq!(fold(word), folded);
        }
    }
}
