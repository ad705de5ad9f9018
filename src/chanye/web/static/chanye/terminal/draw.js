/* Draws the terminal from data. Every value is escaped; texts come in all languages with the page. */
import { behind, branches, inHand, tidy, undoable, wanted } from "./model.js";

class Markup { constructor(text) { this.text = text; } }
const escape = (value) => String(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
const flat = (value) => value instanceof Markup ? value.text : Array.isArray(value) ? value.map(flat).join("") : value === null || value === undefined || value === false ? "" : escape(value);
const html = (parts, ...values) => new Markup(parts.reduce((text, part, i) => text + flat(values[i - 1]) + part));
const icon = (name) => html`<svg class="icon" aria-hidden="true"><use href="#i-${name}"/></svg>`;

export function drawer(words) {
  let ui, language = "zh-hans";
  const t = (name, fill = {}) => (words[language]?.[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => fill[key] ?? "");
  const named = (one) => (one ? (language === "en" ? one.name_en : one.name) : "");
  const clock = (us) => new Date(us / 1000).toLocaleTimeString("sv-SE", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });
  const day = (us) => new Date(us / 1000).toLocaleString("sv-SE", { timeZone: "Asia/Shanghai" }).slice(5, 16);
  const press = (act, text, { kind = "", data = {}, sign = "", sub = "" } = {}) => html`<button type="button" class="key ${kind}" data-act="${act}" ${Object.entries(data).map(([key, value]) => html` data-${key}="${value}"`)}>${sign && icon(sign)}<b>${text}</b>${sub && html`<small>${sub}</small>`}</button>`;
  const since = (us) => html`<time data-since="${us}"></time>`;
  const counted = (c) => [c.good && t("n_good", { n: c.good }), c.scrap && t("n_scrap", { n: c.scrap }), c.rework && t("n_rework", { n: c.rework })].filter(Boolean).join(" · ");

  /* ---- the bar: where, who, and how sure what was booked is ---- */
  function bar({ state, rows, link, me }) {
    const waiting = rows.filter((row) => row.status === "kept"), refused = rows.filter((row) => row.status === "refused");
    const lost = link.online === false, look = refused.length ? "bad" : !link.online || !link.signed || waiting.length ? "wait" : "fine";
    const said = !link.signed ? t("sign_in_again") : lost ? t("offline_since", { at: clock(link.lost) }) : t(link.online ? "online" : "loading");
    const count = refused.length ? t("n_refused", { n: refused.length }) : waiting.length ? t("n_kept", { n: waiting.length }) : t("all_booked");
    const person = state?.people?.find((one) => one.badge === me);
    return html`<header>${press("places", state?.place?.name || t("choose"), { kind: "where", sub: state?.place?.group || "", sign: "tablet" })}
${press("sheet", person?.name || me || t("who"), { data: { sheet: "who" }, sign: "user", kind: "person" })}
<button type="button" class="key link ${look}" data-act="sheet" data-sheet="queue" data-link="${look}"><i></i><b>${said}</b><small data-count>${count}</small></button>
${state?.place && press("sheet", t("call"), { data: { sheet: "call" }, kind: "help", sign: "bell" })}
${press("language", language === "en" ? "中文" : "EN", { kind: "narrow" })}</header>`;
  }
  const proposed = (state, stop) => state.reasons.downtime?.find((one) => one.code === stop.proposal);
  /* ---- things that want an answer stand above the work ---- */
  function notices({ state, safe, me }) {
    return html`<div class="notices">${!safe && html`<p class="notice quiet">${icon("warn")}<span>${t("unsafe")}</span></p>`}
${state.stops.slice(0, 1).map((stop) => html`<p class="notice stop">${icon("warn")}<span><b>${t("stopped_for")} ${stop.end ? html`${clock(stop.start)}–${clock(stop.end)}` : since(stop.start)}</b> ${stop.text}${state.stops.length > 1 && html` · ${t("n_more", { n: state.stops.length - 1 })}`}</span>${proposed(state, stop) && press("stop", named(proposed(state, stop)), { data: { reason: stop.proposal, start: stop.start, end: stop.end ?? "" }, kind: "warm", sub: t("likely") })}${press("sheet", t(proposed(state, stop) ? "other_reason" : "give_reason"), { data: { sheet: "stop", start: stop.start }, kind: proposed(state, stop) ? "" : "warm" })}</p>`)}
${state.calls.map((call) => html`<p class="notice call">${icon("bell")}<span><b>${t("called", { type: named(state.reasons.help?.find((one) => one.code === call.type)) })} ${since(call.raised_at)}</b> ${call.answered_at ? t("help_is_here", { by: call.answered_by || "" }) : t("help_comes")}</span>${!call.answered_at && press("answer", t("help_here"), { data: { call: call.id || call.key } })}${press("close-call", t("call_done"), { data: { call: call.id || call.key } })}</p>`)}
${state.handovers.filter((one) => one.badge !== me && !ui.read.includes(one.at)).slice(0, 1).map((one) => html`<p class="notice note">${icon("page")}<span><b>${t("handover_from", { by: one.by, at: day(one.at) })}</b> ${one.note}</span>${press("read", t("understood"), { data: { at: one.at } })}</p>`)}</div>`;
  }
  /* ---- the operation in hand ---- */
  const much = (n, need) => `${tidy(n)} ${need.unit}`;
  const stands = (need) => `${tidy(need.used)} / ${much(need.needed, need)}`;
  const material = (task) => {
    const first = task.materials.find((need) => wanted(need) > 0) || task.materials[0];
    return first && press("sheet", t("material"), { sign: "box", kind: behind(task) ? "again" : "", data: { sheet: "material" }, sub: stands(first) });
  };
  const fact = (name, value, kind = "") => html`<div class="fact ${kind}"><dt>${name}</dt><dd>${value}</dd></div>`;
  const seconds = (s) => (s >= 90 ? t("n_min", { n: Math.round(s / 6) / 10 }) : t("n_s", { n: Math.round(s * 10) / 10 }));
  function work(all) {
    const { state, me } = all, { running, task } = inHand(state, ui.operation), names = (badge) => state.people.find((one) => one.badge === badge)?.name || badge;
    if (!task || ui.list) return list(all, task);
    const last = undoable(state, me), meter = state.counted.find((one) => one.operation === task.id), setup = task.state === "setup", left = Math.max(0, task.here);
    const share = (n) => `width:${task.planned ? Math.min(100, (100 * n) / task.planned) : 0}%`;
    const main = setup ? press("run", t("start_run"), { kind: "main", sign: "play", data: { id: task.id } })
      : left && task.serial ? press("sheet", t("serials"), { kind: "main long", sign: "scan", data: { sheet: "serials" }, sub: t("n_scanned", { n: ui.serials.operation === task.id ? ui.serials.list.length : 0 }) })
      : left ? press("good", "+1", { kind: "main", data: { n: 1, id: task.id }, sub: t("good") }) : press("finish", t("finish"), { kind: "main", sign: "check", data: { id: task.id } });
    return html`<section class="work"><div class="job">
${running.length > 1 && html`<nav class="tabs">${running.map((one) => press("choose", one.order, { kind: one === task ? "on" : "", data: { id: one.id }, sub: one.name }))}</nav>`}
<p class="state ${task.state}"><i></i>${t(`state_${task.state}`)} ${task.started_at && since(task.started_at)}</p>
<h1>${task.order} <small>${task.number} ${task.name}</small></h1><p class="what">${task.product_name} <span>${task.product} · ${t("revision")} ${task.revision}</span></p>
<p class="count"><output data-good>${task.good}</output><span>/ ${task.planned} ${t("pcs")}</span></p>
<div class="bar" role="img" aria-label="${task.good} / ${task.planned}"><i class="g" style="${share(task.good)}"></i><i class="s" style="${share(task.scrap)}"></i><i class="r" style="${share(task.rework)}"></i></div>
<dl>${fact(t("here"), left)}${fact(t("scrap"), task.scrap, task.scrap ? "s" : "")}${fact(t("rework"), task.rework)}${fact(t("cycle"), seconds(task.run_time))}${fact(t("due"), task.due ? day(task.due) : "–")}${task.people.some((one) => one !== me) && fact(t("at_work"), task.people.map(names).join(", "))}${ui.lot && html`<div class="fact"><dt>${t("lot")}</dt><dd>${ui.lot} <button type="button" data-act="lot" aria-label="${t("remove")}">×</button></dd></div>`}</dl>
<p class="last">${last ? html`<span>${t("last")} ${clock(last.event_at)} · ${counted(last)}${!last.sent && last.row ? html` · ${t("kept_here")}` : ""}</span>${press("undo", t("undo"), { sign: "undo", data: { id: last.id, row: last.row || 0 } })}` : html`<span>${t("nothing_yet")}</span>`}</p></div>
<div class="act">${main}
${task.serial ? html`<div class="row"></div>` : html`<div class="row">${meter && !setup && press("accept", `+${meter.good}`, { kind: "on", data: { id: task.id, n: meter.good }, sub: t("by_machine") })}${!setup && [5, 10].filter((n) => n <= left).slice(meter ? 1 : 0).map((n) => press("good", `+${n}`, { data: { n, id: task.id } }))}${!setup && left > 1 && ![5, 10].includes(left) && press("sheet", `${t("all")} ${left}`, { data: { sheet: "number", n: left } })}${press("sheet", t("number"), { sign: "keys", data: { sheet: "number" } })}</div>`}
<div class="row">${press("sheet", t("scrap"), { kind: "bad", sign: "scrap", data: { sheet: "scrap" } })}${task.reworkable && press("sheet", t("rework"), { kind: "again", sign: "rework", data: { sheet: "rework" } })}${!task.serial && press("sheet", t("counter"), { sign: "counter", data: { sheet: "counter" } })}${material(task)}</div>
<div class="row low">${task.instruction.length > 0 && press("sheet", t("instruction"), { sign: "page", data: { sheet: "pages", id: task.id } })}${me && !task.people.includes(me) ? press("join", t("join"), { sign: "user", data: { id: task.id } }) : task.people.length > 1 && press("leave", t("leave"), { sign: "user", data: { id: task.id } })}${press("pause", t("pause"), { sign: "pause", data: { id: task.id } })}${press("more", t("others"), { sign: "list" })}${press("sheet", t("handover"), { sign: "page", data: { sheet: "handover" } })}</div></div></section>`;
  }
  /* ---- what can run next: the first is the one to start ---- */
  function list({ state }, inWork) {
    const open = state.tasks.filter((task) => task !== inWork);
    const card = (task, i) => {
      const ready = task.here > 0 && task.state !== "held" && !task.place;
      const why = task.state === "held" ? t("is_held", { why: task.hold_reason }) : task.place ? t("runs_at", { place: task.place }) : task.here <= 0 ? t("waits_for_pieces") : [...task.missing, ...task.warnings].join(" · ");
      return html`<li class="task ${ready ? "" : "off"} ${i ? "" : "first"}"><div><h2>${task.order} <small>${task.number} ${task.name}</small></h2><p class="what">${task.product_name} <span>${task.product}</span></p>
<p class="facts"><span><b>${Math.max(0, task.here)}</b> ${t("pcs")}</span><span>${t("due")} <b>${task.due ? day(task.due) : "–"}</b></span><span>${seconds(task.run_time)}/${t("pcs")}</span>${task.state === "paused" && html`<span class="mark">${t("state_paused")}</span>`}</p>${why && html`<p class="why">${why}</p>`}</div>
<div class="go">${ready && task.setup_time > 0 && task.state !== "paused" && press("setup", t("setup"), { data: { id: task.id } })}${ready && press("start", t(task.state === "paused" ? "go_on" : "start"), { kind: i ? "" : "main", sign: "play", data: { id: task.id } })}</div></li>`;
    };
    return html`<section class="choice"><div class="row head"><h1>${t("next")}</h1>${inWork && press("more", t("back_to", { order: inWork.order }), { sign: "left" })}${press("sheet", t("scan"), { sign: "scan", data: { sheet: "scan" } })}${press("sheet", t("handover"), { sign: "page", data: { sheet: "handover" } })}</div>
${open.length ? html`<ul>${open.map(card)}</ul>` : html`<div class="empty"><h2>${t("no_work")}</h2><p>${t("no_work_do")}</p></div>`}</section>`;
  }
  function places({ state }) {
    const groups = Map.groupBy ? Map.groupBy(state.places, (one) => one.group) : state.places.reduce((found, one) => found.set(one.group, [...(found.get(one.group) || []), one]), new Map());
    return html`<section class="choice"><div class="row head"><h1>${t("choose")}</h1>${press("sheet", t("scan"), { sign: "scan", data: { sheet: "scan" } })}</div><p class="hint">${t("choose_do")}</p>${state.places.length === 0 && html`<div class="empty"><h2>${t("no_places")}</h2><p>${t("no_places_do")}</p></div>`}
${[...groups].map(([group, found]) => html`<h2>${group}</h2><div class="tiles">${found.map((one) => html`<a class="key" href="/terminal/${encodeURI(one.code)}/"><b>${one.name}</b><small>${one.code}</small></a>`)}</div>`)}</section>`;
  }
  /* ---- sheets: one decision each ---- */
  const field = (name, label) => html`<button type="button" class="field ${ui.sheet.at === name ? "on" : ""} ${name}" data-act="field" data-name="${name}"><small>${label}</small><output data-field="${name}">${ui.sheet[name] || 0}</output></button>`;
  const pad = (last = "C") => html`<div class="pad">${[7, 8, 9, 4, 5, 6, 1, 2, 3, last, 0, "⌫"].map((digit) => html`<button type="button" class="key" data-act="digit" data-digit="${digit}"><b>${digit}</b></button>`)}</div>`;
  const reasons = (all, act, names, none) => {
    const found = branches(names, ui.sheet.group);
    return html`<div class="reasons">${ui.sheet.group && press("group", t("back"), { sign: "left", data: { group: "" } })}${found.map((one) => press(one.leaf ? act : "group", named(one), { kind: one.code === ui.sheet.proposal ? "on" : "", data: one.leaf ? { reason: one.code } : { group: one.code }, sub: one.leaf ? "" : "›" }))}${!found.length && html`<p class="hint">${none || t("no_reasons")}</p>`}</div>`;
  };
  const sheets = {
    number: () => html`<div class="two"><div>${field("good", t("good"))}${pad()}</div><div>${press("book", t("book_good", { n: ui.sheet.good || 0 }), { kind: "main", sign: "check" })}</div></div>`,
    scrap: (all) => html`<div class="two"><div><div class="fields">${field("scrap", t("scrap"))}${!inHand(all.state, ui.operation).task?.serial && field("good", t("good_too"))}</div>${pad()}</div><div><h2>${t("why_scrap", { n: ui.sheet.scrap || 0 })}</h2>${reasons(all, "book", all.state.reasons.scrap)}</div></div>`,
    rework: (all) => html`<div class="two"><div><div class="fields">${field("rework", t("rework"))}${!inHand(all.state, ui.operation).task?.serial && field("good", t("good_too"))}</div>${pad()}</div><div><h2>${t("why_rework", { n: ui.sheet.rework || 0 })}</h2>${reasons(all, "book", all.state.reasons.rework || all.state.reasons.scrap)}</div></div>`,
    counter: () => html`<div class="two"><div><div class="fields">${field("from", t("reading_start"))}${field("to", t("reading_end"))}</div>${pad()}</div><div>${press("book", t("book_good", { n: Math.max(0, (ui.sheet.to || 0) - (ui.sheet.from || 0)) }), { kind: "main", sign: "check" })}<p class="hint">${t("counter_do")}</p></div></div>`,
    material: ({ state }) => {
      const task = inHand(state, ui.operation).task, known = (need) => (state.lots[need.code] || []).filter((lot) => lot.left > 0).slice(0, 4);
      const again = ui.again?.operation === task?.id, put = again ? [] : state.put.filter((one) => one.operation === task?.id && (one.row || one.id)).slice(0, 3);
      return html`<p class="hint">${again ? t("material_again", { at: clock(ui.again.event_at) }) : t("material_do")}</p><ul class="needs">${task?.materials.map((need) => html`<li><span><b>${need.name}</b> ${need.code}<small>${t("used")} ${stands(need)}</small></span>${need.tracking === "none" ? press("put", t("put_in"), { kind: "on", data: { material: need.code }, sub: much(wanted(need), need) }) : known(need).map((lot) => press("put", lot.code, { data: { material: need.code, lot: lot.code }, sub: much(lot.left, need) }))}</li>`)}</ul><div class="row">${press("sheet", t("scan"), { sign: "scan", data: { sheet: "scan", back: "material" } })}</div>
${put.length > 0 && html`<h2>${t("last_put")}</h2><ul class="needs put">${put.map((one) => html`<li><span><b>${task.materials.find((need) => need.code === one.material)?.name || one.material} ${one.lot}</b><small>${clock(one.event_at)} · ${tidy(one.quantity)} ${task.materials.find((need) => need.code === one.material)?.unit}${!one.sent && one.row ? html` · ${t("kept_here")}` : ""}</small></span>${press("take-out", t("undo"), { sign: "undo", data: { id: one.id, row: one.row || 0 } })}</li>`)}</ul>`}`;
    },
    put: () => {
      const { need, lot, quantity } = ui.sheet, again = ui.again?.material === need.code && ui.again.operation === ui.sheet.operation;
      return html`${again && html`<p class="hint">${t("material_again", { at: clock(ui.again.event_at) })}</p>`}<div class="two"><div>${field("quantity", `${t("number")} ${need.unit}`)}${pad(".")}</div><div><h2>${need.name} ${need.code}</h2><p class="what">${lot && html`${t("lot")} <b>${lot}</b> · `}${t("used")} ${stands(need)}</p>${press("consume", t("put_in"), { kind: "main", sign: "check", sub: `${quantity || 0} ${need.unit}` })}</div></div>`;
    },
    ask: ({ state }) => {
      const task = inHand(state, ui.operation).task, { lot } = ui.sheet;
      return html`<h2>${lot}</h2><div class="reasons">${task?.materials.filter((need) => need.tracking !== "none").map((need) => press("put", t("lot_of", { material: need.name }), { data: { material: need.code, lot }, sub: need.code }))}${press(task?.serial ? "serial" : "of-pieces", t(task?.serial ? "serial_of_piece" : "lot_of_pieces"), { data: { lot } })}</div>`;
    },
    serials: () => {
      const { list } = ui.serials;
      return html`<div class="two"><div><p class="hint">${t("serials_do")}</p><ul class="needs">${list.map((code) => html`<li><span><b>${code}</b></span>${press("unserial", "×", { data: { code } })}</li>`)}</ul></div><div>${press("book", t("book_good", { n: list.length }), { kind: "main", sign: "check" })}${press("sheet", t("scan"), { sign: "scan", data: { sheet: "scan", back: "serials" } })}</div></div>`;
    },
    stop: (all) => reasons(all, "stop", all.state.reasons.downtime),
    call: (all) => reasons(all, "help", all.state.reasons.help, t("no_help")),
    who: (all) => html`<p class="hint">${t("who_do")}</p><div class="tiles">${all.state.people.map((one) => press("badge", one.name, { kind: one.badge === all.me ? "on" : "", data: { badge: one.badge }, sub: one.badge }))}</div>`,
    handover: () => html`<textarea rows="5" maxlength="1000" placeholder="${t("handover_do")}" aria-label="${t("handover")}"></textarea><div class="row">${press("handover", t("leave_note"), { kind: "main", sign: "check" })}</div>`,
    scan: () => html`<video playsinline muted></video><p class="hint" data-scan>${t("scan_do")}</p>`,
    pages: ({ state }) => {
      const task = state.tasks.find((one) => one.id === ui.sheet.id), page = task.instruction[ui.sheet.page], last = ui.sheet.page === task.instruction.length - 1;
      return html`<div class="page">${page.file && html`<img src="${page.file}" alt="">`}<p>${page.text}</p></div><div class="row">${ui.sheet.page > 0 && press("page", t("back"), { sign: "left", data: { n: -1 } })}<span class="grow">${task.instruction_title} · ${t("version")} ${task.instruction_version} · ${ui.sheet.page + 1} / ${task.instruction.length}</span>${press("page", t(page.confirm ? "i_confirm" : !last ? "further" : ui.sheet.sign ? "start" : "close"), { kind: page.confirm || !last || ui.sheet.sign ? "main" : "", sign: page.confirm ? "check" : "right", data: { n: 1 } })}</div>`;
    },
    queue: ({ rows, link }) => {
      const seen = rows.filter((row) => row.status !== "booked");
      const told = ({ entry, about }) => [t(`kind_${entry.kind}`), about, entry.material && `${entry.material} ${entry.lot || ""} ${entry.quantity}`, counted({ good: entry.kind === "counter" ? entry.to - entry.from : entry.good, scrap: entry.scrap, rework: entry.rework })].filter(Boolean).join(" · ");
      return html`<p class="hint">${!link.signed ? html`${t("sign_in_do")} <a href="/sign-in/?next=/terminal/">${t("sign_in_again")}</a>` : link.online === false ? t("offline_do") : link.said || t("queue_do")}</p>
<ul class="queue">${seen.map((row) => html`<li class="${row.status}"><span><b>${told(row)}</b><small>${day(row.entry.event_at)} · ${t(row.status === "refused" ? "refused" : "kept_here")}</small>${row.why && html`<em>${row.why}</em>`}</span>${row.status === "refused" && press("seen", t("seen"), { data: { n: row.n } })}</li>`)}</ul>${!seen.length && html`<p class="empty">${t("all_booked")}</p>`}`;
    },
  };
  const sheet = (all) => ui.sheet && html`<section class="sheet" role="dialog" aria-label="${t(`sheet_${ui.sheet.kind}`)}"><div class="row head"><h1>${t(`sheet_${ui.sheet.kind}`)}</h1>${press("shut", t("close"), { sign: "close" })}</div><div class="in">${sheets[ui.sheet.kind](all)}</div></section>`;
  const note = () => ui.note && html`<p class="said ${ui.note.kind}" role="status" data-said="${ui.note.kind}">${icon({ booked: "check", kept: "clock", hint: "right" }[ui.note.kind] || "warn")}<b>${t(`said_${ui.note.kind}`)}</b><span>${ui.note.text}</span></p>`;

  return {
    t, counted,
    draw(all) {
      ({ ui, language } = all);
      const body = !all.state ? html`<div class="empty"><h2>${t("loading")}</h2><p>${all.link.online === false ? t("never_seen") : ""}</p></div>` : all.state.place ? html`${notices(all)}${work(all)}` : places(all);
      return flat(html`${bar(all)}<main>${body}</main>${note()}${sheet(all)}`);
    },
  };
}
