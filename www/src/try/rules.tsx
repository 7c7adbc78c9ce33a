// The editor of the rules.
import { announce } from "../announce.js";
import { isComplete, nextId, resetDrafts, rules, withChange, without, type DraftRule } from "./drafts.js";
import { useFocus } from "./focus.js";
import { classification, ruleErrors } from "./state.js";
import { Text } from "./text.js";

export function Rules() {
  const { list, focusOn } = useFocus();
  const add = () => {
    const id = nextId();
    focusOn(`[data-rule="${id}"] input`);
    rules.value = [...rules.value, { id, label: "", description: "" }];
  };
  const change = (id: number, part: Partial<DraftRule>) => (rules.value = withChange(rules.value, id, part));
  const remove = ({ id, label }: DraftRule) => {
    const { rest, next } = without(rules.value, id);
    focusOn(next ? `[data-rule="${next.id}"] input` : ".add");
    announce(`Rule ${label || "without a label"} removed`);
    rules.value = rest;
  };
  const errors = ruleErrors.value;
  const chosenLabel = classification.value?.result.label;
  return (
    <section class="rules" aria-labelledby="rules-title" ref={list}>
      <div class="title">
        <h2 id="rules-title">Rules</h2>
        <button type="button" class="small" aria-label="Reset rules and fields" onClick={resetDrafts}>
          Reset
        </button>
      </div>
      <p class="hint">What there may be, in plain words. The answer follows as you type.</p>
      {errors.has("") && <p class="fault">{errors.get("")}</p>}
      <ul>
        {rules.value.map((rule, index) => {
          const { id, label, description } = rule;
          return (
            <li key={id} data-rule={id} class={label !== "" && label === chosenLabel ? "chosen" : ""}>
              <Text
                label={`Label of rule ${index + 1}`}
                value={label}
                placeholder="label"
                error={errors.get(`${id}/label`)}
                maxLength={50}
                onChange={(label) => change(id, { label })}
              />
              <Text
                isMultiline
                label={`Description of ${label || `rule ${index + 1}`}`}
                value={description}
                placeholder="What such documents are like"
                error={errors.get(`${id}/description`)}
                maxLength={2000}
                onChange={(description) => change(id, { description })}
              />
              <button
                type="button"
                class="remove"
                onClick={() => remove(rule)}
                aria-label={`Remove rule ${label || index + 1}`}
                title="Remove"
              >
                ×
              </button>
              {!isComplete(rule) && <p class="hint">Counts once both are written.</p>}
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
