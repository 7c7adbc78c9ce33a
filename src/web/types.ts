// Made by `npm run types` from the types of the core. Not to be edited.

/** The version of the engine. */
export const version = "0.1.0";

/**
 * A rule in plain language: the label a document gets, and what such documents are like.
 */
export type Rule = {
  /**
   * The label, such as `invoice`. Unique in its set.
   */
  label: string,
  /**
   * What documents of this label are like, in plain language.
   */
  description: string,
  /**
   * Texts that are of this label, when some are known: they sharpen the rule, and never replace its words.
   */
  examples?: Array<string>,
};

/**
 * What a decision may take into account besides document and rules.
 */
export type Settings = {
  /**
   * The language of the documents (ISO 639-1), where the caller knows it; detected when absent.
   */
  language: string | null,
  /**
   * How much readier than usual the answer "none of these" is, in log-odds: 0 is as measured, 1 multiplies the odds
   * of "none" by 2.7, negative values make it rarer.
   */
  no_match_bias: number,
  /**
   * Whether "none of these" is a possible answer. Where it is not, the best rule is the answer whatever it is.
   */
  allow_no_match: boolean,
};

/**
 * A mail as a caller has it who takes it apart: its subject and the text of its body, plain or HTML.
 */
export type Mail = {
  /**
   * The subject; empty when there is none.
   */
  subject?: string,
  /**
   * The body.
   */
  body: string,
};

/**
 * What to read of a document.
 */
export type ReadOptions = {
  /**
   * Which pages, such as `1,3,5-7`; all when absent.
   */
  pages?: string,
  /**
   * At most this many of them, from the first.
   */
  max_pages?: number,
};

/**
 * What is asked of a document.
 */
export type Schema = {
  /**
   * Values the document has once.
   */
  fields?: Array<Field>,
  /**
   * Values it has in rows.
   */
  tables?: Array<Table>,
};

/**
 * One value that is asked for.
 */
export type Field = {
  /**
   * The name of the value, such as `invoice_number`. Unique in its schema or table.
   */
  name: string,
  /**
   * What kind of value it is.
   */
  kind?: FieldKind,
  /**
   * What the value is, in plain language.
   */
  description?: string,
  /**
   * What documents call it besides its name.
   */
  synonyms?: Array<string>,
  /**
   * What a field of kind `Kind::Label` may say.
   */
  options?: Array<string>,
};

/**
 * What kind of value a field holds. It decides which places of a document can be its value at all.
 */
export type FieldKind = "text" | "number" | "money" | "percent" | "date" | "boolean" | "iban" | "vat_id" | "email" | "phone" | "url" | "currency" | "id" | "label";

/**
 * Rows of the same fields, such as the items of an invoice.
 */
export type Table = {
  /**
   * The name of the table. Unique among tables and fields.
   */
  name: string,
  /**
   * What its rows are, in plain language.
   */
  description?: string,
  /**
   * The fields of a row.
   */
  fields: Array<Field>,
};

/**
 * A text and what it is.
 */
export type Labelled = {
  /**
   * The text.
   */
  text: string,
  /**
   * The label it should get; nothing when no rule fits.
   */
  label?: string | null,
};

/**
 * A document, and what lies within it.
 */
export type Document = {
  /**
   * The files embedded in a PDF or attached to a mail, in its order. Where they cannot be told apart, one without a name
   * says why.
   */
  attachments: Array<Attachment>,
  /**
   * What it was read from.
   */
  format: Format,
  /**
   * The title it gives itself (PDF and DOCX metadata, `<title>`, a mail's subject); never the file's name.
   */
  title: string | null,
  /**
   * The pages that were asked for, in order.
   */
  pages: Array<Page>,
  /**
   * How many pages the document has, asked for or not. A format without pages counts as one.
   */
  page_count: number,
};

/**
 * What a document was read from.
 */
export type Format = "pdf" | "docx" | "html" | "eml" | "markdown" | "plain";

/**
 * A page: its text in reading order, and what is where.
 */
export type Page = {
  /**
   * The number of the page in its document, from 1.
   */
  number: number,
  /**
   * The text in reading order; lines end in `\n`, passages are separated by an empty line.
   */
  text: string,
  /**
   * The passages in reading order. They do not overlap.
   */
  passages: Array<Passage>,
  /**
   * The words in reading order, where the format has a layout; else empty.
   */
  words: Array<Word>,
  /**
   * Width and height in points, where the format has pages of a size.
   */
  size: [number, number] | null,
};

/**
 * A run of text that belongs together: a paragraph, a heading, a table row.
 */
