//! Compiles a JSON Schema to a [`Schema`] and the plan of its result.

use std::collections::BTreeSet;

use super::super::schema::{Field, Schema, Table};
use super::naming::{Described, Meaning, Part, description};
use super::nodes::{Node, Nodes, below};
use super::ordered::Json;
use super::plan::Plan;
use super::{Compiled, MAX_DEPTH, MAX_PROPERTIES};
use crate::budget::{Budget, Held};
use crate::error::{Error, PathSegment, Result};
use crate::limits::{MAX_FIELD_NAME_CHARS, MAX_FIELDS, MAX_TABLES};

/// The memory of a field besides its texts, in bytes.
const FIELD_BYTES: usize = 400;

/// Compiles the root of a schema.
///
/// # Errors
///
/// `Invalid` with all faults of the schema; `OverBudget`.
pub(super) fn compile(root: &Json, prefix: &[PathSegment], budget: &Budget) -> Result<Compiled> {
    let mut compiler = Compiler {
        nodes: Nodes::new(root, prefix, budget),
        schema: Schema::default(),
        lists: Vec::new(),
        properties: 0,
        field_count: 0,
        held: budget.hold(0)?,
        held_bytes: 0,
    };
    let plan = compiler.root(root, prefix)?;
    let Compiler { nodes, mut schema, mut lists, held_bytes, .. } = compiler;
    match plan {
        Some(mut plan) if nodes.faults.is_empty() => {
            let tables = schema.tables.len();
            plan.place_lists(tables);
            let single_fields = schema.fields.len();
            schema.fields.append(&mut lists);
            name_apart(&mut schema);
            Ok(Compiled { schema, single_fields, plan, bytes: held_bytes })
        }
        _ => Err(Error::invalid(nodes.faults)),
    }
}

pub(super) struct Compiler<'a, 'b> {
    pub nodes: Nodes<'a, 'b>,
    schema: Schema,
    /// The fields of lists, which follow those of the schema.
    lists: Vec<Field>,
    /// How many properties there are, with those that references repeat.
    properties: usize,
    /// How many fields are not in tables.
    field_count: usize,
    held: Held<'b>,
    held_bytes: usize,
}

/// Where a property is.
struct Place<'p, 'a> {
    /// The names of the objects it is in and its own; within a row, from the row on.
    path: &'p [&'a str],
    /// The depth, from 1.
    depth: usize,
    /// The columns of the table it is in.
    columns: Option<&'p mut Vec<Field>>,
}

