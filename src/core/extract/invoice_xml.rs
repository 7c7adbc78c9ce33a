//! Invoices as data: Cross Industry Invoice (ZUGFeRD 1 and 2, Factur-X, XRechnung) and UBL.
//!
//! Both are read by the local names of their elements, so that the namespaces of versions do not matter. A path is
//! steps separated by `/`; a step may have alternatives, separated by `|`, and a scheme after `@`.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::budget::{Budget, Held};
use crate::document::one_line;
use crate::error::Result;
use crate::limits;

/// The values of an invoice by concept; see `concepts.txt`.
pub(super) type Facts = BTreeMap<&'static str, String>;

/// An invoice as data.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Invoice {
    pub facts: Facts,
    pub lines: Vec<Facts>,
}

/// The maximum number of elements of an invoice: one of a thousand lines has about 40,000.
const MAX_ELEMENTS: usize = 200_000;

/// The maximum size of an invoice, in bytes: many times that of one with so many elements as they are written.
const MAX_INVOICE_BYTES: usize = 16 * 1024 * 1024;

/// Facts of a Cross Industry Invoice, from the root.
const CII: &[(&str, &str)] = &[
    ("invoice_number", "ExchangedDocument|HeaderExchangedDocument/ID"),
    ("type_code", "ExchangedDocument|HeaderExchangedDocument/TypeCode"),
    ("invoice_date", "ExchangedDocument|HeaderExchangedDocument/IssueDateTime/DateTimeString|DateTime"),
    ("buyer_reference", "*/A/BuyerReference"),
    ("seller_name", "*/A/SellerTradeParty/Name"),
    ("seller_postcode", "*/A/SellerTradeParty/PostalTradeAddress/PostcodeCode"),
    ("seller_city", "*/A/SellerTradeParty/PostalTradeAddress/CityName"),
    ("seller_address", "*/A/SellerTradeParty/PostalTradeAddress/LineOne"),
    ("seller_vat_id", "*/A/SellerTradeParty/SpecifiedTaxRegistration/ID@VA"),
    ("tax_number", "*/A/SellerTradeParty/SpecifiedTaxRegistration/ID@FC"),
    ("supplier_number", "*/A/SellerTradeParty/ID"),
    ("contact_person", "*/A/SellerTradeParty/DefinedTradeContact/PersonName"),
    ("phone", "*/A/SellerTradeParty/DefinedTradeContact/TelephoneUniversalCommunication/CompleteNumber"),
    ("email", "*/A/SellerTradeParty/DefinedTradeContact/EmailURIUniversalCommunication/URIID|CompleteNumber"),
    ("customer_number", "*/A/BuyerTradeParty/ID"),
    ("buyer_name", "*/A/BuyerTradeParty/Name"),
    ("buyer_postcode", "*/A/BuyerTradeParty/PostalTradeAddress/PostcodeCode"),
    ("buyer_city", "*/A/BuyerTradeParty/PostalTradeAddress/CityName"),
    ("buyer_vat_id", "*/A/BuyerTradeParty/SpecifiedTaxRegistration/ID@VA"),
    ("seller_order_number", "*/A/SellerOrderReferencedDocument/IssuerAssignedID|ID"),
    ("order_number", "*/A/BuyerOrderReferencedDocument/IssuerAssignedID|ID"),
    ("contract_number", "*/A/ContractReferencedDocument/IssuerAssignedID|ID"),
    ("delivery_date", "*/D/ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString"),
    ("delivery_note_number", "*/D/DespatchAdviceReferencedDocument|DeliveryNoteReferencedDocument/IssuerAssignedID|ID"),
    ("currency", "*/S/InvoiceCurrencyCode"),
    ("iban", "*/S/M/PayeePartyCreditorFinancialAccount/IBANID"),
    ("account_holder", "*/S/M/PayeePartyCreditorFinancialAccount/AccountName"),
    ("bic", "*/S/M/PayeeSpecifiedCreditorFinancialInstitution/BICID"),
    ("period_start", "*/S/BillingSpecifiedPeriod/StartDateTime/DateTimeString"),
    ("period_end", "*/S/BillingSpecifiedPeriod/EndDateTime/DateTimeString"),
    ("due_date", "*/S/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString"),
    ("payment_terms", "*/S/SpecifiedTradePaymentTerms/Description"),
    ("mandate_reference", "*/S/SpecifiedTradePaymentTerms/DirectDebitMandateID"),
    ("lines_net", "*/S/T/LineTotalAmount"),
    ("surcharge", "*/S/T/ChargeTotalAmount"),
    ("discount", "*/S/T/AllowanceTotalAmount"),
    ("net", "*/S/T/TaxBasisTotalAmount"),
    ("tax", "*/S/T/TaxTotalAmount"),
    ("total", "*/S/T/GrandTotalAmount"),
    ("prepaid", "*/S/T/TotalPrepaidAmount"),
    ("amount_due", "*/S/T/DuePayableAmount"),
    ("tax_rate", "*/S/ApplicableTradeTax/RateApplicablePercent|ApplicablePercent"),
];

