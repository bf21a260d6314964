// What the examples of the documentation use without a word.
import type * as wamplex from '../index.js';
import type * as testing from '../testing.js';

declare global {
  // What `wamplex` exports.
  const auth: typeof wamplex.auth;
  const connect: typeof wamplex.connect;
  const defineContract: typeof wamplex.defineContract;
  const procedure: typeof wamplex.procedure;
  const topic: typeof wamplex.topic;
  const Client: typeof wamplex.Client;
  const AuthError: typeof wamplex.AuthError;
  const ConnectionLostError: typeof wamplex.ConnectionLostError;
  const WampError: typeof wamplex.WampError;
  const createRouter: typeof testing.createRouter;
  type Authenticator = wamplex.Authenticator;
  type ClientOptions = wamplex.ClientOptions;

  // What an application has.
  const api: wamplex.Contract<{ 'com.example.add2': wamplex.ProcedureDefinition<[a: number, b: number], number> }>;
  const client: wamplex.Client;
  const subscription: wamplex.Subscription;
  const options: wamplex.ClientOptions;
  const router: testing.TestRouter;
  const url: string;
  const controller: AbortController;
  const signal: AbortSignal;
  const privateKey: Uint8Array;
  const publicKeyOfTheRouter: string;
  const z: typeof import('zod').z;
  function askUser(question?: string): Promise<string>;
  function fetchToken(): Promise<string>;
  function fetchWhatCameSince(time: number): Promise<void>;
  function fetchPrices(): Promise<void>;
  function show(event: wamplex.EventMessage<any>): void;
  function resize(args: [image: Uint8Array, width: number]): Promise<Uint8Array>;
  const call: Promise<unknown>;
  const expect: (value: unknown) => any;
}
