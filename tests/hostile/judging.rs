//! The most expensive inputs found for each call that classifies or extracts, made by small generators: all are within
//! the limits of requests, or of documents. Nothing is random.

use sortroom::{
    budget::Budget,
    classify::{
        Classifier, Rule, RuleSet, Settings, classify,
        evaluation::{Case, evaluate_against},
        lint::lint,
    },
    document::{AttachedFile, Document, Page},
    error::Result,
    extract::{Field, FieldKind, Schema, Table, extract},
    limits,
    split::{SplitOptions, split},
};

/// A call with its input.
pub enum Call {
    /// Classifies a document.
    Classify { rules: RuleSet, document: Document },
    /// Evaluates a draft against a published version with the same rules.
    Evaluate { rules: RuleSet, cases: Vec<Case> },
    /// Inspects rules.
    Lint { rules: RuleSet },
    /// Extracts from a document and its attachments.
    Extract { schema: Schema, document: Document, attachments: Vec<AttachedFile> },
    /// Splits a document.
    Split { rules: RuleSet, document: Document },
}

impl Call {
    /// Calls the core; returns the size of the answer as JSON.
    #[allow(dead_code, reason = "an example only writes the inputs down")]
    pub fn run(&self, budget: &Budget) -> Result<usize> {
        let settings = Settings::default();
        match self {
            Self::Classify { rules, document } => size(&classify(document, rules, &settings, budget)?),
            Self::Evaluate { rules, cases } => {
                size(&evaluate_against(rules, &settings, Some((rules, &settings)), cases, budget)?)
            }
            Self::Lint { rules } => size(&lint(rules, budget)?),
            Self::Extract { schema, document, attachments } => size(&extract(document, schema, attachments, budget)?),
            Self::Split { rules, document } => {
                let classifier = Classifier::new(rules, &settings, budget)?;
                size(&split(document, &classifier, SplitOptions::default(), budget)?)
            }
        }
    }
}

/// A call at its limits.
pub struct Attack {
    /// The call, and what is special about its input.
    pub name: &'static str,
    /// Whether it is not an attack but as large as honest use gets: then it must be answered within the budget of a
    /// request.
    pub is_honest: bool,
    /// Whether a build that is not optimised tries it too, in the tests.
    #[allow(dead_code, reason = "the bench tries all")]
    pub is_tested: bool,
    /// Makes the input.
    pub prepare: fn() -> Call,
}

