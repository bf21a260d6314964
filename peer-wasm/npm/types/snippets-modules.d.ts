// Modules that the examples of the documentation import and this package does not have.
declare module 'jest-environment-jsdom' {
  export class TestEnvironment {
    readonly global: typeof globalThis;
    setup(): Promise<void>;
  }
}
