//! The inputs of the benches: business documents of any length and rule sets of any size, the same in every run.
//!
//! There are ten kinds of documents, one for each of the first ten rules. A document has the first lines of its kind,
//! then paragraphs of sentences with random names, amounts and dates, so that branch prediction cannot learn them.

use sortroom::classify::{Rule, RuleSet};
use sortroom::document::{Document, Format, Page};
use sortroom::text::{EmbeddingTable, PieceWeight, Pieces, Vector, VectorSum};

/// The number of different documents: several, so that branch prediction learns none.
pub const DOCUMENTS: usize = 20;
/// The number of pages of most documents.
pub const PAGES: usize = 2;
/// The number of rules of most rule sets.
pub const RULES: usize = 10;
/// The number of examples of each rule in a set with examples: 160 in all.
pub const EXAMPLES: usize = 16;
/// The number of characters of an example: half a page.
const EXAMPLE_CHARS: usize = 1_500;
/// The number of words of a page.
const PAGE_WORDS: usize = 500;

/// The kind, its rule's description, the first lines of its documents, and its own sentences. Words in `{}` are drawn.
const KINDS: [(&str, &str, &str, &[&str]); 10] = [
    (
        "invoice",
        "A bill from a supplier for goods or services, with an invoice number, line items, taxes and the total amount due",
        "{company}\n{street}, {city}\n\nINVOICE {number}\nDate: {date}\nCustomer: {person}, {company}\n",
        &[
            "Please transfer the amount due of {money} within thirty days, quoting invoice number {number}.",
            "{count} x {goods}, unit price {money}, value added tax {count} %, net total {money}.",
            "The services were rendered between {date} and {date} under order {number}.",
            "Late payments are charged with interest of eight percent above the base rate.",
        ],
    ),
    (
        "receipt",
        "Receipt of a purchase that was paid at a till, in cash or by card",
        "{company}\n{street}, {city}\nTill {count}, cashier {person}\nRECEIPT {number}\n{date}\n",
        &[
            "{goods} {count} pieces {money}, paid by card ending in {count}.",
            "Cash tendered {money}, change given {money}, thank you for your visit.",
            "Goods may be exchanged within fourteen days when this receipt is shown.",
        ],
    ),
    (
        "contract",
        "Contract or agreement between parties, with obligations, terms of termination, governing law and signatures",
        "SERVICE AGREEMENT\n\nbetween {company}, {street}, {city}, hereinafter the Provider,\nand {company}, represented by {person}, hereinafter the Client\n",
        &[
            "The Provider shall perform the obligations under this agreement with the care of a prudent merchant.",
            "Either party may terminate this agreement by written notice of {count} weeks to the end of a quarter.",
            "This agreement is governed by the laws of the place where the Provider has its seat.",
            "Neither party shall be liable for indirect damage or for loss of profit exceeding {money}.",
            "The parties shall keep all information received under this agreement confidential after its expiry.",
        ],
    ),
    (
        "curriculum_vitae",
        "Resume of a person who applies for a job: work experience, education, skills and languages",
        "{person}\n{street}, {city}\nCurriculum vitae\n\nWork experience\n",
        &[
            "From {date} to {date} {job} at {company}, leading a team of {count} people.",
            "Graduated in economics and computer science with distinction, thesis on {goods}.",
            "Fluent in English and German, working knowledge of Spanish and Polish.",
            "Introduced a reporting system that saved the employer {money} a year.",
        ],
    ),
    (
        "bank_statement",
        "Statement of a bank account: opening balance, transactions, debits, credits and the closing balance",
        "Bank of {city}\nAccount statement no. {count}\nAccount holder: {person}\nAccount {number}\nOpening balance {money}\n",
        &[
            "{date} direct debit {company} {money} debit, balance {money}.",
            "{date} incoming transfer from {person}, reference {number}, credit {money}.",
            "{date} card payment {company} {city} {money} debit.",
            "Please check the entries and object within six weeks of this statement.",
        ],
    ),
    (
        "delivery_note",
        "Delivery note or packing slip that lists goods shipped, with quantities, weights and a carrier",
        "{company}\nDELIVERY NOTE {number}\nShip to: {company}, {street}, {city}\nCarrier: {company}\n",
        &[
            "Pallet {count}: {count} cartons of {goods}, gross weight {count} kilograms.",
            "The consignment left our warehouse on {date} and was loaded by {person}.",
            "Received in good condition, date and signature of the recipient.",
            "Damage in transit must be noted on this delivery note before the driver leaves.",
        ],
    ),
    (
        "complaint",
        "A customer complains about a product or service and asks for a refund, repair or replacement",
        "{person}\n{street}, {city}\n\nTo: {company}, customer service\nComplaint about order {number}\n",
        &[
            "I am very disappointed that the {goods} arrived broken and that nobody answers the telephone.",
            "I ask you to refund {money} or to send a replacement before {date}.",
            "This is the second time that the repair has failed, and I will not accept another delay.",
            "If I do not hear from you I will turn to the consumer protection office.",
        ],
    ),
    (
        "insurance_claim",
        "Report of damage or loss to an insurance company, with a policy number and how the accident happened",
        "{company} Insurance\nNotice of claim\nPolicy {number}, insured person: {person}\nDate of loss: {date}\n",
        &[
            "The accident happened on {date} in {street} when the insured vehicle was hit from behind.",
            "The damage to the {goods} is estimated at {money} by an independent assessor.",
            "A police report under reference {number} and photographs of the scene are attached.",
            "The policy covers burst pipes, fire and theft with a deductible of {money}.",
        ],
    ),
    (
        "meeting_minutes",
        "Minutes of a meeting: who attended, what was discussed, resolutions and action items",
        "Minutes of the board meeting of {company}\n{date}, {city}\nPresent: {person}, {person}, {person}\nApologies: {person}\n",
        &[
            "{person} reported on the state of the negotiations with {company}.",
            "It was resolved unanimously to approve a budget of {money} for {goods}.",
            "Action item: {person} circulates the revised schedule before {date}.",
            "The chair closed the meeting and thanked all participants for the discussion.",
        ],
    ),
    (
        "tax_notice",
        "Notice of assessment from a tax office: taxable income, tax due, deadline and the right to appeal",
        "Tax office of {city}\nNotice of assessment\nTaxpayer: {person}\nReference {number}\n{date}\n",
        &[
            "Your taxable income was assessed at {money}, which results in income tax of {money}.",
            "The remaining tax of {money} falls due on {date} and is collected by direct debit.",
            "You may lodge an appeal against this assessment within one month of its receipt.",
            "Expenses for {goods} could not be recognised because no evidence was submitted.",
        ],
    ),
];

