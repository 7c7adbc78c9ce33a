// Starts the console: the frame at once, the engine behind it.
import { render } from "preact";
import { Frame } from "./frame.js";

const app = document.getElementById("app")!;
app.replaceChildren();
render(<Frame />, app);
