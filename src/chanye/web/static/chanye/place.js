/* A report from the site: the phone adds where it is, if its owner lets it. */
"use strict";
(() => {
  const box = document.querySelector("[data-place]");
  if (!box || !navigator.geolocation) return;
  const say = (text) => { box.querySelector("[role=status]").textContent = text; };
  box.addEventListener("toggle", () => {
    const [latitude, longitude] = ["latitude", "longitude"].map((name) => box.querySelector(`[name=${name}]`));
    if (!box.open || latitude.value) return;
    navigator.geolocation.getCurrentPosition(({ coords }) => {
      latitude.value = coords.latitude.toFixed(6);
      longitude.value = coords.longitude.toFixed(6);
      say(box.dataset.place);
    }, () => say(box.dataset.refused), { enableHighAccuracy: true, timeout: 15000 });
  });
})();
