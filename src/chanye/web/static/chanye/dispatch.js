/* Dispatch list: rows are dragged into a new sequence; arrows do the same without a mouse. Paper is printed. */
"use strict";
(() => {
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
  const form = document.querySelector("[data-sequence]");
  if (!form) return;
  let held = null;
  form.addEventListener("dragstart", (event) => {
    held = event.target.closest("tr[draggable]");
    if (!held) return;
    held.classList.add("held");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", held.dataset.id);
  });
  form.addEventListener("dragover", (event) => {
    const row = event.target.closest("tr[draggable]");
    if (!held || !row || row === held) return;
    event.preventDefault();
    const box = row.getBoundingClientRect();
    row[event.clientY > box.top + box.height / 2 ? "after" : "before"](held);
  });
  form.addEventListener("drop", (event) => event.preventDefault());
  form.addEventListener("dragend", () => {
    if (!held) return;
    held.classList.remove("held");
    held = null;
    const order = [...form.querySelectorAll("tr[data-id]")].map((row) => row.dataset.id).join(",");
    if (`${order},` === form.elements.order.value) return;
    form.elements.order.value = order;
    form.requestSubmit();
  });
})();
