/* Trends: one component over ECharts. Charts of a page share the time axis and the cross-hair;
   each change of zoom asks the server for as many points as there are pixels. */
"use strict";
(() => {
  const page = document.querySelector("#trend");
  if (!page || !window.echarts) return;
  const home = [Number(page.dataset.start), Number(page.dataset.end)];
  const words = page.dataset;
  const charts = [];
  let view = [...home];

  /* ---- tokens, resolved to what the present theme makes of them ---- */
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  const token = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  const faded = (name, share) => token(name).replace(/^rgb\(([^)]+)\)$/, `rgba($1, ${share})`);

  /* ---- numbers and times ---- */
  const locale = document.documentElement.lang === "en" ? "en-GB" : "zh-CN";
  const number = (value) => value === null || value === undefined || Number.isNaN(value) ? "–" : value.toLocaleString(locale, { maximumSignificantDigits: 5 });
  const short = (value) => Math.abs(value) >= 1e5 ? value.toLocaleString(locale, { notation: "compact", maximumSignificantDigits: 4 }) : number(value);
  const parts = (options) => new Intl.DateTimeFormat(locale, { timeZone: words.zone, hourCycle: "h23", ...options });
  const seconds = parts({ hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const minutes = parts({ hour: "2-digit", minute: "2-digit" });
  const days = parts({ month: "numeric", day: "numeric" });
  const whole = parts({ year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 1 });
  function axisTime(value) {
    const span = view[1] - view[0];
    if (span > 3 * 86400e3) return days.format(value);
    if (span > 20 * 60e3) return minutes.format(value) === "00:00" ? days.format(value) : minutes.format(value);
    return seconds.format(value);
  }
  const escape = (text) => { const holder = document.createElement("i"); holder.textContent = text; return holder.innerHTML; };

  /* ---- one tile of hatching for unknown time ---- */
  function hatch() {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 8;
    const pen = canvas.getContext("2d");
    pen.strokeStyle = faded("unknown-mark", 0.55);
    pen.lineWidth = 1;
    for (const shift of [-8, 0, 8]) { pen.beginPath(); pen.moveTo(shift, 8); pen.lineTo(shift + 8, 0); pen.stroke(); }
    return { image: canvas, repeat: "repeat" };
  }
  function statePattern(state) {
    const fill = token(`${state}-fill`), mark = token(`${state}-mark`);
    if (state === "unknown") return hatch();
    if (state === "running" || state === "planned_off") return fill;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 8;
    const pen = canvas.getContext("2d");
    pen.fillStyle = fill; pen.fillRect(0, 0, 8, 8);
    pen.strokeStyle = pen.fillStyle = mark; pen.lineWidth = 1.4;
    const line = (...xy) => { pen.beginPath(); pen.moveTo(xy[0], xy[1]); pen.lineTo(xy[2], xy[3]); pen.stroke(); };
    if (state === "waiting") { pen.beginPath(); pen.arc(4, 4, 1.2, 0, 7); pen.fill(); }
    if (state === "setup") { line(-4, 4, 4, -4); line(0, 8, 8, 0); line(4, 12, 12, 4); }
    if (state === "stopped") line(2, 0, 2, 8);
    if (state === "fault") { line(0, 0, 8, 8); line(8, 0, 0, 8); }
    return { image: canvas, repeat: "repeat" };
  }

  /* ---- options ---- */
  function frame(data) {
    const states = data.mode === "states";
    return {
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 48, right: 20, top: states ? 8 : 18, bottom: 28 }, // the same for all: times stand below each other
      xAxis: {
        type: "time", min: 2 * view[0] - view[1], max: 2 * view[1] - view[0],
        axisLine: { lineStyle: { color: token("line-strong") } }, axisTick: { lineStyle: { color: token("line-strong") } },
        axisLabel: { color: token("ink-2"), hideOverlap: true, formatter: axisTime }, splitLine: { show: false },
        axisPointer: { show: true, snap: false, triggerTooltip: !states, lineStyle: { color: token("ink-2"), type: "solid" }, label: { backgroundColor: token("ink"), color: token("paper"), formatter: (at) => whole.format(at.value) } },
      },
      yAxis: {
        type: "value", scale: true, show: !states, name: "", ...(states ? { min: 0, max: 1 } : {}),
        axisLabel: { color: token("ink-2"), formatter: short }, splitLine: { lineStyle: { color: token("line") } }, minInterval: data.kind === "counter" && data.mode === "raw" ? 1 : 0,
      },
      dataZoom: [{ type: "inside", startValue: view[0], endValue: view[1], filterMode: "none", minValueSpan: 200, zoomOnMouseWheel: true, moveOnMouseMove: true, throttle: 60 }],
      tooltip: { trigger: states ? "item" : "axis", confine: true, transitionDuration: 0, backgroundColor: token("raised"), borderColor: token("line"), textStyle: { color: token("ink") }, className: "tooltip" },
    };
  }
  const areas = (data) => ({ silent: true, itemStyle: { color: hatch() }, data: data.unknown.map(([a, b]) => [{ xAxis: a }, { xAxis: b }]) });
  function limits(data) {
    return {
      silent: true, symbol: "none", lineStyle: { color: token("chart-limit"), type: "dashed", width: 1 },
      label: { color: token("chart-limit"), position: "insideEndTop", formatter: (line) => `${words.limit} ${number(line.value)}` },
      data: data.kind === "counter" ? [] : data.limits.map((value) => ({ yAxis: value })),
    };
  }
  /* A null between two points breaks the line: put one where unknown time begins. */
  function broken(data) {
    const points = data.t.map((t, i) => [t, data.v[i]]);
    const breaks = data.unknown.flatMap(([a, b]) => (b - a > 0 ? [[a, null]] : []));
    return breaks.length ? points.concat(breaks).sort((one, two) => one[0] - two[0] || (one[1] === null ? 1 : -1)) : points;
  }
  function numeric(data, color) {
    const option = frame(data);
    const line = { type: "line", name: data.name, step: data.stepped && data.mode === "raw" ? "end" : false, showSymbol: data.mode === "raw" && data.t.length < 120, symbol: "circle", symbolSize: 4, connectNulls: false, lineStyle: { width: 1.6, color: token(color) }, itemStyle: { color: token(color) }, data: broken(data), markArea: areas(data), markLine: limits(data), z: 3 };
    option.series = [line];
    if (data.mode === "band") {
      const edge = { type: "line", stack: "band", stackStrategy: "all", symbol: "none", silent: true, lineStyle: { opacity: 0 }, tooltip: { show: false }, z: 2 };
      option.series.push({ ...edge, name: "lo", data: data.t.map((t, i) => [t, data.lo[i]]) }, { ...edge, name: "hi", areaStyle: { color: faded(color, 0.2) }, data: data.t.map((t, i) => [t, data.hi[i] === null ? null : data.hi[i] - data.lo[i]]) });
    }
    option.tooltip.formatter = (shown) => {
      const at = shown.find((one) => one.seriesName === data.name);
      if (!at) return "";
      const i = data.t.indexOf(at.value[0]);
      const unit = escape(data.unit);
      const rows = [`<span>${whole.format(at.value[0])}</span>`];
      if (i < 0 || data.v[i] === null) rows.push(`<b>${escape(words.unknown)}</b>`);
      else if (data.mode === "band") rows.push(`<b>${escape(words.mean)} ${number(data.v[i])} ${unit}</b>`, `<span>${number(data.lo[i])} … ${number(data.hi[i])} ${unit}</span>`);
      else rows.push(`<b>${number(data.v[i])} ${unit}</b>`);
      return `<div class="tip">${rows.join("")}</div>`;
    };
    return option;
  }
  function stateBands(data) {
    const option = frame(data);
    const cache = {};
    const paint = (state) => (cache[state] ??= statePattern(state));
    const texts = [...new Set(data.bands.map((band) => band[3]))];
    option.series = [{
      type: "custom", clip: true,
      renderItem(_, api) {
        const a = api.coord([api.value(0), 0]), b = api.coord([api.value(1), 1]);
        const band = data.bands[api.value(2)];
        const width = Math.max(1, b[0] - a[0]);
        const fill = band[2] ? paint(band[2]) : faded(`chart-${1 + (texts.indexOf(band[3]) % 5)}`, 0.35);
        const children = [{ type: "rect", shape: { x: a[0], y: b[1], width, height: a[1] - b[1] }, style: { fill, stroke: token("surface"), lineWidth: width > 4 ? 1 : 0 } }];
        if (width > 60) children.push({ type: "text", style: { x: Math.max(a[0], 12) + 8, y: (a[1] + b[1]) / 2, text: band[3], width: width - 16, overflow: "truncate", fill: token(band[2] === "fault" ? "fault-ink" : "ink"), backgroundColor: band[2] === "fault" ? token("fault-soft") : faded("surface", 0.78), padding: [2, 5], borderRadius: 3, verticalAlign: "middle", font: `12px ${getComputedStyle(document.body).fontFamily}` } });
        return { type: "group", children };
      },
      encode: { x: [0, 1] }, data: data.bands.map((band, i) => [band[0], band[1], i]), markArea: areas(data),
    }];
    option.tooltip.formatter = (at) => {
      const band = data.bands[at.value[2]];
      const name = data.classes[band[2]];
      return `<div class="tip"><b>${escape(band[3])}</b>${name ? `<span>${escape(name)}</span>` : ""}<span>${whole.format(band[0])} – ${whole.format(band[1])}</span><span>${chanye.duration((band[1] - band[0]) * 1000)}</span></div>`;
    };
    return option;
  }

  /* ---- loading: one request under way per chart; a newer view cancels it ---- */
  async function load(chart) {
    chart.abort?.abort();
    chart.abort = new AbortController();
    const points = Math.min(500, Math.max(50, Math.round(chart.box.clientWidth)));
    const query = new URLSearchParams({ start: view[0], end: view[1], points });
    if (chart.as) query.set("as", chart.as);
    try {
      const answer = await fetch(`${chart.url}?${query}`, { signal: chart.abort.signal, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      chart.data = await answer.json();
      draw(chart);
    } catch (error) {
      if (error.name !== "AbortError") chart.says.textContent = words.failed;
    }
  }
  function draw(chart) {
    const data = chart.data;
    if (!data) return;
    const empty = data.mode === "states" ? !data.bands.length : !data.v.some((value) => value !== null);
    chart.says.textContent = empty ? words.none : "";
    chart.view.setOption(data.mode === "states" ? stateBands(data) : numeric(data, `chart-${chart.index % 5 + 1}`), { notMerge: true });
    chart.box.dataset.drawn = `${data.mode} ${data.mode === "states" ? data.bands.length : data.t.length}`;
  }
  let waiting = 0;
  let follows = page.dataset.follow === "1"; // until somebody moves the chart
  function moved(range) {
    view = range.map(Math.round);
    follows = false;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      charts.forEach(load);
      const query = new URLSearchParams(location.search);
      query.delete("range"); query.set("start", view[0]); query.set("end", view[1]);
      history.replaceState(null, "", `?${query}`);
      document.querySelectorAll("a[data-export]").forEach((link) => { const url = new URL(link.href); url.searchParams.set("start", view[0]); url.searchParams.set("end", view[1]); link.href = url; });
    }, 120);
  }
  /* The axis reaches one width further on both sides, so that dragging and zooming out have somewhere to go. */
  function zoomed(chart) {
    const zoom = chart.view.getOption().dataZoom[0];
    if (zoom.startValue !== view[0] || zoom.endValue !== view[1]) moved(limit([zoom.startValue, zoom.endValue]));
  }
  const limit = (range) => { const most = Date.now() + 3600e3; return range[1] > most ? [range[0] - (range[1] - most), most] : range; };
  function keys(event) {
    const span = view[1] - view[0];
    const step = { ArrowLeft: [-0.2, -0.2], ArrowRight: [0.2, 0.2], "+": [0.25, -0.25], "=": [0.25, -0.25], "-": [-0.5, 0.5] }[event.key];
    if (!step) return;
    event.preventDefault();
    moved(limit([view[0] + step[0] * span, view[1] + step[1] * span]));
  }

  document.querySelectorAll("[data-chart]").forEach((box, index) => {
    const chart = { box, index, url: box.dataset.chart, says: box.querySelector(".says"), view: echarts.init(box.querySelector(".canvas"), null, { renderer: "canvas" }), as: "" };
    chart.view.group = "trend";
    chart.view.on("datazoom", () => zoomed(chart));
    chart.view.getZr().on("dblclick", () => moved(home));
    box.addEventListener("keydown", keys);
    box.closest(".panel").querySelectorAll("[data-as]").forEach((button) => button.addEventListener("click", () => {
      chart.as = button.dataset.as === "rate" ? "rate" : "";
      button.parentElement.querySelectorAll("[data-as]").forEach((one) => one.toggleAttribute("aria-current", one === button));
      load(chart);
    }));
    new ResizeObserver(() => chart.view.resize()).observe(box);
    charts.push(chart);
    load(chart);
  });
  echarts.connect("trend");
  document.addEventListener("theme", () => charts.forEach(draw));
  setInterval(() => {
    if (!follows || document.hidden) return;
    const span = home[1] - home[0], now = Math.round(chanye.now() / 1000);
    home.splice(0, 2, now - span, now);
    view = [...home];
    charts.forEach(load);
  }, 2000);
  window.chanye.charts = charts;
})();
