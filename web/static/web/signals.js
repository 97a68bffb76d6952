/* Escape closes the prices that a badge shows while it has the focus or the mouse. */
"use strict";

(() => {
  const CLOSED = "tip-closed";
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const setup of document.querySelectorAll(".setup:hover, .setup:focus-within")) setup.classList.add(CLOSED);
  });
  for (const kind of ["focusout", "mouseout"]) {
    document.addEventListener(kind, (event) => {
      const setup = event.target.closest?.(".setup");
      if (setup && !setup.contains(event.relatedTarget)) setup.classList.remove(CLOSED);
    });
  }
})();
