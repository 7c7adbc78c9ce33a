//! The text of a mail: what was written now, what is quoted from earlier mails, what is signature.
//!
//! Quoted is what follows `>`, and everything below the line or the block of header fields that mail programs put
//! above an earlier mail. A forwarded mail is not history: it is what the sender wants to be read, so below such a
//! line roles go on as if nothing was. Signature is what follows `-- `, a mobile program's greeting, and legal
//! disclaimers.

use super::plain;
use crate::document::assemble::{self, Block};
use crate::document::{Page, Role};

/// First and later words of lines that introduce an earlier mail: "On Monday Ann wrote:".
const INTRODUCTIONS: &[(&str, &[&str])] = &[
    ("On ", &["wrote"]),
    ("Am ", &["schrieb", "geschrieben"]),
    ("Le ", &["a écrit"]),
    ("El ", &["escribió"]),
    ("Il ", &["ha scritto"]),
    ("Op ", &["schreef", "geschreven"]),
    ("Em ", &["escreveu"]),
    ("Den ", &["skrev"]),
    ("W dniu ", &["pisze", "napisał"]),
];

/// First words of the fields of an earlier mail's header: who, when, and the rest.
const WHO: &[&str] = &["from:", "von:", "de :", "de:", "da:", "van:", "od:"];
const WHEN: &[&str] = &[
    "sent:",
    "date:",
    "gesendet:",
    "datum:",
    "envoyé :",
    "envoyé:",
    "date :",
    "enviado:",
    "enviado el:",
    "fecha:",
    "inviato:",
    "data:",
    "verzonden:",
    "wysłano:",
];

/// Parts of lines that separate an earlier mail.
const SEPARATORS: &[&str] = &[
    "original message",
    "ursprüngliche nachricht",
    "originalnachricht",
    "message d'origine",
    "message original",
    "mensaje original",
    "messaggio originale",
    "oorspronkelijk bericht",
];

/// Parts of lines that separate a forwarded mail.
const FORWARDS: &[&str] = &[
    "forwarded message",
    "begin forwarded message",
    "weitergeleitete nachricht",
    "message transféré",
    "mensaje reenviado",
    "messaggio inoltrato",
    "doorgestuurd bericht",
];

/// Greetings of mobile mail programs.
const SENT_FROM: &[&str] = &[
    "sent from my ",
    "get outlook for ",
    "von meinem ",
    "gesendet von ",
    "envoyé de mon ",
    "envoyé depuis mon ",
    "enviado desde mi ",
    "inviato da ",
    "verzonden vanaf mijn ",
];

/// Words of disclaimers: all of one group in one paragraph.
const DISCLAIMERS: &[&[&str]] = &[
    &["confidential", "intended", "recipient"],
    &["confidential", "intended", "addressee"],
    &["confidential", "intended solely"],
    &["vertraulich", "empfänger"],
    &["vertrauliche informationen"],
    &["confidentiel", "destinataire"],
    &["confidencial", "destinatario"],
    &["riservat", "destinatari"],
    &["vertrouwelijk", "geadresseerde"],
];

/// Makes a page of the text of a mail: passages with the roles body, table row, quote and signature.
pub fn mail_passages(text: &str) -> Page {
    assemble::page(1, roles(plain::blocks(text)))
}

/// Gives blocks of a mail their roles. Lines that begin with `>` are set apart and lose it.
pub(crate) fn roles(blocks: Vec<Block>) -> Vec<Block> {
    let mut state = State::Written;
    let mut done = Vec::new();
    for block in blocks.into_iter().flat_map(|block| split(&block)) {
        let (quoted, text) = (block.quoted, block.text);
        let below = state.after(&text);
        let role = match (quoted, state, below) {
            (true, ..) | (_, State::History, _) | (_, _, State::History | State::Introduced) => Role::Quote,
            (_, State::Signature, _) | (_, _, State::Signature) => Role::Signature,
            _ if is_disclaimer(&text) => Role::Signature,
            _ => block.role,
        };
        // Below an introduction everything is history, unless its quote is marked: then an answer may follow it.
        state = match below {
            State::Introduced => State::Introduced,
            State::Written if state == State::Introduced && !quoted => State::History,
            other => other,
        };
        done.push(Block::new(if state == State::History { Role::Quote } else { role }, text));
    }
    done
}

/// Where in a mail a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// What was written now.
    Written,
    /// Below a line that introduces an earlier mail.
    Introduced,
    History,
    Signature,
}