/// Sentences of every kind: most sentences of a letter could be in any other.
const COMMON: [&str; 24] = [
    "We refer to our conversation with {person} on {date} and confirm what was agreed.",
    "Should anything be unclear, {person} will gladly answer your questions by telephone.",
    "The department in {city} has checked the details and found them to be in order.",
    "As the weather delayed several trains, the visitors from {company} arrived in the evening.",
    "Our warehouse moved to {street} in {city} and can be reached by public transport.",
    "Among the samples were {goods}, {goods} and {goods}, all from last year's production.",
    "The figures for the first half of the year differ by {money} from what had been planned.",
    "{person}, {job} at {company}, takes over the correspondence from {person}.",
    "You will find the enclosed copies in the order in which they were mentioned above.",
    "Because of the holidays the office remains closed from {date} to {date}.",
    "A second reminder was sent by registered mail and was returned as undeliverable.",
    "The quality of the {goods} was examined by a laboratory, whose findings are on file.",
    "Nothing in this letter changes what was said before about {goods} or about {goods}.",
    "Between {count} and {count} of the households in {city} have replied to the survey so far.",
    "According to the register, {company} was founded by {person} and employs {count} people.",
    "Prices for raw materials, energy and transport have risen by {count} percent since {date}.",
    "The machine runs quietly, needs little maintenance and was last serviced on {date}.",
    "In the opinion of the {job}, the advantages outweigh the remaining risks by far.",
    "Visitors are asked to report to the reception and to wear a badge inside the building.",
    "New employees receive an introduction to safety, data protection and the use of {goods}.",
    "What remains to be done is described in the appendix and on the following page.",
    "The neighbours, a bakery and a small theatre, had no objections to the construction.",
    "For further reference please keep number {number} together with these documents.",
    "With kind regards on behalf of {company}, {person}, {job}.",
];

