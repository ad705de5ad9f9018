/* One inspection on a tablet: one value a screen. It is booked through the queue of the terminal, online or not. */
"use strict";
(() => {
  const task = JSON.parse(document.getElementById("task").textContent);
  const words = JSON.parse(document.getElementById("words").textContent);
  const root = document.getElementById("inspect"), queue = self.terminalQueue, KEPT = `inspection ${task.id}`;
  const t = (name, fill = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => fill[key] ?? "");
  const safe = (value) => String(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const steps = task.asked.flatMap((one, c) => Array.from({ length: one.samples }, (_, sample) => ({ one, c, sample })));
  const draft = (() => { try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; } })();
  const state = { at: 0, values: {}, gauges: {}, pictures: {}, note: "", key: "", said: "", bad: false, online: navigator.onLine, ...draft };
  if (!draft.values) for (const { one, sample } of steps) if (task.given[one.code]?.[sample] !== undefined) state.values[`${one.code} ${sample}`] = String(task.given[one.code][sample]);
  const save = () => { try { localStorage.setItem(KEPT, JSON.stringify({ ...state, said: "", online: undefined })); } catch { /* shown when it is booked */ } };
  const name = ({ one, sample }) => `${one.code} ${sample}`;
  const typed = (step) => state.values[name(step)] ?? "";
  const gaugeOf = (one) => task.gauges.find((gauge) => gauge.code === (state.gauges[one.code] || one.gauge));

  /* ---- good or not: the same rule as the server's, which judges again ---- */
  function judge(step) {
    const { one } = step, text = typed(step);
    if (text === "") return null;
    if (one.kind === "choice") { const found = one.choices.find((choice) => choice[0] === text); return { good: found?.[2] === true, word: found?.[2] ? "good" : "bad" }; }
    const value = Number(text);
    if (!Number.isFinite(value)) return null;
    if (one.lower !== null && value < one.lower) return { good: false, word: "low" };
    if (one.upper !== null && value > one.upper) return { good: false, word: "high" };
    return { good: true, word: "good" };
  }
  function ends(one) {
    let { lower: low, upper: high } = one;
    if (high === null) high = low > 0 ? 2 * low : low < 0 ? 0 : 1;
    if (low === null) low = high > 0 ? 0 : high < 0 ? 2 * high : -1;
    return [low, high];
  }
  function scale(step) {
    const { one } = step;
    if (one.kind === "choice" || (one.lower === null && one.upper === null)) return "";
    const [low, high] = ends(one), verdict = judge(step);
    const x = (value) => Math.min(590, Math.max(10, 150 + (300 * (value - low)) / (high - low)));
    const edge = (value, at) => (value === null ? "" : `<path class="edge" d="M${at} 22V58"/><text x="${at}" y="84">${value.toFixed(one.digits)}</text>`);
    const place = verdict ? x(Number(typed(step))) : 0;
    const mark = !verdict ? "" : verdict.good ? `<circle class="dot" cx="${place}" cy="40" r="12"/>` : `<rect class="out" x="-11" y="-11" width="22" height="22" transform="translate(${place} 40) rotate(45)"/>`;
    const middle = one.nominal === null ? "" : `<text x="${x(one.nominal)}" y="14">${one.nominal.toFixed(one.digits)}</text>`;
    return `<svg class="scale" viewBox="0 0 600 92" role="img" aria-label="${safe(t("limits"))}"><rect class="track" y="36" width="600" height="8" rx="4"/><rect class="spec" x="150" y="28" width="300" height="24"/>${edge(one.lower, 150)}${edge(one.upper, 450)}${middle}${mark}</svg>`;
  }
  const verdictLine = (verdict) => `<p class="verdict ${verdict ? (verdict.good ? "good" : "bad") : ""}" role="status">${verdict ? `${verdict.good ? "✓" : "✕"} ${safe(t(verdict.word))}` : ""}</p>`;

  function gaugeLine(one) {
    if (!one.gauge) return "";
    const now = gaugeOf(one), day = (us) => new Date(us / 1000).toLocaleDateString("sv-SE");
    const options = task.gauges.filter((gauge) => gauge.fit || gauge.code === now?.code).map((gauge) => `<option value="${safe(gauge.code)}"${gauge === now ? " selected" : ""}>${safe(gauge.code)} ${safe(gauge.name)}</option>`);
    const said = now && !now.fit ? `<span class="warned">✕ ${safe(t("expired"))}</span>` : now?.until ? `<span>${safe(t("until", { at: day(now.until) }))}</span>` : "";
    return `<label>${safe(t("gauge"))} <select data-gauge="${safe(one.code)}">${options.join("")}</select></label>${said}`;
  }
  function asking(step) {
    const { one, sample } = step, verdict = judge(step), picture = state.pictures[one.code]?.[sample];
    const limits = one.kind === "choice" ? "" : `${one.lower ?? "…"} – ${one.upper ?? "…"} ${one.unit}`;
    const pad = one.kind === "choice"
      ? `<div class="picks">${one.choices.map(([code, word, good]) => `<button type="button" class="${good ? "yes" : "no"}" data-pick="${safe(code)}" aria-pressed="${typed(step) === code}"><span class="mark">${good ? "✓" : "✕"}</span>${safe(word)}</button>`).join("")}</div>`
      : `<div class="pad">${[..."789456123", one.kind === "count" ? "C" : ".", "0", "⌫"].map((key) => `<button type="button" data-key="${key}">${key}</button>`).join("")}${one.kind === "count" ? "" : `<button type="button" data-key="±">±</button><button type="button" data-key="C">C</button>`}</div>`;
    return `<main><section class="ask"><h2>${safe(one.name)}</h2><p class="sub">${safe(t("sample", { n: sample + 1, of: one.samples }))} · ${safe(limits)}${one.method ? ` · ${safe(one.method)}` : ""}</p>
${one.kind === "choice" ? "" : `<p class="value" data-value>${safe(typed(step)) || "–"}<small>${safe(one.unit)}</small></p>`}${verdictLine(verdict)}${scale(step)}
<div class="extra">${gaugeLine(one)}<label class="photo">${safe(t(picture ? "photo_kept" : "photo"))}${picture ? " ✓" : ""}<input type="file" accept="image/*" capture="environment" data-photo></label></div></section><section>${pad}</section></main>`;
  }
  function review() {
    const missing = steps.filter((step) => !judge(step)).length, bad = steps.filter((step) => judge(step)?.good === false).length;
    const sum = bad ? t("any_bad", { n: bad }) : missing ? t("missing", { n: missing }) : t("all_good");
    return `<main class="one"><section><p class="said ${bad ? "bad" : ""}">${bad ? "✕ " : missing ? "" : "✓ "}${safe(sum)}</p><div class="rows">${steps.map((step, i) => { const verdict = judge(step); return `<button type="button" data-to="${i}"><span>${safe(step.one.name)} · ${step.sample + 1}</span><b>${safe(typed(step)) || "–"}</b><span>${verdict ? (verdict.good ? "✓" : "✕") : "…"} ${verdict ? safe(t(verdict.word)) : ""}</span></button>`; }).join("")}</div>
<input class="note" data-note placeholder="${safe(t("note"))}" aria-label="${safe(t("note"))}" maxlength="500" value="${safe(state.note)}"></section></main>`;
  }
  function draw() {
    const end = state.at >= steps.length, ready = steps.every(judge) || steps.some((step) => judge(step)?.good === false);
    const bars = steps.map((step, i) => { const verdict = judge(step); return `<i class="${verdict ? (verdict.good ? "done" : "bad") : ""} ${i === state.at ? "here" : ""}"></i>`; }).join("");
    root.innerHTML = `<header><button type="button" data-act="leave">${safe(t("leave"))}</button><div><h1>${safe(task.title)}</h1><p>${safe(task.sub)}</p></div><span class="link ${state.online ? "" : "off"}">${safe(t(state.online ? "online" : "offline"))}</span></header>
<div><div class="steps" aria-hidden="true">${bars}</div>${state.said ? `<p class="said ${state.bad ? "bad" : ""}" role="alert">${safe(state.said)}</p>` : ""}${end ? review() : asking(steps[state.at])}</div>
<footer><button type="button" data-act="back"${state.at ? "" : " disabled"}>${safe(t("back"))}</button><button type="button" class="go" data-act="${end ? "book" : "next"}"${(end && (!ready || state.key)) || (!end && !judge(steps[state.at])) ? " disabled" : ""}>${safe(t(end ? "book" : state.at === steps.length - 1 ? "review" : "next"))}</button></footer>`;
  }
  function say(text, bad = false) { Object.assign(state, { said: text, bad }); draw(); }

  /* ---- booking ---- */
  async function book() {
    const values = {};
    for (const step of steps) {
      const text = typed(step);
      if (text !== "") (values[step.one.code] ||= {})[step.sample] = step.one.kind === "choice" ? text : Number(text);
    }
    try {
      state.key = await queue.put(task.place, "measure", { inspection: task.id, values, gauges: state.gauges, pictures: state.pictures, note: state.note });
    } catch { say(t("not_kept"), true); return; }
    save();
    say(t("booking"));
    send();
  }
  async function send() {
    if (!state.key) return;
    try { await queue.send(); state.online = true; } catch { state.online = false; }
    const row = (await queue.rows()).find((one) => one.entry.key === state.key);
    if (row?.status === "kept") { say(queue.link.signed ? t("kept") : t("sign"), !queue.link.signed); setTimeout(send, 4000); return; }
    if (row) await queue.drop([row.n]);
    if (row?.status === "refused") { state.key = ""; save(); say(`${t("refused")}: ${row.why}`, true); return; }
    localStorage.removeItem(KEPT);
    location.assign(task.result);
  }
  async function photo(file) {
    const step = steps[state.at], form = new FormData();
    form.append("file", file);
    form.append("kind", "picture");
    try {
      const answer = await fetch(task.files, { method: "POST", body: form, headers: { "X-CSRFToken": /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] || "" } });
      const told = await answer.json().catch(() => ({}));
      if (!answer.ok) { say(told.what_to_do || t("photo_refused"), true); return; }
      (state.pictures[step.one.code] ||= {})[step.sample] = told.id;
      save();
      say("");
    } catch { say(t("photo_offline"), true); }
  }

  function key(sign) {
    const step = steps[state.at], old = typed(step), whole = step.one.kind === "count";
    let text = old;
    if (sign === "C") text = "";
    else if (sign === "⌫") text = old.slice(0, -1);
    else if (sign === "±") text = old.startsWith("-") ? old.slice(1) : `-${old}`;
    else if (sign === ".") text = old.includes(".") || whole ? old : `${old || "0"}.`;
    else if (old.replace(/[-.]/g, "").length < 12) text = old + sign;
    state.values[name(step)] = text === "-" || text === "-0" ? "" : text;
    if (!state.values[name(step)]) delete state.values[name(step)];
    save();
    state.said = "";
    draw();
  }
  const move = (to) => { state.at = Math.min(steps.length, Math.max(0, to)); state.said = ""; save(); draw(); };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || button.disabled) return;
    const { act, pick, to } = button.dataset;
    if (button.dataset.key) key(button.dataset.key);
    else if (pick !== undefined) { state.values[name(steps[state.at])] = pick; move(state.at + 1); }
    else if (to !== undefined) move(Number(to));
    else if (act === "next") move(state.at + 1);
    else if (act === "back") move(state.at - 1);
    else if (act === "book") book();
    else if (act === "leave") location.assign(task.back);
  });
  root.addEventListener("change", (event) => {
    if ("photo" in event.target.dataset && event.target.files[0]) photo(event.target.files[0]);
    if (event.target.dataset.gauge) { state.gauges[event.target.dataset.gauge] = event.target.value; save(); draw(); }
    if ("note" in event.target.dataset) { state.note = event.target.value; save(); }
  });
  addEventListener("keydown", (event) => {
    if (state.at >= steps.length || event.target.nodeName === "SELECT" || event.ctrlKey) return;
    if (/^[0-9.]$/.test(event.key) && steps[state.at].one.kind !== "choice") key(event.key);
    if (event.key === "-") key("±");
    if (event.key === "Backspace") key("⌫");
    if (event.key === "Enter" && event.target.nodeName !== "BUTTON" && judge(steps[state.at])) move(state.at + 1);
  });
  for (const event of ["online", "offline"]) addEventListener(event, () => { state.online = event === "online"; draw(); if (state.online) send(); });
  draw();
  if (state.key) { say(t("booking")); send(); }
})();
