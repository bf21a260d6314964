// Nothing that was installed for Node is in a page.
export const createRequire = () => (name) => {
  throw Object.assign(new Error(`there is no ${name}`), { code: 'MODULE_NOT_FOUND' });
};
