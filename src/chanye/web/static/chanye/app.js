/* The shell: theme, dialogs, search, live parts, ticking times. No build step; works with htmx 2. */
"use strict";
(() => {
  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => from.querySelectorAll(selector);

  /* ---- theme: light -> dark -> as the device ---- */
  function nextTheme() {
    const now = root.dataset.theme || "";
    const next = { "": "light", light: "dark", dark: "" }[now];
    if (next) root.dataset.theme = next; else delete root.dataset.theme;
    document.cookie = `theme=${next};path=/;max-age=${next ? 31536000 : 0};samesite=lax`;
    document.dispatchEvent(new CustomEvent("theme"));
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => document.dispatchEvent(new CustomEvent("theme")));

  /* ---- dialogs ---- */
  function openPalette() {
    const dialog = $("#palette");
    if (!dialog || dialog.open) return;
    dialog.showModal();
    const input = $("input", dialog);
    input.select();
    htmx.trigger(input, "palette-open");
  }
  function choose(step) {
    const links = [...$$("#found a")];
    if (!links.length) return;
    const now = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
    const next = (now + step + links.length) % links.length;
    links.forEach((link, i) => link.setAttribute("aria-selected", String(i === next)));
    links[next].scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", (event) => {
    const at = event.target.closest("[data-theme-next],[data-open],[data-close],[data-dismiss]");
    $$("details.pick[open]").forEach((one) => { if (!one.contains(event.target)) one.open = false; });
    if (event.target.nodeName === "DIALOG") event.target.close();
    if (!at) return;
    if ("themeNext" in at.dataset) nextTheme();
    if (at.dataset.open === "palette") openPalette();
    if ("close" in at.dataset) at.closest("dialog").close();
    if ("dismiss" in at.dataset) at.closest(".toast").remove();
  });
  document.addEventListener("click", (event) => {
    if (event.target.matches('.dayname input') && event.target.showPicker) event.target.showPicker();
  });
  document.addEventListener("change", (event) => {
    if ("submit" in event.target.dataset && event.target.value && event.target.checkValidity()) event.target.form.requestSubmit();
  });
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { event.preventDefault(); openPalette(); return; }
    if (event.key === "Escape") $$("details.pick[open]").forEach((one) => { one.open = false; });
    if (!$("#palette")?.open) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(event.key === "ArrowDown" ? 1 : -1); }
    if (event.key === "Enter") {
      event.preventDefault();
      eager = $("#found").dataset.asked !== $("#palette input").value;
      if (!eager) follow();
    } else eager = false;
  });
  let eager = false; // Enter came before the list that answers what was typed
  function follow() {
    const link = $('#found a[aria-selected="true"]') || $("#found a");
    if (link) location.assign(link.href);
  }
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "found") return;
    event.detail.target.dataset.asked = new URL(event.detail.xhr.responseURL).searchParams.get("q") ?? "";
    if (eager && event.detail.target.dataset.asked === $("#palette input").value) { eager = false; follow(); }
  });

  /* ---- times that tick: written exactly as the server writes them ---- */
  const fill = (text, parts) => text.replace(/%\((\w+)\)d/g, (_, name) => parts[name]);
  function duration(us) {
    const seconds = Math.max(0, Math.floor(us / 1e6));
    const words = root.dataset;
    const d = Math.floor(seconds / 86400), h = Math.floor(seconds / 3600) % 24, m = Math.floor(seconds / 60) % 60;
    if (d) return fill(words.wordsD, { d, h });
    if (seconds >= 3600) return fill(words.wordsH, { h, m });
    if (seconds >= 60) return fill(words.wordsM, { m });
    return fill(words.wordsS, { s: seconds });
  }
  let offset = 0; // server's clock minus ours [us]
  const now = () => Date.now() * 1000 + offset;
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  function tick() {
    const at = now();
    $$("[data-since]").forEach((element) => put(element, duration(at - Number(element.dataset.since))));
    $$("[data-age]").forEach((element) => {
      if (!element.dataset.age) return;
      const age = at - Number(element.dataset.age);
      put(element, duration(age));
      element.toggleAttribute("data-stale", age > Number(element.dataset.limit || 60e6));
    });
    $$("[data-now]").forEach((element) => {
      const [start, end] = element.dataset.now.split(" ").map(Number);
      element.style.setProperty("--now", Math.min(100, Math.max(0, (100 * (at - start)) / (end - start))).toFixed(3));
    });
  }
  function readClock(from) {
    const holder = $("[data-clock]", from);
    if (holder) offset = Number(holder.dataset.clock) - Date.now() * 1000;
  }

  /* ---- live parts: fetched whole, changed one by one where their mark differs ---- */
  const etags = new WeakMap();
  /* When each machine was last heard of comes apart from the tiles, which then stay untouched. */
  function readSeen(fresh, holder) {
    for (const pair of ($("[data-seen]", fresh)?.dataset.seen || "").split(" ")) {
      const [id, at] = pair.split(":");
      const age = id && $(`#m${id} [data-age]`, holder);
      if (age) age.dataset.age = at;
    }
  }
  function merge(holder, text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    readClock(fresh);
    readSeen(fresh, holder);
    const old = new Map([...$$("[data-mark]", holder)].map((element) => [element.id, element]));
    const wanted = [...$$("[data-mark]", fresh)];
    const same = wanted.length === old.size && wanted.every((element) => old.has(element.id));
    if (!same) { const inner = $("[data-live]", fresh); if (inner) holder.replaceChildren(...inner.childNodes); htmx.process(holder); tick(); return; }
    for (const element of wanted) {
      const present = old.get(element.id);
      if (present.dataset.mark !== element.dataset.mark) morph(present, element);
    }
    tick();
  }
  /* Make one element equal to another, touching only what differs: focus, selection and hover stay. */
  function morph(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) { old.replaceWith(document.importNode(fresh, true)); return; }
    if (old.nodeType !== Node.ELEMENT_NODE) { if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue; return; }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && name !== "data-stale") old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const before = [...old.childNodes], after = [...fresh.childNodes];
    after.forEach((child, i) => { if (i < before.length) morph(before[i], child); else old.append(document.importNode(child, true)); });
    before.slice(after.length).forEach((child) => child.remove());
    if (old.hasAttribute("hx-get")) htmx.process(old);
  }
  function connection(state) {
    if (document.body.dataset.connection === state) return;
    if (state === "lost") { const said = $("[data-lost]"); if (said) said.textContent = new Date().toLocaleTimeString("sv-SE"); }
    document.body.dataset.connection = state;
  }
  document.addEventListener("htmx:beforeRequest", (event) => {
    if ("live" in event.detail.elt.dataset && document.hidden) event.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const element = event.detail.elt;
    if ("live" in element.dataset) {
      event.detail.shouldSwap = false;
      if (event.detail.xhr.status >= 400) return;
      connection("live");
      const etag = event.detail.xhr.getResponseHeader("ETag");
      if (etag && etags.get(element) === etag) return;
      if (etag) etags.set(element, etag);
      merge(element, event.detail.xhr.responseText);
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "sheet-in" && !$("#sheet").open) $("#sheet").showModal();
    if (event.detail.target.id === "found") choose(1);
  });
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => { if ("live" in event.detail.elt.dataset) connection("lost"); });
  }
  addEventListener("offline", () => connection("lost"));
  addEventListener("online", () => connection("live"));

  window.chanye = { duration, now };
  readClock(document);
  tick();
  setInterval(tick, 1000);
})();