export type Passage = {
  /**
   * Where it is in the page's text.
   */
  span: Span,
  /**
   * What it is to the page.
   */
  role: Role,
};

/**
 * What a passage is to its page.
 */
export type Role = "title" | "heading" | "body" | "table_row" | "quote" | "signature" | "margin" | "header";

/**
 * A word and its place.
 */
export type Word = {
  /**
   * Where it is in the page's text.
   */
  span: Span,
  /**
   * Where it is on the page.
   */
  rect: Rect,
};

/**
 * A part of a page's text: byte offsets `start..end`, both on character boundaries.
 */
export type Span = {
  /**
   * The first byte.
   */
  start: number,
  /**
   * One past the last byte.
   */
  end: number,
};

/**
 * A box on a page, in points (1/72 inch), with the origin at the top left and y growing downwards.
 */
export type Rect = {
  /**
   * Left edge.
   */
  x: number,
  /**
   * Top edge.
   */
  y: number,
  /**
   * Width.
   */
  width: number,
  /**
   * Height.
   */
  height: number,
};

/**
 * A file within a document. Those of a mail are read, those of a PDF are not.
 */
export type Attachment = {
  /**
   * Its name, as the document gives it. It may be anything; it is no path.
   */
  name: string | null,
  /**
   * What the document says it is, such as `text/xml`. Not to be believed.
   */
  media_type: string | null,
  /**
   * The document that it is, where it was read.
   */
  document: AttachedDocument | null,
  /**
   * Why it could not be read.
   */
  error: Unread | null,
  /**
   * Its content, which faces carry beside the rest.
   */
  bytes: Uint8Array,
};

/**
 * A document: what `read` made of the bytes.
 */
export type AttachedDocument = {
  /**
   * What it was read from.
   */
  format: Format,
  /**
   * The title it gives itself (PDF and DOCX metadata, `<title>`, a mail's subject); never the file's name.
   */
  title: string | null,
  /**
   * The pages that were asked for, in order.
   */
  pages: Array<Page>,
  /**
   * How many pages the document has, asked for or not. A format without pages counts as one.
   */
  page_count: number,
};

/**
 * Why a file could not be read.
 */
export type Unread = {
  /**
   * The stable code of the reason.
   */
  code: string,
  /**
   * The reason as a sentence.
   */
  message: string,
};

/**
 * What a document is, whole.
 */
export type Classified = {
  /**
   * The version of the engine that decided.
   */
  engine_version: string,
  /**
   * What the files are that a mail brought, in its order. Where they cannot be told apart, one without a name says why.
   */
  attachments: Array<Attached>,
  /**
   * The label of the rule that fits, or nothing when none does.
   */
  label: string | null,
  /**
   * How likely the answer, be it a label or "none", is right: 0 to 1.
   */
  confidence: number,
  /**
   * How likely it is that none of the rules fits, whatever the answer: 0 to 1, rounded to six decimals. 1 without rules.
   */
  no_match: number,
  /**
   * Why, in words, from the evidence alone.
   */
  reasoning: string,
  /**
   * Every rule with its score, best first; equal scores in the order of the rules.
   */
  scores: Array<Score>,
  /**
   * The words that decided, weightiest first. With `constant` and `rest` they add up to the score of the first rule.
   */
  evidence: Array<Evidence>,
  /**
   * What the first rule's score has whatever the words are: how far the rule is from everyday sentences.
   */
  constant: number,
  /**
   * What of that score is not shown: words beyond the weightiest and beyond the first pages, and the title that the file
   * gives itself.
   */
  rest: number,
  /**
   * The rule that came second, where there is one.
   */
  runner_up: RunnerUp | null,
  /**
   * What would change the answer; nothing where there is no other.
   */
  change: Change | null,
};

/**
 * What a file is that a mail brought.
 */
export type Attached = {
  /**
   * Its name, as the mail gives it.
   */
  name: string | null, } & ({ "decision": Decision } | { "error": Unread });

/**
 * What came of a file.
 */
export type Outcome = { "decision": Decision } | { "error": Unread };

/**
 * What the document is, how sure that is, and why.
 */
export type Decision = {
  /**
   * The label of the rule that fits, or nothing when none does.
   */
  label: string | null,
  /**
   * How likely the answer, be it a label or "none", is right: 0 to 1.
   */
  confidence: number,
  /**
   * How likely it is that none of the rules fits, whatever the answer: 0 to 1, rounded to six decimals. 1 without rules.
   */
  no_match: number,
  /**
   * Why, in words, from the evidence alone.
   */
  reasoning: string,
  /**
   * Every rule with its score, best first; equal scores in the order of the rules.
   */
  scores: Array<Score>,
  /**
   * The words that decided, weightiest first. With `constant` and `rest` they add up to the score of the first rule.
   */
  evidence: Array<Evidence>,
  /**
   * What the first rule's score has whatever the words are: how far the rule is from everyday sentences.
   */
  constant: number,
  /**
   * What of that score is not shown: words beyond the weightiest and beyond the first pages, and the title that the file
   * gives itself.
   */
  rest: number,
  /**
   * The rule that came second, where there is one.
   */
  runner_up: RunnerUp | null,
  /**
   * What would change the answer; nothing where there is no other.
   */
  change: Change | null,
};

