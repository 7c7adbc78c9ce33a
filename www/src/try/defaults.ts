// The default rules, fields and tables.
import type { Field, Rule, Table } from "sortroom";

export const DEFAULT_RULES: readonly Rule[] = [
  { label: "invoice", description: "Invoice with an invoice number, line items, taxes and a total amount due" },
  { label: "receipt", description: "Receipt of a shop, restaurant or taxi for what was paid" },
  { label: "contract", description: "Agreement between parties with terms, obligations and signatures" },
  { label: "bank_statement", description: "Statement of a bank account with bookings and balances" },
  { label: "cv", description: "Curriculum vitae with work experience, education and skills" },
  { label: "complaint", description: "A customer is unhappy with a product or a service and wants it put right" },
  {
    label: "refund_request",
    description: "A customer asks for money back: a refund, or a charge that was wrong or made twice",
  },
];

export const DEFAULT_FIELDS: readonly Field[] = [
  { name: "invoice_number", kind: "id", synonyms: ["invoice no", "Rechnungsnummer", "numéro de facture"] },
  { name: "date", kind: "date", synonyms: ["invoice date", "Rechnungsdatum"] },
  { name: "due_date", kind: "date", synonyms: ["payable by", "zahlbar bis"] },
  { name: "total_amount", kind: "money", synonyms: ["total due", "amount due", "Gesamtbetrag", "total TTC"] },
  { name: "iban", kind: "iban" },
  { name: "email", kind: "email" },
];

export const DEFAULT_TABLES: readonly Table[] = [
  {
    name: "line_items",
    fields: [{ name: "description" }, { name: "quantity", kind: "number" }, { name: "amount", kind: "money" }],
  },
];