/// All attacks.
pub const ATTACKS: &[Attack] = &[
    honest("classify: 200 rules with 60 examples each, 500 pages", || {
        classified(rules(200, |rule| prose(rule, 300), 60, |rule, example| prose(60 * rule + example, 12)), pages(500))
    }),
    attack("classify: 200 rules of rare words", || {
        classified(rules(200, |rule| rare_words(700 * rule, 666), 0, |_, _| String::new()), pages(1))
    }),
    attack("classify: 200 rules of the same words, 200,000 of them", || {
        classified(rules(200, |_| rare_words(0, 666), 0, |_, _| String::new()), Document::plain(&repeated(96, 8)))
    }),
    tested("classify: 190 rules with 64 examples each", || {
        classified(
            rules(190, |rule| prose(rule, 30), 64, |rule, example| rare_words(64 * rule + example, 21)),
            pages(1),
        )
    }),
    attack("classify: 2 rules with long examples of rare words", || {
        classified(
            rules(2, |rule| prose(rule, 30), 64, |rule, example| rare_words(1_600 * (64 * rule + example), 1_600)),
            pages(1),
        )
    }),
    attack("classify: 200 rules with 63 examples, one without", || {
        classified(almost_all_with_examples(21), pages(500))
    }),
    attack("classify: labels that begin alike", || {
        let rules = (0..200).map(|rule| Rule::new(format!("{} {}", rare_words(0, 14), number(rule)), prose(rule, 30)));
        classified(RuleSet { rules: rules.collect() }, Document::plain(&repeated(15, 8)))
    }),
    tested("classify: words of one stem in another language", || classified(italian_rules(), italian_document())),
    attack("classify: 8 MiB of rare words", || {
        classified(
            rules(200, |rule| prose(rule, 30), 4, |rule, _| prose(rule, 80)),
            Document::plain(&rare_words(0, 2_000_000)),
        )
    }),
    attack("classify: 8 MiB in one word", || {
        classified(
            rules(200, |rule| prose(rule, 30), 4, |rule, _| prose(rule, 80)),
            Document::plain(&"e".repeat(8 << 20)),
        )
    }),
    attack("classify: 8 MiB of empty passages", || {
        classified(
            rules(200, |rule| prose(rule, 30), 4, |rule, _| prose(rule, 80)),
            Document::plain(&"a\n\n".repeat(2 << 20)),
        )
    }),
    honest("evaluate: 1,000 cases, 190 rules with 60 examples each, two versions", || {
        evaluated(rules(190, |rule| prose(rule, 30), 60, |rule, example| prose(60 * rule + example, 12)), |case| {
            prose(case, 60)
        })
    }),
    attack("evaluate: 1,000 long cases, 190 rules with 64 examples each, two versions", || {
        evaluated(rules(190, |rule| prose(rule, 30), 64, |rule, example| prose(rule + example, 12)), |case| {
            prose(case, 330)
        })
    }),
    attack("evaluate: 1,000 long cases of rare words, rules of the same", || {
        evaluated(rules(200, |_| rare_words(0, 666), 0, |_, _| String::new()), |_| rare_words(0, 600))
    }),
    attack("evaluate: 1,000 cases, 200 rules with 63 examples, one without, two versions", || {
        evaluated(almost_all_with_examples(21), |case| prose(case, 330))
    }),
    attack("evaluate: 1,000 cases in seven languages, 200 rules of rare words", || {
        evaluated(rules(200, |rule| rare_words(700 * rule, 666), 0, |_, _| String::new()), |case| {
            foreign(case).repeat(8)
        })
    }),
    honest("lint: 200 rules of 300 words", || linted(rules(200, |rule| prose(rule, 300), 0, |_, _| String::new()))),
    attack("lint: 200 rules of rare words", || {
        linted(rules(200, |rule| rare_words(700 * rule, 666), 0, |_, _| String::new()))
    }),
    tested("lint: 200 rules of almost the same words", || {
        linted(rules(200, |rule| rare_words(rule, 666), 0, |_, _| String::new()))
    }),
    attack("lint: 64 examples in each of 200 rules, the same in pairs", || {
        linted(rules(200, |_| "an example".repeat(3), 64, |rule, example| rare_words(rule / 2 + 100 * example, 20)))
    }),
    honest("split: 500 pages, 50 categories", || {
        divided(rules(50, |rule| prose(rule, 30), 0, |_, _| String::new()), 500, |page| prose(page, 350))
    }),
    attack("split: 2,000 pages, 200 categories", || {
        divided(rules(200, |rule| prose(rule, 30), 0, |_, _| String::new()), 2_000, |page| rare_words(300 * page, 300))
    }),
    tested("split: half a million words in one paragraph", || divided(few_rules(), 1, |_| "a ".repeat(520_000))),
    tested("split: half a million short lines", || divided(few_rules(), 1, |_| "a\n".repeat(520_000))),
    attack("split: 8 MiB of numbers below a label", || {
        divided(few_rules(), 1, |_| (0..1_200_000).fold("nr\n\n".to_owned(), |text, n| text + &format!("{:06} ", n)))
    }),
    attack("split: 8 MiB of hosts", || {
        divided(few_rules(), 1, |_| (0..700_000).fold(String::new(), |text, n| text + &format!("a@{n:06}.b ")))
    }),
    attack("split: 2,000 pages of hosts and numbers", || {
        divided(few_rules(), 2_000, |page| {
            (0..250).map(|n| format!("nr {:06} a@{:06}.b\n", page * 250 + n, page * 250 + n)).collect()
        })
    }),
    honest("extract: 100 fields, 500 pages of invoices", || extracted(concept_fields(100), pages_of_invoices())),
    honest("extract: a statement of 5,000 rows", || extracted(statement_schema(), statement())),
    tested("extract: 0.9 MB of numbers in one line", || {
        extracted(widest_schema(), Document::plain(&"1234.56 ".repeat(115_000)))
    }),
    tested("extract: 0.9 MB of numbers in lines", || {
        extracted(widest_schema(), Document::plain(&"1234.56\n".repeat(115_000)))
    }),
    tested("extract: 10,000 rows of 12 cells", || extracted(widest_schema(), Document::plain(&table(10_000, 12)))),
    tested("extract: 10,000 rows of 12 cells, 10 tables of 100 columns", || {
        extracted(tables_of_numbers(), Document::plain(&table(10_000, 12)))
    }),
    attack("extract: 50,000 cells in a row", || {
        extracted(widest_schema(), Document::plain(&"total\t12.00\t".repeat(50_000)))
    }),
    attack("extract: three rows of 30,000 cells, text fields", || {
        extracted(text_fields(), Document::plain(&format!("{}\n", "name\t".repeat(30_000)).repeat(5)))
    }),
    tested("extract: one word everywhere, 5,000 names of it", || {
        extracted(same_names(FieldKind::Money), Document::plain(&"a ".repeat(520_000)))
    }),
    attack("extract: one word and numbers, 5,000 names of it, all kinds", || {
        extracted(same_names_of_all_kinds(), Document::plain(&"a 12.00 ".repeat(100_000)))
    }),
    attack("extract: one word and numbers in cells, 100 names of it", || {
        extracted(one_name(), Document::plain(&format!("{}\n", "a a 12.00\t".repeat(48)).repeat(2_000)))
    }),
    attack("extract: names that almost match", || {
        let names = |field| Field {
            synonyms: (2..50).map(|length| format!("{}{}", "a ".repeat(length), number(field))).collect(),
            ..named(field, FieldKind::Text)
        };
        extracted(
            Schema { fields: (0..100).map(names).collect(), tables: vec![] },
            Document::plain(&"a ".repeat(520_000)),
        )
    }),
    tested("extract: half a million short lines", || {
        extracted(widest_schema(), Document::plain(&"a\n".repeat(520_000)))
    }),
    tested("extract: half a million numbers in one word", || {
        extracted(widest_schema(), Document::plain(&"1;".repeat(520_000)))
    }),
    tested("extract: half a million labels in one word", || {
        extracted(text_fields(), Document::plain(&"name,".repeat(200_000)))
    }),
    attack("extract: labels with colons, text fields", || {
        extracted(text_fields(), Document::plain(&"name: a\n".repeat(130_000)))
    }),
    attack("extract: labels with colons in long lines, text fields", || {
        extracted(text_fields(), Document::plain(&"name: a ".repeat(130_000)))
    }),
    tested("extract: 100 fields with the same options", || {
        extracted(options(), Document::plain(&"a ".repeat(520_000)))
    }),
    tested("extract: companies and laws", || {
        let line = |line: usize| format!("{} gmbh is under the laws of the State of\n", number(line));
        extracted(parties(), Document::plain(&(0..20_000).map(line).collect::<String>()))
    }),
    attack("extract: dates", || extracted(all_kinds(), Document::plain(&"01.02.2026 ".repeat(95_000)))),
    attack("extract: dates in one word", || extracted(all_kinds(), Document::plain(&"01.02.2026;".repeat(95_000)))),
    attack("extract: months", || extracted(all_kinds(), Document::plain(&"1 of may the ".repeat(80_000)))),
    attack("extract: account numbers of no country", || {
        extracted(all_kinds(), Document::plain(&"AA11 1111 1111 1111 1111 1111 1111x ".repeat(28_000)))
    }),
    attack("extract: capitals and digits", || extracted(all_kinds(), Document::plain(&"FT A1 ".repeat(170_000)))),
    attack("extract: minus signs and currencies", || {
        extracted(all_kinds(), Document::plain(&"-€-1.00-€ - € (".repeat(60_000)))
    }),
    tested("extract: brackets", || extracted(all_kinds(), Document::plain(&"(a)".repeat(340_000)))),
    attack("extract: addresses", || extracted(all_kinds(), Document::plain(&"a@b.co, ".repeat(130_000)))),
    tested("extract: an embedded invoice of 100,000 lines", || {
        let line = "<InvoiceLine><ID>1</ID></InvoiceLine>".repeat(90_000);
        embedded(widest_schema(), format!("<Invoice><ID>1</ID>{line}</Invoice>"))
    }),
    tested("extract: an embedded invoice of a million attributes", || {
        let attributes: String = (0..1_000_000).map(|attribute| format!(" a{attribute}=''")).collect();
        embedded(widest_schema(), format!("<Invoice><ID{attributes}>1</ID></Invoice>"))
    }),
    attack("extract: labels above long words", || {
        extracted(text_fields(), pages_of(15, &format!("{}\n{}", "name ".repeat(200), "a".repeat(60_000))))
    }),
    attack("extract: labels above blanks", || {
        extracted(text_fields(), pages_of(15, &format!("{}\na{}", "name ".repeat(200), " ".repeat(60_000))))
    }),
    tested("extract: digits in groups of three", || {
        extracted(identifiers(), Document::plain(&format!("1 {}\n", "234 ".repeat(490)).repeat(500)))
    }),
    attack("extract: a known value of 10 MB", || {
        invoiced(identifiers(), Document::plain(&"FT12345 ".repeat(100_000)), &"a".repeat(10_000_000))
    }),
    attack("extract: 100 fields with a known value of 15 MB", || {
        invoiced(numbers_of_invoices(), Document::plain("Invoice"), &"a".repeat(15_000_000))
    }),
    attack("extract: a known value that is longer than the pages", || {
        invoiced(numbers_of_invoices(), pages_of(2_000, "text"), &"a".repeat(100_000))
    }),
    attack("extract: an embedded invoice of blanks before a rate", || {
        let rates = "<Percent>1</Percent>".repeat(190_000);
        let rates = format!(
            "<TaxTotal><TaxSubtotal><TaxCategory><Percent>{}1</Percent>{rates}</TaxCategory></TaxSubtotal></TaxTotal>",
            " ".repeat(8_000_000)
        );
        embedded(widest_schema(), format!("<Invoice><ID>1</ID>{rates}</Invoice>"))
    }),
    attack("extract: an embedded invoice with a long description", || {
        let fields = (0..100).map(|index| Field { name: "description".into(), ..named(index, FieldKind::Text) });
        let table = Table { name: "lines".into(), description: None, fields: fields.collect() };
        let schema = Schema { fields: vec![], tables: vec![table] };
        embedded(
            schema,
            format!(
                "<Invoice><ID>1</ID><InvoiceLine><Item><Name>{}</Name></Item></InvoiceLine></Invoice>",
                "a".repeat(15_000_000)
            ),
        )
    }),
    attack("extract: narrow columns", || extracted(narrow_columns(), narrow_page())),
    attack("extract: ten tables of all kinds", || {
        let names = (0..12).map(|field| format!("q{}", number(field))).collect::<Vec<_>>().join("\t");
        extracted(tables_of_all_kinds(), Document::plain(&format!("{names}\n{}", "A1\t".repeat(300_000))))
    }),
    attack("extract: options that almost match", || {
        let options = (2..50).map(|length| format!("{}b", "a ".repeat(length))).collect::<Vec<String>>();
        let field = |field| Field { options: options.clone(), ..named(field, FieldKind::Label) };
        extracted(
            Schema { fields: (0..100).map(field).collect(), tables: vec![] },
            Document::plain(&"a ".repeat(520_000)),
        )
    }),
    attack("extract: 100 fields with a value that is nowhere", || {
        let fields =
            (0..100).map(|field| Field { synonyms: vec!["invoice number".into()], ..named(field, FieldKind::Text) });
        let invoice =
            AttachedFile { bytes: format!("<Invoice><ID>{}b</ID></Invoice>", "a".repeat(1_000)).into(), ..attached() };
        let document = Document::plain(&"a".repeat(8 << 20));
        let schema = Schema { fields: fields.collect(), tables: vec![] };
        Call::Extract { schema, document, attachments: vec![invoice] }
    }),
];

