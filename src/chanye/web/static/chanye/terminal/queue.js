/* The queue of a terminal: durable in IndexedDB before anything is acknowledged, sent in order by one sender at a time.
   A classic script, because the page and the service worker both load it. Times are us UTC by the server's clock. */
"use strict";
self.terminalQueue = (() => {
  const DOOR = "/terminal/inbox", LOCK = "terminal-send", BATCH = 50;
  const link = { online: null, signed: true, said: "", lost: 0 }; // what is known of the way to the server
  const channel = self.BroadcastChannel ? new BroadcastChannel("terminal") : null;
  let opened = null, clock = { offset: 0, trip: Infinity, at: 0 }, sending = false, listener = () => {};

  /* ---- what is kept ---- */
  const open = () => opened ||= new Promise((resolve, reject) => {
    const asked = indexedDB.open("chanye-terminal", 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("rows", { keyPath: "n", autoIncrement: true });
      asked.result.createObjectStore("kept");
    };
    asked.onsuccess = () => { asked.result.onversionchange = () => asked.result.close(); resolve(asked.result); };
    asked.onerror = () => { opened = null; reject(asked.error); };
  });
  /* One transaction; resolves with what `work` asked for when it is on the disk, not before. */
  async function within(store, mode, work) {
    const base = await open();
    return new Promise((resolve, reject) => {
      const held = base.transaction(store, mode, { durability: "strict" });
      const asked = work(held.objectStore(store));
      held.oncomplete = () => resolve(asked?.result);
      held.onabort = held.onerror = () => reject(held.error || asked?.error || new Error("aborted"));
    });
  }
  const rows = () => within("rows", "readonly", (store) => store.getAll());
  const get = (name) => within("kept", "readonly", (store) => store.get(name));
  const set = (name, value) => within("kept", "readwrite", (store) => store.put(value, name));
  const drop = (numbers) => within("rows", "readwrite", (store) => { numbers.forEach((n) => store.delete(n)); }).then(tell);
  function tell() { listener(); channel?.postMessage("changed"); }
  if (channel) channel.onmessage = () => listener();

  /* ---- the server's clock: its time at an answer less ours at the middle of the round trip ---- */
  const now = () => Math.round((Date.now() + clock.offset) * 1000);
  function measure(sent, server) {
    const here = Date.now(), trip = here - sent, offset = server / 1000 - (sent + here) / 2;
    if (!Number.isFinite(server) || trip < 0) return;
    if (trip > clock.trip * 1.5 && here - clock.at < 60_000 && Math.abs(offset - clock.offset) < 2000) return;
    const moved = Math.abs(offset - clock.offset) > 50;
    clock = { offset, trip, at: here };
    if (moved) set("clock", clock).catch(() => {});
  }
  async function wake() { const kept = await get("clock"); if (kept) clock = { ...kept, trip: Infinity }; }

  /* ---- put: rejects if it could not be kept; nobody may be told "booked" then ---- */
  const uuid = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  async function put(place, kind, members, about = "") {
    const entry = { key: uuid(), kind, event_at: now(), place, ...members };
    await within("rows", "readwrite", (store) => store.add({ entry, about, status: "kept", why: "", target: "", done: 0 }));
    tell();
    self.navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("send")).catch(() => {});
    return entry.key;
  }
  /* Take back what has not been sent; false if it is on its way. */
  const cancel = (n) => alone(async () => {
    const row = (await rows()).find((one) => one.n === n);
    if (row?.status !== "kept") return false;
    await drop([n]);
    return true;
  }, false);

  /* ---- send ---- */
  const alone = (work, ifAvailable = true) => self.navigator.locks
    ? self.navigator.locks.request(LOCK, { ifAvailable }, (lock) => (lock ? work() : false)) : work();
  async function token() {
    if (self.document) return /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] || "";
    return (await self.cookieStore?.get("csrftoken"))?.value || "";
  }
  async function send(ifAvailable = true) {
    if (sending) return;
    sending = true;
    try { await alone(sendAll, ifAvailable); } finally { sending = false; }
  }
  async function sendAll() {
    for (let i = 0; i < 200; i += 1) {
      const waiting = (await rows()).filter((row) => row.status === "kept").slice(0, BATCH);
      if (!waiting.length || !(await post(waiting))) return;
    }
  }
  async function post(waiting, again = true) {
    const sent = Date.now();
    const answer = await fetch(DOOR, {
      method: "POST", credentials: "same-origin", signal: AbortSignal.timeout(20_000),
      headers: { "Content-Type": "application/json", "X-CSRFToken": await token() },
      body: JSON.stringify({ terminal: (await get("name")) || "", entries: waiting.map((row) => row.entry) }),
    });
    if (answer.status === 403 && again) { // the token may have changed with a new session
      await fetch("/terminal/", { cache: "no-store" });
      return post(waiting, false);
    }
    link.signed = answer.status !== 401;
    const told = answer.headers.get("Content-Type")?.includes("json") ? await answer.json() : {};
    link.said = answer.ok ? "" : told.what_to_do || told.detail || `HTTP ${answer.status}`;
    if (!answer.ok) return false;
    measure(sent, told.now);
    const outcomes = new Map(told.outcomes.map((one) => [one.key, one]));
    await within("rows", "readwrite", (store) => {
      for (const row of waiting) {
        const became = outcomes.get(row.entry.key);
        if (!became) continue;
        const status = became.outcome === "refused" ? "refused" : "booked";
        store.put({ ...row, status, why: became.why, target: became.target, done: Date.now() });
      }
    });
    tell();
    return true;
  }
  /* What was booked before `asked` [ms] is in the data that came then: it need not be kept any longer. */
  async function settle(asked) {
    const old = (await rows()).filter((row) => row.status === "booked" && row.done <= asked).map((row) => row.n);
    if (old.length) await drop(old);
  }
  return { link, rows, get, set, drop, now, measure, wake, put, cancel, send, alone, settle, listen: (hear) => { listener = hear; }, clock: () => clock };
})();