/// Facts of a line of a Cross Industry Invoice.
const CII_LINE: &[(&str, &str)] = &[
    ("line_position", "AssociatedDocumentLineDocument/LineID"),
    ("line_description", "SpecifiedTradeProduct/Name"),
    ("line_article_number", "SpecifiedTradeProduct/SellerAssignedID"),
    ("line_article_number", "SpecifiedTradeProduct/GlobalID"),
    ("line_unit_price", "A/NetPriceProductTradePrice/ChargeAmount"),
    ("line_quantity", "D/BilledQuantity"),
    ("line_tax_rate", "S/ApplicableTradeTax/RateApplicablePercent|ApplicablePercent"),
    ("line_total", "S/T/LineTotalAmount"),
];

/// The element names for the short steps in [`CII`]: in the header, in a line, and in version 1.
const CII_STEPS: &[(&str, &[&str])] = &[
    ("*", &["SupplyChainTradeTransaction", "SpecifiedSupplyChainTradeTransaction"]),
    (
        "A",
        &[
            "ApplicableHeaderTradeAgreement",
            "ApplicableSupplyChainTradeAgreement",
            "SpecifiedLineTradeAgreement",
            "SpecifiedSupplyChainTradeAgreement",
        ],
    ),
    (
        "D",
        &[
            "ApplicableHeaderTradeDelivery",
            "ApplicableSupplyChainTradeDelivery",
            "SpecifiedLineTradeDelivery",
            "SpecifiedSupplyChainTradeDelivery",
        ],
    ),
    (
        "S",
        &[
            "ApplicableHeaderTradeSettlement",
            "ApplicableSupplyChainTradeSettlement",
            "SpecifiedLineTradeSettlement",
            "SpecifiedSupplyChainTradeSettlement",
        ],
    ),
    ("M", &["SpecifiedTradeSettlementPaymentMeans"]),
    (
        "T",
        &[
            "SpecifiedTradeSettlementHeaderMonetarySummation",
            "SpecifiedTradeSettlementMonetarySummation",
            "SpecifiedTradeSettlementLineMonetarySummation",
        ],
    ),
];