const fn attack(name: &'static str, prepare: fn() -> Call) -> Attack {
    Attack { name, is_honest: false, is_tested: false, prepare }
}

const fn tested(name: &'static str, prepare: fn() -> Call) -> Attack {
    Attack { is_tested: true, ..attack(name, prepare) }
}

const fn honest(name: &'static str, prepare: fn() -> Call) -> Attack {
    Attack { is_honest: true, ..tested(name, prepare) }
}

fn size(answer: &impl serde::Serialize) -> Result<usize> {
    Ok(serde_json::to_string(answer).expect("an answer is JSON").len())
}

fn classified(rules: RuleSet, document: Document) -> Call {
    Call::Classify { rules, document }
}

fn evaluated(rules: RuleSet, text: impl Fn(usize) -> String) -> Call {
    let cases = (0..limits::MAX_CASES).map(|case| Case { document: Document::plain(&text(case)), label: None });
    Call::Evaluate { rules, cases: cases.collect() }
}

fn divided(rules: RuleSet, pages: usize, text: impl Fn(usize) -> String) -> Call {
    let pages: Vec<Page> = (0..pages).map(|page| Page::plain(page as u32 + 1, &text(page))).collect();
    Call::Split { rules, document: Document { page_count: pages.len() as u32, pages, ..Document::plain("") } }
}

