// A contract that hooks know, as an application makes it known to them.
import { defineContract, procedure, topic } from '../index.js';

export const api = defineContract({
  'com.example.add2': procedure<[a: number, b: number], number>(),
  'com.example.now': procedure<[], string>(),
  'com.example.count': procedure<[number], 'done'>().progress<number>(),
  'com.example.of.{user}': procedure<[], { age: number }>(),
  'com.example.tick': topic<number>(),
  'com.example.chat.{room}': topic<{ from: string }>(),
  'com.example.find': procedure<[], number, { tag: string }, { of: number }>().progress<string>(),
  'com.example.page': procedure<[], number, { limit?: number }>(),
  'com.example.tagged': topic<number, { tag: string }>(),
});

declare module '../index.js' {
  interface Register {
    contract: typeof api;
  }
}