const COMPANIES: [&str; 16] = [
    "Northwind Trading",
    "Halvorsen and Sons",
    "Blue Harbour Logistics",
    "Meridian Paper Mills",
    "Castellan Software",
    "Greenfield Dairy",
    "Orchard Street Bakery",
    "Pemberton Legal",
    "Vantage Optics",
    "Silverline Rail",
    "Kestrel Aviation",
    "Marlowe Publishing",
    "Tidewater Shipping",
    "Redstone Quarries",
    "Alder Medical Supplies",
    "Quayside Hotels",
];
const FIRST_NAMES: [&str; 16] = [
    "Amelia", "Bernard", "Celeste", "Dmitri", "Eleanor", "Farid", "Greta", "Hassan", "Ingrid", "Jerome", "Katarina",
    "Leopold", "Miriam", "Nikolai", "Olivia", "Pascal",
];
const LAST_NAMES: [&str; 16] = [
    "Abernathy",
    "Bergstrom",
    "Castellano",
    "Drummond",
    "Ellsworth",
    "Fairbanks",
    "Gallagher",
    "Hutchinson",
    "Ivanov",
    "Jablonski",
    "Kowalczyk",
    "Lindqvist",
    "Montgomery",
    "Nakamura",
    "Ostrowski",
    "Pemberton",
];
const CITIES: [&str; 12] = [
    "Bristol",
    "Rotterdam",
    "Gothenburg",
    "Lyon",
    "Leipzig",
    "Gdansk",
    "Porto",
    "Trieste",
    "Aberdeen",
    "Salzburg",
    "Tallinn",
    "Cork",
];
const STREETS: [&str; 10] = [
    "Mill Lane",
    "Station Road",
    "Harbour Street",
    "Church Walk",
    "Market Square",
    "Elm Avenue",
    "Castle Hill",
    "Bridge Street",
    "Victoria Terrace",
    "Garden Row",
];
const GOODS: [&str; 24] = [
    "printer cartridges",
    "office chairs",
    "copper wire",
    "garden furniture",
    "bicycle lamps",
    "laboratory glassware",
    "cotton shirts",
    "espresso machines",
    "steel brackets",
    "replacement filters",
    "wooden pallets",
    "hydraulic pumps",
    "school textbooks",
    "winter tyres",
    "sunflower oil",
    "dishwashers",
    "surgical gloves",
    "ceramic tiles",
    "software licences",
    "fire extinguishers",
    "leather briefcases",
    "solar panels",
    "frozen vegetables",
    "violin strings",
];
const JOBS: [&str; 10] = [
    "accountant",
    "purchasing manager",
    "electrical engineer",
    "head of sales",
    "warehouse clerk",
    "project manager",
    "legal counsel",
    "translator",
    "quality inspector",
    "research assistant",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A pseudorandom generator with a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list.get(self.below(list.len())).copied().unwrap_or_default()
    }

    fn value(&mut self, placeholder: &str) -> String {
        match placeholder {
            "company" => self.one_of(&COMPANIES).to_owned(),
            "person" => format!("{} {}", self.one_of(&FIRST_NAMES), self.one_of(&LAST_NAMES)),
            "city" => self.one_of(&CITIES).to_owned(),
            "street" => format!("{} {}", 1 + self.below(180), self.one_of(&STREETS)),
            "goods" => self.one_of(&GOODS).to_owned(),
            "job" => self.one_of(&JOBS).to_owned(),
            "date" => format!("{} {} {}", 1 + self.below(28), self.one_of(&MONTHS), 2019 + self.below(7)),
            "money" => format!("{},{:03}.{:02} EUR", 1 + self.below(90), self.below(1000), self.below(100)),
            "count" => (2 + self.below(90)).to_string(),
            _ => format!("{}-{:05}", 2019 + self.below(7), self.below(100_000)),
        }
    }

    /// `sentence` with random values for its placeholders.
    fn filled(&mut self, sentence: &str) -> String {
        let mut text = String::new();
        for (index, part) in sentence.split(['{', '}']).enumerate() {
            if index % 2 == 0 {
                text.push_str(part);
            } else {
                text.push_str(&self.value(part));
            }
        }
        text
    }
}

