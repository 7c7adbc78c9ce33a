// Runs a server of server.mjs in a process of its own, with the options given as JSON, until it is killed.
// Prints its address as soon as it listens.
import { startServer } from "./server.mjs";

const { url } = await startServer(JSON.parse(process.argv[2]));
console.log(url);
// Miniflare keeps the process alive; nothing here ends it in an orderly way.