impl<'a> Compiler<'a, '_> {
    fn root(&mut self, root: &'a Json, prefix: &[PathSegment]) -> Result<Option<Plan>> {
        let Some(node) = self.nodes.node(root, prefix.to_vec(), &[])? else { return Ok(None) };
        let types = node.types();
        if !(types == ["object"] || types.is_empty() && node.has("properties")) {
            let pointer = node.get("type").map_or_else(|| prefix.to_vec(), |(_, pointer)| pointer);
            self.nodes.refuse(&pointer, "root_type", "The schema must be of the type object, with properties");
            return Ok(None);
        }
        self.object(&node, Place { path: &[], depth: 1, columns: None }, false)
    }

    /// An object: a part for each of its properties.
    fn object(&mut self, node: &Node<'a>, place: Place<'_, 'a>, nullable: bool) -> Result<Option<Plan>> {
        let Place { path, depth, mut columns } = place;
        if !node.choices.is_empty() {
            let why = "A choice between objects is not supported: write one with the properties of all";
            self.nodes.refuse(node.pointer(), "unsupported", why);
            return Ok(None);
        }
        let Some((Json::Object(properties), pointer)) = node.get("properties") else {
            let pointer = node.get("properties").map_or_else(|| node.pointer().to_vec(), |(_, pointer)| pointer);
            self.nodes.refuse(&pointer, "missing", "An object needs properties, each with a name and a schema");
            return Ok(None);
        };
        if properties.is_empty() {
            self.nodes.refuse(&pointer, "too_short", "An object needs at least one property");
            return Ok(None);
        }
        if depth > MAX_DEPTH {
            self.nodes.refuse(
                &pointer,
                "too_deep",
                format!("Properties may be nested at most {MAX_DEPTH} levels deep"),
            );
            return Ok(None);
        }
        let mut members = Vec::with_capacity(properties.len().min(MAX_PROPERTIES));
        for (name, json) in properties {
            self.properties += 1;
            if self.properties > MAX_PROPERTIES {
                let why =
                    format!("A schema has at most {MAX_PROPERTIES} properties, with those that references repeat");
                self.nodes.refuse(&below(self.nodes.prefix, &["properties"]), "too_long", why);
                return Ok(None);
            }
            let pointer = below(&pointer, &[name]);
            self.nodes.budget.work(pointer.len() + path.len())?;
            if name.trim().is_empty() {
                self.nodes.refuse(&pointer, "string_too_short", "The name of a property must not be empty");
                continue;
            }
            let Some(child) = self.nodes.node(json, pointer, &node.references)? else { continue };
            let path: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
            let place = Place { path: &path, depth, columns: columns.as_deref_mut() };
            if let Some(part) = self.property(&child, place)? {
                self.hold(name.len())?;
                members.push((name.clone(), part));
            }
        }
        Ok(Some(Plan::Object { members, nullable }))
    }

    fn hold(&mut self, bytes: usize) -> Result<()> {
        self.held.grow(bytes)?;
        self.held_bytes += bytes;
        Ok(())
    }

    fn property(&mut self, node: &Node<'a>, place: Place<'_, 'a>) -> Result<Option<Plan>> {
        if let Some((value, pointer)) = node.get("const") {
            if let Json::List(_) | Json::Object(_) = value {
                self.nodes.refuse(&pointer, "unsupported", "A constant must be a text, number, boolean or null");
                return Ok(None);
            }
            if !node.nullable || *value == Json::Null {
                return Ok(Some(Plan::Constant(value.clone())));
            }
        } else if node.get("type").is_some_and(|(kind, _)| kind.as_text() == Some("null")) {
            return Ok(Some(Plan::Constant(Json::Null)));
        }
        let types = node.types();
        let is = |name: &str| types.contains(&name);
        let is_untyped = types.is_empty() && node.choices.is_empty();
        match () {
            () if is("object") || is("array") => {
                if types.len() > 1 {
                    let why = "A value that is either an object or a list or something else is not supported";
                    self.nodes.refuse(node.pointer(), "unsupported", why);
                    Ok(None)
                } else if is("object") {
                    let nullable = node.nullable;
                    self.object(node, Place { depth: place.depth + 1, ..place }, nullable)
                } else {
                    self.list(node, &place)
                }
            }
            () if is_untyped && node.has("properties") => {
                let nullable = node.nullable;
                self.object(node, Place { depth: place.depth + 1, ..place }, nullable)
            }
            () if is_untyped && node.has("items") => self.list(node, &place),
            () => {
                let part = if place.columns.is_some() { Part::Row } else { Part::Document };
                let Some((meaning, form, options)) = self.scalar(node, place.path, part)? else {
                    return Ok(None);
                };
                let field = self.field(meaning, options, node)?;
                let fields = match place.columns {
                    Some(columns) => columns,
                    None => {
                        self.count_field(node);
                        &mut self.schema.fields
                    }
                };
                fields.push(field);
                let index = fields.len() - 1;
                Ok(Some(Plan::Value { index, form }))
            }
        }
    }

    fn count_field(&mut self, node: &Node<'a>) {
        self.field_count += 1;
        if self.field_count == MAX_FIELDS + 1 {
            let why = format!(
                "The extractor reads at most {MAX_FIELDS} values besides those in rows, fewer than the \
                 {MAX_PROPERTIES} properties that a schema may have"
            );
            self.nodes.refuse(node.pointer(), "too_long", why);
        }
    }

    /// A list: the rows of a table, or values.
    fn list(&mut self, node: &Node<'a>, place: &Place<'_, 'a>) -> Result<Option<Plan>> {
        let Some((json, pointer)) = node.get("items") else {
            self.nodes.refuse(node.pointer(), "missing", "A list must say with items what its items are");
            return Ok(None);
        };
        if place.columns.is_some() {
            let why = "A list within the items of a list is not supported: a row has single values";
            self.nodes.refuse(node.pointer(), "unsupported", why);
            return Ok(None);
        }
        // What is at fault in `items` itself is reported with its keywords.
        let Json::Object(_) = json else { return Ok(None) };
        let Some(items) = self.nodes.node(json, pointer, &node.references)? else { return Ok(None) };
        let types = items.types();
        let is_untyped = types.is_empty() && items.choices.is_empty();
        if types == ["object"] || is_untyped && items.has("properties") {
            return self.rows(node, &items, place);
        }
        if types.iter().any(|name| matches!(*name, "array" | "object")) || is_untyped && items.has("items") {
            let why = "The items of a list must be objects of single values, or single values";
            self.nodes.refuse(items.pointer(), "unsupported", why);
            return Ok(None);
        }
        let described = Described {
            path: place.path,
            title: node.text("title"),
            description: node.text("description").or_else(|| items.text("description")),
            part: Part::List,
        };
        let Some((meaning, form, options)) = self.described_scalar(&items, described)? else { return Ok(None) };
        let field = self.field(meaning, options, node)?;
        self.lists.push(field);
        self.count_field(node);
        Ok(Some(Plan::List { table: self.lists.len() - 1, form }))
    }

    fn rows(&mut self, node: &Node<'a>, items: &Node<'a>, place: &Place<'_, 'a>) -> Result<Option<Plan>> {
        if self.schema.tables.len() == MAX_TABLES {
            let why = format!("The extractor reads at most {MAX_TABLES} lists of objects");
            self.nodes.refuse(node.pointer(), "too_long", why);
            return Ok(None);
        }
        let mut columns = Vec::new();
        let within = Place { path: &[], depth: place.depth + 1, columns: Some(&mut columns) };
        let Some(row) = self.object(items, within, false)? else { return Ok(None) };
        if columns.len() > MAX_FIELDS {
            let why = format!("The extractor reads at most {MAX_FIELDS} values of a row");
            self.nodes.refuse(items.pointer(), "too_long", why);
        }
        let name = place.path.join("_").chars().take(MAX_FIELD_NAME_CHARS).collect();
        let description = node.text("description").map(description);
        self.schema.tables.push(Table { name, description, fields: columns });
        Ok(Some(Plan::Rows { table: self.schema.tables.len() - 1, row: Box::new(row) }))
    }

    fn field(&mut self, meaning: Meaning, options: Vec<String>, node: &Node<'_>) -> Result<Field> {
        let Meaning { name, synonyms, kind } = meaning;
        let description = node.text("description").map(description);
        let texts = std::iter::once(&name).chain(&synonyms).chain(&options).chain(&description);
        self.hold(FIELD_BYTES + 3 * texts.map(String::len).sum::<usize>())?;
        Ok(Field { name, kind, description, synonyms, options })
    }
}

