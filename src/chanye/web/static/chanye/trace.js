/* Genealogy: drag to move, wheel, pinch or buttons to zoom. Without it the drawing scrolls. */
"use strict";
(() => {
  const frame = document.querySelector("[data-graph]");
  if (!frame) return;
  const svg = frame.querySelector("svg"), home = svg.viewBox.baseVal;
  const whole = { x: home.x, y: home.y, w: home.width, h: home.height };
  const start = svg.querySelector(".start rect");
  let view = { ...whole };
  const fingers = new Map();
  let moved = 0;

  frame.classList.add("live");
  document.querySelector("[data-zoom-tools]").hidden = false;
  svg.removeAttribute("width");
  svg.removeAttribute("height");

  function show() { svg.setAttribute("viewBox", `${view.x} ${view.y} ${view.w} ${view.h}`); }
  function zoom(factor, cx = view.x + view.w / 2, cy = view.y + view.h / 2) {
    const w = Math.min(Math.max(view.w / factor, 200), whole.w * 3), by = w / view.w;
    view = { x: cx - (cx - view.x) * by, y: cy - (cy - view.y) * by, w, h: view.h * by };
    show();
  }
  function at(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [point.x, point.y];
  }
  /* a wide tree begins at the item, at a size that can be read */
  const readable = frame.clientWidth;
  if (start && whole.w > readable * 1.3) {
    const box = start.getBBox();
    view.w = readable;
    view.h = svg.clientHeight;
    view.x = box.x + box.width / 2 - view.w / 2;
    view.y = box.y + box.height / 2 - view.h / 2;
  }
  show();

  svg.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, ...at(event)); }, { passive: false });
  svg.addEventListener("pointerdown", (event) => { fingers.set(event.pointerId, [event.clientX, event.clientY]); moved = 0; });
  window.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = [event.clientX, event.clientY];
    const scale = 1 / svg.getScreenCTM().a;
    if (fingers.size === 1) {
      view.x -= (now[0] - before[0]) * scale;
      view.y -= (now[1] - before[1]) * scale;
      moved += Math.abs(now[0] - before[0]) + Math.abs(now[1] - before[1]);
      show();
    } else {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const span = (p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      moved = 99;
      zoom(span(now) / Math.max(span(before), 1));
    }
    fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"]) window.addEventListener(end, (event) => fingers.delete(event.pointerId));
  svg.addEventListener("click", (event) => { if (moved > 6) event.preventDefault(); }, true);
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  document.querySelector("[data-zoom-tools]").addEventListener("click", (event) => {
    const factor = Number(event.target.dataset.zoom);
    if (factor > 0) zoom(factor); else { view = { ...whole }; show(); }
  });
})();
