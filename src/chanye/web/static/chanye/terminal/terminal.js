/* The terminal: taps and scans become entries that are kept, shown at once, and sent; the server's data comes by polling. */
import { drawer } from "./draw.js";
import { inHand, meaning, overlay, wanted } from "./model.js";
import { hasCamera, listenToWedge, readCamera } from "./scan.js";

const queue = self.terminalQueue, link = queue.link, $ = (selector) => document.querySelector(selector);
const root = $("#terminal"), code = decodeURI(location.pathname).replace(/^\/terminal\//, "").replace(/\/$/, "");
const words = JSON.parse($("#words").textContent), view = drawer(words);
const POLL = 2000, SLOWEST = 15_000, TWICE = 600, SAID = 4000; // [ms]
const ui = { sheet: null, operation: 0, list: false, lot: "", note: null, again: null, read: [], confirmed: [], serials: { operation: 0, list: [] } };
let state = null, shown = null, etag = "", rows = [], badge = "", language = document.documentElement.lang.startsWith("en") ? "en" : "zh-hans";
let drawn = "", held = false, failures = 0, timer = 0, running = null, again = false, stopCamera = null, sound = null, lastTap = { what: "", at: -TWICE }, keeping = Promise.resolve();

/* ---- draw: only what changed, and never under a finger ---- */
const me = () => badge || state?.viewer.badge || "";
function draw() {
  shown = overlay(state, rows);
  const text = view.draw({ state: shown, rows, link, me: me(), ui, language, safe: "serviceWorker" in navigator });
  if (text === drawn || held || root.querySelector("textarea, video")) return;
  drawn = text;
  root.innerHTML = text;
  tick();
}
function redraw() { root.querySelector(".sheet")?.remove(); drawn = ""; draw(); }
function tick() {
  for (const one of root.querySelectorAll("[data-since]")) {
    const s = Math.max(0, Math.floor((queue.now() - Number(one.dataset.since)) / 1e6)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    one.textContent = h ? view.t("n_h_min", { h, m }) : m ? view.t("n_min", { n: m }) : view.t("n_s", { n: s });
  }
}
/* ---- tell: "kept" is not "booked", and neither is said before it is true ---- */
function beep(...tones) {
  if (!sound) return;
  tones.forEach(([pitch, at, length]) => {
    const voice = sound.createOscillator(), volume = sound.createGain();
    voice.frequency.value = pitch;
    volume.gain.value = 0.15;
    voice.connect(volume).connect(sound.destination);
    voice.start(sound.currentTime + at);
    voice.stop(sound.currentTime + at + length);
  });
}
function say(kind, text, key = "") {
  ui.note = { kind, text, key };
  if (kind === "kept") { navigator.vibrate?.(25); beep([330, 0, 0.05]); }
  if (kind === "booked") { navigator.vibrate?.([30, 40, 30]); beep([660, 0, 0.08], [990, 0.09, 0.12]); }
  if (["refused", "lost"].includes(kind)) { navigator.vibrate?.(300); beep([160, 0, 0.35]); }
  clearTimeout(say.timer);
  if (["kept", "booked", "hint"].includes(kind)) say.timer = setTimeout(() => { ui.note = null; draw(); }, SAID);
}
async function changed() {
  rows = await queue.rows();
  const mine = ui.note?.key && rows.find((row) => row.entry.key === ui.note.key);
  if (mine && mine.status !== "kept" && ui.note.kind === "kept") say(mine.status === "booked" ? "booked" : "refused", mine.why || ui.note.text, mine.entry.key);
  draw();
}
/* Keep an entry; only then shut the sheet and say so. The next tap or scan waits for it, for it counts on it. */
const put = (...entry) => (keeping = keep(...entry));
async function keep(kind, members, text) {
  try {
    const key = await queue.put(state.place.id, kind, { ...(me() && { person: me() }), ...members }, task(members.operation)?.order);
    rows = await queue.rows();
    ui.sheet = null;
    ui.note = { kind: "kept", text, key };
    say("kept", text, key);
    redraw();
    cycle();
    return true;
  } catch (problem) {
    say("lost", view.t(problem?.name === "QuotaExceededError" ? "storage_full" : "not_kept"));
    redraw();
    return false;
  }
}
/* ---- the way to the server: send, then ask; one at a time ---- */
function cycle() {
  if (running) { again = true; return running; }
  clearTimeout(timer);
  running = turn().finally(() => {
    running = null;
    const wait = again ? 0 : Math.min(SLOWEST, POLL * 2 ** Math.min(Math.max(0, failures - 1), 3)) * (failures ? 0.75 + Math.random() / 2 : 1);
    again = false;
    timer = setTimeout(cycle, document.hidden && !rows.length ? SLOWEST : wait);
  });
  return running;
}
async function turn() {
  try {
    await queue.send();
    await queue.alone(ask, false); // while nobody sends: data that hold an entry still waiting here would count it twice
    failures = 0;
    link.online = true;
  } catch {
    failures += 1;
    if (link.online !== false) link.lost = queue.now();
    link.online = false;
  }
  await changed().catch(() => {});
}
async function ask() {
  const asked = Date.now();
  const answer = await fetch(`/api/v1/factory/terminal?place=${encodeURIComponent(code)}`, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(8000) });
  queue.measure(asked, Number(answer.headers.get("Server-Time") || NaN));
  link.signed = answer.status !== 401;
  if (answer.status >= 500) throw new Error(answer.status);
  if (answer.status === 404 && state === null && code) location.replace("/terminal/");
  if (answer.status === 200) {
    state = await answer.json();
    etag = answer.headers.get("ETag") || "";
    queue.set(`state ${code}`, state).catch(() => {});
  }
  if (answer.status === 200 || answer.status === 304) await queue.settle(asked);
}
/* ---- what taps do ---- */
const open = (kind, more = {}) => { if (["booked", "hint"].includes(ui.note?.kind)) ui.note = null; ui.sheet = { kind, at: { scrap: "scrap", rework: "rework", counter: "to" }[kind] || "good", fresh: true, ...more }; };
const task = (id) => shown.tasks.find((one) => one.id === Number(id));
const current = () => inHand(shown, ui.operation).task;
function output(id, count, reason) {
  return put("output", { operation: Number(id), ...count, ...(reason && { reason }), ...(ui.lot && { lot: ui.lot }) }, view.counted(count));
}
/* Material is put in with what is still wanted, or what is left of the lot, as the number offered. */
function putIn(need, lot) {
  const left = shown.lots[need.code]?.find((one) => one.code === lot)?.left ?? Infinity;
  open("put", { need, lot, operation: current().id, at: "quantity", quantity: String(Math.max(0, Math.min(wanted(need), left)) || "") });
}
function keepSerials(operation, list) {
  ui.serials = { operation, list };
  return (keeping = queue.set("serials", ui.serials).then(() => true, () => { say("lost", view.t("not_kept")); return false; }));
}
/* A serial number is taken once: not again while it waits, nor after it was booked. */
async function addSerial(code) {
  const one = current(), list = ui.serials.operation === one.id ? ui.serials.list : [];
  open("serials");
  if (list.includes(code) || shown.booked.some((booked) => booked.serials?.includes(code))) return say("refused", view.t("serial_twice", { code }));
  if (list.length >= one.here) return say("refused", view.t("serial_enough", { n: one.here }));
  if (await keepSerials(one.id, [...list, code])) say("hint", `${code} · ${view.t("n_scanned", { n: list.length + 1 })}`);
}
/* An instruction with pages to confirm is read by each person before the work starts. */
function begin(id, phase) {
  const one = task(id), sign = `${id} ${one.instruction_version} ${me()}`;
  if (one.instruction.some((page) => page.confirm) && !ui.confirmed.includes(sign)) return open("pages", { id: one.id, page: 0, phase, sign });
  ui.operation = one.id;
  ui.list = false;
  return put("start", { operation: one.id, phase }, `${view.t(phase === "setup" ? "setup" : "start")} · ${one.order}`);
}
const acts = {
  places: () => location.assign("/terminal/"),
  language: () => { language = language === "en" ? "zh-hans" : "en"; document.cookie = `django_language=${language};path=/;max-age=31536000;samesite=lax`; document.documentElement.lang = language === "en" ? "en" : "zh-Hans"; etag = ""; },
  shut: () => { stopCamera?.(); ui.sheet = ui.again = null; },
  choose: ({ id }) => { ui.operation = Number(id); },
  more: () => { ui.list = !ui.list; },
  lot: () => { ui.lot = ""; },
  read: ({ at }) => { ui.read.push(Number(at)); queue.set("read", ui.read).catch(() => {}); },
  seen: ({ n }) => queue.drop([Number(n)]),
  field: ({ name }) => Object.assign(ui.sheet, { at: name, fresh: true }),
  group: ({ group }) => { ui.sheet.group = group; },
  digit({ digit }) {
    const at = ui.sheet.at, old = ui.sheet.fresh ? "" : String(ui.sheet[at] || "");
    if (at === "quantity") {
      const typed = digit === "⌫" ? String(ui.sheet.quantity).slice(0, -1) : old + digit;
      if (/^\d{0,7}(\.\d{0,3})?$/.test(typed)) Object.assign(ui.sheet, { quantity: typed, fresh: false });
      return;
    }
    const text = digit === "C" ? "" : digit === "⌫" ? String(ui.sheet[at] || "").slice(0, -1) : old + digit;
    Object.assign(ui.sheet, { [at]: Number(text.slice(0, at === "from" || at === "to" ? 12 : 6)), fresh: false });
  },
  async sheet({ sheet, n, start, id, back }) {
    const stop = sheet === "stop" && shown.stops.find((one) => one.start === Number(start));
    const reading = sheet === "counter" ? (await queue.get(`counter ${state.place.id}`)) || 0 : 0;
    open(sheet, { good: Number(n) || 0, scrap: sheet === "scrap" ? 1 : 0, rework: sheet === "rework" ? 1 : 0, from: reading, to: reading, page: 0, id: Number(id), back, start: Number(start), end: stop?.end ?? null, proposal: stop?.proposal });
    if (sheet === "serials" && ui.serials.operation !== current().id) await keepSerials(current().id, []);
    if (sheet === "scan") setTimeout(camera);
  },
  setup: ({ id }) => begin(id, "setup"),
  start: ({ id }) => begin(id, "run"),
  run: ({ id }) => begin(id, "run"),
  join: ({ id }) => begin(id, task(id).state === "setup" ? "setup" : "run"),
  leave: ({ id }) => put("leave", { operation: Number(id) }, `${view.t("leave")} · ${task(id).order}`),
  pause: ({ id }) => put("pause", { operation: Number(id) }, `${view.t("pause")} · ${task(id).order}`),
  finish: ({ id }) => put("finish", { operation: Number(id) }, `${view.t("finish")} · ${task(id).order}`),
  good: ({ id, n }) => output(id, { good: Number(n) }),
  accept: ({ id, n }) => put("accept", { operation: Number(id), good: Number(n) }, view.counted({ good: Number(n) })),
  put: ({ material, lot = "" }) => putIn(current().materials.find((one) => one.code === material), lot),
  consume() {
    const { need, lot, operation } = ui.sheet, quantity = Number(ui.sheet.quantity), again = ui.again?.operation === operation && ui.again.material === need.code ? ui.again : null;
    if (quantity > 0) ui.again = null;
    return quantity > 0 ? put("consume", { operation, material: need.code, quantity, ...(lot && { lot }), ...(again && { event_at: again.event_at }) }, `${need.name} ${lot} ${quantity} ${need.unit}`) : say("hint", view.t("give_number"));
  },
  "of-pieces": ({ lot }) => { ui.sheet = null; ui.lot = lot; say("hint", `${view.t("lot")} ${lot}`); },
  serial: ({ lot }) => addSerial(lot),
  unserial: ({ code }) => keepSerials(ui.serials.operation, ui.serials.list.filter((one) => one !== code)),
  async book({ reason }) {
    const { kind, good = 0, scrap = 0, rework = 0, from, to } = ui.sheet, id = current()?.id, { list } = ui.serials;
    if (kind === "serials") {
      if (!list.length || ui.serials.operation !== id) return say("hint", view.t("serials_do"));
      return (await output(id, { good: list.length, serials: list })) && keepSerials(0, []);
    }
    if (good && current()?.serial) return say("hint", view.t("serials_do"));
    if (kind !== "counter") return good + scrap + rework > 0 && (kind === "number" || scrap + rework > 0) ? output(id, { good, scrap, rework }, reason) : say("hint", view.t("give_number"));
    if (to <= from) return say("hint", view.t("give_reading"));
    await queue.set(`counter ${state.place.id}`, to).catch(() => {});
    return put("counter", { operation: id, from, to, ...(ui.lot && { lot: ui.lot }) }, view.counted({ good: to - from }));
  },
  async undo({ id, row }) {
    if (Number(row) && await queue.cancel(Number(row))) return say("hint", view.t("taken_back"));
    const booked = shown.booked.find((one) => one.id === Number(id) && one.id);
    return booked ? put("correct", { booking: booked.id }, `${view.t("undo")} · ${view.counted(booked)}`) : say("hint", view.t("on_its_way"));
  },
  /* What went in by mistake comes out again; what is put in next instead went in at that time. */
  async "take-out"({ id, row }) {
    const one = shown.put.find((put) => (Number(row) ? put.row === Number(row) : put.id === Number(id) && put.id));
    const unsent = Number(row) && (await queue.cancel(Number(row)));
    if (!one || (!unsent && !one.id)) return say("hint", view.t("on_its_way"));
    const { operation, material, event_at } = one;
    if (!unsent && !(await put("correct_consumption", { consumption: one.id }, `${view.t("undo")} · ${material} ${one.lot} ${one.quantity}`))) return;
    ui.again = { operation, material, event_at };
    open("material");
    if (unsent) say("hint", view.t("taken_back"));
  },
  stop: ({ reason, start, end }) => put("stop", { start: start ? Number(start) : ui.sheet.start, end: start ? Number(end) || null : ui.sheet.end, reason }, view.t("kind_stop")),
  help: ({ reason }) => put("call", { type: reason }, view.t("kind_call")),
  answer: ({ call }) => put("call_answer", { call: Number(call) || call }, view.t("help_here")),
  "close-call": ({ call }) => put("call_close", { call: Number(call) || call }, view.t("call_done")),
  badge: ({ badge: chosen }) => { badge = chosen; ui.sheet = null; queue.set("badge", badge).catch(() => {}); say("hint", view.t("signed_in", { name: shown.people.find((one) => one.badge === badge)?.name || badge })); },
  handover: () => { const text = root.querySelector("textarea").value.trim(); return text ? put("handover", { note: text, shift: "" }, view.t("handover")) : say("hint", view.t("handover_do")); },
  async page({ n }) {
    const sheet = ui.sheet, one = task(sheet.id);
    sheet.page += Number(n);
    if (sheet.page < one.instruction.length) return;
    ui.sheet = null;
    if (!sheet.sign) return;
    if (!(await put("confirm", { operation: one.id, version: one.instruction_version }, view.t("kind_confirm")))) return;
    ui.confirmed.push(sheet.sign);
    queue.set("confirmed", ui.confirmed.slice(-200)).catch(() => {});
    return begin(sheet.id, sheet.phase);
  },
};
async function camera() {
  const video = root.querySelector("video");
  if (!hasCamera()) { $("[data-scan]").textContent = view.t("scan_wedge"); video.remove(); return; }
  stopCamera = await readCamera(video, scanned, () => { const said = $("[data-scan]"); if (said) said.textContent = view.t("scan_wedge"); });
}
async function scanned(text) {
  stopCamera?.();
  await keeping;
  const one = shown?.place ? current() : null, found = meaning(text, shown || {}, one), tracked = one?.materials.filter((need) => need.tracking !== "none") || [];
  const from = ui.sheet?.kind === "scan" ? ui.sheet.back : ui.sheet?.kind;
  if (ui.sheet?.kind === "scan") ui.sheet = null;
  if (found.kind === "badge") acts.badge({ badge: found.code });
  else if (found.kind === "place") location.assign(`/terminal/${encodeURI(found.code)}/`);
  else if (found.kind === "order") {
    ui.operation = found.task.id;
    ui.list = !["running", "setup"].includes(found.task.state);
    say("hint", `${found.code} · ${found.task.name}`);
  } else if (!one || found.kind === "unknown") say("refused", view.t("unknown_code", { code: found.code }));
  else if (one.serial && (from === "serials" || (found.kind === "lot" && !tracked.length))) await addSerial(found.code);
  else if (found.kind === "material") putIn(found.material, found.code);
  else if (from === "material" && tracked.length === 1) putIn(tracked[0], found.code);
  else if (tracked.length) open("ask", { lot: found.code });
  else acts["of-pieces"]({ lot: found.code });
  redraw();
}
root.addEventListener("click", async (event) => {
  const key = event.target.closest("[data-act]");
  if (!key) return;
  sound ||= self.AudioContext ? new AudioContext() : null;
  const { act } = key.dataset, what = `${act} ${JSON.stringify(key.dataset)}`;
  if (act !== "digit" && what === lastTap.what && event.timeStamp - lastTap.at < TWICE) return; // one finger, two taps
  lastTap = { what, at: event.timeStamp };
  held = false;
  await keeping;
  await acts[act]({ ...key.dataset });
  redraw();
});
root.addEventListener("pointerdown", () => { held = true; });
for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => setTimeout(() => { held = false; draw(); }, 50));
addEventListener("online", () => { failures = 0; cycle(); });
addEventListener("offline", () => { if (link.online !== false) link.lost = queue.now(); link.online = false; draw(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) cycle(); });
listenToWedge(scanned);
setInterval(tick, 1000);
queue.listen(() => changed().catch(() => {}));

/* ---- begin with what is kept, then ask ---- */
try {
  await queue.wake();
  [state = null, badge = "", ui.read = [], ui.confirmed = [], ui.serials = ui.serials] = await Promise.all([`state ${code}`, "badge", "read", "confirmed", "serials"].map(queue.get));
  if (!(await queue.get("name"))) await queue.set("name", `T-${Math.random().toString(36).slice(2, 6).toUpperCase()}`);
  await changed();
} catch { say("lost", view.t("not_kept")); draw(); }
navigator.storage?.persist?.();
cycle();
/* A new version takes over at once, but never under a decision: what was tapped is kept anyway. */
const workers = navigator.serviceWorker, before = workers?.controller;
workers?.addEventListener("controllerchange", () => { if (before && !ui.sheet) location.reload(); });
workers?.register("/terminal/worker.js", { scope: "/terminal/" }).then((worker) => setInterval(() => worker.update().catch(() => {}), 3_600_000)).catch(() => {});
