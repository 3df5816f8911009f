/**
 * The pages of the documentation site, from what the repository has: `docs/`, the golden help texts of the commands, and
 * the doc comments of the entry points. Links to files that are no page lead to the repository.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';

const root = join(import.meta.dirname, '../..');
const out = join(root, 'packages/site/pages');
const repository = 'https://github.com/tritbank/tritbank/blob/main';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
const write = (path: string, text: string) => {
  mkdirSync(dirname(join(out, path)), { recursive: true });
  writeFileSync(join(out, path), text);
};

/** A picture of the repository as a part of the site; returns its address there. */
function picture(path: string): string {
  cpSync(join(root, path), join(out, 'public/pictures', path));
  return `/pictures/${path}`;
}

/** Links of a page of `docs/`: other pages stay, pictures come along, all else is in the repository. */
function withLinks(text: string): string {
  return text.replace(/(!?\[[^\]]*\])\((?!https?:|#|mailto:)([^)\s]+)\)/g, (whole, name: string, target: string) => {
    const path = normalize(join('docs', target));
    if (name.startsWith('!')) return `${name}(${picture(path)})`;
    const isPage = /^docs\/[\w-]+\.md(#.*)?$/.test(path);
    return isPage ? whole : `${name}(${repository}/${path})`;
  });
}

/** Braces of prose are no templates. */
const escapeBraces = (text: string) => text.replaceAll('{{', '&#123;&#123;');

function copyDocs(): void {
  for (const file of readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))) {
    write(`docs/${file}`, escapeBraces(withLinks(read(`docs/${file}`))));
  }
  cpSync(join(root, 'docs/accelerator.schema.json'), join(out, 'public/accelerator.schema.json'));
  cpSync(join(root, 'packages/site/mark.svg'), join(out, 'public/mark.svg'));
}

/** A page a command, from the text that a test holds to the program's. */
function makeCommandPages(): string[] {
  const names = readdirSync(join(root, 'test/golden'))
    .flatMap((file) => /^help-(.+)\.txt$/.exec(file)?.[1] ?? [])
    .filter((name) => name !== 'tritbank')
    .sort();
  for (const name of names) {
    const command = `tritbank ${name.replaceAll('-', ' ').replace('fine tune', 'fine-tune')}`;
    // without an outline beside it, its eighty columns fit
    write(
      `cli/${name}.md`,
      `---\naside: false\n---\n\n# ${command}\n\n\`\`\`text\n${read(`test/golden/help-${name}.txt`).trimEnd()}\n\`\`\`\n`,
    );
  }
  const list = names.map((name) => `- [${name.replaceAll('-', ' ')}](${name}.md)`).join('\n');
  const help = read('test/golden/help-tritbank.txt').trimEnd();
  write('cli/index.md', `---\naside: false\n---\n\n# The command line\n\n\`\`\`text\n${help}\n\`\`\`\n\n${list}\n`);
  return names;
}

function makeApi(): void {
  const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');
  const options = ['--plugin', 'typedoc-plugin-markdown', '--out', join(out, 'api'), '--readme', 'none'];
  const shape = [
    '--hidePageHeader',
    '--hideBreadcrumbs',
    '--entryFileName',
    'index',
    '--outputFileStrategy',
    'modules',
    // links are to anchors that the pages then have: VitePress numbers headings of one name in another way
    '--useHTMLAnchors',
    'true',
  ];
  // links between comments are checked by `npm run api`
  const quiet = ['--logLevel', 'Error', '--treatWarningsAsErrors', 'false', '--validation', 'false'];
  execFileSync(process.execPath, [typedoc, ...options, ...shape, ...quiet], { cwd: root, stdio: 'inherit' });
}

function makeHome(): void {
  const { version } = JSON.parse(read('package.json')) as { version: string };
  const feature = (title: string, details: string, link: string) => ({ title, details, link });
  const home = {
    layout: 'home',
    hero: {
      name: 'Tritbank',
      text: 'MobileNets from hybrid ternary filter banks',
      tagline: `Train, compress, measure and run ONNX classifiers, in TypeScript. Version ${version}.`,
      actions: [
        { theme: 'brand', text: 'On a device', link: '/docs/quick-start-device' },
        { theme: 'alt', text: 'On an accelerator', link: '/docs/quick-start-architect' },
        { theme: 'alt', text: 'In research', link: '/docs/quick-start-researcher' },
      ],
    },
    features: [
      feature('The studio', 'See, plan, compress and train in a browser.', '/docs/studio'),
      feature('Compression', 'A plan per layer under limits of size, energy and time.', '/docs/compress'),
      feature('The runtime', 'Ternary kernels in WebAssembly, for Node and pages.', '/docs/runtime'),
      feature('Microcontrollers', 'C99, bit-exact, measured on emulated cores.', '/docs/microcontrollers'),
      feature('An accelerator', 'MACs and adders, in Verilog, with its cycle model.', '/docs/hardware'),
      feature('Results', 'What is measured, on what, with the command.', '/docs/results'),
    ],
  };
  const trade = picture('results/cifar10/mobilenet-v1-0.5/trade.svg');
  const below = [
    '## What it trades',
    `![Top-1 accuracy against size and energy](${trade})`,
    'MobileNet-V1 0.5 on CIFAR-10, every point the mean of up to three seeds: [all rows](docs/results.md).',
  ].join('\n\n');
  write('index.md', `---\n${JSON.stringify(home, null, 2)}\n---\n\n${below}\n`);
}

rmSync(out, { recursive: true, force: true });
copyDocs();
const commands = makeCommandPages();
makeHome();
if (!process.argv.includes('--no-api')) makeApi();
console.error(
  `${readdirSync(join(out, 'docs')).length} pages of docs, ${commands.length} commands, in ${basename(out)}`,
);
