// The first page: drop a document, see what it is and which words decided, and change the rules under it.
import { useEffect } from "preact/hooks";
import { load, loading } from "../engine.js";
import { Answer } from "./answer.js";
import { Drop } from "./drop.js";
import { Found } from "./found.js";
import { Rules } from "./rules.js";
import { Schema } from "./schema.js";
import { Server } from "./server.js";
import { source } from "./state.js";
import { View } from "./view.js";

export function Try() {
  useEffect(() => {
    // What is seen comes first.
    if (loading.peek() === "engine") requestAnimationFrame(() => setTimeout(load));
  }, []);
  const empty = source.value === null;
  return (
    <main class={`try ${empty ? "empty" : ""}`}>
      <Drop />
      {!empty && (
        <div class="pane answers">
          <Answer />
          <Found />
          <Server />
        </div>
      )}
      {!empty && <View />}
      <div class="pane edits">
        <Rules />
        <Schema />
      </div>
    </main>
  );
}
