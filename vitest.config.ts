import { defineConfig } from 'vitest/config';

// A file that receives the totals as JSON, for continuous integration.
const report = process.env.TRITBANK_TEST_REPORT;

// What starts ONNX Runtime, a browser or another process: named so, or in test/.
const slow = ['**/*.ort.test.ts', 'scripts/cifar/run.test.ts'];
const smoke = 'test/smoke.test.ts';

export default defineConfig({
  test: {
    setupFiles: ['test/setup/properties.ts', 'test/setup/no-telemetry.ts'],
    pool: 'forks',
    // a difference of two files has a line a byte: to compare all of them takes all memory
    diff: { truncateThreshold: 500 },
    // analyses of tests are made, not found
    env: { TRITBANK_CACHE: 'off' },
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    minWorkers: 1,
    reporters: report ? ['default', 'json'] : ['default'],
    ...(report && { outputFile: { json: report } }),
    projects: [
      {
        extends: true,
        test: {
          name: 'fast',
          // pure functions: files share what a worker has loaded, which takes most of the time otherwise
          poolOptions: { forks: { isolate: false } },
          include: ['{src,bench,scripts}/**/*.test.ts'],
          exclude: slow,
          setupFiles: ['test/setup/no-runtime.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'slow',
          poolOptions: { forks: { isolate: false } },
          include: [...slow, '{test,examples}/**/*.test.ts'],
          exclude: [smoke, 'node_modules/**'],
        },
      },
      { extends: true, test: { name: 'smoke', include: [smoke] } },
    ],
  },
});
