/**
 * The examples in the doc comments of what the entry points export: every function has one, all of them pass the type
 * checker, and each runs as a module of its own, in a folder with the files that examples name.
 */

import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  applyPlan,
  defaultConfig,
  deploy,
  exportModel,
  formatPlan,
  loadModel,
  makePlan,
  normalizeNetwork,
  Random,
  saveModel,
  toFrozen,
  trainNetwork,
} from '../../src/index.ts';
import { network as tfliteNetwork } from '../fixtures/tflite-cases.ts';
import { writeTflite } from '../fixtures/tflite-writer.ts';

const root = join(import.meta.dirname, '../..');
/** What users import, and where it is; `tritbank/runtime` is another file in browsers, with the same types. */
const entries: Readonly<Record<string, string>> = {
  tritbank: 'src/index.ts',
  'tritbank/graph': 'src/graph.ts',
  'tritbank/cost': 'src/cost/index.ts',
  'tritbank/runtime': 'src/runtime/node.ts',
};

interface Exported {
  readonly name: string;
  readonly isFunction: boolean;
  readonly examples: readonly string[];
}

const config = ts.getParsedCommandLineOfConfigFile(
  join(root, 'tsconfig.json'),
  { noUnusedLocals: false, rewriteRelativeImportExtensions: false, allowImportingTsExtensions: true },
  { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} },
)!;
const sources = ts.createProgram(
  Object.values(entries).map((path) => join(root, path)),
  config.options,
);

const examplesIn = (tags: readonly ts.JSDocTagInfo[]) =>
  tags.filter(({ name }) => name === 'example').map(({ text }) => ts.displayPartsToString(text).trim());

/** A function's examples, those of a class or an object with those of its methods; entries export much twice. */
function findExports(checker: ts.TypeChecker): Exported[] {
  const modules = Object.values(entries).map((path) =>
    checker.getSymbolAtLocation(sources.getSourceFile(join(root, path))!),
  );
  const symbols = modules.flatMap((module) => checker.getExportsOfModule(module!));
  const originals = symbols.map((symbol) =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  );
  return [...new Set(originals)].flatMap((symbol): Exported[] => {
    const { name, valueDeclaration } = symbol;
    if (!valueDeclaration) return [];
    const type = checker.getTypeOfSymbol(symbol);
    const calls = type.getCallSignatures();
    if (calls.length > 0) {
      const examples = calls.flatMap((call) => examplesIn(call.getJsDocTags()));
      return [{ name, isFunction: true, examples }];
    }
    const parts = [symbol, ...(symbol.flags & ts.SymbolFlags.Class ? [] : type.getProperties())];
    return [{ name, isFunction: false, examples: parts.flatMap((part) => examplesIn(part.getJsDocTags(checker))) }];
  });
}

const exported = findExports(sources.getTypeChecker());
const examples = exported.flatMap(({ name, examples: texts }) =>
  texts.map((text, i): [string, string] => [i === 0 ? name : `${name}-${i + 1}`, text]),
);

/** Paths in place of names, and an export: only modules have `await` outside of functions. */
function moduleOf(text: string): string {
  const pathOf = (name: string) => join(root, entries[name]!);
  return `${text.replace(/ from '(tritbank[^']*)'/g, (_, name: string) => ` from '${pathOf(name)}'`)}\nexport {};\n`;
}

let directory: string;
const place = process.cwd();
const fileOf = (name: string) => join(directory, 'modules', `${name}.ts`);

/** Small pictures, each class with a colour of its own under noise. */
async function writeImages(folder: string, classes: readonly string[]): Promise<void> {
  const side = 32;
  for (const [label, name] of classes.entries()) {
    for (const [part, count] of [['train', 8] as const, ['val', 4] as const]) {
      mkdirSync(join(folder, part, name), { recursive: true });
      for (let i = 0; i < count; i++) {
        const random = new Random(1, `${part} ${name} ${i}`);
        const pixels = Uint8Array.from({ length: 3 * side * side }, (_, at) =>
          Math.floor((at % 3 === label ? 120 : 40) + 80 * random.float()),
        );
        const raw = { width: side, height: side, channels: 3 } as const;
        await sharp(pixels, { raw }).toFile(join(folder, part, name, `${i}.png`));
      }
    }
  }
}