impl State {
    /// The state that a block leads to.
    fn after(self, text: &str) -> Self {
        let lower = text.to_lowercase();
        let first = lower.lines().next().unwrap_or_default().trim();
        let separates = |marks: &[&str]| {
            // A sentence may use the words; a separator is little else.
            first.len() < 80 && marks.iter().any(|mark| first.contains(mark))
        };
        match self {
            Self::History => Self::History,
            _ if separates(FORWARDS) => Self::Written,
            _ if separates(SEPARATORS) || is_header(&lower) => Self::History,
            _ if is_introduction(text) => Self::Introduced,
            Self::Signature => Self::Signature,
            _ if is_signature(text, first) => Self::Signature,
            _ => Self::Written,
        }
    }
}

struct Part {
    role: Role,
    quoted: bool,
    text: String,
}

/// Splits a block where quoted and other lines meet, and before the line that begins a signature.
fn split(block: &Block) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in block.text.lines() {
        let (quoted, line) = unquote(line);
        let cut = is_cut(line);
        match parts.last_mut() {
            Some(part) if part.quoted == quoted && !cut => {
                part.text.push('\n');
                part.text.push_str(line);
            }
            _ => parts.push(Part { role: block.role, quoted, text: line.to_owned() }),
        }
    }
    parts
}

/// Whether a new part begins with a line: a signature, or a separator that no empty line sets apart.
fn is_cut(line: &str) -> bool {
    let trimmed = line.trim();
    line.trim_start() == "-- " || trimmed == "--" || (trimmed.starts_with("-----") && trimmed.len() < 80)
}

fn unquote(line: &str) -> (bool, &str) {
    let trimmed = line.trim_start();
    if trimmed.starts_with('>') { (true, trimmed.trim_start_matches(['>', ' '])) } else { (false, line) }
}

/// "On Monday Ann wrote:", which may be broken into lines.
fn is_introduction(text: &str) -> bool {
    let text = text.trim();
    // Dates, names and an address: longer is prose.
    text.len() < 300
        && text.ends_with(':')
        && INTRODUCTIONS
            .iter()
            .any(|(start, verbs)| text.starts_with(start) && verbs.iter().any(|verb| text.contains(verb)))
}

/// The header of an earlier mail in text: who and when, one soon after the other.
fn is_header(lower: &str) -> bool {
    let mut lines =
        lower.lines().map(|line| line.trim().trim_start_matches('*')).skip_while(|line| line.starts_with('-'));
    let starts = |line: &str, names: &[&str]| names.iter().any(|name| line.starts_with(name));
    lines.next().is_some_and(|line| starts(line, WHO)) && lines.take(3).any(|line| starts(line, WHEN))
}

fn is_signature(text: &str, first: &str) -> bool {
    first == "--"
        || text.starts_with("-- ")
        || (first.len() < 60 && SENT_FROM.iter().any(|start| first.starts_with(start)))
}

fn is_disclaimer(text: &str) -> bool {
    // A short sentence may say that something is confidential.
    if text.len() < 120 {
        return false;
    }
    let lower = text.to_lowercase();
    DISCLAIMERS.iter().any(|words| words.iter().all(|word| lower.contains(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISCLAIMER: &str = "This message is confidential and intended only for the named recipient. If you have \
                              received it in error, please delete it and tell the sender.";

    #[test]
    fn roles_of_the_parts() {
        use Role::{Body, Quote, Signature};
        let disclaimer = format!("Text\n\n{DISCLAIMER}");
        for (text, expected) in [
            ("Hello\n\nBye\n-- \nAnn\nACME", vec![Body, Body, Signature]),
            ("Yes.\n\nOn Mon, Ann\n<a@b.c> wrote:\n> Is it?\n> Really?\n\nAnd this.", vec![Body, Quote, Quote, Body]),
            ("Ja.\n\nAm 1.2.2024 schrieb Ann:\n\nStimmt es?\n\nGruß", vec![Body, Quote, Quote, Quote]),
            ("Ok\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\n\nOld", vec![Body, Quote, Quote]),
            ("Ok\n\nVon: Ann\nGesendet: Montag\nAn: Bob\n\nAlt\n\n-- \nAnn", vec![Body, Quote, Quote, Quote]),
            ("Ok\n\nDe : Ann\nEnvoyé : lundi\n\nVieux", vec![Body, Quote, Quote]),
            ("See\n\n---------- Forwarded message ---------\nFrom: Ann\nDate: Monday\n\nPay!", vec![Body, Body, Body]),
            ("Ok\n\nSent from my phone", vec![Body, Signature]),
            (&disclaimer, vec![Body, Signature]),
            ("From: here to there", vec![Body]),
            ("> old\n\nnew", vec![Quote, Body]),
        ] {
            let page = mail_passages(text);
            assert_eq!(page.passages.iter().map(|passage| passage.role).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn quote_marks_are_dropped() {
        assert_eq!(mail_passages("> a\n>> b").text, "a\nb");
    }
}