/* Drag over a state strip to look closer. */
(() => {
  for (const holder of document.querySelectorAll("[data-zoom]")) {
    const [start, end] = holder.dataset.zoom.split(" ").map(Number);
    const place = (event) => { const box = holder.getBoundingClientRect(); return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)); };
    let from = null, lasso = null;
    holder.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      from = place(event);
      lasso = holder.appendChild(document.createElement("i"));
      lasso.className = "lasso";
      holder.setPointerCapture(event.pointerId);
    });
    holder.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = place(event);
      lasso.style.left = `${Math.min(from, to) * 100}%`;
      lasso.style.width = `${Math.abs(to - from) * 100}%`;
    });
    const stop = (event) => {
      if (from === null) return;
      const to = place(event), at = from;
      from = null;
      lasso.remove();
      if (event.type === "pointerup" && Math.abs(to - at) > 0.01) {
        const span = end - start, low = start + Math.min(at, to) * span, high = start + Math.max(at, to) * span;
        if (high - low >= 10e6) location.assign(`?start=${Math.floor(low / 1000)}&end=${Math.ceil(high / 1000)}`);
      }
    };
    holder.addEventListener("pointerup", stop);
    holder.addEventListener("pointercancel", stop);
  }
  // On a phone the rooms scroll: the one we are in is in sight.
  document.querySelector(".rail .rooms [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
})();
