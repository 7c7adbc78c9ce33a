// The engine in workerd: `/ours/embed/20` embeds twenty times. The clock of workerd stands still during computation, so
// the client measures the time.
import * as ours from "./ours/engine.js";
import oursModule from "./ours/engine_bg.wasm";
import * as peer from "./peer/engine.js";
import peerModule from "./peer/engine_bg.wasm";

const modules = { ours: [ours, oursModule], peer: [peer, peerModule] };
const engines = {};

export default {
  fetch(request) {
    const [, build, method, times] = new URL(request.url).pathname.split("/");
    if (build in modules) {
      const [{ Engine, initSync }, module] = modules[build];
      if (!engines[build]) {
        initSync({ module });
        engines[build] = new Engine();
      }
      engines[build][method](Number(times));
    }
    return new Response("done");
  },
};