/// Facts of a UBL invoice or credit note, from the root.
const UBL: &[(&str, &str)] = &[
    ("invoice_number", "ID"),
    ("type_code", "InvoiceTypeCode|CreditNoteTypeCode"),
    ("invoice_date", "IssueDate"),
    ("due_date", "DueDate"),
    ("due_date", "PaymentMeans/PaymentDueDate"),
    ("buyer_reference", "BuyerReference"),
    ("currency", "DocumentCurrencyCode"),
    ("order_number", "OrderReference/ID"),
    ("seller_order_number", "OrderReference/SalesOrderID"),
    ("contract_number", "ContractDocumentReference/ID"),
    ("delivery_note_number", "DespatchDocumentReference/ID"),
    ("delivery_date", "Delivery/ActualDeliveryDate"),
    ("period_start", "InvoicePeriod/StartDate"),
    ("period_end", "InvoicePeriod/EndDate"),
    ("seller_name", "AccountingSupplierParty/Party/PartyName/Name"),
    ("seller_name", "AccountingSupplierParty/Party/PartyLegalEntity/RegistrationName"),
    ("seller_vat_id", "AccountingSupplierParty/Party/PartyTaxScheme/CompanyID"),
    ("seller_postcode", "AccountingSupplierParty/Party/PostalAddress/PostalZone"),
    ("seller_city", "AccountingSupplierParty/Party/PostalAddress/CityName"),
    ("contact_person", "AccountingSupplierParty/Party/Contact/Name"),
    ("phone", "AccountingSupplierParty/Party/Contact/Telephone"),
    ("email", "AccountingSupplierParty/Party/Contact/ElectronicMail"),
    ("buyer_name", "AccountingCustomerParty/Party/PartyName/Name"),
    ("buyer_name", "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName"),
    ("buyer_vat_id", "AccountingCustomerParty/Party/PartyTaxScheme/CompanyID"),
    ("buyer_postcode", "AccountingCustomerParty/Party/PostalAddress/PostalZone"),
    ("buyer_city", "AccountingCustomerParty/Party/PostalAddress/CityName"),
    ("iban", "PaymentMeans/PayeeFinancialAccount/ID"),
    ("bic", "PaymentMeans/PayeeFinancialAccount/FinancialInstitutionBranch/ID"),
    ("account_holder", "PaymentMeans/PayeeFinancialAccount/Name"),
    ("payment_terms", "PaymentTerms/Note"),
    ("tax", "TaxTotal/TaxAmount"),
    ("tax_rate", "TaxTotal/TaxSubtotal/TaxCategory/Percent"),
    ("lines_net", "LegalMonetaryTotal/LineExtensionAmount"),
    ("net", "LegalMonetaryTotal/TaxExclusiveAmount"),
    ("total", "LegalMonetaryTotal/TaxInclusiveAmount"),
    ("discount", "LegalMonetaryTotal/AllowanceTotalAmount"),
    ("surcharge", "LegalMonetaryTotal/ChargeTotalAmount"),
    ("prepaid", "LegalMonetaryTotal/PrepaidAmount"),
    ("amount_due", "LegalMonetaryTotal/PayableAmount"),
];

/// Facts of a line of UBL.
const UBL_LINE: &[(&str, &str)] = &[
    ("line_position", "ID"),
    ("line_description", "Item/Name"),
    ("line_description", "Item/Description"),
    ("line_article_number", "Item/SellersItemIdentification/ID"),
    ("line_article_number", "Item/StandardItemIdentification/ID"),
    ("line_quantity", "InvoicedQuantity|CreditedQuantity"),
    ("line_unit_price", "Price/PriceAmount"),
    ("line_tax_rate", "Item/ClassifiedTaxCategory/Percent"),
    ("line_total", "LineExtensionAmount"),
];

/// An element: its local name, its `schemeID` and `unitCode`, its text, and the indexes of its children.
#[derive(Debug, Default)]
struct Element {
    name: String,
    scheme: String,
    unit: String,
    text: String,
    children: Vec<usize>,
}

/// The work of an element besides its bytes, and of collecting the facts of one, in steps.
const ELEMENT_STEPS: usize = 4;
const COLLECT_STEPS: usize = 40;

/// How many elements a step compares with a path.
const ELEMENTS_PER_STEP: usize = 1;

/// How many bytes are parsed in a step.
const PARSED_BYTES_PER_STEP: usize = 8;

/// The memory of an element besides its text, and of a line with its facts, in bytes.
const ELEMENT_BYTES: usize = 100;
const LINE_BYTES: usize = 600;

