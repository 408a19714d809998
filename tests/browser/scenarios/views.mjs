// When a page view is counted, and with which title, address and referrer.
const title = (text) => { document.title = text; };

/** Waits for as many views, and tells them: [[title, address, referrer], …]. */
async function views(world, many) {
  await world.sent("page_view", many);
  // A view too many would come no later than its title may.
  await new Promise((resume) => setTimeout(resume, 600));
  const found = world.each("page_view").map(({ Properties: one }) => one);
  return found.map((one) => [one.$page_title, one.$current_url, one.$referrer].map((text) => text.replace(world.site, "")));
}

/** Visits a page, and pushes a route with some title before it, and others so many milliseconds after. */
async function pushed(world, before, after = {}) {
  await world.visit("/one");
  const at = await world.page.evaluate((before, after) => {
    if (before) document.title = before;
    history.pushState({}, "", "/two");
    const at = Date.now();
    for (const [wait, title] of Object.entries(after)) setTimeout(() => { document.title = title; }, wait);
    return at;
  }, before, after);
  return { at, views: await views(world, 2) };
}

export const scenarios = {
  title_before_push: (world) => pushed(world, "Two"),
  title_after_push: (world) => pushed(world, null, { 300: "Two", 350: "(1) Two" }),
  title_unchanged: (world) => pushed(world, null, { 800: "Too late" }),
  async title_of_the_first_view(world) {
    world.served["/late"] = world.html(new URL("/late", world.site)).replace(/<title>.*?<\/title>/, "<script>setTimeout(() => { document.title = 'Late'; }, 100)</script>");
    await world.page.goto(`${world.site}/late`);
    return { views: await views(world, 1) };
  },
  async something_else_settles_the_title(world) {
    await world.visit("/one");
    await world.page.evaluate(() => {
      history.pushState({}, "", "/two");
      footfall.track("after");
      document.title = "Too late";
    });
    return { views: await views(world, 2) };
  },
  async two_routes_at_once(world) {
    await world.visit("/one");
    await world.page.evaluate(() => {
      document.title = "Two";
      history.pushState({}, "", "/two");
      history.pushState({}, "", "/three");
      document.title = "Three";
    });
    return { views: await views(world, 3) };
  },
  async replace_and_push_in_one_click(world) {
    await world.visit("/one");
    await world.page.evaluate(() => {
      document.body.onclick = () => {
        history.replaceState({ scroll: 1 }, "", location.href);
        history.pushState({}, "", "/two");
      };
      document.body.click();
    });
    return { views: await views(world, 2) };
  },
  async replaced(world) {
    await world.visit("/one");
    await world.page.evaluate(() => history.replaceState({}, "", "/two"));
    return { views: await views(world, 2) };
  },
  async back(world) {
    await world.visit("/one");
    await world.page.evaluate(() => history.pushState({}, "", "/two"));
    await world.sent("page_view", 2);
    await world.page.evaluate(() => history.back());
    return { views: await views(world, 3) };
  },
  async the_page_keeps_its_history(world) {
    await world.visit("/one");
    const found = await world.page.evaluate(() => {
      history.pushState({ mine: 1 }, "", "/two");
      const state = history.state;
      try {
        history.pushState({}, "", "https://elsewhere.example/");
      } catch (fault) {
        return [state, fault.name, location.pathname];
      }
    });
    return { found };
  },
  ...Object.fromEntries(["", "query", "hash", "off"].map((spa) => [`mode_${spa || "path"}`, async (world) => {
    await world.visit(world.tagged(spa && `data-spa="${spa}"`, "/one"));
    await world.page.evaluate(async () => {
      const changed = (change) => new Promise((told) => { addEventListener("hashchange", told, { once: true }); change(); });
      history.pushState({}, "", "/one?a=1");
      document.body.insertAdjacentHTML("beforeend", '<a id="link" href="#/part?token=x">part</a>');
      await changed(() => { document.querySelector("#link").click(); });
      await changed(() => { location.hash = "#/other"; });
      history.pushState({}, "", "/two#token=x");
    });
    return { views: await views(world, { path: 2, query: 3, hash: 4, off: 1 }[spa || "path"]) };
  }])),
  async left_before_its_title(world) {
    await world.page.goto(`${world.site}/one`);
    await world.ready();
    await world.page.evaluate(() => { location.href = "/two?bare"; });
    return { views: await views(world, 1) };
  },
  async not_seen(world) {
    await world.page.evaluateOnNewDocument(() => {
      Object.defineProperty(Document.prototype, "hidden", { configurable: true, get: () => !window.seen });
    });
    await world.page.goto(`${world.site}/one`);
    await world.ready();
    const answer = await world.track("behind");
    const before = world.count("page_view");
    await world.page.evaluate(() => { window.seen = true; document.dispatchEvent(new Event("visibilitychange", { bubbles: true })); });
    return { answer, before, views: await views(world, 1) };
  },
  ...Object.fromEntries(["hidden", "gone"].map((how) => [`${how}_with_something_on_its_way`, async (world) => {
    await world.visit("/one");
    world.fault = () => (world.count("held") == 1 ? "hang" : null);
    await world.page.evaluate(() => { footfall.track("held", { text: "x".repeat(20_000) }); });
    await world.sent("held");
    await world.page.evaluate(async (how, collector) => {
      if (how == "hidden") Object.defineProperty(document, "hidden", { configurable: true, get: () => true });
      for (let n = 0; n < 2; n++) {
        if (how == "gone") dispatchEvent(new PageTransitionEvent("pagehide"));
        else document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
        await new Promise((resume) => setTimeout(resume));
      }
      // A beacon too many would have gone before this.
      await fetch(`${collector}/static/footfall.js`, { cache: "no-store" });
    }, how, world.gateway);
    await world.until(() => world.count("held") >= 2);
    return { times: world.count("held") };
  }])),
  async back_forward_cache(world) {
    await world.visit("/a");
    await world.emptied();
    world.fault = "drop";
    await world.track("stuck");
    await world.page.evaluate(() => { window.mark = 1; });
    await world.page.goto(`${world.site}/b?bare`);
    world.fault = null;
    await world.page.evaluate(() => { history.back(); }).catch(() => {});
    await world.sent("page_view", 2);
    return { restored: await world.page.evaluate("window.mark == 1"), answer: await world.track("after"), views: await views(world, 2) };
  },
  async prerendered(world, browser) {
    const rules = `<script type="speculationrules">{"prerender":[{"urls":["/next"],"eagerness":"immediate"}]}</script>`;
    world.served["/first"] = world.html(new URL("/first", world.site)) + rules;
    const asked = new Set();
    world.served["/next"] = world.html(new URL("/next?stub", world.site)) + `<script>
      footfall.track("ready", { prerendered: !!document.prerendering });
      addEventListener("load", () => setTimeout(fetch, 800, "/settled")); // a view would have settled its title</script>`;
    world.onServe = (path) => { asked.add(path); };
    await world.visit("/first");
    await world.emptied();
    if (browser == "chromium") await world.until(() => asked.has("/settled"));
    const before = { asked: asked.has("/next"), events: world.events().map((event) => event.Event), kept: await world.kept() };
    await world.page.evaluate(() => { location.href = "/next"; });
    await world.sent("ready");
    await world.sent("page_view", 2);
    return { before, prerendered: world.events().find((event) => event.Event == "ready").Properties.prerendered };
  },
};