fn few_rules() -> RuleSet {
    rules(2, |rule| prose(rule, 30), 0, |_, _| String::new())
}

fn linted(rules: RuleSet) -> Call {
    Call::Lint { rules }
}

fn extracted(schema: Schema, document: Document) -> Call {
    Call::Extract { schema, document, attachments: vec![] }
}

fn embedded(schema: Schema, xml: String) -> Call {
    let invoice = AttachedFile { bytes: xml.into(), ..attached() };
    Call::Extract { schema, document: Document::plain("Invoice"), attachments: vec![invoice] }
}

fn attached() -> AttachedFile {
    AttachedFile { name: None, media_type: None, bytes: Vec::new() }
}

/// A number as two letters and more, so that it is a word.
fn number(mut value: usize) -> String {
    let mut word = String::new();
    while word.len() < 2 || value > 0 {
        word.push(char::from(b'a' + (value % 26) as u8));
        value /= 26;
    }
    word
}

/// `count` words that differ, of two or three letters, from the `start`th on.
fn rare_words(start: usize, count: usize) -> String {
    (start..start + count).map(|word| number(word) + " ").collect()
}

/// The same `words` rare words over and over, in `mebibytes` MiB.
fn repeated(words: usize, mebibytes: usize) -> String {
    let text = rare_words(0, words);
    text.repeat((mebibytes << 20) / text.len())
}

