//! Prints what the server would respond, without a server: `cargo run --example answer -- RULES.json SCHEMA.json
//! FILE...`
//!
//! One line a file, separated by tabs: the file, and the response bodies of `POST /v1/classify`, `POST /v1/extract`, `POST
//! /v1/read` and `POST /v1/split`; or the file, `-`, and the error if it cannot be read. Tests compare the other interfaces with this.

use std::io::Write;

use serde_json::json;
use sortroom::budget::Budget;
use sortroom::classify::{Rule, RuleSet, Settings};
use sortroom::document::ReadOptions;
use sortroom::engine::{Call, Classify, ClassifyWithAttachments, Extract, Parse, Source, Split};
use sortroom::error::Result;
use sortroom::extract::{ExtractResult, Schema};
use sortroom::split::SplitOptions;

fn main() -> std::io::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [rules, schema, files @ ..] = arguments.as_slice() else {
        return Err(std::io::Error::other("usage: answer RULES.json SCHEMA.json FILE..."));
    };
    let rules: Vec<Rule> = serde_json::from_slice(&std::fs::read(rules)?)?;
    let schema: Schema = serde_json::from_slice(&std::fs::read(schema)?)?;
    let source = || Source::Bytes(ReadOptions::default());
    let classify = Classify { source: source(), rules: RuleSet { rules }, settings: Settings::default() };
    let split = Split {
        source: source(),
        rules: classify.rules.clone(),
        settings: Settings::default(),
        options: SplitOptions::default(),
    };
    let classify = ClassifyWithAttachments(classify);
    let extract = Extract { source: source(), schema };
    let mut out = std::io::stdout().lock();
    for file in files {
        let bytes = std::fs::read(file)?;
        let answers = || -> Result<_> {
            let classified = classify.clone().answer(&bytes, &Budget::request())?;
            let extracted = ExtractResult::from(extract.clone().answer(&bytes, &Budget::request())?);
            let parsed = Parse { source: source() }.answer(&bytes, &Budget::request())?;
            Ok((classified, extracted, parsed, split.clone().answer(&bytes, &Budget::request())?))
        };
        let bodies = match answers() {
            Ok((classified, extracted, parsed, split)) => {
                format!("{classified}\t{}\t{parsed}\t{split}", serde_json::to_string(&extracted)?)
            }
            Err(error) => format!("-\t{}", json!({ "code": error.code(), "message": error.message() })),
        };
        writeln!(out, "{file}\t{bodies}")?;
    }
    Ok(())
}
