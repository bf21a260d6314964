'use client';

import { useEffect } from 'react';
import { connect } from 'wamplex';
import { outcome } from '../../scenario.mjs';

export default function Page() {
  useEffect(() => {
    outcome(connect, location.href).then((found) => (globalThis.outcome = found));
  }, []);
  return <p>What came of it stands in a variable.</p>;
}
