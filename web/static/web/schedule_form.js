// Keeps the row "Crontab translation" equal to the chosen crontab. django-celery-beat does this in a script of the page.
"use strict";

(() => {
  const words = JSON.parse(document.getElementById("readable-crontabs").textContent);
  const row = document.querySelector(".field-crontab")?.closest(".form-row").nextElementSibling;
  const shown = row?.querySelector(".readonly");
  if (!shown) return;

  shown.setAttribute("aria-live", "polite");
  // By jQuery, because the lists of the admin report a change by its events only.
  django.jQuery("#id_crontab").on("change", (event) => { shown.textContent = words[event.target.value] || "-"; });
})();
