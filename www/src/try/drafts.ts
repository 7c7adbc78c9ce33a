// The rules, fields and tables, as they are being written.
import { batch, computed, signal } from "@preact/signals";
import type { Field, FieldKind, Rule, Schema } from "sortroom";
import { FIELDS, RULES, TABLES } from "./beginning.js";

export interface DraftRule {
  id: number;
  label: string;
  description: string;
}

export interface DraftField {
  id: number;
  name: string;
  kind: FieldKind;
  /** What else documents call it, separated by commas. */
  synonyms: string;
}

export interface DraftTable {
  id: number;
  name: string;
  fields: DraftField[];
}

let last = 0;
export const fresh = (): number => (last += 1);
const draftField = ({ name, kind = "text", synonyms = [] }: Field): DraftField => ({ id: fresh(), name, kind, synonyms: synonyms.join(", ") });

export const rules = signal<readonly DraftRule[]>([]);
export const fields = signal<readonly DraftField[]>([]);
export const tables = signal<readonly DraftTable[]>([]);

/** Drafts with one of them changed. */
export const changed = <D extends { id: number }>(drafts: readonly D[], id: number, part: Partial<D>): D[] =>
  drafts.map((draft) => (draft.id === id ? { ...draft, ...part } : draft));

/** Drafts without one of them, and the one that is in its place now, or was before it where it was the last. */
export function without<D extends { id: number }>(drafts: readonly D[], id: number): { rest: D[]; next: D | undefined } {
  const at = drafts.findIndex((draft) => draft.id === id);
  const rest = drafts.filter((draft) => draft.id !== id);
  return { rest, next: rest[Math.min(at, rest.length - 1)] };
}

/** The rules, fields and tables that the page begins with. */
export function startOver(): void {
  batch(() => {
    rules.value = RULES.map(({ label, description }) => ({ id: fresh(), label, description }));
    fields.value = FIELDS.map(draftField);
    tables.value = TABLES.map(({ name, fields }) => ({ id: fresh(), name, fields: fields.map(draftField) }));
  });
}
startOver();

/** Whether both parts of a rule are written: before that it does not count, and nothing is wrong with it. */
export const isWritten = ({ label, description }: DraftRule): boolean => label.trim() !== "" && description.trim() !== "";

/** What is asked, and the ids of its parts by their place in it: what is refused is told by its place. */
export interface Asked<T> {
  what: T;
  ids: ReadonlyMap<string, number>;
}

export const askedRules = computed<Asked<Rule[]>>(() => {
  const asked = rules.value.filter(isWritten);
  return {
    what: asked.map(({ label, description }) => ({ label, description })),
    ids: new Map(asked.map(({ id }, at) => [`/rules/${at}`, id])),
  };
});

const named = (drafts: readonly DraftField[]): DraftField[] => drafts.filter(({ name }) => name.trim() !== "");
const isNamed = ({ name, fields }: DraftTable): boolean => name.trim() !== "" && fields.length > 0;
const askedField = ({ name, kind, synonyms }: DraftField): Field => ({
  name,
  kind,
  synonyms: synonyms.split(",").map((word) => word.trim()).filter((word) => word !== ""),
});
export const askedSchema = computed<Asked<Schema>>(() => {
  const asked = {
    fields: named(fields.value),
    tables: tables.value.map((table) => ({ ...table, fields: named(table.fields) })).filter(isNamed),
  };
  const ids = new Map<string, number>();
  const note = (list: string, drafts: readonly { id: number }[]) => drafts.forEach(({ id }, at) => ids.set(`${list}/${at}`, id));
  note("/schema/fields", asked.fields);
  note("/schema/tables", asked.tables);
  asked.tables.forEach((table, at) => note(`/schema/tables/${at}/fields`, table.fields));
  return {
    what: {
      fields: asked.fields.map(askedField),
      tables: asked.tables.map(({ name, fields }) => ({ name, fields: fields.map(askedField) })),
    },
    ids,
  };
});