/// Sentences of `words` words, the `seed`th of many.
fn prose(seed: usize, words: usize) -> String {
    const COMMON: &[&str] =
        &["the", "invoice", "of", "a", "contract", "with", "total", "customer", "for", "payment", "and", "report"];
    let word = |index: usize| match (seed * 7 + index * 13) % 3 {
        0 => number((seed * 31 + index * index) % 9_000),
        _ => COMMON[(seed + index * 5) % COMMON.len()].to_owned(),
    };
    (0..words).map(|index| word(index) + " ").collect()
}

fn pages(count: usize) -> Document {
    let text: String = (0..count).map(|page| prose(page, 350) + "\n\n").collect();
    Document::plain(&text)
}

fn rules(
    count: usize,
    description: impl Fn(usize) -> String,
    examples: usize,
    example: impl Fn(usize, usize) -> String,
) -> RuleSet {
    let rule = |rule: usize| {
        let description = description(rule).chars().take(limits::MAX_DESCRIPTION_CHARS).collect::<String>();
        let examples = (0..examples).map(|index| example(rule, index)).collect();
        Rule { examples, ..Rule::new(format!("label {}", number(rule)), description) }
    };
    let rules = RuleSet { rules: (0..count).map(rule).collect() };
    let bytes: usize = rules.rules.iter().flat_map(|rule| &rule.examples).map(String::len).sum();
    assert!(bytes <= limits::MAX_EXAMPLES_BYTES, "{bytes} bytes of examples");
    rules
}

/// So that each example is compared on its own.
fn almost_all_with_examples(words: usize) -> RuleSet {
    let mut rules = rules(200, |rule| prose(rule, 30), 60, |rule, example| rare_words(60 * rule + example, words));
    rules.rules[0].examples.clear();
    rules
}

