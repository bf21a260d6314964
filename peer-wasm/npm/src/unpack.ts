/**
 * Compiles what `packed` in scripts/compiled.mjs has made of a module: text without quotes and backslashes. Servers compress
 * it nearly as well as the bytes, and much better than base64 of what is compressed already.
 */
export function unpacked(text: string): Promise<WebAssembly.Module> {
  const bytes = new Uint8Array(text.length);
  let at = 0;
  let base = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code - (code > 92 ? 34 : code > 34 ? 33 : 32);
    // The last two of 93 digits say that the next one stands for a larger byte.
    if (digit > 90) base = (digit - 90) * 91;
    else {
      bytes[at++] = base + digit;
      base = 0;
    }
  }
  return WebAssembly.compile(bytes.subarray(0, at));
}
