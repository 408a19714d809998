// The demo page around the tracker: watches the requests of footfall.js go by and shows each with its answer.
(() => {
  "use strict";

  const entries = new Map();
  const find = (id) => document.getElementById(id);

  function element(name, attributes = {}, ...children) {
    const made = Object.assign(document.createElement(name), attributes);
    made.append(...children);
    return made;
  }

  // One entry an event: a second try of it takes the first one's place.
  function entryFor(sent, address) {
    if (entries.has(sent.EventID)) return entries.get(sent.EventID);
    const verdict = element("span", { className: "verdict", textContent: "Waiting for the answer" });
    const answer = element("pre", { textContent: "…" });
    const answered = element("h3", { textContent: "Answered" });
    const request = `Sent: POST ${new URL(address, location.href).pathname}`;
    const details = element("details", { open: true },
      element("summary", {},
        element("code", { textContent: sent.Event }),
        element("time", { textContent: new Date(sent.Timestamp).toLocaleTimeString() }),
        verdict),
      element("div", { className: "exchange" },
        element("div", {}, element("h3", { textContent: request }),
          element("pre", { textContent: JSON.stringify(sent, null, 2) })),
        element("div", {}, answered, answer)));
    details.dataset.event = sent.Event;
    for (const older of document.querySelectorAll("#log details")) older.open = false;
    find("log").prepend(details);
    const entry = { details, verdict, answered, answer };
    entries.set(sent.EventID, entry);
    return entry;
  }

  function judge(sent, body) {
    if (body.status !== "success") return ["refused", `Refused: ${(body.Errors || []).map((error) => error.Message).join(", ")}`];
    if (sent.Properties.isTest) return ["test", "A test: accepted, nothing stored"];
    return ["stored", body.duplicate ? "Stored before" : "Stored"];
  }

  // What waited together is sent together: one request then brings several events, and its answer a verdict on each.
  async function show(address, options, answer) {
    const sent = JSON.parse(options.body);
    const entries = (sent.Events || [sent]).map((event) => ({ event, entry: entryFor(event, address) }));
    const response = await answer;
    const body = await response?.json().catch(() => null);
    entries.forEach(({ event, entry }, index) => {
      const told = body?.results?.[index] ?? body;
      let outcome = ["fault", "No answer from the collector"];
      if (told) {
        entry.answered.textContent = `Answered: ${response.status}`;
        entry.answer.textContent = JSON.stringify(told, null, 2);
        outcome = judge(event, told);
        entry.details.dataset.status = response.status;
      }
      [entry.details.dataset.verdict, entry.verdict.textContent] = outcome;
    });
  }

  const send = window.fetch;
  window.fetch = (address, options) => {
    const answer = send(address, options);
    // Copied before the tracker reads it; without an answer there is none to copy.
    show(address, options, answer.then((response) => response.clone(), () => null));
    return answer;
  };

  function track(name, properties) {
    if (window.footfall) return window.footfall.track(name, properties);
    find("notice").textContent = "footfall.js has not been loaded: something in this browser may have blocked it.";
    find("notice").hidden = false;
  }

  async function copy(button) {
    const source = find(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    } catch {
      // Without https a page may not write to the clipboard: select the text for the visitor's own copy.
      getSelection().selectAllChildren(source);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const { key } = document.querySelector("script[data-key]").dataset;
    find("tag").textContent = `<script async src="${location.origin}/static/footfall.js"\n        data-key="${key}"></script>`;
    find("add-to-basket").onclick = () => track("add_to_basket", { product: "Walking boots", price: 129 });
    find("send-test").onclick = () => track("add_to_basket", { product: "Walking boots", price: 129, isTest: true });
    find("send-mistake").onclick = () => track("conversion");
    for (const button of document.querySelectorAll("[data-copy]")) button.onclick = () => copy(button);
  });
})();
