// What is around every page: its name, the navigation, the announcements, and what lies elsewhere.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { announced } from "./announce.js";
import { PAGES, pageAt } from "./pages.js";

const page = signal(pageAt(location.hash));

export function Frame() {
  useEffect(() => {
    const turn = () => (page.value = pageAt(location.hash));
    addEventListener("hashchange", turn);
    return () => removeEventListener("hashchange", turn);
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
            {PAGES.map((other) => (
              <li key={other.path}>
                <a href={`#/${other.path}`} aria-current={other === page.value ? "page" : undefined}>
                  {other.name}
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
        {announced}
      </p>
    </>
  );
}
