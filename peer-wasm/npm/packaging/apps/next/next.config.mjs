// Else it takes the nearest folder with a lock file for the root of the project.
export default { turbopack: { root: import.meta.dirname }, outputFileTracingRoot: import.meta.dirname };
