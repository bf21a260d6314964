const environments = ['jsdom', 'happy-dom', 'node'];

export default {
  esbuild: { jsx: 'automatic' },
  test: {
    projects: environments.map((environment) => ({
      extends: true,
      test: { name: environment, environment, include: [environment === 'node' ? 'timers.test.js' : '*.test.{js,jsx}'], globals: true },
    })),
  },
};
