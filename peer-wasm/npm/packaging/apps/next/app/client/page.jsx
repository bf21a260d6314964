'use client';

import { useEffect } from 'react';
import { auth, connect } from 'wamplex';
import { outcome } from '../../scenario.mjs';

export default function Page() {
  useEffect(() => {
    outcome({ auth, connect }, location.href).then((found) => (globalThis.outcome = found));
  }, []);
  return <p>What came of it stands in a variable.</p>;
}
