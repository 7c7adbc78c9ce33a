//! The calls about JSON Schemas.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Call, Source, to_raw_json};
use crate::budget::Budget;
use crate::error::{PathSegment, Result};
use crate::extract::json_schema::{self, Compiled, ExtractedJson, Target};

/// Extracts the values of a JSON Schema from a document.
///
/// Errors: `Invalid` at `prefix` for a schema that is not supported; `Unreadable` if the document cannot be read,
/// `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtractByJsonSchema {
    /// The document.
    pub source: Source,
    /// The schema, as JSON. The result has its order.
    pub schema: String,
    /// The path to the schema in the caller's input.
    pub prefix: Vec<PathSegment>,
    /// What one result is of.
    pub target: Target,
    /// Whether the reply has the metadata.
    pub with_metadata: bool,
}

impl Call for ExtractByJsonSchema {
    type Reply = ExtractedJson;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<ExtractedJson> {
        let compiled = Compiled::parse(&self.schema, &self.prefix, budget)?;
        let document = self.source.read(bytes, budget)?;
        // Attachments only help; ones that cannot be read are ignored.
        let attachments = self.source.attachments(bytes, budget).unwrap_or_default();
        let _held = self.source.hold(&attachments, budget)?;
        let extracted = json_schema::extract(&compiled, &document, &attachments, self.target, budget)?;
        Ok(ExtractedJson {
            result: to_raw_json(&extracted.result)?,
            metadata: if self.with_metadata { extracted.metadata } else { Vec::new() },
            pages: u32::try_from(document.pages.len()).unwrap_or(u32::MAX),
        })
    }
}

/// Checks a JSON Schema.
///
/// Errors: `Invalid` at `prefix`, with every fault; `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckSchema {
    /// The schema, as JSON.
    pub schema: String,
    /// The path to the schema in the caller's input.
    pub prefix: Vec<PathSegment>,
}

impl Call for CheckSchema {
    type Reply = ();

    fn answer(self, _: &[u8], budget: &Budget) -> Result<()> {
        Compiled::parse(&self.schema, &self.prefix, budget).map(drop)
    }
}

/// Makes a JSON Schema. The reply is the schema, as JSON.
///
/// Errors: `Invalid` at `prefix` for a schema that is not supported, at `source` for a document without labels;
/// `Unreadable` if the document cannot be read, `OverBudget`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerateSchema {
    /// An example document. Used if there is neither a schema nor a name.
    pub source: Option<Source>,
    /// A schema that may lack types and descriptions, as JSON.
    pub schema: Option<String>,
    /// The path to that schema in the caller's input.
    pub prefix: Vec<PathSegment>,
    /// The names of properties.
    pub names: Vec<String>,
}

impl Call for GenerateSchema {
    type Reply = Box<RawValue>;

    fn answer(self, bytes: &[u8], budget: &Budget) -> Result<Box<RawValue>> {
        let schema = match &self.source {
            Some(source) if self.schema.is_none() && self.names.is_empty() => {
                let document = source.read(bytes, budget)?;
                let attachments = source.attachments(bytes, budget).unwrap_or_default();
                let _held = source.hold(&attachments, budget)?;
                json_schema::from_document(&document, &attachments, budget)?
            }
            _ => json_schema::complete(self.schema.as_deref(), &self.names, &self.prefix, budget)?,
        };
        to_raw_json(&schema)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BudgetKind, Request};
    use super::*;
    use crate::document::ReadOptions;

    fn answer(call: impl Call, text: &str) -> Result<serde_json::Value> {
        let request = Request { call: call.into(), budget: BudgetKind::Request };
        let request: Request = serde_json::from_str(&serde_json::to_string(&request).unwrap()).unwrap();
        request.answer(text.as_bytes(), &Budget::request()).map(|reply| serde_json::from_str(&reply).unwrap())
    }

    #[test]
    fn a_result_crosses_with_its_metadata() {
        let call = |with_metadata| ExtractByJsonSchema {
            source: Source::Bytes(ReadOptions::default()),
            schema: r#"{"type":"object","properties":{"total":{"type":"number"},"a":{"type":"string"}}}"#.to_owned(),
            prefix: vec!["body".into()],
            target: Target::Document,
            with_metadata,
        };
        let reply = answer(call(true), "Total: 12.50 EUR").unwrap();
        assert_eq!(reply["result"], serde_json::json!({ "total": 12.5, "a": null }));
        assert_eq!(reply["pages"], 1);
        let members = &reply["metadata"][0]["object"];
        assert_eq!(members[0][1]["value"]["source"]["text"], "12.50");
        let typed: ExtractedJson = serde_json::from_str(&reply.to_string()).unwrap();
        assert_eq!(serde_json::to_value(&typed).unwrap(), reply);
        assert_eq!(answer(call(false), "Total: 12.50 EUR").unwrap()["metadata"], serde_json::json!([]));
        let error = answer(ExtractByJsonSchema { schema: "{".to_owned(), ..call(true) }, "Total: 1").unwrap_err();
        assert_eq!(error.violations()[0].reason, "json_invalid");
    }

    #[test]
    fn a_schema_is_made_of_an_example_or_of_names() {
        let call = GenerateSchema {
            source: Some(Source::Bytes(ReadOptions::default())),
            schema: None,
            prefix: Vec::new(),
            names: Vec::new(),
        };
        let schema = answer(call.clone(), "Invoice number: RE-1\nTotal: 12.50 EUR").unwrap();
        assert_eq!(schema["properties"]["total"]["type"], serde_json::json!(["number", "null"]));
        assert_eq!(answer(call.clone(), "Hello").unwrap_err().code(), "INVALID");
        let of_names = answer(GenerateSchema { source: None, names: vec!["iban".to_owned()], ..call }, "").unwrap();
        assert_eq!(of_names["properties"]["iban"]["type"], serde_json::json!(["string", "null"]));
    }
}
