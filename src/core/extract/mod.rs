//! Stub until the extractor lands.
#![allow(missing_docs)]
use serde::{Deserialize, Serialize};

use crate::document::{Attachment, Document, Rect, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    #[default]
    Text,
    Number,
    Money,
    Percent,
    Date,
    Boolean,
    Iban,
    VatId,
    Email,
    Phone,
    Url,
    Currency,
    Id,
    Label,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    #[serde(default)]
    pub kind: Kind,
    #[serde(default)]
    pub description: Option<String>,
    #[serde(default)]
    pub synonyms: Vec<String>,
    #[serde(default)]
    pub options: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    #[serde(default)]
    pub description: Option<String>,
    pub fields: Vec<Field>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Schema {
    pub fields: Vec<Field>,
    pub tables: Vec<Table>,
}

impl Schema {
    pub fn check(&self) -> crate::error::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    pub page: u32,
    pub span: Span,
    pub rect: Option<Rect>,
    pub label: Option<Span>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    #[default]
    Text,
    Embedded,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Value {
    pub field: String,
    pub value: Option<String>,
    pub text: Option<String>,
    pub confidence: f64,
    pub citation: Option<Citation>,
    #[serde(default)]
    pub origin: Origin,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    pub table: String,
    pub rows: Vec<Vec<Value>>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Extraction {
    pub values: Vec<Value>,
    pub tables: Vec<Rows>,
}

pub fn extract(_: &Document, schema: &Schema, _: &[Attachment]) -> Extraction {
    Extraction {
        values: schema
            .fields
            .iter()
            .map(|field| Value {
                field: field.name.clone(),
                value: None,
                text: None,
                confidence: 0.0,
                citation: None,
                origin: Origin::Text,
            })
            .collect(),
        tables: Vec::new(),
    }
}