/**
 * How well one rule fits the document.
 */
export type Score = {
  /**
   * The label of the rule.
   */
  label: string,
  /**
   * The score, comparable within one decision only; rounded to six decimals. Below 0 where more speaks
   * against the rule than for it.
   */
  score: number,
};

/**
 * Words of the document that spoke for a rule, or against it.
 */
export type Evidence = {
  /**
   * The page, from 1.
   */
  page: number,
  /**
   * Where on the page: byte offsets into its text.
   */
  span: Span,
  /**
   * The words found there.
   */
  text: string,
  /**
   * The label of the rule they spoke for: the label given, or that of the nearest rule where none was.
   */
  rule: string,
  /**
   * What made them speak: most of their weight, where there is more than one reason.
   */
  kind: "word" | "name" | "meaning" | "example",
  /**
   * What they add to the rule's score, in its units; less than 0 where they speak against it.
   */
  weight: number,
};

/**
 * The rule that came second.
 */
export type RunnerUp = {
  /**
   * Its label.
   */
  label: string,
  /**
   * Its score.
   */
  score: number,
  /**
   * How far it is behind.
   */
  margin: number,
};

/**
 * What would change an answer.
 */
export type Change = {
  /**
   * The label the document would get: that of the second rule, or of the nearest where none matched.
   */
  label: string,
  /**
   * The weightiest words of that rule that the document lacks, as the rule has them.
   */
  missing: Array<string>,
};

/**
 * An extraction as it is handed out: with the engine that made it.
 */
export type Extracted = {
  /**
   * The version of the engine that read it.
   */
  engine_version: string,
  /**
   * One value per field, in the order of the schema.
   */
  values: Array<Value>,
  /**
   * One entry per table, in the order of the schema.
   */
  tables: Array<Rows>,
};

/**
 * What a document gives to a schema.
 */
export type Extraction = {
  /**
   * One value per field, in the order of the schema.
   */
  values: Array<Value>,
  /**
   * One entry per table, in the order of the schema.
   */
  tables: Array<Rows>,
};

/**
 * What the document gives to a field.
 */
export type Value = {
  /**
   * The name of the field.
   */
  field: string,
  /**
   * The value, normalised: dates as `2026-03-31`, numbers as `1234.56`, codes without spaces. Nothing when the
   * document does not give one.
   */
  value: string | null,
  /**
   * The value as the document writes it.
   */
  text: string | null,
  /**
   * How likely the value is right: 0 to 1, rounded to six decimals; 0 without a value.
   */
  confidence: number,
  /**
   * Where it stands. An embedded value that no page shows has none.
   */
  citation: Citation | null,
  /**
   * Where it was read.
   */
  origin: Origin,
};

/**
 * The place of a value.
 */
export type Citation = {
  /**
   * The page, from 1.
   */
  page: number,
  /**
   * Where on the page: byte offsets into its text.
   */
  span: Span,
  /**
   * Where on the page, where the format has a layout.
   */
  rect?: Rect,
  /**
   * The label that said what it is: byte offsets into the text of the same page.
   */
  label?: Span,
};

/**
 * Where a value was read.
 */
export type Origin = "text" | "embedded";

/**
 * What the document gives to a table.
 */
export type Rows = {
  /**
   * The name of the table.
   */
  table: string,
  /**
   * The rows, each with one value per field of the table, in its order.
   */
  rows: Array<Array<Value>>,
};

/**
 * How good a rule set is, and what it changes.
 */
