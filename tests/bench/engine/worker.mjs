// The engine in workerd: `/ours/embed/20` does that twenty times. Its clock stands still while it works, so it measures
// nothing.
import * as ours from "./ours/engine.js";
import oursModule from "./ours/engine_bg.wasm";
import * as peer from "./peer/engine.js";
import peerModule from "./peer/engine_bg.wasm";

const modules = { ours: [ours, oursModule], peer: [peer, peerModule] };
const engines = {};

export default {
  fetch(request) {
    const [, whose, what, times] = new URL(request.url).pathname.split("/");
    if (whose in modules) {
      const [{ Engine, initSync }, module] = modules[whose];
      if (!engines[whose]) {
        initSync({ module });
        engines[whose] = new Engine();
      }
      engines[whose][what](Number(times));
    }
    return new Response("done");
  },
};