/** One dense layer, as TensorFlow.js keeps it. */
const layersModel = {
  format: 'layers-model',
  modelTopology: {
    class_name: 'Sequential',
    config: { layers: [{ class_name: 'Dense', config: { name: 'd', units: 3, batch_input_shape: [null, 4] } }] },
  },
  weightsManifest: [
    {
      paths: ['weights.bin'],
      weights: [
        { name: 'd/kernel', shape: [4, 3], dtype: 'float32' },
        { name: 'd/bias', shape: [3], dtype: 'float32' },
      ],
    },
  ],
};

const zooBefore = process.env.TRITBANK_ZOO;

/** The package's cards, and the model that examples ask for. */
function makeZoo(folder: string): void {
  mkdirSync(join(folder, 'models'), { recursive: true });
  copyFileSync(join(root, 'packages/zoo/index.json'), join(folder, 'index.json'));
  const stored = join(root, 'results/cifar10/mobilenet-v1-0.5/full-precision-1/model.onnx');
  copyFileSync(stored, join(folder, 'models/mobilenet-v1-0.5-cifar10-full.onnx'));
  process.env.TRITBANK_ZOO = join(process.cwd(), folder);
}

beforeAll(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'tritbank-api-')));
  process.chdir(directory);
  const classes = ['ant', 'bee', 'cat', 'dog'];
  await writeImages('images', classes);
  await sharp('images/val/bee/0.png').resize(60, 45).toFile('photo.jpg');
  writeFileSync('package.json', '{ "type": "module" }');
  writeFileSync('labels.txt', classes.join('\n'));
  const network = { model: 'ds-cnn', width: 0.25, firstStride: 2, data: 'images' } as const;
  const { model } = await trainNetwork(
    { ...defaultConfig, ...network, epochs: 1, batchSize: 8 },
    { out: 'runs/trained' },
  );
  copyFileSync(model, 'mobilenet.onnx');
  const graph = normalizeNetwork(await loadModel('mobilenet.onnx'));
  const plan = makePlan(graph, { method: 'hybrid', alpha: 0.5 });
  writeFileSync('plan.json', formatPlan({ version: 2, model: graph.name, ...plan }));
  await saveModel(deploy(toFrozen(applyPlan(graph, plan, 1), new Map()), new Map()), 'hybrid.onnx');
  await exportModel({ model: 'hybrid.onnx', out: 'small.onnx', data: 'images', activations: 'int8', images: 16 });
  writeFileSync('mobilenet.tflite', writeTflite(tfliteNetwork('float')));
  writeFileSync('model.json', JSON.stringify(layersModel));
  writeFileSync('weights.bin', new Uint8Array(Float32Array.from({ length: 15 }, (_, i) => i / 15).buffer));
  makeZoo('zoo');
  mkdirSync('modules');
  for (const [name, text] of examples) writeFileSync(fileOf(name), moduleOf(text));
});
afterAll(() => {
  process.env.TRITBANK_ZOO = zooBefore;
  if (zooBefore === undefined) delete process.env.TRITBANK_ZOO;
  process.chdir(place);
  rmSync(directory, { recursive: true, force: true });
});

test('every exported function has an example', () => {
  const functions = exported.filter(({ isFunction }) => isFunction);
  expect(functions.length).toBeGreaterThan(80);
  expect(functions.filter((one) => one.examples.length === 0).map(({ name }) => name)).toEqual([]);
});

test('all examples pass the type checker', () => {
  const files = examples.map(([name]) => fileOf(name));
  const program = ts.createProgram(files, config.options, ts.createCompilerHost(config.options), sources);
  const found = files.flatMap((file) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  });
  const host = {
    getCurrentDirectory: () => directory,
    getCanonicalFileName: (name: string) => name,
    getNewLine: () => '\n',
  };
  expect(ts.formatDiagnostics(found, host)).toBe('');
});

test.each(examples)('%s', async (name) => {
  for (const method of ['log', 'warn'] as const) vi.spyOn(console, method).mockImplementation(() => {});
  await import(/* @vite-ignore */ pathToFileURL(fileOf(name)).href);
});
