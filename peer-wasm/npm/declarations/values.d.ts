/**
 * What arrives in `args` and `kwargs`. Integers outside ±2^53 are `bigint` unless the option `bigint` says otherwise, binary
 * is `Uint8Array` ("WAMP: Serializers").
 */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[] | { readonly [key: string]: Value };
/** Named arguments: a plain object, which MessagePack, CBOR and JSON carry as a dictionary. */
export type Kwargs = { readonly [name: string]: any };
/** Positional and named arguments, as every request and every answer may have them ("WAMP: Calling and Invocations"). */
export interface Payload {
  /** Positional arguments. */
  readonly args?: readonly unknown[];
  /** Arguments by their names. */
  readonly kwargs?: Kwargs;
}
