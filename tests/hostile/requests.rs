//! Writes the hostile inputs to a folder, so that they can be sent to a server: `cargo run --profile bench -p
//! sortroom-tests --example hostile-requests -- DIR [WORD...]`
//!
//! `DIR/files` has the documents, named as in `generate.rs`; `DIR/calls` has a JSON file for each call of `judging.rs`:
//! its name, which call it is, and what it works on. With words, only the inputs whose names contain one of them.

#[path = "generate.rs"]
mod generate;
mod judging;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use sortroom::document::Document;

use judging::{ATTACKS, Attack, Call};

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or_else(|| io::Error::other("the folder to write to is missing"))?);
    let words: Vec<String> = arguments.collect();
    let is_selected = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    for (name, make) in generate::FILES.iter().filter(|(name, _)| is_selected(name)) {
        write(&folder.join("files").join(name), &make())?;
    }
    for (index, attack) in ATTACKS.iter().enumerate().filter(|(_, attack)| is_selected(attack.name)) {
        let path = folder.join("calls").join(format!("{index:02}.json"));
        write(&path, described(attack).to_string().as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}

fn described(attack: &Attack) -> Value {
    let mut call = match (attack.prepare)() {
        Call::Classify { rules, document } => {
            json!({ "call": "classify", "rules": rules.rules, "text": text(&document) })
        }
        Call::Evaluate { rules, cases } => {
            let cases: Vec<_> = cases.iter().map(|case| json!({ "text": text(&case.document) })).collect();
            json!({ "call": "evaluate", "rules": rules.rules, "cases": cases })
        }
        Call::Split { rules, document } => json!({ "call": "split", "rules": rules.rules, "text": text(&document) }),
        Call::Lint { rules } => json!({ "call": "lint", "rules": rules.rules }),
        Call::Extract { schema, document, attachments } => {
            let attached: Vec<_> = attachments.iter().map(|file| String::from_utf8_lossy(&file.bytes)).collect();
            json!({ "call": "extract", "schema": schema, "text": text(&document), "attached": attached })
        }
    };
    call["name"] = attack.name.into();
    call["honest"] = attack.is_honest.into();
    call
}

/// The text that a document was made of.
fn text(document: &Document) -> String {
    document.pages.iter().map(|page| page.text.as_str()).collect()
}
