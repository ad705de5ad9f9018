/* Lists: empty filters stay out of the address; j, k and arrows walk, Enter opens, / searches. */
"use strict";
(() => {
  if (window.chanye?.lists) return; // two lists on a page load this once
  if (window.chanye) window.chanye.lists = true;
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("[data-filters]")) return;
    for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-filters]");
    if (form && event.target.matches('.range input[type="date"]') && event.target.checkValidity()) form.requestSubmit();
  });
  const lines = () => [...document.querySelectorAll("[data-rows] tbody tr")];
  function walk(step) {
    const all = lines(), now = all.findIndex((line) => "at" in line.dataset);
    const next = all[Math.max(0, Math.min(all.length - 1, now + step))];
    if (!next) return;
    if (now >= 0) delete all[now].dataset.at;
    next.dataset.at = "";
    next.scrollIntoView({ block: "nearest" });
  }
  const open = (line) => { if (line?.dataset.href) location.assign(line.dataset.href); };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, select, textarea, button, a, summary, [contenteditable]")) return;
    const seek = document.getElementById("list-q");
    if (event.key === "/" && seek) { event.preventDefault(); seek.select(); return; }
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    if (step && lines().length) { event.preventDefault(); walk(step); }
    if (event.key === "Enter") open(lines().find((line) => "at" in line.dataset));
  });
  document.addEventListener("click", (event) => {
    const line = event.target.closest?.("tr[data-href]");
    if (!line || event.target.closest("a, button, input, select, label, summary, form") || String(getSelection())) return;
    if (event.ctrlKey || event.metaKey) window.open(line.dataset.href); else open(line);
  });

  /* ---- import: the browser keeps the file, the page shows its name ---- */
  document.addEventListener("change", (event) => {
    const drop = event.target.closest?.(".drop");
    if (drop) drop.querySelector(".chosen").textContent = event.target.files[0]?.name ?? "";
  });
  for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]]) {
    document.addEventListener(name, (event) => event.target.closest?.(".drop")?.toggleAttribute("data-over", over));
  }
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const form = event.detail.elt.closest?.("[data-import]");
      if (!form) return;
      const said = document.createElement("p");
      said.className = "notice fault";
      said.role = "alert";
      said.textContent = form.dataset.moved;
      document.getElementById("import-preview").replaceChildren(said);
      form.reset(); // so that the same file can be chosen again
      form.querySelector(".chosen").textContent = "";
    });
  }
})();
