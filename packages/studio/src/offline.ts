/**
 * Without a network: a service worker keeps what the page has loaded, and all of the page once a network was opened. The
 * server of `tritbank studio` is on the same machine and needs none.
 */

const isOwnMachine = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname);

let kept: Promise<ServiceWorkerRegistration> | undefined;

/** Where the browser has service workers; a page that cannot be kept works all the same. */
export function keepPage(): void {
  if (isOwnMachine || !('serviceWorker' in navigator) || !location.protocol.startsWith('http')) return;
  navigator.serviceWorker.register('./service-worker.js').catch(() => {});
  kept = navigator.serviceWorker.ready;
}

/** WebAssembly and examples, too: megabytes, for whoever has begun to work. */
export function keepAll(): void {
  const { connection } = navigator as { readonly connection?: { readonly saveData: boolean } };
  if (connection?.saveData) return;
  void kept?.then(({ active }) => active?.postMessage('keep all'));
}
