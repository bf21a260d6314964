/** What arrives in `args` and `kwargs`. Integers outside ±2^53 are `bigint`, binary is `Uint8Array`. */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[] | { readonly [key: string]: Value };
/** Named arguments. */
export type Kwargs = { readonly [name: string]: any };
/** Positional and named arguments. */
export interface Payload {
  readonly args?: readonly unknown[];
  readonly kwargs?: Kwargs;
}
