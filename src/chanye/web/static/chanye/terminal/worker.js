/* The service worker of /terminal/. VERSION, FILES and SHELL stand before this text: the server writes them. */
"use strict";
importScripts(FILES.find((name) => name.endsWith("/queue.js")));
const CACHE = `terminal-${VERSION}`, PICTURES = "terminal-pictures", PATIENCE = 3000;

self.addEventListener("install", (event) => {
  const fresh = [SHELL, ...FILES].map((name) => new Request(name, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("terminal-") && name !== CACHE && name !== PICTURES;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

/* The page: from the server if it answers in time, else as it was. It holds no data, so one page serves all machines. */
async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
    if (answer.status < 500) return answer;
  } catch { /* no way to the server */ }
  return (await caches.match(SHELL)) || Response.error();
}
async function picture(request) {
  const cache = await caches.open(PICTURES), found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}
self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate") event.respondWith(page(event.request));
  else if (FILES.includes(url.pathname)) event.respondWith(caches.open(CACHE).then((cache) => cache.match(url.pathname)).then((found) => found || fetch(event.request)));
  else if (url.pathname.startsWith("/files/")) event.respondWith(picture(event.request));
});
self.addEventListener("sync", (event) => { if (event.tag === "send") event.waitUntil(self.terminalQueue.send(false)); });