/// Rules in English with verbs that have one stem in Italian.
fn italian_rules() -> RuleSet {
    const ENDINGS: &[&str] = &[
        "are", "ato", "ata", "ati", "ate", "ando", "ante", "anti", "azione", "azioni", "atore", "atori", "ava",
        "avano", "avo", "avi", "avamo", "avate", "ai", "asti", "ammo", "aste", "arono", "ero", "erai", "era", "eremo",
        "erete", "eranno", "assi", "asse", "assimo", "assero", "erei", "eresti", "erebbe", "eremmo", "ereste",
        "erebbero", "o", "i", "a", "iamo", "ano", "ino", "iate", "abile", "abili", "amento", "amenti",
    ];
    let verbs = |rule: usize| {
        let words =
            ENDINGS.iter().skip(rule % 2).map(|ending| format!("{}{ending} ", ["parl", "cant", "port"][rule % 3]));
        format!("the document is of a {}", words.collect::<String>())
    };
    rules(200, verbs, 0, |_, _| String::new())
}

fn italian_document() -> Document {
    Document::plain(&"la casa che si deve parlavo cantavo portavo per la ".repeat(100_000))
}

/// A text in one of the languages of the engine.
fn foreign(case: usize) -> &'static str {
    const TEXTS: &[&str] = &[
        "La facture est à payer dans les trente jours. ",
        "Die Rechnung ist innerhalb von 30 Tagen nach Erhalt zu zahlen. ",
        "La factura se debe pagar en los treinta días por transferencia. ",
        "La fattura deve essere pagata entro i trenta giorni dalla data della consegna. ",
        "De factuur moet binnen 30 dagen na ontvangst van het pakket worden betaald. ",
        "A fatura deve ser paga em trinta dias pelo cliente ao banco. ",
        "The invoice is due on the first of May. ",
    ];
    TEXTS[case % TEXTS.len()]
}

fn named(field: usize, kind: FieldKind) -> Field {
    Field { name: format!("field {}", number(field)), kind, ..Field::default() }
}

/// Fields that are asked for often, up to `count`.
fn concept_fields(count: usize) -> Schema {
    const NAMES: &[(&str, FieldKind)] = &[
        ("invoice number", FieldKind::Id),
        ("invoice date", FieldKind::Date),
        ("due date", FieldKind::Date),
        ("total", FieldKind::Money),
        ("net", FieldKind::Money),
        ("tax", FieldKind::Money),
        ("seller name", FieldKind::Text),
        ("buyer name", FieldKind::Text),
        ("iban", FieldKind::Iban),
        ("vat id", FieldKind::VatId),
        ("email", FieldKind::Email),
        ("phone", FieldKind::Phone),
        ("currency", FieldKind::Currency),
        ("tax rate", FieldKind::Percent),
        ("governing law", FieldKind::Text),
    ];
    let field = |index: usize| {
        let (name, kind) = NAMES[index % NAMES.len()];
        let name = if index < NAMES.len() { name.to_owned() } else { format!("{name} {}", number(index)) };
        Field {
            name,
            kind,
            synonyms: (0..5).map(|synonym| format!("{} no {synonym}", number(index))).collect(),
            ..Field::default()
        }
    };
    Schema { fields: (0..count).map(field).collect(), tables: vec![statement_table()] }
}

fn pages_of_invoices() -> Document {
    let page = |page: usize| {
        let heading = format!(
            "Seller: Example Trading Ltd\nBuyer: Sample & Sons GmbH\nInvoice number: RE-{page}\nInvoice date: 04.03.2026\n\
             Due date: 03.04.2026\nIBAN: DE02120300000000202051\nVAT ID: DE123456789\nTel. 030 1234567, mail@example.com\n\n\
             Description\tQuantity\tUnit price\tAmount\n"
        );
        let rows: String = (0..30).map(|row| format!("{}\t{row}\t40.00\t{}.00\n", prose(row, 4), 40 * row)).collect();
        format!("{heading}{rows}Net: 1,000.00\nVAT 19%: 190.00\nTotal: EUR 1,190.00\n{}\n\n", prose(page, 60))
    };
    let text: String = (0..500).map(page).collect();
    Document::plain(&text)
}

