// Runs a server of server.mjs in its own process, with options as JSON, until it is killed.
// Prints its URL when it is ready.
import { startServer } from "./server.mjs";

const { url } = await startServer(JSON.parse(process.argv[2]));
console.log(url);
// Miniflare keeps the process alive; there is no orderly shutdown.
