// The rules, fields and tables as the user edits them.
import { batch, computed, signal } from "@preact/signals";
import type { Field, FieldKind, Rule, Schema } from "sortroom";
import { DEFAULT_FIELDS, DEFAULT_RULES, DEFAULT_TABLES } from "./defaults.js";

export interface DraftRule {
  id: number;
  label: string;
  description: string;
}

export interface DraftField {
  id: number;
  name: string;
  kind: FieldKind;
  /** Other names of the field in documents, separated by commas. */
  synonyms: string;
}

export interface DraftTable {
  id: number;
  name: string;
  fields: DraftField[];
}

let lastId = 0;
export const nextId = (): number => (lastId += 1);
const draftField = ({ name, kind = "text", synonyms = [] }: Field): DraftField => ({
  id: nextId(),
  name,
  kind,
  synonyms: synonyms.join(", "),
});

export const rules = signal<readonly DraftRule[]>([]);
export const fields = signal<readonly DraftField[]>([]);
export const tables = signal<readonly DraftTable[]>([]);

/** A copy of the list with one draft changed. */
export const withChange = <D extends { id: number }>(drafts: readonly D[], id: number, change: Partial<D>): D[] =>
  drafts.map((draft) => (draft.id === id ? { ...draft, ...change } : draft));

/** A copy of the list without one draft, and the draft to focus: the next one or, at the end, the previous. */
export function without<D extends { id: number }>(
  drafts: readonly D[],
  id: number,
): { rest: D[]; next: D | undefined } {
  const index = drafts.findIndex((draft) => draft.id === id);
  const rest = drafts.filter((draft) => draft.id !== id);
  return { rest, next: rest[Math.min(index, rest.length - 1)] };
}

/** Resets the rules, fields and tables to the defaults. */
export function resetDrafts(): void {
  batch(() => {
    rules.value = DEFAULT_RULES.map(({ label, description }) => ({ id: nextId(), label, description }));
    fields.value = DEFAULT_FIELDS.map(draftField);
    tables.value = DEFAULT_TABLES.map(({ name, fields }) => ({ id: nextId(), name, fields: fields.map(draftField) }));
  });
}
resetDrafts();

/** Whether a rule has a label and a description. Until then it is left out, and has no errors. */
export const isComplete = ({ label, description }: DraftRule): boolean =>
  label.trim() !== "" && description.trim() !== "";

/** The value for a request, and the ids of the drafts by JSON pointer: errors of the engine have pointers. */
export interface DraftRequest<T> {
  value: T;
  ids: ReadonlyMap<string, number>;
}

export const rulesRequest = computed<DraftRequest<Rule[]>>(() => {
  const complete = rules.value.filter(isComplete);
  return {
    value: complete.map(({ label, description }) => ({ label, description })),
    ids: new Map(complete.map(({ id }, index) => [`/rules/${index}`, id])),
  };
});

const named = (drafts: readonly DraftField[]): DraftField[] => drafts.filter(({ name }) => name.trim() !== "");
const hasNameAndFields = ({ name, fields }: DraftTable): boolean => name.trim() !== "" && fields.length > 0;
const toField = ({ name, kind, synonyms }: DraftField): Field => ({
  name,
  kind,
  synonyms: synonyms
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== ""),
});
export const schemaRequest = computed<DraftRequest<Schema>>(() => {
  const complete = {
    fields: named(fields.value),
    tables: tables.value.map((table) => ({ ...table, fields: named(table.fields) })).filter(hasNameAndFields),
  };
  const ids = new Map<string, number>();
  const addIds = (list: string, drafts: readonly { id: number }[]) =>
    drafts.forEach(({ id }, index) => ids.set(`${list}/${index}`, id));
  addIds("/schema/fields", complete.fields);
  addIds("/schema/tables", complete.tables);
  complete.tables.forEach((table, index) => addIds(`/schema/tables/${index}/fields`, table.fields));
  return {
    value: {
      fields: complete.fields.map(toField),
      tables: complete.tables.map(({ name, fields }) => ({ name, fields: fields.map(toField) })),
    },
    ids,
  };
});
