/** One piece of JSON text and what it is, for colouring. */
export interface Token {
  readonly text: string;
  readonly type: 'key' | 'string' | 'number' | 'literal' | 'plain';
}

/**
 * Writes a value as JSON for people. BigInt is written as the integer it is, binary as its base64 after the
 * NUL sign that WAMP puts before it in JSON.
 *
 * @param indent 0 for one line
 */
export function toJson(value: unknown, indent = 0): string {
  return write(value, indent, '');
}

/** Cuts a text that is too long to show, and says by how much. */
export function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit)} … ${(text.length - limit).toLocaleString('en')} more characters`;
}

/** Splits JSON text into pieces to colour. Never fails: what is not JSON comes back as plain text. */
export function tokens(json: string): Token[] {
  const pattern = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|\b(true|false|null)\b/g;
  const found: Token[] = [];
  let end = 0;
  for (const match of json.matchAll(pattern)) {
    if (match.index > end) found.push({ text: json.slice(end, match.index), type: 'plain' });
    const [text, string, colon, number] = match;
    if (string !== undefined) {
      found.push({ text: string, type: colon === undefined ? 'string' : 'key' });
      if (colon !== undefined) found.push({ text: colon, type: 'plain' });
    } else {
      found.push({ text, type: number === undefined ? 'literal' : 'number' });
    }
    end = match.index + text.length;
  }
  if (end < json.length) found.push({ text: json.slice(end), type: 'plain' });
  return found;
}

function write(value: unknown, indent: number, margin: string): string {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return JSON.stringify(`\0${base64(value)}`);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const inner = margin + ' '.repeat(indent);
  const parts = Array.isArray(value)
    ? value.map((item) => write(item, indent, inner))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${write(item, indent, inner)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  if (parts.length === 0) return `${open}${close}`;
  if (indent === 0) return `${open}${parts.join(', ')}${close}`;
  return `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${margin}${close}`;
}

function base64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
