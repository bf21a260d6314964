// The same as program.mjs in CommonJS.
const { auth, connect } = require('wamplex');

import('./scenario.mjs')
  .then(({ outcome }) => outcome({ auth, connect }, process.argv[2]))
  .then((found) => console.log(JSON.stringify(found)));
