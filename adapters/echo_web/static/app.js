// What htmx does not do by itself: the keyboard, staying at the end of a conversation, and forms that empty themselves.
(() => {
  "use strict";
  const NEAR = 160;
  const MARGIN = 16;
  const HEADING = 170;
  const RETRY = 3000;
  const page = document.documentElement;
  let atEnd = true;

  const talk = () => document.querySelector(".talk");
  const place = (element, side) => element.getBoundingClientRect()[side] + window.scrollY;
  // The end of the conversation, but never past the beginning of what stands open.
  const end = () => {
    const open = document.querySelector("#offer > .offer:not([hidden])");
    const bottom = place(talk(), "bottom") + MARGIN - window.innerHeight;
    return Math.max(0, open ? Math.min(bottom, place(open, "top") - HEADING) : bottom);
  };
  const away = (gone) => {
    const line = document.querySelector("#away");
    const words = gone ? line.dataset.words : "";
    document.body.classList.toggle("away", gone);
    line.classList.toggle("toast", gone);
    if (line.textContent !== words) line.textContent = words;
  };
  const isAtEnd = () => end() - window.scrollY < NEAR;
  const toEnd = () => window.scrollTo({ top: end(), behavior: "instant" });
  const grow = (area) => {
    area.style.height = "auto";
    area.style.height = `${Math.min(area.scrollHeight + 2, window.innerHeight * 0.5)}px`;
  };
  const names = (input) => {
    const words = [...input.files].map((file) => file.name).join(", ");
    const label = input.closest(".attach").querySelector("span");
    label.dataset.label ??= label.textContent;
    label.textContent = words || label.dataset.label;
  };

  const clocks = () => {
    const language = navigator.languages.find((one) => one.split("-")[0] === page.lang) || page.lang;
    const today = new Date().toDateString();
    for (const clock of document.querySelectorAll("time.clock:not([title])")) {
      const when = new Date(clock.dateTime);
      const day = when.toDateString() === today ? {} : { dateStyle: "medium" };
      clock.title = clock.textContent;
      clock.textContent = new Intl.DateTimeFormat(language, { ...day, timeStyle: "short" }).format(when);
    }
  };

  // How long a running turn takes already.
  const timers = () => {
    for (const timer of document.querySelectorAll("time.timer")) {
      const seconds = Math.max(0, Math.floor((Date.now() - new Date(timer.dateTime)) / 1000));
      timer.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    }
  };

  window.addEventListener("scroll", () => { if (talk()) atEnd = isAtEnd(); }, { passive: true });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("form");
    if (!form || !event.target.matches("[data-send], .words")) return;
    event.preventDefault();
    form.requestSubmit();
  });

  document.addEventListener("input", (event) => {
    const target = event.target;
    if (target.matches("textarea[data-send]")) grow(target);
    if (target.matches(".other .words") && target.value) {
      target.closest(".other").querySelector("input[name=choice]").checked = true;
    }
  });

  document.addEventListener("click", (event) => { event.target.closest?.(".toast .dismiss")?.closest(".toast").remove(); });

  document.addEventListener("change", (event) => {
    const target = event.target;
    if (target.matches(".attach input")) names(target);
    const boxes = target.closest?.("fieldset")?.querySelectorAll("input[type=checkbox][name=choice]");
    if (boxes?.length) {
      const none = ![...boxes].some((box) => box.checked);
      boxes[0].setCustomValidity(none ? boxes[0].closest("fieldset").dataset.choose || " " : "");
    }
  });

  // Whoever has written own words, and then chosen an option in their place, means the option.
  document.addEventListener("formdata", (event) => {
    const other = event.target.querySelector(".other input[name=choice]");
    if (other && !other.checked && event.formData.has("choice")) event.formData.delete("other");
  });

  document.addEventListener("htmx:before:swap", () => { if (talk()) atEnd = isAtEnd(); });
  document.addEventListener("htmx:after:swap", (event) => {
    clocks();
    timers();
    if (event.target.closest?.(".earlier")) return;
    if (talk() && atEnd) toEnd();
  });

  document.addEventListener("htmx:after:request", (event) => {
    const ctx = event.detail.ctx;
    const form = ctx?.sourceElement;
    away([502, 504].includes(ctx?.response.status));
    if (!form?.matches?.("form") || ctx.response.status >= 400) return;
    document.querySelector("#toasts").replaceChildren();
    if (!form.matches("[data-clear]")) return;
    form.reset();
    form.querySelectorAll(".attach input").forEach(names);
    form.querySelectorAll("textarea").forEach(grow);
    toEnd();
  });

  // htmx takes up a stream that broke, and leaves alone one that never began.
  const listen = (source) => {
    const where = source?.getAttribute?.("hx-sse:connect");
    if (where) setTimeout(() => window.htmx.ajax("GET", where, { source }), RETRY);
  };
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (!ctx || ctx.response) return;
    away(true);
    listen(ctx.sourceElement);
  });
  document.addEventListener("htmx:response:error", ({ detail: { ctx } }) => {
    if (ctx.response.status >= 500) listen(ctx.sourceElement);
  });
  document.addEventListener("htmx:sse:error", ({ detail: { connection } }) => { if (connection?.attempt) away(true); });
  document.addEventListener("htmx:sse:after:connection", () => { away(false); });

  setInterval(timers, 1000);
  const start = () => { clocks(); timers(); if (talk() && !location.search && !location.hash) toEnd(); };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
})();