export type Evaluated = {
  /**
   * What changes against the published version, where there is one to compare with.
   */
  comparison: Comparison | null,
  /**
   * The version of the engine that answered.
   */
  engine_version: string,
  /**
   * The share of cases that were answered rightly, be it with a label or with "none".
   */
  accuracy: number,
  /**
   * The mean F1 of the labels that some case should get; nothing when no case should get any. "None" is no label.
   */
  macro_f1: number | null,
  /**
   * The mean distance of confidence and accuracy over the bins of `reliability`, weighted by what is in them.
   */
  ece: number,
  /**
   * How well `Answer::no_match` tells the cases that no rule fits from the others: the share of pairs that it puts in
   * the right order, ties as half. Nothing unless there are cases of both kinds.
   */
  no_match_auroc: number | null,
  /**
   * Every label in the order of the rules, and "none" behind them.
   */
  classes: Array<Class>,
  /**
   * How often a case of one class was answered with another: rows are what cases are, columns what was answered, both
   * in the order of `classes`.
   */
  confusion: Array<Array<number>>,
  /**
   * The bins of confidence, lowest first, without empty ones.
   */
  reliability: Array<Bin>,
  /**
   * What was said of each case, in the order of the cases.
   */
  answers: Array<Answer>,
};

/**
 * How good the answers were.
 */
export type Evaluation = {
  /**
   * The share of cases that were answered rightly, be it with a label or with "none".
   */
  accuracy: number,
  /**
   * The mean F1 of the labels that some case should get; nothing when no case should get any. "None" is no label.
   */
  macro_f1: number | null,
  /**
   * The mean distance of confidence and accuracy over the bins of `reliability`, weighted by what is in them.
   */
  ece: number,
  /**
   * How well `Answer::no_match` tells the cases that no rule fits from the others: the share of pairs that it puts in
   * the right order, ties as half. Nothing unless there are cases of both kinds.
   */
  no_match_auroc: number | null,
  /**
   * Every label in the order of the rules, and "none" behind them.
   */
  classes: Array<Class>,
  /**
   * How often a case of one class was answered with another: rows are what cases are, columns what was answered, both
   * in the order of `classes`.
   */
  confusion: Array<Array<number>>,
  /**
   * The bins of confidence, lowest first, without empty ones.
   */
  reliability: Array<Bin>,
  /**
   * What was said of each case, in the order of the cases.
   */
  answers: Array<Answer>,
};

/**
 * A label, or "none", and how well it is told.
 */
export type Class = {
  /**
   * The label; nothing for "none".
   */
  label: string | null,
  /**
   * How many cases are of it.
   */
  cases: number,
  /**
   * How many cases were answered with it.
   */
  answered: number,
  /**
   * The share of right ones among those answers; nothing when there were none.
   */
  precision: number | null,
  /**
   * The share of its cases that were found; nothing when there are none.
   */
  recall: number | null,
  /**
   * The harmonic mean of precision and recall; nothing when there were neither cases nor answers.
   */
  f1: number | null,
};

/**
 * Answers of about the same confidence.
 */
export type Bin = {
  /**
   * From this confidence on.
   */
  from: number,
  /**
   * Below this confidence; the last bin has 1 too.
   */
  to: number,
  /**
   * How many answers.
   */
  answers: number,
  /**
   * Their mean confidence.
   */
  confidence: number,
  /**
   * The share of them that is right.
   */
  accuracy: number,
};

/**
 * What a rule set said of a case.
 */
export type Answer = {
  /**
   * As `Decision::label`.
   */
  label: string | null,
  /**
   * As `Decision::confidence`.
   */
  confidence: number,
  /**
   * As `Decision::no_match`.
   */
  no_match: number,
};

/**
 * What changes from one version of a rule set to the next.
 */
export type Comparison = {
  /**
   * Cases that only the draft answers rightly.
   */
  fixes: Array<Difference>,
  /**
   * Cases that only the published version answers rightly.
   */
  breaks: Array<Difference>,
};

/**
 * A case that two versions answer differently.
 */
export type Difference = {
  /**
   * Its place among the cases, from 0.
   */
  case: number,
  /**
   * The label it should get; nothing when no rule fits.
   */
  label: string | null,
  /**
   * What the published version says.
   */
  published: string | null,
  /**
   * What the draft says.
   */
  draft: string | null,
};

/**
 * What was found.
 */
export type Linted = {
  /**
   * In the order of the rules.
   */
  findings: Array<Finding>,
  /**
   * The version of the engine that looked.
   */
  engine_version: string,
};

/**
 * Something that is wrong with a rule set.
 */
export type Finding = {
  /**
   * What.
   */
  kind: FindingKind,
  /**
   * The labels of the rules it is about; of a shadowed rule, the one that shadows it is second.
   */
  rules: Array<string>,
  /**
   * What to know, for a person.
   */
  message: string,
};

/**
 * What can be wrong.
 */
export type FindingKind = "duplicate" | "shadowed" | "overlapping" | "too_generic" | "contradictory_example";

/**
 * A field at fault, as callers see it.
 */
export type Fault = {
  /**
   * Where it is: a JSON pointer (RFC 6901) into what was given.
   */
  pointer: string,
  /**
   * What is wrong with it.
   */
  message: string,
};

