// How the SDK comes into a page, what it calls for, and pages that forbid or break much.
export const scenarios = {
  async stub(world) {
    await world.visit("/a?stub");
    await world.page.waitForFunction("window.early");
    return { answer: await world.page.evaluate("early") };
  },
  async stub_with_a_call_that_there_is_not(world) {
    world.early = "footfall.nonsense(1);footfall.track('early',{n:1}).then(v=>window.early=v)";
    await world.visit("/a?stub");
    await world.page.waitForFunction("window.early");
  },
  async stub_of_the_moment(world) {
    world.early = "document.title='Then';footfall.track('early',{n:1}).then(v=>window.early=v);history.replaceState({},'','/now');document.title='Now'";
    await world.visit("/a?stub");
    await world.page.waitForFunction("window.early");
  },
  async loaded_twice(world) {
    await world.visit("/a?twice");
    await world.page.evaluate(() => { window.first = footfall; });
    await world.inject(world.page, world.keys.public);
    const found = { answer: await world.track("once"), same: await world.page.evaluate("first == footfall") };
    const others = () => [footfall.init({}), footfall.test(false), footfall.before(), footfall.consent(true), footfall.reset()];
    return { ...found, promises: await world.page.evaluate(`(${others})().map((one) => one instanceof Promise)`) };
  },
  ...Object.fromEntries(Object.entries({ "": "", _with_a_length: '<input name="length">' }).map(([name, inside]) => [`an_element_of_that_name${name}`, async (world) => {
    world.served["/a"] = `<form id="footfall">${inside}</form>` + world.html(new URL("/a", world.site));
    await world.page.goto(`${world.site}/a`);
    await world.page.waitForFunction("window.footfall.track");
    return { answer: await world.track("in_spite") };
  }])),
  async init_without_attributes(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.inject();
    await world.begin("before_init");
    await world.page.evaluate((key) => { footfall.init({ key, test: false }); footfall.init({ key: "pk_second" }); }, world.keys.public);
    await world.sent("page_view");
    return { answer: await world.verdict("before_init") };
  },
  async without_current_script(world) {
    world.served["/a"] = world.html(new URL("/a?bare", world.site)) + `<script data-key="${world.keys.public}" src="${world.gateway}/static/footfall.js" type="module"></script>`;
    await world.visit("/a");
    return { answer: await world.track("as_a_module") };
  },
  async pinned(world) {
    const tag = world.keys.pinned.replace("http://gateway", world.gateway).replace(" async", " async data-auto");
    world.served["/a"] = `<!doctype html><title>Pinned</title>${tag}<button id="b" data-footfall-event="pressed">x</button>`;
    await world.visit("/a");
    await world.until(async () => {
      await world.page.click("#b");
      return world.count("pressed");
    });
    return { answer: await world.track("of_this_version") };
  },
  async a_key_of_another_origin(world) {
    await world.page.goto(`${world.site}/a?key=${world.keys.foreign}`);
    await world.ready();
    const answer = await world.track("elsewhere");
    await world.says(/Origin not allowed/);
    return { answer, kept: await world.kept() };
  },
  async an_endpoint_of_ones_own(world) {
    await world.visit(world.tagged(`data-endpoint="/api/v1/other" data-spa="off"`));
    for (const names of [["first"], ["alone"], ["a", "b", "c"]]) {
      await world.page.evaluate((names) => Promise.all(names.map((name) => footfall.track(name))), names);
    }
  },
  async strict_policies(world) {
    const only = world.gateway;
    world.headers = { "Content-Security-Policy": `default-src 'none'; img-src 'self'; script-src ${only}; connect-src ${only}`, "Referrer-Policy": "no-referrer" };
    await world.page.evaluateOnNewDocument(() => { addEventListener("securitypolicyviolation", (event) => { (window.violations ||= []).push(event.violatedDirective); }); });
    await world.visit(world.tagged("data-auto", "/a"));
    const answer = await world.track("strict");
    const violations = await world.page.evaluate(() => window.violations || []);
    await world.page.evaluate(() => { footfall.track("large", { text: "x".repeat(20_000) }); location.href = "/b?bare"; });
    await world.sent("large");
    return { answer, violations };
  },
  async blocked_storage(world) {
    await world.page.evaluateOnNewDocument(() => {
      for (const name of ["localStorage", "sessionStorage"]) Object.defineProperty(window, name, { get() { throw new Error("blocked"); } });
      Object.defineProperty(document, "cookie", { get() { throw new Error("blocked"); }, set() { throw new Error("blocked"); } });
    });
    await world.visit("/a");
    return { answer: await world.track("stored_nowhere") };
  },
  async no_storage(world) {
    await world.page.evaluateOnNewDocument(() => Object.defineProperty(window, "localStorage", { get: () => null }));
    await world.visit("/a");
    return { answer: await world.track("stored_nowhere") };
  },
  async full_storage(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.page.evaluate(() => { for (let n = 1 << 22; n; n >>= 1) try { for (;;) localStorage[`x${n}${Math.random()}`] = "x".repeat(n); } catch {} });
    await world.visit("/a");
    return { answer: await world.track("quota") };
  },
  async sandboxed_frame(world) {
    world.served["/outer"] = `<!doctype html><iframe sandbox="allow-scripts" src="/inner?key=${world.keys.public}"></iframe>`;
    await world.page.goto(`${world.site}/outer`);
    await world.sent("page_view");
    let frame;
    await world.until(() => (frame = world.page.frames().find((one) => one.url().includes("/inner"))));
    return { answer: await frame.evaluate(() => footfall.track("framed")), consent: await frame.evaluate(() => footfall.consent(false)) };
  },
  async a_fetch_that_throws(world) {
    await world.page.evaluateOnNewDocument(() => { window.fetch = () => { throw new Error("patched"); }; });
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    return { answer: await world.track("thrown"), kept: await world.kept() };
  },
  async a_fetch_that_gives_nothing(world) {
    await world.page.evaluateOnNewDocument(() => { window.fetch = () => undefined; });
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    return { answer: await world.track("nothing"), kept: await world.kept() };
  },
  async a_fetch_that_is_watched(world) {
    await world.page.evaluateOnNewDocument(() => {
      const original = window.fetch;
      window.fetch = async (...given) => { window.watched = (window.watched || 0) + 1; return (await original(...given)).clone(); };
    });
    await world.visit("/a");
    return { answer: await world.track("watched"), watched: await world.page.evaluate("watched") };
  },
  async calls(world) {
    await world.visit(world.tagged('data-spa="off"'));
    const answers = await world.page.evaluate(async () => {
      await footfall.before((event) => (event.Event == "unwanted" ? null : { ...event, Properties: { ...event.Properties, hooked: 1 } }));
      const circular = {};
      circular.o = circular;
      return [
        await footfall.identify("ann@example.com", { plan: "pro" }, 7),
        await footfall.conversion("c1", "Order", 0, { currency: "EUR" }),
        await footfall.page("/virtual?password=x", { a: 1 }),
        await footfall.track("unwanted"),
        await footfall.conversion("c1"),
        await footfall.track("circular", circular),
        await footfall.page("http://["),
        await footfall.track(),
      ];
    });
    return { answers };
  },
  async a_hook_that_throws(world) {
    await world.visit(world.tagged('data-spa="off"'));
    return { answer: await world.page.evaluate(() => { footfall.before(() => { throw new Error("the page's own"); }); return footfall.track("hooked"); }) };
  },
  async auto(world) {
    await world.visit(world.tagged("data-auto"));
    await world.until(() => world.page.evaluate(() => performance.getEntriesByType("resource").some((one) => one.name.endsWith("?auto") && one.responseEnd)));
    await world.page.evaluate(() => { document.body.insertAdjacentHTML("beforeend", '<button id="b" data-footfall-event="pressed">x</button>'); });
    await world.until(async () => {
      await world.page.click("#b");
      return world.count("pressed");
    });
  },
  async check(world) {
    await world.visit("/a?footfall_check=1");
    await world.page.waitForSelector("footfall-check");
    await world.until(() => world.page.evaluate(() => /Event accepted/.test(document.querySelector("footfall-check").shadowRoot.textContent)));
    return { shown: await world.page.evaluate(() => document.querySelector("footfall-check").shadowRoot.textContent) };
  },
  async check_without_a_key(world) {
    const shown = () => [...document.querySelectorAll("footfall-check")].map((panel) => panel.shadowRoot.textContent);
    await world.page.goto(`${world.site}/a?bare&footfall_check=1`);
    await world.inject();
    await world.until(async () => /There is no key/.test(await world.page.evaluate(shown)));
    await world.page.evaluate((key) => { footfall.init({ key }); }, world.keys.public);
    await world.until(async () => /Event accepted/.test((await world.page.evaluate(shown)).at(-1)));
    return { panels: (await world.page.evaluate(shown)).length };
  },
  async neither_part(world) {
    await world.visit(world.tagged('data-auto="false"'));
    await world.heard();
    return { loaded: await world.page.evaluate(() => performance.getEntriesByType("resource").filter((one) => /[?](auto|check)/.test(one.name)).length) };
  },
  async a_part_that_fails(world) {
    await world.page.evaluateOnNewDocument(() => { addEventListener("unhandledrejection", () => { window.unhandled = true; }); });
    world.expected = world.missing = /[?]auto/; // Firefox itself complains of what it could not load
    await world.visit(world.tagged("data-auto"));
    await world.until(() => world.said.some(([kind]) => kind == "warn"));
    return { answer: await world.track("alone"), unhandled: await world.page.evaluate(() => !!window.unhandled) };
  },
};
