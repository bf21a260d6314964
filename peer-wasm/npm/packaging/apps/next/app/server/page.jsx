import { auth, connect } from 'wamplex';
import { outcome } from '../../scenario.mjs';

export default async function Page({ searchParams }) {
  const query = new URLSearchParams(await searchParams);
  return <pre>{JSON.stringify(await outcome({ auth, connect }, `http://localhost/?${query}`))}</pre>;
}
