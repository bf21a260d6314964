// The same as program.mjs in CommonJS.
const { connect } = require('wamplex');

import('./scenario.mjs')
  .then(({ outcome }) => outcome(connect, process.argv[2]))
  .then((found) => console.log(JSON.stringify(found)));
