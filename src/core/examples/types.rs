//! Writes the types of the npm package: `cargo run -p sortroom --features types --example types > src/web/types.ts`
//!
//! They are generated from the serialised Rust types, so that the two cannot differ.

use std::io::Write;

use sortroom::ENGINE_VERSION;
use sortroom::classify::evaluation::{
    Answer, AnswerChange, ClassMetrics, Comparison, EvaluateResult, Evaluation, LabelledText, ReliabilityBin,
};
use sortroom::classify::lint::{self, Finding, LintResult};
use sortroom::classify::{
    AttachmentOutcome, AttachmentResult, ClassifyResult, Counterfactual, Decision, Evidence, Rule, RunnerUp, Score,
    Settings,
};
use sortroom::document::{
    Attachment, Document, DocumentWithAttachments, Format, Mail, MailAttachment, MailHeaders, Page, Passage, ReadError,
    ReadOptions, Rect, Role, Span, TextList, Word,
};
use sortroom::error::FieldError;
use sortroom::extract::{
    Citation, ExtractResult, Extraction, Field, FieldKind, Schema, Table, TableRows, Value, ValueSource,
};
use sortroom::parse::{Item, ItemKind, Link, ListEntry, MarginPlace, ParseResult, ParsedPage, TextRole};
use sortroom::split::{BoundaryEvidence, Cue, Segment, SplitOptions, SplitResult, Uncategorized};
use ts_rs::{Config, TS};

fn main() -> std::io::Result<()> {
    std::io::stdout().write_all(file().as_bytes())
}

/// The file with all types, in the order of their use.
fn file() -> String {
    macro_rules! declared {
        ($($name:ty),* $(,)?) => { [$(declared::<$name>()),*] };
    }
    let types = declared![
        Rule,
        Settings,
        Mail,
        MailAttachment,
        MailHeaders,
        TextList,
        ReadOptions,
        SplitOptions,
        Uncategorized,
        Schema,
        Field,
        FieldKind,
        Table,
        LabelledText, //
        DocumentWithAttachments,
        Format,
        Page,
        Passage,
        Role,
        Word,
        Span,
        Rect,
        Attachment,
        Document,
        ReadError, //
        ClassifyResult,
        AttachmentResult,
        AttachmentOutcome,
        Decision,
        Score,
        Evidence,
        RunnerUp,
        Counterfactual, //
        ExtractResult,
        Extraction,
        Value,
        Citation,
        ValueSource,
        TableRows, //
        ParseResult,
        ParsedPage,
        Item,
        ItemKind,
        TextRole,
        ListEntry,
        MarginPlace,
        Link, //
        SplitResult,
        Segment,
        BoundaryEvidence,
        Cue, //
        EvaluateResult,
        Evaluation,
        ClassMetrics,
        ReliabilityBin,
        Answer,
        Comparison,
        AnswerChange, //
        LintResult,
        Finding,
        lint::FindingKind,
        FieldError,
    ];
    let head = "// Made by `npm run types` from the types of the core. Not to be edited.";
    let version = format!("/** The version of the engine. */\nexport const version = \"{ENGINE_VERSION}\";");
    format!("{head}\n\n{version}\n\n{}\n{}", types.concat(), formats())
}

/// The table of formats.
fn formats() -> String {
    let rows = Format::ALL.iter().map(|format| {
        let row = serde_json::json!({
            "format": format,
            "name": format.name(),
            "mediaTypes": format.media_types(),
            "extensions": format.extensions(),
        });
        format!("  {row},\n")
    });
    let row = "readonly { format: Format; name: string; mediaTypes: string[]; extensions: string[] }[]";
    let doc = "/** The formats that are read, in the order in which they are tried. */";
    format!("{doc}\nexport const formats: {row} = [\n{}];\n", rows.collect::<String>())
}

/// The declaration of a type. Intra-doc links of the Rust documentation become plain code.
fn declared<T: TS>() -> String {
    let docs = T::docs().unwrap_or_default();
    let text = format!("{docs}export {}\n\n", T::decl(&Config::default()));
    let text = text.replace("[`", "`").replace("`]", "`").replace("`()`", "`");
    let mut in_body = false;
    let mut indented = String::new();
    for line in text.lines().map(str::trim_end) {
        if in_body && !line.is_empty() {
            indented.push_str("  ");
        }
        indented.push_str(line);
        indented.push('\n');
        in_body = in_body && !line.ends_with(';') || line.ends_with('{');
    }
    indented.replace(", };\n", ",\n};\n")
}

#[test]
fn the_types_of_the_package_match_the_core() {
    let committed = include_str!("../../web/types.ts");
    assert!(committed == file(), "src/web/types.ts is stale: npm run types");
}
