// ../../sources.mjs: the runner bundles what the package does not export.

export const source = (name) => import(`/source/${name}`);
