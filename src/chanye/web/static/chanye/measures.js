/* One figure over shifts or days as bars; what is not measured is hatched, how much is known is said. */
"use strict";
(() => {
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
  const box = document.querySelector("[data-bars]"), choice = document.querySelector("[data-figure]");
  if (!box || !choice || !window.echarts) return;
  const says = box.querySelector(".says"), words = box.dataset;
  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  const token = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  const escape = (text) => { const holder = document.createElement("i"); holder.textContent = text; return holder.innerHTML; };
  const chart = echarts.init(box.querySelector(".canvas"));
  let asked = 0, last = null;
  const tip = (data) => (point) => {
    const one = data.points[point.dataIndex];
    const value = one.value === null ? words.unknown : `${one.value.toLocaleString()} ${data.unit}`;
    return `<div class="tip"><b>${escape(one.name)}</b><span>${escape(value)}</span><span>${words.known} ${Math.round(one.coverage * 100)} %</span></div>`;
  };
  function draw(data) {
    last = data;
    const known = data.points.some((one) => one.value !== null);
    says.textContent = known ? "" : data.why || words.none;
    if (!known) { chart.clear(); return; }
    const grey = { color: token("ink-2") };
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 52, right: 8, top: 26, bottom: 28 },
      xAxis: { type: "category", data: data.points.map((one) => one.name), axisLabel: { ...grey, hideOverlap: true }, axisTick: { show: false }, axisLine: { lineStyle: { color: token("line-strong") } } },
      yAxis: { type: "value", name: data.unit, nameTextStyle: grey, axisLabel: grey, splitLine: { lineStyle: { color: token("line") } } },
      tooltip: { trigger: "item", confine: true, transitionDuration: 0, backgroundColor: token("raised"), borderColor: token("line"), textStyle: { color: token("ink") }, formatter: tip(data) },
      series: [{
        type: "bar", barMaxWidth: 36, itemStyle: { color: token("chart-1") }, data: data.points.map((one) => one.value),
        markArea: { silent: true, itemStyle: { color: token("sunk") }, data: data.points.filter((one) => one.value === null).map((one) => [{ xAxis: one.name }, { xAxis: one.name }]) },
      }],
    }, true);
  }
  async function load() {
    const mine = ++asked;
    try {
      const answer = await fetch(choice.value, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const data = await answer.json();
      if (mine === asked) draw(data);
    } catch { if (mine === asked) says.textContent = words.failed; }
  }
  choice.addEventListener("change", load);
  addEventListener("resize", () => chart.resize());
  new MutationObserver(() => last && draw(last)).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  load();
})();
