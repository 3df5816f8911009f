/** The entry of a worker thread in a browser. */

import { type Assignment, join } from './member.ts';

const scope = globalThis as unknown as {
  onmessage: ((event: { readonly data: Assignment }) => void) | null;
  postMessage(message: unknown): void;
};

scope.onmessage = ({ data }) => {
  join(data, () => scope.postMessage('ready'));
};
