// Imports point up this list only: a lower folder may import a higher one, never the reverse, never in a cycle.
const order = [
  'ir',
  'files',
  'threads',
  'images',
  'ops',
  'onnx',
  'tflite',
  'tfjs',
  'autodiff',
  'passes',
  'zoo',
  'formats',
  'engine',
  'models',
  'data',
  'quantize',
  'cost',
  'classifier',
  'runtime',
  'integer',
  'accelerator',
  'synthesis',
  'hardware',
  'export',
  'mcu',
  'train',
  'compress',
  'bench',
  'report',
  'cli',
];
const direction = order.slice(0, -1).map((folder, i) => ({
  name: `import-direction-${folder}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/(${order.slice(i + 1).join('|')})/` },
}));
const onlyImporter = (library, folders) => ({
  name: `only-importer-of-${library.replace(/\W/g, '')}`,
  severity: 'error',
  from: { pathNot: folders },
  to: { path: `node_modules/${library}` },
});
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...direction,
    {
      name: 'runtime-stands-alone',
      severity: 'error',
      // in Node the readers of other formats are loaded when there is such a file
      from: { path: '^src/runtime/', pathNot: '\\.test\\.ts$|/node-platform\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(ir|images|onnx|runtime|ops/arithmetic)/|^src/ops/(names|traits)\\.ts$' },
    },
    {
      name: 'arithmetic-stands-alone',
      severity: 'error',
      from: { path: '^src/ops/arithmetic/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: '^src/(ir|ops/arithmetic)/|^src/ops/names\\.ts$' },
    },
    {
      name: 'runtime-in-browsers',
      severity: 'error',
      from: { path: '^src/runtime/', pathNot: '^src/runtime/(node[^/]*|threads/[^/]*node[^/]*|.*\\.test)\\.ts$' },
      to: { path: '(^|/)(sharp|onnxruntime[^/]*|fs|path|url|worker_threads|os|module|crypto)($|/)', pathNot: '^src/' },
    },
    // the runtime takes ONNX Runtime as a fallback, in Node only, and loads it when it is asked for
    onlyImporter(
      'onnxruntime',
      '^src/engine/|^src/bench/(in-node|page|runtimes)\\.ts$|^src/runtime/node-platform\\.ts$|\\.test\\.ts$',
    ),
    onlyImporter('sharp', '^src/(images/decode|report/samples|cli/doctor/software)\\.ts$|\\.test\\.ts$'),
    onlyImporter('zod', '^src/(files/check-json|cost/(accelerator|plan-file)|zoo/card)\\.ts'),
    onlyImporter('flatbuffers', '^src/tflite/|^test/fixtures/'),
    onlyImporter('fflate', '^src/tflite/|\\.test\\.ts$'),
    onlyImporter('highs', '^src/compress/planning/knapsack\\.ts$'),
    onlyImporter('pbf', '^src/(onnx/|train/tensorboard\\.ts)'),
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.(test|d)\\.ts$' }, to: {} },
    { name: 'not-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
