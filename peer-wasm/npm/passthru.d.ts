/** `wamplex/passthru`: payloads that the router does not look into. */

import type { Passthru, PassthruCodec } from './index.js';

export type { Passthru, PassthruCodec, PassthruOptions } from './index.js';

/**
 * Packs the arguments of what is sent with `ppt` into one binary value, and unpacks what arrives so ("WAMP: Payload
 * Passthru Mode"): with the serializers `json`, `msgpack` and `cbor`, and without a cipher unless there is a codec for
 * the scheme. What cannot be unpacked arrives as it is: one `Uint8Array`, and the details tell what was meant.
 *
 * ```ts
 * import { connect } from 'wamplex';
 * import { passthru } from 'wamplex/passthru';
 *
 * const client = await connect(url, { realm: 'realm1', passthru: passthru() });
 * await client.publish('com.example.sealed', { a: 1 }, { ppt: { scheme: 'x_example', serializer: 'cbor' } });
 * ```
 */
export declare function passthru(...codecs: readonly PassthruCodec[]): Passthru;
