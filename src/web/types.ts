// Made by `npm run types` from the types of the core. Not to be edited.

/** The version of the engine. */
export const version = "0.2.0";

/**
 * A rule in plain language: a label, and a description of the documents that get it.
 */
export type Rule = {
  /**
   * The label, such as `invoice`. Unique in its rule set.
   */
  label: string,
  /**
   * A description, in plain language, of the documents that get this label.
   */
  description: string,
  /**
   * Texts known to have this label, if any. They sharpen the rule and never replace its words.
   */
  examples?: Array<string>,
};

/**
 * Options of a decision.
 */
export type Settings = {
  /**
   * The language of the documents (ISO 639-1), if the caller knows it; detected if absent.
   */
  language: string | null,
  /**
   * A shift of the log-odds of the answer "none of these": 0 leaves them as calibrated, 1 multiplies the odds of
   * "none" by 2.7, negative values make "none" rarer.
   */
  no_match_bias: number,
  /**
   * Whether "none of these" is a possible answer. If not, the best rule is always the answer.
   */
  allow_no_match: boolean,
};

/**
 * A mail that the caller has already parsed. Its subject, its body or an attachment must say something.
 */
export type Mail = {
  /**
   * The subject; empty if there is none.
   */
  subject?: string,
  /**
   * The body, plain or HTML.
   */
  body?: string,
  /**
   * The body as HTML, which is read if `body` says nothing.
   */
  html?: string,
  /**
   * The sender.
   */
  from?: TextList,
  /**
   * The recipients.
   */
  to?: TextList,
  /**
   * The recipients of a copy. As in a mail file, they are not part of what is read.
   */
  cc?: TextList,
  /**
   * When it was sent.
   */
  date?: TextList,
  /**
   * Its header fields, by name or as a list; the subject, the sender, the recipients and the date are taken from
   * here where the mail does not have them.
   */
  headers?: MailHeaders,
  /**
   * The attached files.
   */
  attachments?: Array<MailAttachment>,
};

/**
 * A file attached to a mail.
 */
export type MailAttachment = {
  /**
   * Its name.
   */
  name?: string,
  /**
   * The same, as others call it.
   */
  filename?: string,
  /**
   * Its media type.
   */
  media_type?: string,
  /**
   * The same, as others call it.
   */
  content_type?: string,
  /**
   * Its bytes, as base64.
   */
  content?: string,
};

/**
 * The header fields of a mail: an object of texts and lists of texts, or a list of `{name, value}`.
 */
export type MailHeaders = { [name: string]: string | Array<string> } | Array<{ name: string, value: string }>;

/**
 * A text, or a list of texts.
 */
export type TextList = string | Array<string>;

/**
 * Options for reading a document.
 */
export type ReadOptions = {
  /**
   * The pages to read, such as `1,3,5-7`; all if absent.
   */
  pages?: string,
  /**
   * The maximum number of pages to read, counted from the first selected page.
   */
  max_pages?: number,
};

/**
 * How pages are split.
 */
export type SplitOptions = {
  /**
   * What happens to pages that fit no category: `include`, `forbid` or `omit`.
   */
  allow_uncategorized?: Uncategorized,
  /**
   * The minimum number of pages in a segment. A file with fewer is one segment.
   */
  min_pages_per_split?: number,
};

/**
 * What happens to pages that fit no category.
 */
export type Uncategorized = "include" | "forbid" | "omit";

/**
 * What to extract from a document.
 */
export type Schema = {
  /**
   * Values that a document has once.
   */
  fields?: Array<Field>,
  /**
   * Values that it has in rows.
   */
  tables?: Array<Table>,
};

/**
 * One value to extract.
 */
export type Field = {
  /**
   * The name, such as `invoice_number`. Unique in its schema or table.
   */
  name: string,
  /**
   * The kind of value.
   */
  kind?: FieldKind,
  /**
   * What the value is, in plain language.
   */
  description?: string,
  /**
   * Other names that documents use for it.
   */
  synonyms?: Array<string>,
  /**
   * The values of a field of the kind `label`.
   */
  options?: Array<string>,
};

/**
 * The kind of a field's value. It decides which places of a document are candidates.
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
 * A text with its right label.
 */
