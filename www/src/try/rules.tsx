// The rules, written in place.
import { announce } from "../announce.js";
import { fresh, isWritten, rules, startOver, type DraftRule } from "./drafts.js";
import { useFocus } from "./focus.js";
import { decided, faultsOfRules } from "./state.js";
import { Text } from "./text.js";

function change(id: number, part: Partial<DraftRule>): void {
  rules.value = rules.value.map((rule) => (rule.id === id ? { ...rule, ...part } : rule));
}

export function Rules() {
  const { list, focusOn } = useFocus();
  const add = () => {
    const id = fresh();
    focusOn(`[data-rule="${id}"] input`);
    rules.value = [...rules.value, { id, label: "", description: "" }];
  };
  const remove = (id: number) => {
    const at = rules.value.findIndex((rule) => rule.id === id);
    const rest = rules.value.filter((rule) => rule.id !== id);
    const next = rest[Math.min(at, rest.length - 1)];
    focusOn(next ? `[data-rule="${next.id}"] input` : ".add");
    announce(`Rule ${rules.value[at]?.label || "without a label"} removed`);
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
              <button type="button" class="remove" onClick={() => remove(id)} aria-label={`Remove rule ${label || at + 1}`} title="Remove">
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
