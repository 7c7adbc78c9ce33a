//! Writes the types of the npm package: `cargo run -p sortroom --features types --example types > src/web/types.ts`
//!
//! They are made from the types that are serialised, so that they cannot say anything else.

use std::io::Write;

use sortroom::ENGINE_VERSION;
use sortroom::classify::evaluation::{Answer, Bin, Class, Comparison, Difference, Evaluated, Evaluation, Labelled};
use sortroom::classify::lint::{self, Finding, Linted};
use sortroom::classify::{Attached, Change, Classified, Decision, Evidence, Outcome, Rule, RunnerUp, Score, Settings};
use sortroom::document::{
    Document, Enclosed, Format, Mail, Opened, Page, Passage, ReadOptions, Rect, Role, Span, Unread, Word,
};
use sortroom::error::Fault;
use sortroom::extract::{Citation, Extracted, Extraction, Field, Kind, Origin, Rows, Schema, Table, Value};
use ts_rs::{Config, TS};

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(file().as_bytes())
}

/// All of them, in the order in which they are needed.
fn file() -> String {
    macro_rules! declared {
        ($($name:ty),* $(,)?) => { [$(declared::<$name>()),*] };
    }
    let types = declared![
        Rule,
        Settings,
        Mail,
        ReadOptions,
        Schema,
        Field,
        Kind,
        Table,
        Labelled, //
        Opened,
        Format,
        Page,
        Passage,
        Role,
        Word,
        Span,
        Rect,
        Enclosed,
        Document,
        Unread, //
        Classified,
        Attached,
        Outcome,
        Decision,
        Score,
        Evidence,
        RunnerUp,
        Change, //
        Extracted,
        Extraction,
        Value,
        Citation,
        Origin,
        Rows, //
        Evaluated,
        Evaluation,
        Class,
        Bin,
        Answer,
        Comparison,
        Difference, //
        Linted,
        Finding,
        lint::Kind,
        Fault,
    ];
    let head = "// Made by `npm run types` from the types of the core. Not to be edited.";
    let version = format!("/** The version of the engine. */\nexport const version = \"{ENGINE_VERSION}\";");
    format!("{head}\n\n{version}\n\n{}", types.concat())
}

/// The declaration of a type. What links within the Rust documentation leads nowhere here.
fn declared<T: TS>() -> String {
    let docs = T::docs().unwrap_or_default();
    let text = format!("{docs}export {}\n\n", T::decl(&Config::default()));
    let text = text.replace("[`", "`").replace("`]", "`").replace("`()`", "`");
    let mut within = false;
    let mut indented = String::new();
    for line in text.lines().map(str::trim_end) {
        if within && !line.is_empty() {
            indented.push_str("  ");
        }
        indented.push_str(line);
        indented.push('\n');
        within = within && !line.ends_with(';') || line.ends_with('{');
    }
    indented.replace(", };\n", ",\n};\n")
}

#[test]
fn the_types_of_the_package_are_those_of_the_core() {
    let kept = include_str!("../../web/types.ts");
    assert!(kept == file(), "src/web/types.ts is stale: npm run types");
}