/// The pages of a document. The last digit of `number` is its kind; every `number` is a different document.
pub fn pages(number: usize, pages: usize) -> Vec<String> {
    let (_, _, beginning, own) = KINDS[number % KINDS.len()];
    let mut random = Random(number as u64 + 1);
    let mut next = random.filled(beginning);
    (0..pages)
        .map(|_| {
            let mut text = std::mem::take(&mut next);
            let mut words = text.split_whitespace().count();
            while words < PAGE_WORDS {
                let mut paragraph = Vec::new();
                for _ in 0..3 + random.below(4) {
                    // A third of the sentences are of the document's kind.
                    let list = if random.below(3) == 0 { own } else { &COMMON };
                    let sentence = random.one_of(list);
                    paragraph.push(random.filled(sentence));
                }
                let paragraph = paragraph.join(" ");
                words += paragraph.split_whitespace().count();
                text.push_str("\n\n");
                text.push_str(&paragraph);
            }
            text
        })
        .collect()
}

/// The document with these pages, as read from plain text.
pub fn document(number: usize, count: usize) -> Document {
    let pages: Vec<_> = (1..).zip(pages(number, count)).map(|(page, text)| Page::plain(page, &text)).collect();
    Document { format: Format::Plain, title: None, page_count: pages.len() as u32, pages }
}

/// All documents, with `pages` pages each.
pub fn documents(pages: usize) -> Vec<Document> {
    (0..DOCUMENTS).map(|number| document(number, pages)).collect()
}

/// The texts of all documents.
pub fn texts() -> Vec<String> {
    (0..DOCUMENTS).map(|number| pages(number, PAGES).join("\n\n")).collect()
}

/// The unit vector of a text: the part of the embedding that is measured.
pub fn embed(text: &str) -> Vector {
    let mut sum = VectorSum::new(EmbeddingTable::current().unwrap());
    for piece in Pieces::new(text) {
        sum.add(piece.id, PieceWeight::Full);
    }
    sum.unit_vector()
}

/// The slowest document to read: one word of 10 MB.
pub fn longest_word() -> Document {
    Document::plain(&"a".repeat(10_000_000))
}

/// The ten rules with `examples` examples each: starts of pages of documents that the benches do not read.
pub fn rules_with_examples(examples: usize) -> RuleSet {
    let mut rules = rules(RULES);
    for (index, rule) in rules.rules.iter_mut().enumerate() {
        let numbers = (1..=examples).map(|number| DOCUMENTS + number * KINDS.len() + index);
        rule.examples = numbers.map(|number| pages(number, 1).concat().chars().take(EXAMPLE_CHARS).collect()).collect();
    }
    rules
}

/// A set of `count` rules: first those of the kinds, then others, each with its own subject.
pub fn rules(count: usize) -> RuleSet {
    let kinds = KINDS.iter().map(|(label, description, ..)| Rule::new(*label, *description));
    let others = (0..).map(|number| {
        let mut random = Random(number);
        let (goods, job) = (random.one_of(&GOODS), random.one_of(&JOBS));
        let more = COMMON[number as usize % COMMON.len()];
        let description = format!("Letters in which a {job} writes about {goods}. {}", random.filled(more));
        Rule::new(format!("{}_{number}", goods.replace(' ', "_")), description)
    });
    RuleSet { rules: kinds.chain(others).take(count).collect() }
}
