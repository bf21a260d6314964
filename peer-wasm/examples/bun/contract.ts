import { defineContract, procedure, topic } from 'wamplex';

/** What worker and client have agreed upon. With validators in the place of types it is also checked at run time. */
export const contract = defineContract({
  // Every prime up to a limit is a progressive result; their number is the result.
  'com.example.primes': procedure<[limit: number], number>().progress<number>(),
  'com.example.primes.found': topic<{ limit: number; found: number }>(),
});