/// Reads an invoice; None if the bytes are not one.
///
/// # Errors
///
/// `OverBudget`.
pub(super) fn read<'a>(bytes: &[u8], budget: &'a Budget) -> Result<Option<(Invoice, Held<'a>)>> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.len() > MAX_INVOICE_BYTES {
        return Ok(None);
    }
    budget.work(bytes.len() / PARSED_BYTES_PER_STEP)?;
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(None) };
    let tags = text.matches('<').count().min(MAX_ELEMENTS);
    budget.work(ELEMENT_STEPS * tags)?;
    let _held = budget.hold(text.len() + ELEMENT_BYTES * tags)?;
    let Some(elements) = parse(text, budget) else { return Ok(None) };
    invoice(&elements, budget)
}

/// The invoice that the elements make, with the memory of its values.
fn invoice<'a>(elements: &[Element], budget: &'a Budget) -> Result<Option<(Invoice, Held<'a>)>> {
    let Some(root) = elements.first() else { return Ok(None) };
    let (facts, lines, line_facts): (_, Vec<usize>, _) = match root.name.as_str() {
        "CrossIndustryInvoice" | "CrossIndustryDocument" => {
            (CII, all(elements, 0, "*/IncludedSupplyChainTradeLineItem"), CII_LINE)
        }
        "Invoice" | "CreditNote" => (UBL, all(elements, 0, "InvoiceLine|CreditNoteLine"), UBL_LINE),
        _ => return Ok(None),
    };
    // Every path is followed through all children.
    budget.pairs(elements.len(), facts.len(), ELEMENTS_PER_STEP)?;
    budget.work(COLLECT_STEPS * lines.len())?;
    budget.items(lines.len())?;
    // Values are of different elements, and no longer than what is in them.
    let texts: usize = elements.iter().map(|element| element.text.len() + element.unit.len()).sum();
    let while_collecting = budget.hold(texts + LINE_BYTES * lines.len())?;
    let facts = collect(elements, 0, facts);
    // Lines with neither an amount nor a description are notes between the others.
    let lines = lines.into_iter().map(|line| collect(elements, line, line_facts));
    let lines: Vec<Facts> =
        lines.filter(|line| line.contains_key("line_total") || line.contains_key("line_description")).collect();
    drop(while_collecting);
    // Most of a large invoice may be files in it, which are no values.
    let values: usize = std::iter::once(&facts).chain(&lines).flat_map(Facts::values).map(String::len).sum();
    let held = budget.hold(values + LINE_BYTES * lines.len())?;
    Ok(facts.contains_key("invoice_number").then_some((Invoice { facts, lines }, held)))
}

