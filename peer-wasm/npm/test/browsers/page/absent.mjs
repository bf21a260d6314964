// A function of a module that tests import and pages cannot have: the tests that use it are in ../skipped.mjs.

export const absent = (module, name) => () => {
  throw Object.assign(new Error(`'${name}' of '${module}' is not in browsers`), { code: 'MODULE_NOT_FOUND' });
};
