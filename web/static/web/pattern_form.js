// Shows where the conditions in the form would have matched, without saving them.
"use strict";

(() => {
  const section = document.querySelector("[data-preview]");
  if (!section) return;
  const result = section.querySelector("[data-part=result]");
  const button = section.querySelector("[data-part=run]");
  const field = document.getElementById("id_conditions");

  button.addEventListener("click", async () => {
    const body = new FormData();
    body.set("conditions", field.value);
    body.set("symbol", document.getElementById("preview-symbol").value);
    body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
    button.disabled = true;
    result.textContent = "Evaluating.";
    try {
      const answer = await fetch(section.dataset.preview, { method: "POST", body });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      result.innerHTML = await answer.text();
    } catch (error) {
      result.textContent = `The preview failed: ${error.message}.`;
    }
    button.disabled = false;
  });
})();
