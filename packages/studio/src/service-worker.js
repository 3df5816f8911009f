// The build writes which files the page has, and which of them it begins with; see offline.ts.
const { version, first, all } = FILES;
const prefix = 'tritbank-studio ';
const name = `${prefix}${registration.scope} ${version}`;

addEventListener('install', (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(first)));
});

addEventListener('activate', (event) => {
  const isOld = (key) => key.startsWith(`${prefix}${registration.scope} `) && key !== name;
  const forget = async () => {
    for (const key of (await caches.keys()).filter(isOld)) await caches.delete(key);
    await clients.claim();
  };
  event.waitUntil(forget());
});

addEventListener('message', (event) => {
  if (event.data !== 'keep all') return;
  const keep = async () => {
    const cache = await caches.open(name);
    for (const file of all) if (!(await cache.match(file))) await cache.add(file);
  };
  event.waitUntil(keep().catch(() => {})); // what is missing is loaded when it is used
});

async function fromNetwork(request) {
  const response = await fetch(request);
  if (response.ok && response.type === 'basic') {
    const copy = response.clone();
    await (await caches.open(name)).put(request, copy);
  }
  return response;
}

// the page as the server has it now, else as it was; its parts have names by content
async function answer(request) {
  if (request.mode !== 'navigate') return (await caches.match(request)) ?? fromNetwork(request);
  return fetch(request).catch(async () => (await caches.match(first[0])) ?? Response.error());
}

addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && request.url.startsWith(registration.scope)) event.respondWith(answer(request));
});
