// Starts the console. The page is shown at once; the engine loads afterwards.
import { render } from "preact";
import { AppShell } from "./app_shell.js";

const app = document.getElementById("app")!;
app.replaceChildren();
render(<AppShell />, app);
