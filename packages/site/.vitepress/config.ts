/**
 * The documentation site: pages are made by `scripts/site/pages.ts`; the base of its addresses is SITE_BASE. A release is
 * built with `SITE_BASE=/v0.1.0/` into that folder of the server and stays there; `versions.json` names those that do, and
 * pages lead to them where SITE_URL says the server's address.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(at('../../../package.json'), 'utf8')) as { version: string };
/** Whose pages are kept, the newest first. */
const released = JSON.parse(readFileSync(at('../versions.json'), 'utf8')) as string[];
const site = process.env.SITE_URL;
const versions = site
  ? [{ text: 'The newest', link: `${site}/` }, ...released.map((old) => ({ text: old, link: `${site}/v${old}/` }))]
  : [];

/** A page by its first heading. */
const page = (name: string) => {
  const [, title = name] = /^# (.+)$/m.exec(readFileSync(at(`../pages/docs/${name}.md`), 'utf8')) ?? [];
  const text = title.replace('Quick start: ', '');
  return { text: text[0]!.toUpperCase() + text.slice(1), link: `/docs/${name}` };
};

const group = (text: string, names: readonly string[]) => ({ text, items: names.map(page) });

const commands = existsSync(at('../pages/cli'))
  ? readdirSync(at('../pages/cli'))
      .filter((file) => file !== 'index.md')
      .map((file) => file.replace('.md', ''))
  : [];

const base = process.env.SITE_BASE ?? '/';
const repository = 'https://github.com/tritbank/tritbank';

export default defineConfig({
  title: 'Tritbank',
  description: 'MobileNets from hybrid ternary filter banks: train, compress, measure and run ONNX classifiers',
  base,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}mark.svg` }]],
  srcDir: 'pages',
  outDir: 'dist',
  cleanUrls: false,
  lastUpdated: false,
  markdown: { theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' } },
  themeConfig: {
    logo: '/mark.svg',
    search: { provider: 'local' },
    nav: [
      { text: 'Quick start', link: '/docs/quick-start-device', activeMatch: '/docs/quick-start' },
      { text: 'Commands', link: '/cli/' },
      { text: 'API', link: '/api/' },
      { text: 'Results', link: '/docs/results' },
      {
        text: version,
        items: [{ text: 'Changes', link: `${repository}/blob/main/CHANGELOG.md` }, ...versions],
      },
    ],
    sidebar: {
      '/cli/': [
        {
          text: 'Commands',
          items: commands.map((name) => ({ text: name.replaceAll('-', ' '), link: `/cli/${name}` })),
        },
      ],
      '/': [
        group('Quick start', ['quick-start-device', 'quick-start-architect', 'quick-start-researcher']),
        group('Concepts', ['filter-banks', 'cost', 'accelerators', 'storage', 'results']),
        group('Guides', [
          ...['studio', 'exporting-models', 'compress', 'training', 'cluster'],
          ...['export', 'formats', 'data', 'coming-from'],
        ]),
        group('Where it runs', ['runtime', 'microcontrollers', 'hardware', 'hardware-synthesis']),
        group('Inside', ['autodiff', 'onnx', 'program']),
      ],
    },
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
  },
});
