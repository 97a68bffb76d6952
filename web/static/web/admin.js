// Unfold opens menus and filters by clicks on elements that no key reaches, and names all scrollable areas alike.
"use strict";

(() => {
  const CLICKED = "[x-on\\:click]:not(a[href], button, input, select, textarea, h2, h3, #changelist-filter-close)";
  const NAMES = { dock_to_right: "Show or hide the menu", close: "Close", computer: "Theme", more_horiz: "Actions" };

  const AREAS = { "changelist-form": "Rows", "changelist-filter": "Filters" };

  function makeReachable(element) {
    element.setAttribute("role", "button");
    element.setAttribute("tabindex", "0");
    const name = NAMES[element.textContent.trim()];
    if (name) element.setAttribute("aria-label", name);
    element.addEventListener("keydown", (event) => {
      if (event.target !== element || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      element.click();
    });
  }

  function nameScrollable(element) {
    const area = element.closest("nav, #changelist-form, #changelist-filter");
    if (area) element.setAttribute("data-simplebar-aria-label", AREAS[area.id] || "Menu");
  }

  // This runs before simplebar reads its options, and before Alpine, which is deferred, starts.
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll(CLICKED).forEach(makeReachable);
    document.querySelectorAll("[data-simplebar]").forEach(nameScrollable);
    // The text of an icon is its name in the font, which must not be read out before the name of the page.
    document.querySelectorAll("#nav-sidebar-apps a .material-symbols-outlined").forEach((one) => { one.ariaHidden = "true"; });
    document.querySelectorAll("input.hidden[name=username]").forEach((one) => { one.autocomplete = "username"; });
  });

  // Django's lists of two columns are built when the page is loaded. Their hints are labels without a role.
  window.addEventListener("load", () => setTimeout(() => {
    document.querySelectorAll("span.help-tooltip[aria-label]").forEach((one) => one.setAttribute("role", "img"));
  }));
})();