/// Numbers the names that are taken: names are unique among fields and tables, and in a table.
fn name_apart(schema: &mut Schema) {
    let mut taken = BTreeSet::new();
    name_fields_apart(&mut schema.fields, &mut taken);
    for table in &mut schema.tables {
        free_name(&mut table.name, &mut taken);
        name_fields_apart(&mut table.fields, &mut BTreeSet::new());
    }
}

/// A field that has a number keeps its plain name as a synonym.
fn name_fields_apart(fields: &mut [Field], taken: &mut BTreeSet<String>) {
    for field in fields {
        let plain = field.name.clone();
        if free_name(&mut field.name, taken) {
            field.synonyms.insert(0, plain);
        }
    }
}

/// Takes a name, with a number if it is taken; returns whether it was.
fn free_name(name: &mut String, taken: &mut BTreeSet<String>) -> bool {
    if taken.insert(name.clone()) {
        return false;
    }
    // Room for a number up to the most fields.
    let plain: String = name.chars().take(MAX_FIELD_NAME_CHARS - 5).collect();
    let numbered = (2..).map(|number| format!("{plain} {number}")).find(|numbered| !taken.contains(numbered));
    *name = numbered.unwrap_or(plain);
    taken.insert(name.clone());
    true
}

impl Plan {
    /// The tables of lists follow those of rows.
    fn place_lists(&mut self, tables: usize) {
        match self {
            Self::Object { members, .. } => members.iter_mut().for_each(|(_, part)| part.place_lists(tables)),
            Self::List { table, .. } => *table += tables,
            _ => {}
        }
    }
}