export type LabelledText = {
  /**
   * The text.
   */
  text: string,
  /**
   * The right label; None if no rule fits.
   */
  label?: string | null,
};

/**
 * A document with the files inside it.
 */
export type DocumentWithAttachments = {
  /**
   * The files embedded in a PDF or attached to a mail, in its order. If they cannot be extracted, one entry
   * without a name has the error.
   */
  attachments: Array<Attachment>,
  /**
   * The format of the file.
   */
  format: Format,
  /**
   * The document's own title (PDF and DOCX metadata, `<title>`, a mail's subject); never the file name.
   */
  title: string | null,
  /**
   * The selected pages, in order.
   */
  pages: Array<Page>,
  /**
   * The number of pages in the document, selected or not; 1 for formats without pages.
   */
  page_count: number,
};

/**
 * The format of a document.
 */
export type Format = "pdf" | "docx" | "eml" | "html" | "markdown" | "plain";

/**
 * A page: its text in reading order, with passages and words.
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
   * The words in reading order if the format has a layout; otherwise empty.
   */
  words: Array<Word>,
  /**
   * Width and height in points, if pages have a size in this format.
   */
  size: [number, number] | null,
};

/**
 * A run of text that belongs together: a paragraph, a heading, a table row.
 */
export type Passage = {
  /**
   * The position in the page's text.
   */
  span: Span,
  /**
   * The role on the page.
   */
  role: Role,
};

/**
 * The role of a passage on its page.
 */
export type Role = "title" | "heading" | "body" | "table_row" | "quote" | "signature" | "margin" | "header";

/**
 * A word and its position.
 */
export type Word = {
  /**
   * The position in the page's text.
   */
  span: Span,
  /**
   * The position on the page.
   */
  rect: Rect,
};

/**
 * A range of a page's text: byte offsets `start..end`, both on character boundaries.
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
 * A file inside a document. Files attached to a mail are read, files embedded in a PDF are not.
 */
export type Attachment = {
  /**
   * The name that the document gives it. It may be any text and is not a path.
   */
  name: string | null,
  /**
   * The media type that the document declares, such as `text/xml`. Not reliable.
   */
  media_type: string | null,
  /**
   * The document, if the file was read.
   */
  document: Document | null,
  /**
   * The error, if it could not be read.
   */
  error: ReadError | null,
  /**
   * The content. It is not serialized: the worker and the npm package pass it separately.
   */
  bytes: Uint8Array,
};

/**
 * A document, as returned by `read`.
 */
export type Document = {
  /**
   * The format of the file.
   */
  format: Format,
  /**
   * The document's own title (PDF and DOCX metadata, `<title>`, a mail's subject); never the file name.
   */
  title: string | null,
  /**
   * The selected pages, in order.
   */
  pages: Array<Page>,
  /**
   * The number of pages in the document, selected or not; 1 for formats without pages.
   */
  page_count: number,
};

/**
 * Why a file could not be read.
 */
