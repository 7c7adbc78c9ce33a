// The editor of the fields and tables.
import type { FieldKind } from "sortroom";
import { announce } from "../announce.js";
import { fields, nextId, tables, withChange, without, type DraftField, type DraftTable } from "./drafts.js";
import { useFocus } from "./focus.js";
import { schemaErrors } from "./state.js";
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
/** All kinds but `label`: it needs options, which this editor has no input for. */
const AVAILABLE_KINDS = (Object.keys(KINDS) as FieldKind[]).filter((kind) => kind !== "label");

export function Schema() {
  const errors = schemaErrors.value;
  const { list, focusOn } = useFocus();
  const change = (id: number, part: Partial<DraftTable>) => (tables.value = withChange(tables.value, id, part));
  const addTable = () => {
    const id = nextId();
    focusOn(`[data-table="${id}"] input`);
    tables.value = [
      ...tables.value,
      { id, name: "rows", fields: [{ id: nextId(), name: "", kind: "text", synonyms: "" }] },
    ];
  };
  const removeTable = ({ id, name }: DraftTable) => {
    focusOn(".add-rows");
    announce(`The rows ${name} are removed`);
    tables.value = without(tables.value, id).rest;
  };
  return (
    <section class="schema" aria-labelledby="schema-title" ref={list}>
      <h2 id="schema-title">Fields to find</h2>
      <p class="hint">What a document has once, and what it has in rows.</p>
      {errors.has("") && <p class="fault">{errors.get("")}</p>}
      <Fields label="fields" itemName="field" drafts={fields.value} onChange={(drafts) => (fields.value = drafts)} />
      {tables.value.map((table) => (
        <fieldset key={table.id} data-table={table.id}>
          <legend>Rows</legend>
          <div class="title">
            <Text
              label="Name of the rows"
              value={table.name}
              placeholder="name of the rows"
              error={errors.get(`${table.id}`)}
              maxLength={100}
              onChange={(name) => change(table.id, { name })}
            />
            <button
              type="button"
              class="remove"
              aria-label={`Remove the rows ${table.name}`}
              title="Remove"
              onClick={() => removeTable(table)}
            >
              ×
            </button>
          </div>
          <Fields
            label={table.name || "rows"}
            itemName="column"
            drafts={table.fields}
            onChange={(fields) => change(table.id, { fields: [...fields] })}
          />
        </fieldset>
      ))}
      {tables.value.length < 10 && (
        <button type="button" class="small add-rows" onClick={addTable}>
          Add rows
        </button>
      )}
    </section>
  );
}

interface FieldsProps {
  /** The accessible name of the list. */
  label: string;
  /** The word for one item: `field` or `column`. */
  itemName: string;
  drafts: readonly DraftField[];
  onChange: (drafts: readonly DraftField[]) => void;
}

function Fields({ label, itemName, drafts, onChange }: FieldsProps) {
  const { list, focusOn } = useFocus<HTMLDivElement>();
  const errors = schemaErrors.value;
  const change = (id: number, part: Partial<DraftField>) => onChange(withChange(drafts, id, part));
  const add = () => {
    const id = nextId();
    focusOn(`[data-field="${id}"] input`);
    onChange([...drafts, { id, name: "", kind: "text", synonyms: "" }]);
  };
  const remove = ({ id, name }: DraftField) => {
    const { rest, next } = without(drafts, id);
    focusOn(next ? `[data-field="${next.id}"] input` : ".add");
    announce(`The ${itemName} ${name || "without a name"} is removed`);
    onChange(rest);
  };
  return (
    <div class="fields" ref={list}>
      <ul aria-label={label}>
        {drafts.map((draft, index) => {
          const displayName = draft.name || `${itemName} ${index + 1}`;
          return (
            <li key={draft.id} data-field={draft.id}>
              <Text
                label={`Name of ${itemName} ${index + 1}`}
                value={draft.name}
                placeholder="name"
                error={errors.get(`${draft.id}`)}
                maxLength={100}
                onChange={(name) => change(draft.id, { name })}
              />
              <select
                aria-label={`Kind of ${displayName}`}
                value={draft.kind}
                onChange={({ currentTarget }) => change(draft.id, { kind: currentTarget.value as FieldKind })}
              >
                {AVAILABLE_KINDS.map((kind) => (
                  <option key={kind} value={kind}>
                    {KINDS[kind]}
                  </option>
                ))}
              </select>
              <button
                type="button"
                class="remove"
                onClick={() => remove(draft)}
                aria-label={`Remove ${displayName}`}
                title="Remove"
              >
                ×
              </button>
              <Text
                label={`What else documents call ${displayName}, separated by commas`}
                value={draft.synonyms}
                placeholder="also called, …"
                onChange={(synonyms) => change(draft.id, { synonyms })}
              />
            </li>
          );
        })}
      </ul>
      <button type="button" class="add small" onClick={add}>
        Add a {itemName}
      </button>
    </div>
  );
}