fn statement_table() -> Table {
    let fields = [
        ("date", FieldKind::Date),
        ("description", FieldKind::Text),
        ("quantity", FieldKind::Number),
        ("unit_price", FieldKind::Money),
        ("line_total", FieldKind::Money),
        ("unit", FieldKind::Text),
    ];
    let field = |&(name, kind): &(&str, FieldKind)| Field { name: name.to_owned(), kind, ..Field::default() };
    Table { name: "lines".to_owned(), description: None, fields: fields.iter().map(field).collect() }
}

fn statement_schema() -> Schema {
    Schema { fields: concept_fields(15).fields, tables: vec![statement_table()] }
}

fn statement() -> Document {
    let row = |row: usize| format!("04.03.2026\t{}\t{row}\t12.00\t{}.00\tpc\n", prose(row, 6), 12 * row);
    let rows: String = (1..=5_000).map(row).collect();
    Document::plain(&format!("Date\tDescription\tQuantity\tUnit price\tAmount\tUnit\n{rows}"))
}

/// As many fields, synonyms and columns as fit a request.
fn widest_schema() -> Schema {
    let kinds = [FieldKind::Money, FieldKind::Number, FieldKind::Text, FieldKind::Id, FieldKind::Date];
    let field = |table: usize, field: usize| Field {
        synonyms: (0..limits::MAX_FIELD_WORDINGS)
            .map(|synonym| format!("{} {}", number(60 * field + synonym), number(table)))
            .collect(),
        ..named(field, kinds[field % kinds.len()])
    };
    let columns = |table: usize| {
        let mut fields: Vec<Field> = (0..96).map(|index| field(table + 1, index)).collect();
        fields.extend(statement_table().fields.into_iter().take(4));
        Table { name: format!("table {}", number(table)), description: None, fields }
    };
    Schema { fields: (0..100).map(|index| field(0, index)).collect(), tables: (0..4).map(columns).collect() }
}

/// Ten tables of a hundred columns, of which a table of numbers has twelve.
fn tables_of_numbers() -> Schema {
    let table = |table: usize| Table {
        name: format!("table {}", number(table)),
        description: None,
        fields: (0..100)
            .map(|field| Field {
                name: format!("column {}", number(field)),
                kind: FieldKind::Number,
                ..Field::default()
            })
            .collect(),
    };
    Schema { fields: vec![], tables: (0..limits::MAX_TABLES).map(table).collect() }
}

fn table(rows: usize, cells: usize) -> String {
    let header: Vec<String> = (0..cells).map(|cell| format!("column {}", number(cell))).collect();
    let names = ["description", "quantity", "unit price", "amount"].join("\t");
    let row = |row: usize| format!("{}\n", vec![format!("{row}.50"); cells].join("\t"));
    format!("{names}\t{}\n{}", header.join("\t"), (0..rows).map(row).collect::<String>())
}

/// Text fields that one word names.
fn text_fields() -> Schema {
    let field = |field| Field { synonyms: vec!["name".into()], ..named(field, FieldKind::Text) };
    Schema { fields: (0..100).map(field).collect(), tables: vec![] }
}

/// Every name is the letter "a" up to fifty times.
fn same_names(kind: FieldKind) -> Schema {
    let synonyms: Vec<String> = (1..=50).map(|length| "a ".repeat(length).trim_end().to_owned()).collect();
    let field = |field| Field { synonyms: synonyms.clone(), ..named(field, kind) };
    Schema { fields: (0..100).map(field).collect(), tables: vec![] }
}

const ALL_KINDS: [FieldKind; 12] = [
    FieldKind::Number,
    FieldKind::Money,
    FieldKind::Percent,
    FieldKind::Date,
    FieldKind::Boolean,
    FieldKind::Iban,
    FieldKind::VatId,
    FieldKind::Email,
    FieldKind::Phone,
    FieldKind::Url,
    FieldKind::Currency,
    FieldKind::Id,
];

