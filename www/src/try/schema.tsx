// The fields and tables to look for, written in place.
import type { FieldKind } from "sortroom";
import { announce } from "../announce.js";
import { changed, fields, fresh, tables, without, type DraftField, type DraftTable } from "./drafts.js";
import { useFocus } from "./focus.js";
import { faultsOfSchema } from "./state.js";
import { Text } from "./text.js";

const KINDS: Record<FieldKind, string> = {
  text: "text",
  number: "number",
  money: "money",
  percent: "percent",
  date: "date",
  boolean: "yes or no",
  iban: "IBAN",
  vat_id: "VAT id",
  email: "e-mail",
  phone: "phone",
  url: "address on the web",
  currency: "currency",
  id: "number or code",
  label: "one of some words",
};
/** A label needs its options, which there is no place for here. */
const OFFERED = (Object.keys(KINDS) as FieldKind[]).filter((kind) => kind !== "label");

export function Schema() {
  const faults = faultsOfSchema.value;
  const { list, focusOn } = useFocus();
  const change = (id: number, part: Partial<DraftTable>) => (tables.value = changed(tables.value, id, part));
  const addRows = () => {
    const id = fresh();
    focusOn(`[data-table="${id}"] input`);
    tables.value = [...tables.value, { id, name: "rows", fields: [{ id: fresh(), name: "", kind: "text", synonyms: "" }] }];
  };
  const removeRows = ({ id, name }: DraftTable) => {
    focusOn(".add-rows");
    announce(`The rows ${name} are removed`);
    tables.value = without(tables.value, id).rest;
  };
  return (
    <section class="schema" aria-labelledby="schema-title" ref={list}>
      <h2 id="schema-title">Fields to find</h2>
      <p class="hint">What a document has once, and what it has in rows.</p>
      {faults.has("") && <p class="fault">{faults.get("")}</p>}
      <Fields of="fields" name="field" drafts={fields.value} onChange={(drafts) => (fields.value = drafts)} />
      {tables.value.map((table) => (
        <fieldset key={table.id} data-table={table.id}>
          <legend>Rows</legend>
          <div class="title">
            <Text
              label="Name of the rows"
              value={table.name}
              placeholder="name of the rows"
              fault={faults.get(`${table.id}`)}
              maxLength={100}
              onChange={(name) => change(table.id, { name })}
            />
            <button type="button" class="remove" aria-label={`Remove the rows ${table.name}`} title="Remove" onClick={() => removeRows(table)}>
              ×
            </button>
          </div>
          <Fields of={table.name || "rows"} name="column" drafts={table.fields} onChange={(fields) => change(table.id, { fields: [...fields] })} />
        </fieldset>
      ))}
      {tables.value.length < 10 && (
        <button type="button" class="small add-rows" onClick={addRows}>
          Add rows
        </button>
      )}
    </section>
  );
}

interface FieldsProps {
  /** What they are fields of. */
  of: string;
  /** What one of them is called. */
  name: string;
  drafts: readonly DraftField[];
  onChange: (drafts: readonly DraftField[]) => void;
}

function Fields({ of, name, drafts, onChange }: FieldsProps) {
  const { list, focusOn } = useFocus<HTMLDivElement>();
  const faults = faultsOfSchema.value;
  const change = (id: number, part: Partial<DraftField>) => onChange(changed(drafts, id, part));
  const add = () => {
    const id = fresh();
    focusOn(`[data-field="${id}"] input`);
    onChange([...drafts, { id, name: "", kind: "text", synonyms: "" }]);
  };
  const remove = ({ id, name: gone }: DraftField) => {
    const { rest, next } = without(drafts, id);
    focusOn(next ? `[data-field="${next.id}"] input` : ".add");
    announce(`The ${name} ${gone || "without a name"} is removed`);
    onChange(rest);
  };
  return (
    <div class="fields" ref={list}>
      <ul aria-label={of}>
        {drafts.map((draft, at) => {
          const called = draft.name || `${name} ${at + 1}`;
          return (
            <li key={draft.id} data-field={draft.id}>
              <Text
                label={`Name of ${name} ${at + 1}`}
                value={draft.name}
                placeholder="name"
                fault={faults.get(`${draft.id}`)}
                maxLength={100}
                onChange={(name) => change(draft.id, { name })}
              />
              <select
                aria-label={`Kind of ${called}`}
                value={draft.kind}
                onChange={({ currentTarget }) => change(draft.id, { kind: currentTarget.value as FieldKind })}
              >
                {OFFERED.map((kind) => (
                  <option key={kind} value={kind}>
                    {KINDS[kind]}
                  </option>
                ))}
              </select>
              <button type="button" class="remove" onClick={() => remove(draft)} aria-label={`Remove ${called}`} title="Remove">
                ×
              </button>
              <Text
                label={`What else documents call ${called}, separated by commas`}
                value={draft.synonyms}
                placeholder="also called, …"
                onChange={(synonyms) => change(draft.id, { synonyms })}
              />
            </li>
          );
        })}
      </ul>
      <button type="button" class="add small" onClick={add}>
        Add a {name}
      </button>
    </div>
  );
}
