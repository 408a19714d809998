// The console: a page for those who want to see what their visitors and subscribers do.
import { render } from "preact";
import { listen } from "./address.ts";
import { App } from "./app.tsx";

const page = document.getElementById("page")!;
page.replaceChildren();
listen();
render(<App />, page);