fn collect(elements: &[Element], from: usize, paths: &[(&'static str, &str)]) -> Facts {
    let mut facts = Facts::new();
    for (concept, path) in paths {
        let elements_of_path = all(elements, from, path);
        let mut non_empty = elements_of_path
            .iter()
            .filter_map(|&index| elements.get(index))
            .filter(|element| !element.text.trim().is_empty());
        let Some(first) = non_empty.next() else { continue };
        let text = first.text.trim();
        // An invoice with several rates has no single rate.
        if *concept == "tax_rate" && non_empty.any(|other| other.text.trim() != text) {
            continue;
        }
        facts.entry(concept).or_insert_with(|| normalized(concept, text));
        if *concept == "line_quantity" && !first.unit.is_empty() {
            facts.entry("line_unit").or_insert_with(|| first.unit.clone());
        }
    }
    facts
}

/// A value in the normalised form of its kind.
fn normalized(concept: &str, text: &str) -> String {
    if (concept.ends_with("_date") || concept.starts_with("period_")) && text.is_ascii() {
        let digits: String = text.chars().take_while(|&c| c != 'T').filter(char::is_ascii_digit).collect();
        if let (8, Some(year), Some(month), Some(day)) =
            (digits.len(), digits.get(..4), digits.get(4..6), digits.get(6..))
        {
            return format!("{year}-{month}-{day}");
        }
    }
    match concept {
        "iban" | "seller_vat_id" | "buyer_vat_id" => text.chars().filter(|c| !c.is_whitespace()).collect(),
        "email" => text.to_lowercase(),
        _ => one_line(text),
    }
}

/// The indexes of all elements at a path.
fn all(elements: &[Element], from: usize, path: &str) -> Vec<usize> {
    let mut reached = vec![from];
    for step in path.split('/') {
        let (step, scheme) = step.split_once('@').map_or((step, None), |(step, scheme)| (step, Some(scheme)));
        let long_names = CII_STEPS.iter().find(|(short, _)| *short == step).map(|(_, names)| *names);
        let is_step = |name: &str| match long_names {
            Some(names) => names.contains(&name),
            None => step.split('|').any(|alternative| alternative == name),
        };
        let children = reached
            .iter()
            .filter_map(|&index| elements.get(index))
            .flat_map(|element| element.children.iter().copied());
        reached = children
            .filter(|&child| {
                elements
                    .get(child)
                    .is_some_and(|child| is_step(&child.name) && scheme.is_none_or(|scheme| child.scheme == scheme))
            })
            .collect();
    }
    reached
}

/// The elements of a document, the root first; None if it is not XML or exceeds a bound.
fn parse(text: &str, budget: &Budget) -> Option<Vec<Element>> {
    let mut reader = Reader::from_str(text);
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut parsed = 0;
    loop {
        let position = reader.buffer_position();
        budget.progress((position - parsed) as usize / PARSED_BYTES_PER_STEP);
        parsed = position;
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let index = add(&mut elements, &open, &start)?;
                open.push(index);
                if open.len() > limits::MAX_MARKUP_DEPTH {
                    return None;
                }
            }
            Event::Empty(start) => {
                add(&mut elements, &open, &start)?;
            }
            Event::End(_) => {
                open.pop();
            }
            Event::Text(text) => {
                if let Some(element) = open.last().and_then(|&index| elements.get_mut(index)) {
                    element.text.push_str(&text.xml10_content());
                }
            }
            Event::CData(text) => {
                if let Some(element) = open.last().and_then(|&index| elements.get_mut(index)) {
                    element.text.push_str(&text.xml10_content());
                }
            }
            Event::GeneralRef(entity) => {
                if let Some(element) = open.last().and_then(|&index| elements.get_mut(index)) {
                    let known = match &*entity {
                        "amp" => Some('&'),
                        "lt" => Some('<'),
                        "gt" => Some('>'),
                        "quot" => Some('"'),
                        "apos" => Some('\''),
                        _ => entity.resolve_char_ref().ok().flatten(),
                    };
                    element.text.extend(known);
                }
            }
            Event::Eof => return Some(elements),
            _ => {}
        }
    }
}

fn add(elements: &mut Vec<Element>, open: &[usize], start: &quick_xml::events::BytesStart<'_>) -> Option<usize> {
    if elements.len() >= MAX_ELEMENTS {
        return None;
    }
    let local = |name: &str| name.rsplit(':').next().unwrap_or_default().to_owned();
    let mut element = Element { name: local(start.name().as_ref()), ..Element::default() };
    // Without the check for duplicates, which compares each attribute with all before it. The first one counts.
    let mut attributes = start.attributes();
    for attribute in attributes.with_checks(false).flatten() {
        match attribute.key.as_ref() {
            "schemeID" if element.scheme.is_empty() => element.scheme = attribute.value.to_string(),
            "unitCode" if element.unit.is_empty() => element.unit = attribute.value.to_string(),
            _ => {}
        }
    }
    let index = elements.len();
    elements.push(element);
    if let Some(parent) = open.last().and_then(|&parent| elements.get_mut(parent)) {
        parent.children.push(index);
    }
    Some(index)
}
