// How events reach the collector: at once, late, after trouble, from several tabs.
const DROP = "drop";
const busy = (status, headers) => ({ status, headers });
/** Time limits that end when `expire` says so, and are noted. */
const LIMITS = () => {
  const given = [];
  window.limits = [];
  AbortSignal.timeout = (milliseconds) => {
    const limit = new AbortController();
    window.limits.push(milliseconds);
    given.push(limit);
    return limit.signal;
  };
  window.expire = () => given.splice(0).forEach((limit) => limit.abort(new DOMException("", "TimeoutError")));
};

export const scenarios = {
  async plain(world) {
    await world.visit("/shop/boots?utm_source=news&utm_medium=mail&token=abc#part");
    const answer = await world.track("second", { price: 1 });
    return { answer, kept: await world.kept(), cookie: await world.visitor(), now: Date.now() / 1000 };
  },
  async leaving(world) {
    await world.visit("/a");
    await world.page.evaluate(() => { footfall.track("leaving"); location.href = "/b?bare"; });
    await world.sent("leaving");
  },
  async redirect(world) {
    const onload = `onload="footfall.track('hop');location.replace('/b?bare')"`;
    world.served["/hop"] = world.html(new URL("/hop", world.site)).replace("<script", `<script ${onload}`);
    await world.page.goto(`${world.site}/hop`);
    await world.sent("hop");
    await world.sent("page_view");
  },
  async several_at_once(world) {
    await world.visit(world.tagged('data-spa="off"'));
    return { answers: await world.page.evaluate(() => Promise.all([..."abcdefghijklmnop"].map((n) => footfall.track(n)))) };
  },
  async offline_then_online(world, browser) {
    await world.visit("/a");
    await world.emptied(); // else what is on its way would fail, too
    const network = browser == "firefox" ? (off) => { world.fault = off ? DROP : null; } : (off) => world.page.setOfflineMode(off);
    await network(true);
    await world.begin("while_offline");
    await world.page.waitForFunction(() => Object.keys(localStorage).length == 1);
    if (browser == "firefox") await world.until(() => world.count("while_offline") >= 3);
    const waiting = await world.kept();
    await network(false);
    if (browser == "firefox") await world.page.evaluate(() => { dispatchEvent(new Event("online")); });
    await world.until(() => world.count("while_offline", true));
    await world.emptied();
    return { waiting };
  },
  async next_page_sends_what_the_last_could_not(world) {
    world.fault = DROP;
    await world.visit("/a");
    await world.page.evaluate(() => { for (let n = 0; n < 12; n++) footfall.track("stuck", { n }); });
    await world.page.goto(`${world.site}/b?bare`);
    world.fault = null;
    const from = Date.now();
    await world.page.goto(`${world.site}/b`);
    await world.until(() => world.events(true).some((event) => event.Properties.$page_title == "Page /b"));
    await world.emptied();
    return { from };
  },
  async an_unreachable_collector(world) {
    world.fault = DROP;
    await world.slow();
    await world.page.evaluateOnNewDocument(() => { Math.random = () => 0.99; });
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    const answer = await world.track("lost");
    const from = Date.now();
    const again = await world.track("lost_too");
    return { answer, again, took: Date.now() - from, kept: await world.kept(), rests: await world.page.evaluate(() => !!window.ring) };
  },
  async after_three_faults_it_goes_on_when_online(world) {
    world.fault = DROP;
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    await world.track("lost");
    world.fault = null;
    await world.page.evaluate(() => { dispatchEvent(new Event("online")); });
    await world.emptied();
  },
  async retry_after(world) {
    await world.visit("/a");
    world.fault = busy(429, { "Retry-After": "2" });
    await world.begin("limited");
    await world.sent("limited");
    world.fault = null;
    await world.begin("meanwhile");
    await world.page.evaluate(() => { dispatchEvent(new Event("online")); });
    return { answer: await world.verdict("limited"), after: await world.verdict("meanwhile") };
  },
  async retry_after_eleven_days(world) {
    await world.slow();
    await world.visit("/a");
    world.fault = busy(503, { "Retry-After": "99999999" });
    await world.begin("later");
    return { wait: await world.waits(), kept: await world.kept() };
  },
  async a_limited_key(world) {
    await world.page.evaluateOnNewDocument(() => { Math.random = () => 0; });
    await world.slow(10_500);
    await world.visit(`/a?key=${world.keys.limited}`);
    // The collector's window of 60 s may end at any moment: what it refuses is only telling where it is far from that.
    for (let n = 0; ; n++) {
      await world.begin(`over ${n}`);
      await world.sent(`over ${n}`);
      await world.until(() => world.requests.at(-1).status);
      if (world.requests.at(-1).wait > 10) break;
      await world.verdict(`over ${n}`);
    }
    return { asked: world.requests.at(-1).wait, wait: await world.waits(), kept: await world.kept() };
  },
  async faults_that_pass(world) {
    await world.visit("/a");
    const answers = {};
    for (const fault of [busy(408), busy(425), busy(500), { status: 502, body: "<html>" }, { status: 503, body: '{"message":"down"}' }, { status: 200, body: "<html>" }]) {
      const name = `${fault.status} ${fault.body ?? "json"}`;
      // Chromium itself repeats what was answered 408, word by word: it is the same try.
      world.fault = (note) => (world.requests.find((one) => one.events[0].Event == name)?.sentAt == note.sentAt ? fault : null);
      answers[name] = await world.track(name);
    }
    return { answers };
  },
  async faults_that_do_not_pass(world) {
    await world.visit("/a");
    const answers = {};
    for (const fault of [{ status: 404, body: "<html>" }, { status: 413, body: "" }, { status: 422 }]) {
      world.fault = fault;
      answers[fault.status] = await world.track(`final ${fault.status}`);
    }
    world.fault = null;
    return { answers, kept: await world.kept() };
  },
  async one_of_a_batch_again(world) {
    await world.visit(world.tagged('data-spa="off"'));
    const told = { status: "partial", accepted: 1, results: [{ status: "success", uuid: "x" }, { status: "error", Errors: [{ Code: 503, Message: "later" }] }] };
    world.fault = (note) => (note.events.length == 2 ? { status: 200, body: JSON.stringify(told) } : null);
    const answers = await world.page.evaluate(() => Promise.all([footfall.track("one"), footfall.track("two")]));
    return { answers };
  },
  async two_tabs(world) {
    const visit = async (path, page) => {
      await world.visit(path, page);
      // A tab that comes takes over what waits: it may not have heard yet of what another has just got rid of.
      await world.emptied(page);
      return (await world.visitor()).expires;
    };
    const other = await world.newPage();
    const expires = [await visit("/a", world.page), await visit("/b", other)];
    const both = [world.page, other].map((tab, n) => tab.evaluate((n) => Promise.all([...Array(20)].map((_, i) => footfall.track(`tab ${n}`, { i }))), n));
    return { expires, answers: (await Promise.all(both)).flat().map((answer) => answer.status) };
  },
  async one_tab_at_a_time(world) {
    await world.visit("/a");
    let release;
    world.fault = (note) => (note.events[0].Event == "held" && !release ? new Promise((go) => { release = () => go(null); }) : null);
    await world.begin("held");
    await world.sent("held");
    const other = await world.newPage();
    await other.goto(`${world.site}/b`);
    await other.waitForFunction(async () => (await navigator.locks.query()).pending.length);
    const before = world.requests.length;
    release();
    await world.sent("page_view", 2);
    return { before, answer: await world.verdict("held") };
  },
  async a_second_tab_takes_over(world) {
    await world.slow();
    await world.visit("/a");
    world.fault = busy(503, { "Retry-After": "600" });
    for (const name of ["one", "two", "three"]) await world.begin(name);
    await world.page.waitForFunction("window.ring");
    world.fault = null;
    await world.visit("/b", await world.newPage());
    await world.until(() => ["one", "two", "three"].every((name) => world.count(name, true)));
    await world.emptied();
    await world.ring();
    return { answer: await world.verdict("one") };
  },
  async a_tab_that_hangs(world) {
    const other = await world.newPage();
    await other.goto(`${world.site}/b?bare`);
    await other.evaluate(() => new Promise((held) => { navigator.locks.request("footfall", () => new Promise(() => held())); }));
    await world.page.evaluateOnNewDocument(LIMITS);
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    await world.begin("free");
    await world.until(() => world.page.evaluate(async () => (await navigator.locks.query()).pending.length));
    const before = world.requests.length;
    await world.page.evaluate("expire()");
    return { before, answer: await world.verdict("free"), limits: await world.page.evaluate("limits") };
  },
  async a_request_that_hangs(world) {
    await world.page.evaluateOnNewDocument(LIMITS);
    await world.visit("/a");
    await world.emptied();
    world.fault = () => (world.count("slow") == 1 ? "hang" : null);
    await world.begin("slow");
    await world.sent("slow");
    await world.page.evaluate("expire()");
    return { answer: await world.verdict("slow"), limits: await world.page.evaluate("limits") };
  },
  async more_than_may_outlive_a_page(world) {
    await world.visit("/a");
    await world.page.evaluate(() => {
      for (let n = 0; n < 18; n++) footfall.track("many", { n, text: "x".repeat(3000) });
      location.href = "/b?bare";
    });
    await world.page.waitForFunction(() => location.pathname == "/b");
    await world.visit("/b");
    await world.emptied();
    return { numbers: [...new Set(world.events(true).filter((event) => event.Event == "many").map((event) => event.Properties.n))] };
  },
  async large(world) {
    await world.visit("/a");
    await world.page.evaluate(() => {
      const original = window.fetch;
      window.kept = [];
      window.fetch = (address, options) => {
        window.kept.push(options.keepalive);
        return original(address, options);
      };
    });
    const answers = [];
    for (const text of ["a".repeat(15_000), "ü".repeat(7_500), "ü".repeat(8_000), "a".repeat(60_000)]) answers.push(await world.track("large", { text }));
    const kept = await world.page.evaluate(() => window.kept);
    // A beacon is known by the cookies that it takes along. The request before it may be gone before anyone has seen it.
    world.fault = (note) => (note.cookie ? null : "hang");
    await world.page.evaluate(() => { footfall.track("large_leaving", { text: "ü".repeat(20_000) }); location.href = "/b?bare"; });
    await world.until(() => world.requests.some((one) => one.cookie));
    return { answers, kept };
  },
  async more_than_may_be_stored(world) {
    world.fault = DROP;
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    await world.page.evaluate(() => { for (let n = 0; n < 130; n++) footfall.track("many", { n }); });
    const many = await world.kept();
    const full = await world.page.evaluate(async () => {
      const answers = [...Array(1000)].map((_, n) => footfall.track("too many", { n }));
      return await answers.at(-1);
    });
    world.fault = null;
    await world.page.evaluate(() => { dispatchEvent(new Event("online")); });
    await world.until(async () => world.count("many", true) >= 130 && !(await world.kept()));
    return { many, full };
  },
  async more_bytes_than_may_be_stored(world) {
    world.fault = DROP;
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    await world.page.evaluate(() => { for (let n = 0; n < 20; n++) footfall.track("wide", { n, text: "ü".repeat(5000) }); });
    const bytes = await world.page.evaluate(() => new Blob(Object.entries(localStorage).filter(([name]) => name.startsWith("footfall:")).map(([, text]) => text)).size);
    return { bytes, kept: await world.kept() };
  },
  async another_keys_events(world) {
    await world.page.goto(`${world.site}/a?bare`);
    await world.page.evaluate(() => { localStorage["footfall:pk_other:1"] = '{"Event":"not mine"}'; localStorage.theirs = 1; });
    await world.visit("/a");
    await world.track("mine");
    return { left: await world.page.evaluate(() => Object.keys(localStorage).sort()) };
  },
  async half_a_character(world) {
    await world.visit(world.tagged('data-spa="off"'));
    const answers = await world.page.evaluate(() => Promise.all([
      footfall.track("first"), footfall.track("cut", { text: "smile \ud83d", whole: "\ud83d\ude00", path: "C:\\ud800\\udata" }), footfall.track("next")]));
    return { answers };
  },
  async identifiers(world) {
    world.fault = busy(503, { "Retry-After": "1" });
    await world.page.goto(world.tagged('data-spa="off"'));
    await world.ready();
    await world.begin("one");
    await world.sent("one");
    await world.page.evaluate(() => { footfall.reset(); });
    world.fault = null;
    return { answer: await world.verdict("one"), other: await world.track("two") };
  },
};
