import type { RealmSettings, TestRouterOptions } from '../../testing.js';

/** The realms that the options ask for, as the compiled router reads them. */
export function realmsOf(options: TestRouterOptions): { name: string; settings: string }[] {
  const { realms = ['realm1'], users = [] } = options;
  if (realms.length === 0) throw new TypeError('a router needs a realm');
  return realms.map((realm) => {
    const given: RealmSettings = typeof realm === 'string' ? { name: realm } : realm;
    const all = [...(given.users ?? []), ...users];
    const settings = snakeCase(all.length > 0 ? { ...given, users: all } : given);
    return { name: given.name, settings: JSON.stringify(settings) };
  });
}

/** The same with keys as the router spells them. */
function snakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCase);
  if (typeof value !== 'object' || value === null) return value;
  const spelled = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [spelled(key), snakeCase(item)]));
}
