// Shows the arguments of the chosen task only.
"use strict";

(() => {
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
