'use client';

import { useEffect } from 'react';
import { auth, connect } from 'wamplex';
import { outcome } from '../../scenario.mjs';

export default function Page() {
  useEffect(() => {
    outcome({ auth, connect }, location.href).then((found) => console.log(JSON.stringify(found)));
  }, []);
  return <p>What came of it is told to the console.</p>;
}
