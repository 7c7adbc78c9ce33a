// The rules, written in place.
import { announce } from "../announce.js";
import { changed, fresh, isWritten, rules, startOver, without, type DraftRule } from "./drafts.js";
import { useFocus } from "./focus.js";
import { decided, faultsOfRules } from "./state.js";
import { Text } from "./text.js";

export function Rules() {
  const { list, focusOn } = useFocus();
  const add = () => {
    const id = fresh();
    focusOn(`[data-rule="${id}"] input`);
    rules.value = [...rules.value, { id, label: "", description: "" }];
  };
  const change = (id: number, part: Partial<DraftRule>) => (rules.value = changed(rules.value, id, part));
  const remove = ({ id, label }: DraftRule) => {
    const { rest, next } = without(rules.value, id);
    focusOn(next ? `[data-rule="${next.id}"] input` : ".add");
    announce(`Rule ${label || "without a label"} removed`);
    rules.value = rest;
  };
  const faults = faultsOfRules.value;
  const chosen = decided.value?.answer.label;
  return (
    <section class="rules" aria-labelledby="rules-title" ref={list}>
      <div class="title">
        <h2 id="rules-title">Rules</h2>
        <button type="button" class="small" aria-label="Reset rules and fields" onClick={startOver}>
          Reset
        </button>
      </div>
      <p class="hint">What there may be, in plain words. The answer follows as you type.</p>
      {faults.has("") && <p class="fault">{faults.get("")}</p>}
      <ul>
        {rules.value.map((rule, at) => {
          const { id, label, description } = rule;
          return (
            <li key={id} data-rule={id} class={label !== "" && label === chosen ? "chosen" : ""}>
              <Text
                label={`Label of rule ${at + 1}`}
                value={label}
                placeholder="label"
                fault={faults.get(`${id}/label`)}
                maxLength={50}
                onChange={(label) => change(id, { label })}
              />
              <Text
                long
                label={`Description of ${label || `rule ${at + 1}`}`}
                value={description}
                placeholder="What such documents are like"
                fault={faults.get(`${id}/description`)}
                maxLength={2000}
                onChange={(description) => change(id, { description })}
              />
              <button type="button" class="remove" onClick={() => remove(rule)} aria-label={`Remove rule ${label || at + 1}`} title="Remove">
                ×
              </button>
              {!isWritten(rule) && <p class="hint">Counts once both are written.</p>}
            </li>
          );
        })}
      </ul>
      <button type="button" class="add" onClick={add}>
        Add a rule
      </button>
    </section>
  );
}
