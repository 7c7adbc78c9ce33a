// The Try page: drop a document, see its label and the words that decided, and edit the rules below it.
import { useEffect } from "preact/hooks";
import { load, loadState } from "../engine.js";
import { Answer } from "./answer.js";
import { Drop } from "./drop.js";
import { FieldsPanel } from "./fields_panel.js";
import { Rules } from "./rules.js";
import { Schema } from "./schema.js";
import { Server } from "./server.js";
import { source } from "./state.js";
import { View } from "./view.js";

export function Try() {
  useEffect(() => {
    // The first paint comes before loading.
    if (loadState.peek() === "engine") requestAnimationFrame(() => setTimeout(load));
  }, []);
  const isEmpty = source.value === null;
  return (
    <main class={`try ${isEmpty ? "empty" : ""}`}>
      <Drop />
      {!isEmpty && (
        <div class="pane answers">
          <Answer />
          <FieldsPanel />
          <Server />
        </div>
      )}
      {!isEmpty && <View />}
      <div class="pane edits">
        <Rules />
        <Schema />
      </div>
    </main>
  );
}
