// What surrounds every page: the header with the navigation, the footer, and the announcements.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { announcement } from "./announce.js";
import { PAGES, pageAt } from "./pages.js";

const page = signal(pageAt(location.hash));

export function AppShell() {
  useEffect(() => {
    const onHashChange = () => (page.value = pageAt(location.hash));
    addEventListener("hashchange", onHashChange);
    return () => removeEventListener("hashchange", onHashChange);
  }, []);
  const { name, component: Component } = page.value;
  useEffect(() => {
    document.title = `${name} · Sortroom`;
  }, [name]);
  return (
    <>
      <header class="masthead">
        <a class="brand" href="./">
          Sortroom
        </a>
        <nav aria-label="Pages">
          <ul>
            {PAGES.map((item) => (
              <li key={item.path}>
                <a href={`#/${item.path}`} aria-current={item === page.value ? "page" : undefined}>
                  {item.name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
      </header>
      <Component />
      <footer class="foot">
        <p>
          No document leaves this browser unless you compare with the server. <a href="./README.md">README</a> ·{" "}
          <a href="./sortroom.schema.json">Schema of a project</a>
        </p>
      </footer>
      <p class="unseen" role="status">
        {announcement}
      </p>
    </>
  );
}
