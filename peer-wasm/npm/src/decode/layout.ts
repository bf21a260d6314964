import { Flags } from '../core.js';
import type { Message } from './message.js';

type Check = (value: any) => boolean;

const idOrZero: Check = (value) => Number.isInteger(value) && value >= 0 && value <= 2 ** 53;
const id: Check = (value) => value !== 0 && idOrZero(value);
const text: Check = (value) => typeof value === 'string';
const dict: Check = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
const maybe: Check = (value) => value === undefined || dict(value);
const args: Check = (value) => value === undefined || Array.isArray(value) || ArrayBuffer.isView(value);

const acknowledgement = [id, id];
const ended = [idOrZero, maybe];
const delivery = [id, id, dict, args, maybe];

/** What stands behind the code in the messages of routers. */
const LAYOUTS: Readonly<Record<number, readonly Check[]>> = {
  2: [id, dict],
  3: [dict, text, args, maybe],
  4: [text, dict],
  6: [dict, text],
  8: [idOrZero, id, dict, text, args, maybe],
  17: acknowledgement,
  33: acknowledgement,
  35: ended,
  36: delivery,
  50: [id, dict, args, maybe],
  65: acknowledgement,
  67: ended,
  68: delivery,
  69: [id, dict],
};

/** Whether a decoded value is a message that some router sends. */
export function isMessage(value: any): value is Message {
  const layout = Array.isArray(value) && LAYOUTS[value[0]];
  if (!layout || value.length > layout.length + 1) return false;
  for (let i = 0; i < layout.length; i++) if (!layout[i]!(value[i + 1])) return false;
  return value[0] !== 2 || dict(value[2].roles?.broker) || dict(value[2].roles?.dealer);
}

/** How many elements of a message are not its arguments. */
export function headLength(message: Message): number {
  const at = LAYOUTS[message[0]]?.indexOf(args) ?? -1;
  return at < 0 ? message.length : at + 1;
}

/** What WELCOME and RESULT say to the core by their details. */
export function flagsOf([code, , details]: Message): number {
  if (code !== 2 && code !== 50) return 0;
  const features = details.roles?.dealer?.features;
  return (details.progress === true ? Flags.Progress : 0)
    // The specification spells it both ways.
    | (features?.call_canceling === true || features?.call_cancelling === true ? Flags.Canceling : 0)
    | (features?.progressive_call_invocations === true ? Flags.ProgressiveInvocations : 0);
}
