// Shows the arguments of the chosen task only, and keeps the words of the chosen crontab.
"use strict";

(() => {
  const words = JSON.parse(document.getElementById("readable-crontabs").textContent);
  const rowOf = (field) => document.querySelector(`.field-${field}`)?.closest(".form-row");
  const translation = rowOf("crontab_translation")?.querySelector(".readonly");
  const crontab = document.getElementById("id_crontab");
  if (translation && crontab) {
    translation.setAttribute("aria-live", "polite");
    // By jQuery, because the lists of the admin report a change by its events only.
    django.jQuery(crontab).on("change", () => { translation.textContent = words[crontab.value] || "-"; });
  }

  const task = document.getElementById("id_task");
  const inputs = [...document.querySelectorAll("[data-tasks]")];
  if (!task || !inputs.length) return;

  const rows = inputs.map((input) => [input, input.closest(".form-row")]);
  const fieldset = inputs[0].closest("fieldset");
  function showArguments() {
    for (const [input, row] of rows) row.hidden = !input.dataset.tasks.split(" ").includes(task.value);
    fieldset.hidden = [...fieldset.querySelectorAll(".form-row")].every((row) => row.hidden);
  }
  task.addEventListener("change", showArguments);
  showArguments();
})();