export type ReadError = {
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
 * The decision for a document, with those for its attachments.
 */
export type ClassifyResult = {
  /**
   * The version of the engine.
   */
  engine_version: string,
  /**
   * The results for the files attached to a mail, in its order. If they cannot be extracted, one entry without a
   * name has the error.
   */
  attachments: Array<AttachmentResult>,
  /**
   * The label of the rule that fits; None if no rule does.
   */
  label: string | null,
  /**
   * The probability that the answer, a label or "none", is right: 0 to 1.
   */
  confidence: number,
  /**
   * The probability that no rule fits, whatever the answer: 0 to 1, rounded to six decimals. 1 without rules.
   */
  no_match: number,
  /**
   * The reasons as sentences, from the evidence alone.
   */
  reasoning: string,
  /**
   * Every rule with its score, best first; equal scores in the order of the rules.
   */
  scores: Array<Score>,
  /**
   * The words that decided, by descending weight. With `constant` and `rest` they add up to the score of the first
   * rule.
   */
  evidence: Array<Evidence>,
  /**
   * The part of the first rule's score that does not depend on the words: the rule's distance from everyday
   * sentences.
   */
  constant: number,
  /**
   * The part of that score that `evidence` does not show: words of less weight or beyond the first pages, and the
   * title in the file's metadata.
   */
  rest: number,
  /**
   * The rule that came second; None if there is only one.
   */
  runner_up: RunnerUp | null,
  /**
   * A change that would change the answer; None if no other answer is possible.
   */
  change: Counterfactual | null,
};

/**
 * The result for a file attached to a mail.
 */
export type AttachmentResult = {
  /**
   * The name that the mail gives it.
   */
  name: string | null, } & ({ "decision": Decision } | { "error": ReadError });

/**
 * The decision for an attached file, or the error.
 */
export type AttachmentOutcome = { "decision": Decision } | { "error": ReadError };

/**
 * The label of a document, with its confidence and the reasons.
 */
export type Decision = {
  /**
   * The label of the rule that fits; None if no rule does.
   */
  label: string | null,
  /**
   * The probability that the answer, a label or "none", is right: 0 to 1.
   */
  confidence: number,
  /**
   * The probability that no rule fits, whatever the answer: 0 to 1, rounded to six decimals. 1 without rules.
   */
  no_match: number,
  /**
   * The reasons as sentences, from the evidence alone.
   */
  reasoning: string,
  /**
   * Every rule with its score, best first; equal scores in the order of the rules.
   */
  scores: Array<Score>,
  /**
   * The words that decided, by descending weight. With `constant` and `rest` they add up to the score of the first
   * rule.
   */
  evidence: Array<Evidence>,
  /**
   * The part of the first rule's score that does not depend on the words: the rule's distance from everyday
   * sentences.
   */
  constant: number,
  /**
   * The part of that score that `evidence` does not show: words of less weight or beyond the first pages, and the
   * title in the file's metadata.
   */
  rest: number,
  /**
   * The rule that came second; None if there is only one.
   */
  runner_up: RunnerUp | null,
  /**
   * A change that would change the answer; None if no other answer is possible.
   */
  change: Counterfactual | null,
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
   * The score, comparable within one decision only; rounded to six decimals. Negative if more evidence counts
   * against the rule than for it.
   */
  score: number,
};

/**
 * Words of the document that count for a rule, or against it.
 */
export type Evidence = {
  /**
   * The page, from 1.
   */
  page: number,
  /**
   * The place on the page: byte offsets into its text.
   */
  span: Span,
  /**
   * The words at that place.
   */
  text: string,
  /**
   * The label of the rule that they count for: the label of the answer, or of the nearest rule if the answer is
   * none.
   */
  rule: string,
  /**
   * The kind of evidence; the one with most of the weight if there are several.
   */
  kind: "word" | "name" | "meaning" | "example",
  /**
   * The amount they add to the rule's score, in its units; negative if they count against it.
   */
  weight: number,
  /**
   * The attachment that the page is of, by its name or number, if a mail without a text of its own was classified by
   * it.
   */
  attachment?: string,
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
   * The best rule's score minus its score.
   */
  margin: number,
};

/**
 * A change of the document that would change the answer.
 */
export type Counterfactual = {
  /**
   * The label the document would get: of the second rule, or of the nearest rule if none matched.
   */
  label: string,
  /**
   * The words of that rule with the most weight that the document lacks, as they are written in the rule.
   */
  missing: Array<string>,
};

/**
 * An extraction with the version of the engine that made it, as callers get it.
 */
export type ExtractResult = {
  /**
   * The version of the engine.
   */
  engine_version: string,
  /**
   * One value per field, in the order of the schema.
   */
  values: Array<Value>,
  /**
   * One entry per table, in the order of the schema.
   */
  tables: Array<TableRows>,
};

/**
 * The values and rows that a document gives for a schema.
 */
export type Extraction = {
  /**
   * One value per field, in the order of the schema.
   */
  values: Array<Value>,
  /**
   * One entry per table, in the order of the schema.
   */
  tables: Array<TableRows>,
};

/**
 * The value that the document gives for a field.
 */
export type Value = {
  /**
   * The name of the field.
   */
  field: string,
  /**
   * The value, normalised: dates as `2026-03-31`, numbers as `1234.56`, codes without spaces. None if the document
   * does not give one.
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
   * The place of the value. None for an embedded value that no page shows.
   */
  citation: Citation | null,
  /**
   * Whether it was read from the pages or from embedded data.
   */
  origin: ValueSource,
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
   * Byte offsets into the text of the page.
   */
  span: Span,
  /**
   * The box on the page, if the format has a layout.
   */
  rect?: Rect,
  /**
   * The label that names the value: byte offsets into the text of the same page.
   */
  label?: Span,
};

/**
 * Where a value was read.
 */
export type ValueSource = "text" | "embedded";

/**
 * The rows that the document gives for a table.
 */
export type TableRows = {
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
 * A document as pages of Markdown and items.
 */
export type ParseResult = {
  /**
   * The format of the file.
   */
  format: Format,
  /**
   * The document's own title; never the file name.
   */
  title: string | null,
  /**
   * The number of pages in the document, selected or not; 1 for formats without pages.
   */
  page_count: number,
  /**
   * The selected pages, in order.
   */
  pages: Array<ParsedPage>,
  /**
   * The version of the engine.
   */
  engine_version: string,
};

/**
 * A page as Markdown and items.
 */
export type ParsedPage = {
  /**
   * The number of the page in its document, from 1.
   */
  number: number,
  /**
   * The width in points, if pages have a size in this format.
   */
  width: number | null,
  /**
   * The height in points, if pages have a size in this format.
   */
  height: number | null,
  /**
   * The text in reading order.
   */
  text: string,
  /**
   * The page as Markdown: that of its items, with empty lines between them.
   */
  markdown: string,
  /**
   * The items in reading order. They do not overlap.
   */
  items: Array<Item>,
};

/**
 * A piece of a page: a heading, a paragraph, a list, a table.
 */
export type Item = {
  /**
   * Byte offsets into the text of the page.
   */
  span: Span,
  /**
   * The box around its words, if the format has a layout.
   */
  rect?: Rect,
  /**
   * The links within it.
   */
  links?: Array<Link>,
  /**
   * The item as Markdown.
   */
  md: string, } & ({ "type": "heading",
  /**
   * The level, from 1 to 6.
   */
  level: number,
  /**
   * The text, on one line.
   */
  text: string, } | { "type": "text",
  /**
   * The text.
   */
  text: string,
  /**
   * What it is in a mail, if it is not what its sender wrote.
   */
  role?: TextRole, } | { "type": "list",
  /**
   * Whether the items of the first level are numbered.
   */
  ordered: boolean,
  /**
   * The items, those of inner lists after the one that they belong to.
   */
  items: Array<ListEntry>, } | { "type": "table",
  /**
   * The rows of cells. Every row has the same number of cells.
   */
  rows: Array<Array<string>>,
  /**
   * Whether the file says that the first row names the columns.
   */
  has_header: boolean, } | { "type": "link",
  /**
   * The text.
   */
  text: string,
  /**
   * Where it leads to, as the file has it.
   */
  url: string, } | { "type": "margin",
  /**
   * Which.
   */
  place: MarginPlace,
  /**
   * The text.
   */
  text: string, });

/**
 * What an item is.
 */
export type ItemKind = { "type": "heading",
/**
 * The level, from 1 to 6.
 */
level: number,
/**
 * The text, on one line.
 */
text: string, } | { "type": "text",
/**
 * The text.
 */
text: string,
/**
 * What it is in a mail, if it is not what its sender wrote.
 */
role?: TextRole, } | { "type": "list",
/**
 * Whether the items of the first level are numbered.
 */
ordered: boolean,
/**
 * The items, those of inner lists after the one that they belong to.
 */
items: Array<ListEntry>, } | { "type": "table",
/**
 * The rows of cells. Every row has the same number of cells.
 */
rows: Array<Array<string>>,
/**
 * Whether the file says that the first row names the columns.
 */
has_header: boolean, } | { "type": "link",
/**
 * The text.
 */
text: string,
/**
 * Where it leads to, as the file has it.
 */
url: string, } | { "type": "margin",
/**
 * Which.
 */
place: MarginPlace,
/**
 * The text.
 */
text: string,
};

/**
 * What a paragraph of a mail is, if it is not what its sender wrote.
 */
export type TextRole = "quote" | "signature" | "mail_header";

/**
 * An item of a list.
 */
export type ListEntry = {
  /**
   * The level, from 1.
   */
  depth: number,
  /**
   * Whether it is numbered.
   */
  ordered: boolean,
  /**
   * The number that the text has for it; None if the file leaves numbering to who shows it.
   */
  number?: number,
  /**
   * The text without its bullet or number. An empty line separates its paragraphs.
   */
  text: string,
};

/**
 * Where a margin is.
 */
export type MarginPlace = "header" | "footer";

/**
 * A link within an item.
 */
export type Link = {
  /**
   * The text.
   */
  text: string,
  /**
   * Where it leads to, as the file has it.
   */
  url: string,
  /**
   * Byte offsets into the text of the page.
   */
  span: Span,
};

/**
 * A file as segments.
 */
export type SplitResult = {
  /**
   * The format of the file.
   */
  format: Format,
  /**
   * The number of pages in the file, selected or not; 1 for formats without pages.
   */
  page_count: number,
  /**
   * The segments, in the order of their pages.
   */
  segments: Array<Segment>,
  /**
   * The version of the engine.
   */
  engine_version: string,
};

/**
 * Pages that are one document.
 */
export type Segment = {
  /**
   * The label of the category; null if none fits.
   */
  label: string | null,
  /**
   * The numbers of its pages in the file, from 1.
   */
  pages: Array<number>,
  /**
   * The probability that the segment has the right pages, which is calibrated, times the classifier's confidence in its
   * category.
   */
  confidence: number,
  /**
   * What speaks for a new document at its first page and what against it, by descending weight; empty for the first
   * segment, which begins with the file.
   */
  boundary: Array<BoundaryEvidence>,
};

/**
 * A reason why a document begins at a page, or why it does not.
 */
export type BoundaryEvidence = {
  /**
   * What it is.
   */
  kind: Cue,
  /**
   * What it adds to the log-odds of a new document; negative if it speaks against one.
   */
  weight: number,
};

/**
 * What speaks for a new document at a page, or against it.
 */
export type Cue = "first_page_number" | "next_page_number" | "other_page_number" | "later_page_number" | "after_last_page" | "other_number" | "same_number" | "other_sender" | "title" | "names_category" | "letterhead" | "dated" | "salutation" | "after_blank_page" | "after_separator" | "other_size" | "other_layout" | "same_margin" | "other_margin" | "begins_inside_sentence" | "table_continues" | "says_continued" | "next_clause" | "other_language" | "other_words" | "other_category";

/**
 * The metrics of a rule set, and the comparison with the published version.
 */
export type EvaluateResult = {
  /**
   * The comparison with the published version, if there is one.
   */
  comparison: Comparison | null,
  /**
   * The version of the engine.
   */
  engine_version: string,
  /**
   * The share of cases with the right answer, be it a label or "none".
   */
  accuracy: number,
  /**
   * The mean F1 of the labels that are right for some case; None if there are none. "None" is not a label.
   */
  macro_f1: number | null,
  /**
   * The expected calibration error: the mean distance of confidence and accuracy over the bins of `reliability`,
   * weighted by their answers.
   */
  ece: number,
  /**
   * How well `Answer::no_match` separates the cases that no rule fits from the others: the share of pairs in the
   * right order, ties as half. None unless there are cases of both kinds.
   */
  no_match_auroc: number | null,
  /**
   * Every label in the order of the rules, then "none".
   */
  classes: Array<ClassMetrics>,
  /**
   * The confusion matrix: rows are the right classes, columns the answers, both in the order of `classes`.
   */
  confusion: Array<Array<number>>,
  /**
   * The bins of confidence, lowest first, without empty ones.
   */
  reliability: Array<ReliabilityBin>,
  /**
   * The answers, in the order of the cases.
   */
  answers: Array<Answer>,
};

/**
 * The metrics of a rule set.
 */
export type Evaluation = {
  /**
   * The share of cases with the right answer, be it a label or "none".
   */
  accuracy: number,
  /**
   * The mean F1 of the labels that are right for some case; None if there are none. "None" is not a label.
   */
  macro_f1: number | null,
  /**
   * The expected calibration error: the mean distance of confidence and accuracy over the bins of `reliability`,
   * weighted by their answers.
   */
  ece: number,
  /**
   * How well `Answer::no_match` separates the cases that no rule fits from the others: the share of pairs in the
   * right order, ties as half. None unless there are cases of both kinds.
   */
  no_match_auroc: number | null,
  /**
   * Every label in the order of the rules, then "none".
   */
  classes: Array<ClassMetrics>,
  /**
   * The confusion matrix: rows are the right classes, columns the answers, both in the order of `classes`.
   */
  confusion: Array<Array<number>>,
  /**
   * The bins of confidence, lowest first, without empty ones.
   */
  reliability: Array<ReliabilityBin>,
  /**
   * The answers, in the order of the cases.
   */
  answers: Array<Answer>,
};

/**
 * The metrics of a label, or of "none".
 */
export type ClassMetrics = {
  /**
   * The label; None for "none".
   */
  label: string | null,
  /**
   * The number of cases of this class.
   */
  cases: number,
  /**
   * The number of cases answered with this class.
   */
  answered: number,
  /**
   * The share of those answers that are right; None if there are none.
   */
  precision: number | null,
  /**
   * The share of its cases that are answered rightly; None if there are none.
   */
  recall: number | null,
  /**
   * The harmonic mean of precision and recall; None if there are neither cases nor answers.
   */
  f1: number | null,
};

/**
 * Answers of similar confidence.
 */
export type ReliabilityBin = {
  /**
   * The lower bound of the confidence, inclusive.
   */
  from: number,
  /**
   * The upper bound of the confidence, exclusive; the last bin includes 1.
   */
  to: number,
  /**
   * The number of answers.
   */
  answers: number,
  /**
   * Their mean confidence.
   */
  confidence: number,
  /**
   * The share of them that are right.
   */
  accuracy: number,
};

/**
 * The answer of a rule set for a case.
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
 * The differences between two versions of a rule set.
 */
export type Comparison = {
  /**
   * The cases that only the draft answers rightly.
   */
  fixes: Array<AnswerChange>,
  /**
   * The cases that only the published version answers rightly.
   */
  breaks: Array<AnswerChange>,
};

/**
 * A case that two versions answer differently.
 */
export type AnswerChange = {
  /**
   * The index of the case.
   */
  case: number,
  /**
   * The right label; None if no rule fits.
   */
  label: string | null,
  /**
   * The answer of the published version.
   */
  published: string | null,
  /**
   * The answer of the draft.
   */
  draft: string | null,
};

/**
 * The findings for a rule set.
 */
export type LintResult = {
  /**
   * The findings, in the order of the rules.
   */
  findings: Array<Finding>,
  /**
   * The version of the engine.
   */
  engine_version: string,
};

/**
 * A problem of a rule set.
 */
export type Finding = {
  /**
   * The kind of problem.
   */
  kind: FindingKind,
  /**
   * The labels of the rules concerned; for a shadowed rule, the second is the one that shadows it.
   */
  rules: Array<string>,
  /**
   * A human-readable message.
   */
  message: string,
};

/**
 * A kind of problem.
 */
export type FindingKind = "duplicate" | "shadowed" | "overlapping" | "too_generic" | "contradictory_example";

/**
 * An invalid field, as callers see it.
 */
export type FieldError = {
  /**
   * A JSON pointer (RFC 6901) into the input.
   */
  pointer: string,
  /**
   * What is wrong with it.
   */
  message: string,
};


/** The formats that are read, in the order in which they are tried. */
export const formats: readonly { format: Format; name: string; mediaTypes: string[]; extensions: string[] }[] = [
  {"extensions":["pdf"],"format":"pdf","mediaTypes":["application/pdf"],"name":"PDF"},
  {"extensions":["docx"],"format":"docx","mediaTypes":["application/vnd.openxmlformats-officedocument.wordprocessingml.document"],"name":"Word file"},
  {"extensions":["eml"],"format":"eml","mediaTypes":["message/rfc822"],"name":"mail"},
  {"extensions":["html","htm","xhtml"],"format":"html","mediaTypes":["text/html","application/xhtml+xml"],"name":"web page"},
  {"extensions":["md","markdown"],"format":"markdown","mediaTypes":["text/markdown"],"name":"Markdown"},
  {"extensions":["txt","text"],"format":"plain","mediaTypes":["text/plain"],"name":"text"},
];