fn same_names_of_all_kinds() -> Schema {
    let mut schema = same_names(FieldKind::Money);
    for (index, field) in schema.fields.iter_mut().enumerate() {
        field.kind = ALL_KINDS[index % ALL_KINDS.len()];
    }
    schema
}

fn one_name() -> Schema {
    let field = |field: usize| Field { synonyms: vec!["a".into()], ..named(field, ALL_KINDS[field % 3]) };
    Schema { fields: (0..100).map(field).collect(), tables: vec![] }
}

fn all_kinds() -> Schema {
    let field = |field: usize| named(field, ALL_KINDS[field % ALL_KINDS.len()]);
    let mut schema = Schema { fields: (0..96).map(field).collect(), tables: vec![] };
    schema.fields.extend(concept_fields(15).fields);
    schema.fields.truncate(limits::MAX_FIELDS);
    schema
}

fn options() -> Schema {
    let options: Vec<String> = (1..=50).map(|length| "a ".repeat(length).trim_end().to_owned()).collect();
    let field = |field| Field { options: options.clone(), ..named(field, FieldKind::Label) };
    Schema { fields: (0..100).map(field).collect(), tables: vec![] }
}

fn parties() -> Schema {
    let names = ["seller name", "buyer name", "governing law", "seller vat id", "buyer vat id"];
    let field =
        |field: usize| Field { synonyms: vec![names[field % names.len()].into()], ..named(field, FieldKind::Text) };
    Schema { fields: (0..100).map(field).collect(), tables: vec![] }
}

fn pages_of(count: u32, text: &str) -> Document {
    let pages = (1..=count).map(|page| sortroom::document::Page::plain(page, text));
    Document { pages: pages.collect(), page_count: count, ..Document::plain("") }
}

fn identifiers() -> Schema {
    let field = Field { name: "invoice number".into(), kind: FieldKind::Id, ..Field::default() };
    Schema { fields: vec![field], tables: vec![] }
}

fn numbers_of_invoices() -> Schema {
    let field = |field| Field { synonyms: vec!["invoice number".into()], ..named(field, FieldKind::Text) };
    Schema { fields: (0..100).map(field).collect(), tables: vec![] }
}

/// A document with an embedded invoice of this number.
fn invoiced(schema: Schema, document: Document, invoice_number: &str) -> Call {
    let bytes = format!("<Invoice><ID>{invoice_number}</ID></Invoice>").into();
    Call::Extract { schema, document, attachments: vec![AttachedFile { bytes, ..attached() }] }
}

fn narrow_columns() -> Schema {
    let field = |field| Field { name: format!("q{}", number(field)), ..Field::default() };
    let table = |table| Table {
        name: format!("table {}", number(table)),
        description: None,
        fields: (0..64).map(field).collect(),
    };
    Schema { fields: vec![], tables: (0..limits::MAX_TABLES).map(table).collect() }
}

/// The names of the columns, one point from another, and below them words that stand in the text from right to left.
fn narrow_page() -> Document {
    let mut text = String::new();
    let mut words = Vec::new();
    let mut add = |word: &str, x: f32, y: f32| {
        let start = text.len();
        text.push_str(word);
        let rect = sortroom::document::Rect { x, y, width: 0.5, height: 8.0 };
        words.push(sortroom::document::Word { span: sortroom::document::Span { start, end: text.len() }, rect });
        text.push(' ');
    };
    (0..64).for_each(|field| add(&format!("q{}", number(field)), field as f32, 0.0));
    (0..200_000).for_each(|word| add("a", 60.0 - word as f32 / 5_000.0, 10.0));
    let page =
        sortroom::document::Page { words, size: Some((600.0, 800.0)), ..sortroom::document::Page::plain(1, &text) };
    Document { pages: vec![page], ..Document::plain("") }
}

fn tables_of_all_kinds() -> Schema {
    let field =
        |field: usize| Field { name: format!("q{}", number(field)), kind: ALL_KINDS[field], ..Field::default() };
    let table = |table| Table {
        name: format!("table {}", number(table)),
        description: None,
        fields: (0..ALL_KINDS.len()).map(field).collect(),
    };
    Schema { fields: vec![], tables: (0..limits::MAX_TABLES).map(table).collect() }
}
