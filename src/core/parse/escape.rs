//! Text in Markdown: what would be markup is escaped, and nothing else.

/// A link within a text: where it begins and ends there, and its address.
#[derive(Debug, Clone, Copy)]
pub(super) struct InlineLink<'a> {
    pub start: usize,
    pub end: usize,
    pub url: &'a str,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the start of a block; a line may begin another.
    Block,
    /// In a heading.
    Heading,
    /// In a cell of a table.
    Cell,
}

/// How far the end of a reference to a character is looked for: the longest name has 33 bytes.
const MAX_REFERENCE_BYTES: usize = 40;

/// How far the end of a mail address is looked for: the longest has 254 bytes.
const MAX_MAIL_ADDRESS_BYTES: usize = 320;

/// Appends `text` as Markdown. Its lines after the first begin with `indent`; in headings and cells they become one. `links`
/// do not overlap and are in order.
pub(super) fn push_text(out: &mut String, text: &str, links: &[InlineLink<'_>], place: Place, indent: &str) {
    let marks = Marks::of(text);
    let mut links = links.iter().peekable();
    // Whether the next line begins a block.
    let mut is_first = true;
    let mut offset = 0;
    for (index, whole) in text.split('\n').enumerate() {
        let line = whole.trim();
        let start = offset + (whole.len() - whole.trim_start().len());
        offset += whole.len() + 1;
        if index > 0 {
            match place {
                Place::Block => {
                    out.push('\n');
                    if !line.is_empty() {
                        out.push_str(indent);
                    }
                }
                Place::Heading | Place::Cell if line.is_empty() => {}
                Place::Heading | Place::Cell => out.push(' '),
            }
        }
        let block_mark = match place {
            Place::Block if links.peek().is_none_or(|link| link.start > start) => block_mark(line, is_first),
            _ => None,
        };
        let closing = if place == Place::Heading { closing_hashes(line) } else { None };
        is_first = line.is_empty();
        let mut before = ' ';
        let mut rest = line.char_indices().peekable();
        let mut open = None;
        while let Some((at, c)) = rest.next() {
            let position = start + at;
            if let Some(link) = links.next_if(|link| link.start <= position && position < link.end) {
                if out.ends_with('!') {
                    out.pop();
                    out.push_str("\\!");
                }
                out.push('[');
                open = Some(link);
            }
            let next = rest.peek().map(|(_, next)| *next);
            let ends_label = open.is_some_and(|link| position + c.len_utf8() >= link.end);
            let begins_label = links.peek().is_some_and(|link| link.start == position + c.len_utf8());
            let is_markup = block_mark == Some(at)
                || closing == Some(at)
                || match c {
                    '\\' => next.is_none_or(|next| next.is_ascii_punctuation()) || ends_label || begins_label,
                    '|' => place == Place::Cell,
                    '[' | ']' => open.is_some() || marks.has_links && c == '[',
                    '&' => line.get(at..).is_some_and(is_reference),
                    '<' => {
                        next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '/' | '!' | '?'))
                            || line.get(at..).is_some_and(is_mail_address)
                    }
                    '*' | '_' | '`' | '~' => marks.may_pair(c, before, next.unwrap_or(' ')),
                    _ => false,
                };
            if is_markup {
                out.push('\\');
            }
            out.push(c);
            before = c;
            if ends_label && let Some(link) = open.take() {
                push_address(out, link.url);
            }
        }
        // A link over several lines is one on its first.
        if let Some(link) = open {
            push_address(out, link.url);
        }
        while links.next_if(|link| link.start < offset).is_some() {}
    }
}

/// Ends a link. What would end its address is written as such.
fn push_address(out: &mut String, url: &str) {
    let is_plain = !url.starts_with('<') && !url.contains(|c: char| c.is_whitespace() || matches!(c, '(' | ')'));
    out.push_str(if is_plain { "](" } else { "](<" });
    for (at, c) in url.char_indices() {
        match c {
            '<' => out.push_str("%3C"),
            '>' => out.push_str("%3E"),
            '\\' => out.push_str("%5C"),
            // It would end a cell.
            '|' => out.push_str("%7C"),
            '&' if url.get(at..).is_some_and(is_reference) => out.push_str("\\&"),
            _ => out.push(c),
        }
    }
    out.push_str(if is_plain { ")" } else { ">)" });
}

/// The marks of a text that are markup only in pairs or beside others.
struct Marks {
    has_links: bool,
    stars: usize,
    underscores: usize,
    ticks: usize,
    tildes: usize,
}

impl Marks {
    fn of(text: &str) -> Self {
        let count = |mark: char| text.matches(mark).count();
        Self {
            has_links: ["](", "]:", "]["].iter().any(|mark| text.contains(mark)),
            stars: count('*'),
            underscores: count('_'),
            ticks: count('`'),
            tildes: count('~'),
        }
    }

