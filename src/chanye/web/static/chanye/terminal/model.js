/* What the terminal knows: the server's data with what waits here laid over it. Pure. */
const CLOSED = new Set(["finished"]);

export function overlay(state, rows) {
  if (!state?.place) return state;
  const next = structuredClone(state);
  next.lots ??= {}; next.put ??= []; // data kept by an older version of this page
  for (const task of next.tasks) { task.materials ??= []; task.people ??= []; }
  const mine = rows.filter((row) => row.entry.place === state.place.id && row.status !== "refused");
  for (const row of mine) step(next, row.entry, row);
  next.tasks = next.tasks.filter((task) => !CLOSED.has(task.state));
  return next;
}
function step(state, entry, row) {
  const task = state.tasks.find((one) => one.id === entry.operation);
  if (entry.kind === "start" && task) { task.state = entry.phase === "setup" ? "setup" : "running"; task.place = ""; task.started_at ??= entry.event_at; task.people = [...new Set([...task.people, entry.person])].filter(Boolean); }
  if (entry.kind === "leave" && task) task.people = task.people.filter((one) => one !== entry.person);
  if ((entry.kind === "pause" || (entry.kind === "leave" && !task?.people.length)) && task) { task.state = "paused"; task.people = []; }
  const need = entry.kind === "consume" && task?.materials.find((one) => one.code === entry.material);
  if (need) {
    const one = { id: Number(row.target?.split(":")[1]) || 0, row: row.n, sent: row.status !== "kept", operation: task.id, material: need.code, lot: entry.lot || "", quantity: entry.quantity, event_at: entry.event_at };
    use(state, one, 1);
    state.put = [one, ...state.put.filter((put) => put.id !== one.id || !one.id)];
  }
  const back = entry.kind === "correct_consumption" && state.put.find((one) => one.id === entry.consumption);
  if (back) {
    use(state, back, -1);
    state.put = state.put.filter((one) => one !== back);
  }
  if (entry.kind === "finish" && task) task.state = "finished";
  if (["output", "counter", "accept"].includes(entry.kind) && task) {
    const one = { id: Number(row.target?.split(":")[1]) || 0, row: row.n, sent: row.status !== "kept", operation: task.id, event_at: entry.event_at, person: entry.person || "", serials: entry.serials || [], ...pieces(entry) };
    move(task, one, 1);
    for (const count of state.counted) if (count.operation === task.id) count.good -= one.good + one.scrap + one.rework;
    state.counted = state.counted.filter((count) => count.good > 0);
    if (["ready", "waiting"].includes(task.state)) task.state = "running";
    state.booked.unshift(one);
  }
  if (entry.kind === "correct") {
    const booked = state.booked.find((one) => one.id === entry.booking);
    const its = booked && state.tasks.find((one) => one.id === booked.operation);
    if (its) move(its, booked, -1);
    state.booked = state.booked.filter((one) => one !== booked);
  }
  if (entry.kind === "call") state.calls.push({ id: 0, key: entry.key, type: entry.type, raised_at: entry.event_at, answered_at: null, note: entry.note || "" });
  const call = state.calls.find((one) => one.id === entry.call || one.key === entry.call);
  if (entry.kind === "call_answer" && call) call.answered_at ??= entry.event_at;
  if (entry.kind === "call_close") state.calls = state.calls.filter((one) => one !== call);
  if (entry.kind === "handover") state.handovers.unshift({ id: 0, note: entry.note, at: entry.event_at, by: entry.person || "", badge: entry.person || "" });
  if (entry.kind === "stop") state.stops = state.stops.filter((one) => one.start !== entry.start);
}
function use(state, put, sign) {
  const need = state.tasks.find((one) => one.id === put.operation)?.materials.find((one) => one.code === put.material);
  if (need) need.used += sign * put.quantity;
  for (const lot of state.lots[put.material] || []) if (lot.code === put.lot) lot.left -= sign * put.quantity;
}
export function pieces(entry) {
  const scrap = entry.scrap || 0;
  return { good: entry.kind === "counter" ? entry.to - entry.from - scrap : entry.good || 0, scrap, rework: entry.rework || 0 };
}
function move(task, count, sign) {
  for (const name of ["good", "scrap", "rework"]) { task[name] += sign * count[name]; task.here -= sign * count[name]; }
}
/* The operation in hand: the one chosen, if it runs here; else the first that does. */
export function inHand(state, chosen) {
  const running = state.tasks.filter((task) => ["running", "setup"].includes(task.state) && !task.place);
  return { running, task: running.find((one) => one.id === chosen) || running[0] };
}
/* The newest own booking that can still be taken back. */
export const undoable = (state, me) => state.booked.find((one) => one.person === me && (one.row || one.id));
/* A reason tree as leaves if they are few, else the most used leaves, then its groups. */
export function branches(reasons = [], group = "") {
  const parents = new Set(reasons.map((one) => one.parent));
  const leaves = reasons.filter((one) => !parents.has(one.code));
  if (group) return leaves.filter((one) => one.parent === group).map((one) => ({ ...one, leaf: true }));
  if (leaves.length <= 12) return leaves.map((one) => ({ ...one, leaf: true }));
  const often = leaves.filter((one) => one.used && one.parent).slice(0, 6);
  return [...often, ...reasons.filter((one) => !one.parent)].map((one) => ({ ...one, leaf: !parents.has(one.code) }));
}
/* What a material still wants, and whether pieces were made that it is not in yet. */
export const tidy = (n) => Math.round(n * 1000) / 1000;
export const wanted = (need) => tidy(Math.max(0, need.needed - need.used));
export const behind = (task) => task.materials.some((need) => need.used + 1e-6 < (need.needed * (task.good + task.scrap + task.rework)) / (task.planned || 1));
/* What a scanned code is: a badge, a machine, an order, material of the work in hand, else a lot or serial.
   A label may hold an address or a name of our own: its last part is the code, the one before it the material. */
export function meaning(text, state, task) {
  let code = text.trim(), said = "";
  try {
    const parts = /^(https?:|urn:chanye:)/i.test(code) ? new URL(code).pathname.split(/[/:]/).filter(Boolean).map(decodeURIComponent) : [];
    [said, code] = [parts.at(-2) || "", parts.at(-1) || code];
  } catch { /* no address */ }
  const found = (list, name) => list?.find((one) => one[name] === code);
  if (found(state.people, "badge")) return { kind: "badge", code };
  if (found(state.places, "code")) return { kind: "place", code };
  if (found(state.tasks, "order")) return { kind: "order", code, task: found(state.tasks, "order") };
  const material = task?.materials.find((need) => need.tracking !== "none" && (need.code === said || state.lots[need.code]?.some((lot) => lot.code === code)));
  if (material) return { kind: "material", code, material };
  return { kind: code.startsWith("W-") && !task?.serial ? "unknown" : "lot", code };
}
