using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    # The default network refuses addresses of the machine itself.
    (name = "internet", network = (allow = ["public", "private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "main.js", esModule = embed "main.js"),
    (name = "answer.mjs", esModule = embed "answer.mjs"),
    (name = "scenario.mjs", esModule = embed "scenario.mjs"),
    (name = "wamplex", esModule = embed "node_modules/wamplex/dist/workerd.js"),
    (name = "wamplex.wasm", wasm = embed "node_modules/wamplex/dist/wamplex.wasm"),
    (name = "argon2-workerd.js", esModule = embed "node_modules/wamplex/dist/argon2-workerd.js"),
    (name = "argon2.wasm", wasm = embed "node_modules/wamplex/dist/argon2.wasm"),
    (name = "meta.js", esModule = embed "node_modules/wamplex/dist/meta.js"),
    (name = "serve.js", esModule = embed "node_modules/wamplex/dist/serve.js"),
  ],
  compatibilityDate = "2026-11-01",
);