    /// Whether a mark may begin or end emphasis, code or struck text.
    fn may_pair(&self, mark: char, before: char, after: char) -> bool {
        let is_alone = before.is_whitespace() && after.is_whitespace();
        match mark {
            '*' => self.stars > 1 && !is_alone,
            '_' => self.underscores > 1 && !is_alone && !(before.is_alphanumeric() && after.is_alphanumeric()),
            '`' => self.ticks > 1,
            _ => self.tildes > 1 && !is_alone,
        }
    }
}

/// Whether a text begins with a mail address in angle brackets.
fn is_mail_address(text: &str) -> bool {
    let inside = text.bytes().skip(1).take(MAX_MAIL_ADDRESS_BYTES).take_while(|byte| *byte > b' ' && *byte != b'<');
    let mut has_at = false;
    for byte in inside {
        if byte == b'>' {
            return has_at;
        }
        has_at |= byte == b'@';
    }
    false
}

/// Whether a text begins with a reference to a character, such as `&amp;`.
fn is_reference(text: &str) -> bool {
    let name = text.bytes().skip(1).take(MAX_REFERENCE_BYTES).position(|byte| byte == b';');
    name.and_then(|length| text.get(1..=length)).is_some_and(|name| {
        let (name, shortest) = name.strip_prefix('#').map_or((name, 2), |number| (number, 1));
        name.len() >= shortest && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// The character of a line that would make it a heading, a list, a quote, a rule or a table; None if none would.
/// `is_first` tells whether the line begins a block: fewer things interrupt a paragraph.
fn block_mark(line: &str, is_first: bool) -> Option<usize> {
    let begins = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t']);
    let first = line.chars().next()?;
    let after = line.get(first.len_utf8()..).unwrap_or_default();
    let is_rule = |mark: char| line.chars().all(|c| c == mark || c == ' ') && line.matches(mark).count() >= 3;
    let is_below = || line.chars().all(|c| matches!(c, '-' | ':' | '|' | ' ')) && line.contains('-');
    let is_mark = match first {
        '#' => {
            let rest = line.trim_start_matches('#');
            line.len() - rest.len() <= 6 && begins(rest)
        }
        '>' => true,
        '-' => begins(after) || is_rule('-') || is_below(),
        '+' | '*' => begins(after) && (is_first || !after.is_empty()) || is_rule(first),
        '_' => is_rule('_'),
        '=' => !is_first && line.chars().all(|c| c == '='),
        '|' | ':' => !is_first && is_below(),
        _ => false,
    };
    if is_mark {
        return Some(0);
    }
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = line.len() - rest.len();
    let mut marks = rest.char_indices();
    let is_item = (1..=9).contains(&number)
        && matches!(marks.next(), Some((_, '.' | ')')))
        && begins(marks.as_str())
        && (is_first
            || line.get(..number).and_then(|digits| digits.parse().ok()) == Some(1) && !marks.as_str().is_empty());
    is_item.then_some(number)
}

/// Where the hashes at the end of a heading begin, which would not be its text.
fn closing_hashes(line: &str) -> Option<usize> {
    let before = line.trim_end_matches('#');
    (before.len() < line.len() && (before.is_empty() || before.ends_with([' ', '\t']))).then_some(before.len())
}

#[cfg(test)]
mod unit {
    use super::*;

    fn markdown(text: &str) -> String {
        let mut out = String::new();
        push_text(&mut out, text, &[], Place::Block, "");
        out
    }

    #[test]
    fn only_markup_is_escaped() {
        for text in [
            "2 * 3 = 6",
            "snake_case_name",
            "a < b & c",
            "#1 of 5",
            "-5 °C",
            "1.5 m",
            "a [note] b",
            "50 % ~ x",
            "C:\\path",
            "e-mail: a_b@c.example",
            "AT&T; R&D",
            "x\n2024. y",
            "`",
            "a | b",
            "wow!",
            "12345678901. x",
        ] {
            assert_eq!(markdown(text), text);
        }
    }

    #[test]
    fn markup_is_escaped() {
        for (text, expected) in [
            ("*a* b", "\\*a\\* b"),
            ("_a_", "\\_a\\_"),
            ("# a", "\\# a"),
            ("> a", "\\> a"),
            ("- a\n+ b", "\\- a\n\\+ b"),
            ("1. a", "1\\. a"),
            ("a\n---", "a\n\\---"),
            ("a\n===", "a\n\\==="),
            ("a | b\n--|--", "a | b\n\\--|--"),
            ("[a](b)", "\\[a](b)"),
            ("[a]: b", "\\[a]: b"),
            ("<b>", "\\<b>"),
            ("<1@a.example>", "\\<1@a.example>"),
            ("&amp; &#65;", "\\&amp; \\&#65;"),
            ("a\\*b", "a\\\\*b"),
            ("`a`", "\\`a\\`"),
            ("~~a~~", "\\~\\~a\\~\\~"),
            ("_ _ _", "\\_ _ _"),
            ("a\\", "a\\\\"),
        ] {
            assert_eq!(markdown(text), expected);
        }
    }
}
