//! Decodes text strings: UTF-16 or UTF-8 by their byte order mark, else PDFDocEncoding.

/// The characters of PDFDocEncoding from 0x80 that differ from Latin-1. Undefined codes are blank.
const HIGH: [char; 33] = [
    '•', '†', '‡', '…', '—', '–', 'ƒ', '⁄', '‹', '›', '−', '‰', '„', '“', '”', '‘', '’', '‚', '™', 'ﬁ', 'ﬂ', 'Ł', 'Œ',
    'Š', 'Ÿ', 'Ž', 'ı', 'ł', 'œ', 'š', 'ž', ' ', '€',
];

/// Decodes a text string.
pub(super) fn decode(bytes: &[u8]) -> String {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => bytes
            .iter()
            .map(|byte| {
                byte.checked_sub(0x80)
                    .and_then(|index| HIGH.get(usize::from(index)))
                    .copied()
                    .unwrap_or(char::from(*byte))
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn decodes() {
        for (bytes, expected) in [
            (&b"plain \xe9\x80\xa0"[..], "plain é•€"),
            (b"\xfe\xff\0A\xd8\x3d\xde\0", "A😀"),
            (b"\xff\xfeA\0", "A"),
            (b"\xef\xbb\xbf\xc3\xa9", "é"),
        ] {
            assert_eq!(super::decode(bytes), expected);
        }
    }
}
