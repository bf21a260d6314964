// The same in a page: bundled for Chromium by in-chromium.mjs, which calls what stands in `bench`.
import autobahn from 'autobahn';
import * as wamplex from 'wamplex';
import { Wampy } from 'wampy';
import { CborSerializer } from 'wampy/CborSerializer.js';
import { JsonSerializer } from 'wampy/JsonSerializer.js';
import { MsgpackSerializer } from 'wampy/MsgpackSerializer.js';
import * as forAutobahn from './clients/autobahn.mjs';
import * as forWamplex from './clients/wamplex.mjs';
import * as forWampy from './clients/wampy.mjs';
import { measureCodecs } from './codec.mjs';
import { SCENARIOS, measure } from './scenarios.mjs';

const LIBRARIES = {
  wamplex: () => forWamplex.open.bind(undefined, wamplex),
  wampy: () => forWampy.open.bind(undefined, {
    Wampy, serializers: { json: JsonSerializer, msgpack: MsgpackSerializer, cbor: CborSerializer },
  }),
  autobahn: () => forAutobahn.open.bind(undefined, { autobahn }),
};
const started = [];

globalThis.bench = {
  codecs: (short) => measureCodecs({ wamplex, short }),

  async start(subject) {
    const open = LIBRARIES[subject.library]();
    const near = await open(subject);
    const far = await open(subject);
    const ours = subject.library === 'wamplex' ? far : await LIBRARIES.wamplex()({ ...subject, batched: false });
    return started.push({ near, far, ours, steps: {} }) - 1;
  },

  async run(index, scenario, milliseconds) {
    const { near, far, ours, steps } = started[index];
    steps[scenario] ??= { step: await SCENARIOS[scenario].prepare(near, far, ours) };
    const { step } = steps[scenario];
    return step ? measure(step, milliseconds) : { count: 0 };
  },

  async stop(index) {
    const { near, far } = started[index];
    await Promise.all([near.close(), far.close()]);
  },
};
