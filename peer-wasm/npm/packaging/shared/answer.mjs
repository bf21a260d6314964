// Answers a request, on a server or in a worker, with what came of the scenario.
import { auth, connect } from 'wamplex';
import { outcome } from './scenario.mjs';

export async function answer(request) {
  return Response.json(await outcome({ auth, connect }, request.url));
}
